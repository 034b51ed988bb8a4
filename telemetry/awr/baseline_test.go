package awr

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"redoubt/telemetry"
)

// TestBaseline: snapshots of a baseline stay though all others went by age, after a restart too, and no number is given twice; once it is
// dropped they are gone.
func TestBaseline(t *testing.T) {
	n := newNode()
	keep := func(o *Options) { o.Keep = time.Hour }
	k := open(t, n, keep)
	for range 5 {
		n.run(5, 3, time.Second)
		take(t, k)
	}
	kept := all(t, k)[1:4]
	kept[0].Before = 0 // the one before goes
	if err := k.CreateBaseline("monday", 2, 4); err != nil {
		t.Fatal(err)
	}
	if got := all(t, k); len(got) != 5 || k.Stats().Snapshots != 5 {
		t.Errorf("%d snapshots while all are kept", len(got))
	}
	n.now = n.now.Add(2 * time.Hour)
	take(t, k)
	check := func(k *Keeper, newest uint64) {
		t.Helper()
		got := all(t, k)
		if len(got) != 4 || got[3].ID != newest || len(k.Heads()) != 4 {
			t.Fatalf("after the retention: %+v", k.Heads())
		}
		got[0].Before = 0
		if !reflect.DeepEqual(got[:3], kept) {
			t.Errorf("the baseline has\n%+v\nwant\n%+v", got[:3], kept)
		}
		if b := k.Baselines(); len(b) != 1 || b[0].Name != "monday" || b[0].First != 2 || b[0].Last != 4 || b[0].Snapshots != 3 || b[0].Bytes == 0 || b[0].Created == 0 {
			t.Errorf("%+v", b)
		}
	}
	check(k, 6)
	k.Close()
	n.now = n.now.Add(2 * time.Hour) // nothing but the baseline is left
	if err := os.MkdirAll(filepath.Join(k.options.Dir, baselineNew), 0o700); err != nil {
		t.Fatal(err)
	}
	again := open(t, n, func(o *Options) { keep(o); o.Dir = k.options.Dir })
	if h := take(t, again); h.ID != 7 {
		t.Errorf("snapshot %d after 6", h.ID)
	}
	check(again, 7)
	if _, err := os.Stat(filepath.Join(k.options.Dir, baselineNew)); !errors.Is(err, os.ErrNotExist) {
		t.Error("what was not finished is still there")
	}
	if err := again.DropBaseline("Monday"); err != nil {
		t.Fatal(err)
	}
	again.Close()
	last := open(t, n, func(o *Options) { keep(o); o.Dir = k.options.Dir })
	if len(all(t, again)) != 1 || len(all(t, last)) != 1 || len(last.Baselines()) != 0 {
		t.Error("a baseline that was dropped is still there")
	}
}

// TestBaselineRefused: what cannot be a baseline is refused with the reason.
func TestBaselineRefused(t *testing.T) {
	n := newNode()
	k := open(t, n, func(o *Options) { o.BaselineBytes = 1000 })
	for range 20 {
		n.run(5, 3, time.Second)
		take(t, k)
	}
	if err := k.CreateBaseline("a", 1, 2); err != nil {
		t.Fatal(err)
	}
	for want, err := range map[string]error{
		"is no name": k.CreateBaseline("../x", 1, 2), "there is one named a already": k.CreateBaseline("A", 3, 4), "are no window": k.CreateBaseline("b", 2, 2),
		"only 1 are kept": k.CreateBaseline("b", 20, 21), "more than awr-baseline-disk, 1000": k.CreateBaseline("b", 1, 20), "there is none named c": k.DropBaseline("c"),
	} {
		if err == nil || !errors.Is(err, ErrBaseline) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestBaselineDamage: what is damaged is missing, which is seen, and the rest is there.
func TestBaselineDamage(t *testing.T) {
	n := newNode()
	k := open(t, n, func(o *Options) { o.Keep = time.Hour })
	for range 3 {
		n.run(5, 3, time.Second)
		take(t, k)
	}
	if err := k.CreateBaseline("a", 1, 3); err != nil {
		t.Fatal(err)
	}
	k.Close()
	path := filepath.Join(k.baselines[0].dir, "awr-1")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-10] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	n.now = n.now.Add(2 * time.Hour)
	again := open(t, n, func(o *Options) { o.Dir, o.Keep = k.options.Dir, time.Hour })
	if b := again.Baselines(); len(b) != 1 || b[0].Last != 3 || b[0].Snapshots != 2 || again.Stats().Damaged == 0 || len(all(t, again)) != 2 {
		t.Errorf("%+v, %+v", b, again.Stats())
	}
	var ids []uint64
	if err := again.Read(1, 3, func(s *telemetry.WorkloadSnapshot) bool { ids = append(ids, s.ID); return len(ids) < 1 }); err != nil || len(ids) != 1 {
		t.Errorf("%v %v", ids, err)
	}
}
