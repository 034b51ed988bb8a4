package prune

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"redoubt/backup"
	"redoubt/backup/archive"
	"redoubt/backup/catalog"
	"redoubt/backup/lease"
	"redoubt/backup/retention"
	"redoubt/backup/store"
	"redoubt/scn"
)

var errKilled = errors.New("killed")

// memory is a store in memory, which dies before a change: from then on nothing succeeds.
type memory struct {
	mu      sync.Mutex
	objects map[string][]byte
	left    int // changes that succeed; -1: all
}

func (m *memory) allow() error {
	if m.left == 0 {
		return errKilled
	}
	m.left--
	return nil
}

func (m *memory) Put(_ context.Context, name string, r io.Reader) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, err := io.ReadAll(r)
	if err := errors.Join(err, m.allow()); err != nil {
		return err
	}
	m.objects[name] = b
	return nil
}

func (m *memory) Get(_ context.Context, name string) (io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.objects[name]
	if !ok {
		return nil, store.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

func (m *memory) List(_ context.Context, prefix string) (out []store.Object, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(m.objects)) {
		if strings.HasPrefix(name, prefix) {
			out = append(out, store.Object{Name: name, Bytes: int64(len(m.objects[name]))})
		}
	}
	return out, nil
}

func (m *memory) Delete(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.allow(); err != nil {
		return err
	}
	delete(m.objects, name)
	return nil
}

func (m *memory) String() string { return "memory" }

func (m *memory) clone() *memory { return &memory{objects: maps.Clone(m.objects), left: -1} }

func (m *memory) names(folder string) (out []string) {
	for name := range m.objects {
		if strings.HasPrefix(name, folder) {
			out = append(out, strings.TrimSuffix(strings.TrimPrefix(name, folder), ".json"))
		}
	}
	slices.Sort(out)
	return out
}

// now is a time in the bubble's year 2000.
func now() time.Time { return time.Now() }

func options() Options { return Options{What: "test", Now: now} }

// eightDays has eight daily backups, of which each shares a file with the next, one incremental without a state, and the log of
// SCN 1 to 100.
func eightDays(t *testing.T) *memory { return eightDaysAt(t, now()) }

func eightDaysAt(t *testing.T, now time.Time) *memory {
	t.Helper()
	m := &memory{objects: map[string][]byte{}, left: -1}
	before := archive.NoPiece
	for i := range 10 {
		hash := fmt.Sprintf("%016x", i+1)
		m.objects[fmt.Sprintf("log/%08d-%020d-%020d-%s-%s.seg", 1, i*10+1, i*10+10, before, hash)] = make([]byte, 100)
		before = hash
	}
	for i := range 8 {
		at := now.AddDate(0, 0, i-8)
		b := backup.Manifest{
			Format: 2, ID: fmt.Sprintf("b%d", i), Kind: backup.Full, Incarnation: 1, SCN: scn.SCN(i*10 + 15), TimeMicros: at.UnixMicro(), StateHash: "0123456789abcdef",
			Started: at, Finished: at, BlockBytes: 4 << 20,
		}
		for j := i; j <= i+1; j++ {
			f := backup.File{Name: fmt.Sprintf("%06d.sst", j), Bytes: int64(1000 + j), SHA256: fmt.Sprintf("%064x", j), Blocks: "0123456789abcdef"}
			b.Files = append(b.Files, f)
			m.objects[f.Object()] = make([]byte, f.Bytes)
		}
		if i == 6 {
			b.Kind, b.Base, b.LogAfter, b.Files = backup.Incremental, "b5", 65, nil
		}
		if err := backup.PutBack(t.Context(), m, &b); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func load2(t *testing.T, m *memory) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Load(t.Context(), m, now())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestExpire deletes by a policy, and looks at what is left.
func TestExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := eightDays(t)
		if err := catalog.SetPolicy(t.Context(), m, &retention.Policy{Redundancy: 2}); err != nil {
			t.Fatal(err)
		}
		if err := catalog.Mark(t.Context(), m, "b1", func(k *catalog.Marks) { k.KeepForever = true }); err != nil {
			t.Fatal(err)
		}
		whole := m.clone()
		dry, err := Run(t.Context(), m, options(), true, Obsolete)
		if err != nil || !maps.EqualFunc(m.objects, whole.objects, bytes.Equal) {
			t.Fatalf("a dry run changed something; %v", err)
		}
		p, err := Run(t.Context(), m, options(), false, Obsolete)
		if err != nil || len(p.Backups) != len(dry.Backups) || len(p.Proof) < 2 {
			t.Fatalf("plan %+v, %v", p, err)
		}
		if left := m.names("backup/"); !slices.Equal(left, []string{"b1", "b5", "b6", "b7"}) {
			t.Errorf("left: %v", left)
		}
		if left := m.names("files/"); len(left) != 6 {
			t.Errorf("files left: %v", left)
		}
		if left := m.names("log/"); len(left) != 4 { // from the piece that has SCN 65 on
			t.Errorf("log left: %v", left)
		}
		clean(t, m)
		again, err := Run(t.Context(), m, options(), false, Obsolete)
		if err != nil || !again.Empty() {
			t.Errorf("again: %+v, %v", again, err)
		}
	})
}

