package ash

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"redoubt/telemetry"
)

// TestArchive: what was archived is there after a restart, a tenth of it and with tenfold weight.
func TestArchive(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ash")
	s, slots, c := newSampler(t, Options{Dir: dir})
	slot := slots.Take(telemetry.Identity{Session: 1, User: "ann", Program: "shop"})
	slot.Call(7, nil, 1)
	slot.Snapshot(3, 4)
	pass(t, s, c, 60)
	want := read(t, s, Thinned)
	if len(want) != 6 && len(want) != 7 {
		t.Fatalf("%d samples of a minute", len(want))
	}
	if x := want[2]; x.Weight != 10e6 || x.User != "ann" || x.Program != "shop" || x.SQL != 7 || x.XID != 3 || x.ReadSCN != 4 {
		t.Errorf("%+v", x)
	}
	s.Close()
	again, slots, c2 := newSampler(t, Options{Dir: dir})
	if got := read(t, again, Thinned); !slices.Equal(got, want) {
		t.Errorf("after a restart:\n%+v\nwant\n%+v", got, want)
	}
	c2.at = c.at
	slots.Take(telemetry.Identity{Session: 2}).Call(8, nil, 1)
	pass(t, again, c2, 20)
	if got := read(t, again, Thinned); len(got) <= len(want) || got[len(got)-1].SQL != 8 {
		t.Errorf("%d samples after it went on", len(got))
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) != 1 {
		t.Errorf("files %v, want one: the old one goes on", files)
	}
}

// TestArchiveLimit: the archive stays below its limit, and loses its oldest part first.
func TestArchiveLimit(t *testing.T) {
	dir := t.TempDir()
	const limit = 1 << 20
	s, slots, c := newSampler(t, Options{Dir: dir, ArchiveBytes: limit})
	for i := range 200 {
		slots.Take(telemetry.Identity{Session: uint32(i), User: fmt.Sprint("user", i)}).Call(uint64(i)<<50, nil, 1)
	}
	for range 30 {
		pass(t, s, c, 50)
		total := int64(0)
		files, _ := filepath.Glob(filepath.Join(dir, "*"))
		for _, f := range files {
			st, err := os.Stat(f)
			if err != nil {
				t.Fatal(err)
			}
			total += st.Size()
		}
		if total > limit {
			t.Fatalf("%d bytes, the limit is %d", total, limit)
		}
	}
	st := s.Stats()
	got := read(t, s, Thinned)
	if st.ArchiveDropped == 0 || len(got) == 0 || got[len(got)-1].Micros < c.at.UnixMicro()-ThinPeriod.Microseconds() {
		t.Errorf("%+v, %d samples", st, len(got))
	}
}

// TestArchiveDamage: whatever happens to a file, what is not damaged is read, the rest is counted, and the node goes on.
func TestArchiveDamage(t *testing.T) {
	damages := map[string]func([]byte) []byte{
		"a torn tail":       func(b []byte) []byte { return b[:len(b)-5] },
		"a flipped bit":     func(b []byte) []byte { b[len(b)/2] ^= 4; return b },
		"zeros in it":       func(b []byte) []byte { clear(b[len(b)/3 : len(b)/2]); return b },
		"nothing in it":     func([]byte) []byte { return nil },
		"garbage behind it": func(b []byte) []byte { return append(b, "garbage that is no frame"...) },
		"a lost header":     func(b []byte) []byte { b[0] = 'X'; return b },
		"a length too long": func(b []byte) []byte { b[len(kind.Header)+6] = 0xff; return b },
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s, slots, c := newSampler(t, Options{Dir: dir})
			slots.Take(telemetry.Identity{Session: 1, User: "ann"}).Call(7, nil, 1)
			pass(t, s, c, 100)
			before := len(read(t, s, Thinned))
			s.Close()
			path := filepath.Join(dir, "ash-1")
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, damage(slices.Clone(b)), 0o600); err != nil {
				t.Fatal(err)
			}
			again, slots, c2 := newSampler(t, Options{Dir: dir})
			c2.at = c.at
			left := read(t, again, Thinned)
			if name != "nothing in it" && len(left) < before/2-1 {
				t.Errorf("%d of %d samples are left", len(left), before)
			}
			for _, x := range left {
				if x.User != "ann" || x.SQL != 7 {
					t.Errorf("%+v", x)
				}
			}
			if again.Stats().ArchiveDamaged == 0 && name != "nothing in it" {
				t.Error("no damage was counted")
			}
			slots.Take(telemetry.Identity{Session: 1, User: "ann"}).Call(7, nil, 1)
			pass(t, again, c2, 20)
			if got := len(read(t, again, Thinned)); got <= len(left) {
				t.Errorf("%d samples after it went on, %d before", got, len(left))
			}
		})
	}
}

func FuzzFrame(f *testing.F) {
	list := []string{"", "root", "select"}
	f.Add(kind.Append(nil, 1_700_000_000_000_000, func(b []byte) []byte { return appendRows(b, []row{{session: 1, user: 1, kind: 2, weight: 5}}, list) }))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if micros, body, _, err := kind.At(b); err == nil {
			_, _ = decodeRows(micros, body, func(*telemetry.Sample) bool { return true })
		}
		_, _ = decodeRows(1, b, func(*telemetry.Sample) bool { return true })
	})
}

// BenchmarkRead reads an hour of 100 sessions.
func BenchmarkRead(b *testing.B) {
	s, slots, c := newSampler(b, Options{Dir: b.TempDir()})
	for i := range 100 {
		slots.Take(telemetry.Identity{Session: uint32(i), User: "root"}).Call(uint64(i)<<50, nil, 1)
	}
	pass(b, s, c, 600)
	for _, source := range []Source{Seconds, Thinned} {
		b.Run(fmt.Sprint(source), func(b *testing.B) {
			n := 0
			for b.Loop() {
				n = 0
				if err := s.Read(source, 0, 1<<62, func(*telemetry.Sample) bool { n++; return true }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n), "rows")
		})
	}
}