// clean wants a check without findings.
func clean(t *testing.T, m *memory) {
	t.Helper()
	findings, err := Check(t.Context(), m, now())
	if err != nil || len(findings) > 0 {
		t.Errorf("the check finds %+v, %v", findings, err)
	}
}

// TestDelete: what others need is refused, and what a policy promises, unless it is forced.
func TestDelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := eightDays(t)
		drop := func(force bool, ids ...string) error {
			wanted := map[string]bool{}
			for _, id := range ids {
				wanted[id] = true
			}
			_, err := Run(t.Context(), m, options(), false, func(c *catalog.Catalog) (*Plan, error) { return Delete(c, wanted, force) })
			return err
		}
		var needed *NeededError
		if err := drop(false, "b5"); !errors.As(err, &needed) || !strings.Contains(err.Error(), "needed by b6") {
			t.Errorf("a base: %v", err)
		}
		if err := drop(true, "b7"); !errors.As(err, &needed) {
			t.Errorf("the newest: %v", err)
		}
		if err := drop(false, "b5", "b6"); err != nil {
			t.Errorf("a chain as a whole: %v", err)
		}
		clean(t, m)
		for name := range m.objects { // without the log, the points before b2 are reached from b1 alone
			if strings.HasPrefix(name, "log/") {
				delete(m.objects, name)
			}
		}
		if err := catalog.SetPolicy(t.Context(), m, &retention.Policy{Daily: 30}); err != nil {
			t.Fatal(err)
		}
		var lost *retention.LostError
		if err := drop(false, "b1"); !errors.As(err, &lost) || lost.Lost[0].To != 25 {
			t.Errorf("a promised point: %v", err)
		}
		if err := drop(true, "b1"); err != nil {
			t.Errorf("forced: %v", err)
		}
		if err := catalog.Mark(t.Context(), m, "b2", func(k *catalog.Marks) { k.KeepUntil = now().Add(time.Hour) }); err != nil {
			t.Fatal(err)
		}
		if err := drop(true, "b2"); !errors.As(err, &needed) || !strings.Contains(err.Error(), "KEEP UNTIL") {
			t.Errorf("kept by hand: %v", err)
		}
	})
}

// TestCrash dies before each change that a run makes: every promised point stays reachable, the next run goes on, and then a check
// finds nothing.
func TestCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, run := range runs(t) {
			steps := 0
			for ; ; steps++ {
				m := run.before(t)
				was := load2(t, m)
				m.left = steps
				err := run.do(m)
				m.left = -1
				if err == nil {
					break
				}
				if !errors.Is(err, errKilled) {
					t.Fatalf("%s, step %d: %v", name, steps, err)
				}
				if _, err := retention.Prove(was.Map, load2(t, m).Map, was.Decision.Promises); err != nil {
					t.Errorf("%s, killed at step %d: %v", name, steps, err)
				}
				if err := run.do(m); err != nil {
					t.Errorf("%s, the run after it was killed at step %d: %v", name, steps, err)
				}
				if left := m.names("leases/"); len(left) > 0 {
					t.Errorf("%s, step %d: leases are left: %v", name, steps, left)
				}
				clean(t, m)
			}
			t.Logf("%s was killed at %d steps", name, steps)
			if steps < 5 {
				t.Errorf("%s has only %d steps", name, steps)
			}
		}
	})
}

type crashing struct {
	before func(*testing.T) *memory
	do     func(*memory) error
}

func runs(t *testing.T) map[string]crashing {
	t.Helper()
	return map[string]crashing{
		"expire": {func(t *testing.T) *memory {
			m := eightDays(t)
			if err := catalog.SetPolicy(t.Context(), m, &retention.Policy{Redundancy: 2}); err != nil {
				t.Fatal(err)
			}
			return m
		}, func(m *memory) error {
			_, err := Run(t.Context(), m, options(), false, Obsolete)
			return err
		}},
		"delete": {eightDays, func(m *memory) error {
			_, err := Run(t.Context(), m, options(), false, func(c *catalog.Catalog) (*Plan, error) {
				ids := map[string]bool{}
				for _, id := range []string{"b2", "b3"} {
					if _, err := c.Find(id); err == nil {
						ids[id] = true
					}
				}
				return Delete(c, ids, false)
			})
			return err
		}},
		"repair": {func(t *testing.T) *memory {
			m := eightDays(t)
			m.objects["files/ff/"+strings.Repeat("f", 64)] = make([]byte, 7)
			m.objects["files/fe/"+strings.Repeat("e", 64)] = make([]byte, 7)
			m.objects["marks/gone.json"] = []byte("{}")
			m.objects["deleting/x.json"] = []byte("{\"manifests\":[\"backup/b2.json\"]}")
			m.objects["deleting/y.json"] = []byte("{")
			m.objects["backup/b1.json"] = []byte("{")
			m.objects["floors.json"] = []byte("{")
			return m
		}, func(m *memory) error {
			_, err := Repair(t.Context(), m, options(), true)
			return err
		}},
	}
}

// TestQuarantine: while a damaged manifest is set aside no file goes that it may name; with a copy of it, it is put back.
func TestQuarantine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := eightDays(t)
		files := len(m.names("files/"))
		good := m.objects["backup/b0.json"]
		m.objects["backup/b0.json"] = []byte("damaged")
		if _, err := Run(t.Context(), m, options(), false, Obsolete); err == nil || !strings.Contains(err.Error(), "backup/b0.json") {
			t.Errorf("expire beside a damaged manifest: %v", err)
		}
		if _, err := Repair(t.Context(), m, options(), false); err != nil {
			t.Fatal(err)
		}
		if got := len(m.names("files/")); got != files {
			t.Errorf("%d files are left of %d though a manifest is in quarantine", got, files)
		}
		if _, err := Repair(t.Context(), m, options(), true); err != nil {
			t.Fatal(err)
		}
		if got := len(m.names("files/")); got != files-1 {
			t.Errorf("%d files are left of %d after it was forgotten", got, files)
		}
		clean(t, m)

		m = eightDays(t)
		if err := load2(t, m).WriteCopy(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		m.objects["backup/b0.json"] = []byte("damaged")
		if _, err := Repair(t.Context(), m, options(), false); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(m.objects["backup/b0.json"], good) {
			t.Errorf("the manifest is now %s", m.objects["backup/b0.json"])
		}
		clean(t, m)
	})
}

// TestCheck names what is lost.
func TestCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := eightDays(t)
		for name := range m.objects {
			if strings.HasPrefix(name, fmt.Sprintf("log/%08d-%020d", 1, 41)) {
				delete(m.objects, name)
			}
		}
		file := backup.File{SHA256: fmt.Sprintf("%064x", 3)}
		delete(m.objects, file.Object())
		file.SHA256 = fmt.Sprintf("%064x", 8)
		m.objects[file.Object()] = []byte("short")
		m.objects["nonsense"] = nil
		l, err := lease.Take(t.Context(), m, lease.Use, "a backup", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := l.Release(); err != nil {
				t.Error(err)
			}
		}()
		findings, err := Check(t.Context(), m, now())
		if err != nil {
			t.Fatal(err)
		}
		for want, problem := range map[string]bool{
			"backup/b2.json EXPIRED": true, "backup/b3.json EXPIRED": true, "backup/b7.json CORRUPTED": true, "SCN 41 to 50": true, "nonsense": false, "a backup, process": false,
		} {
			if !slices.ContainsFunc(findings, func(f Finding) bool { return strings.Contains(f.Object+" "+f.Text, want) && f.Problem == problem }) {
				t.Errorf("there is no finding of %q in %+v", want, findings)
			}
		}
		if _, err := Repair(t.Context(), m, options(), false); err == nil || !strings.Contains(err.Error(), "a backup, process") {
			t.Errorf("a repair beside a backup: %v", err)
		}
	})
}
