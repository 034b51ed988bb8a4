package crashfs

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, f vfs.File, at int64, b []byte) {
	t.Helper()
	_, err := f.WriteAt(b, at)
	must(t, err)
}

func read(t *testing.T, fs vfs.FS, name string) (b []byte, there bool) {
	t.Helper()
	f, err := fs.Open(name)
	if err != nil {
		return nil, false
	}
	info, err := f.Stat()
	must(t, err)
	b = make([]byte, info.Size())
	if len(b) > 0 {
		_, err = f.ReadAt(b, 0)
		must(t, err)
	}
	must(t, f.Close())
	return b, true
}

func syncDir(t *testing.T, fs vfs.FS, name string) {
	t.Helper()
	d, err := fs.OpenDir(name)
	must(t, err)
	must(t, d.Sync())
	must(t, d.Close())
}

func block(c byte, n int) []byte { return bytes.Repeat([]byte{c}, n) }

// TestSectors: every sector is old or new, on its own; what was synced stays; and all
// combinations of two sectors are met.
func TestSectors(t *testing.T) {
	fs := New()
	f, err := fs.Create("f", "")
	must(t, err)
	write(t, f, 0, block('a', 1536))
	must(t, f.Sync())
	syncDir(t, fs, "/")
	fs.Mark("synced")
	write(t, f, 512, block('b', 1024))
	must(t, f.Close())

	seen := map[string]int{}
	n := 0
	for s := range fs.States(1, 400) {
		n++
		if len(s.Marks) == 0 {
			continue
		}
		b, ok := read(t, s.FS, "f")
		if !ok || len(b) != 1536 {
			t.Fatalf("%v: %d bytes, there %v", s, len(b), ok)
		}
		var key []byte
		for i := 0; i < len(b); i += 512 {
			if !bytes.Equal(b[i:i+512], block(b[i], 512)) {
				t.Fatalf("%v: a sector is half written", s)
			}
			key = append(key, b[i])
		}
		seen[string(key)]++
	}
	for _, want := range []string{"aaa", "aba", "aab", "abb"} {
		if seen[want] == 0 {
			t.Errorf("state %s was never met: %v", want, seen)
		}
	}
	if len(seen) != 4 || n != 400 {
		t.Errorf("%d states, kinds %v", n, seen)
	}
}

// TestNames: a name lives in the directory's sync, not in the file's; a rename is
// whole or not there.
func TestNames(t *testing.T) {
	fs := New()
	f, err := fs.Create("a", "")
	must(t, err)
	write(t, f, 0, []byte("x"))
	must(t, f.Sync())
	fs.Mark("file synced")
	syncDir(t, fs, "/")
	fs.Mark("directory synced")
	must(t, fs.Rename("a", "b"))
	must(t, f.Close())

	lost, old, renamed := 0, 0, 0
	for s := range fs.States(2, 200) {
		_, a := read(t, s.FS, "a")
		_, b := read(t, s.FS, "b")
		switch {
		case a && b:
			t.Fatalf("%v: both names", s)
		case !a && !b && len(s.Marks) == 2:
			t.Fatalf("%v: a name that was synced is gone", s)
		case len(s.Marks) == 1 && !a:
			lost++
		case len(s.Marks) == 2 && a:
			old++
		case len(s.Marks) == 2 && b:
			renamed++
		}
	}
	if lost == 0 || old == 0 || renamed == 0 {
		t.Errorf("not all outcomes were met: lost %d, old %d, renamed %d", lost, old, renamed)
	}
}

// TestSameSeed: states are a function of journal, seed and n.
func TestSameSeed(t *testing.T) {
	states := func(seed uint64) (all []string) {
		fs := New()
		for i := range 5 {
			f, err := fs.Create(fmt.Sprint(i), "")
			must(t, err)
			write(t, f, int64(i)*700, block('x', 3000))
			must(t, f.Close())
		}
		for s := range fs.States(seed, 100) {
			text := s.String() + s.FS.String()
			for i := range 5 {
				b, _ := read(t, s.FS, fmt.Sprint(i))
				text += string(b)
			}
			all = append(all, text)
		}
		return all
	}
	if a, b := states(7), states(7); fmt.Sprint(a) != fmt.Sprint(b) {
		t.Error("the same seed gave other states")
	}
	if a, b := states(7), states(8); fmt.Sprint(a) == fmt.Sprint(b) {
		t.Error("another seed gave the same states")
	}
}

// TestFailedSync: after a sync failed, the next one does not make the data durable,
// unless it was written again.
func TestFailedSync(t *testing.T) {
	for _, again := range []bool{false, true} {
		fs := New()
		f, err := fs.Create("f", "")
		must(t, err)
		syncDir(t, fs, "/")
		write(t, f, 0, block('x', 512))
		fs.Inject(func(op Op) error {
			if op.Kind == OpSync {
				return ErrInjected
			}
			return nil
		})
		if err := f.Sync(); !errors.Is(err, ErrInjected) {
			t.Fatal(err)
		}
		fs.Inject(nil)
		if again {
			write(t, f, 0, block('x', 512))
		}
		must(t, f.Sync())
		fs.Mark("acknowledged")
		must(t, f.Close())
		lost := false
		for s := range fs.States(3, 100) {
			if b, _ := read(t, s.FS, "f"); len(s.Marks) > 0 && !bytes.Equal(b, block('x', 512)) {
				lost = true
			}
		}
		// A cut after the mark where the sync took everything leaves one state only.
		for seed := range uint64(50) {
			if b, _ := read(t, fs.CrashNow(seed).FS, "f"); !bytes.Equal(b, block('x', 512)) {
				lost = true
			}
		}
		if lost == again {
			t.Errorf("written again %v: lost %v", again, lost)
		}
	}
}

// TestStatesOfAState: recovery can be cut as well.
func TestStatesOfAState(t *testing.T) {
	fs := New()
	must(t, fs.MkdirAll("/d/e", 0o755))
	syncDir(t, fs, "/")
	syncDir(t, fs, "/d")
	second := 0
	for s := range fs.States(4, 20) {
		if _, err := s.FS.List("/d/e"); err != nil {
			continue
		}
		f, err := s.FS.Create("/d/e/f", "")
		must(t, err)
		must(t, f.Close())
		for s2 := range s.FS.States(5, 10) {
			if _, err := s2.FS.List("/d/e"); err != nil {
				t.Fatalf("%v, then %v: a durable directory is gone", s, s2)
			}
			second++
		}
	}
	if second == 0 {
		t.Error("no state of a state was met")
	}
}

// TestPebble: a store that is known to be crash-safe passes; without its syncs it
// does not. So the states are neither too harsh nor too kind.
func TestPebble(t *testing.T) {
	for _, lose := range []bool{false, true} {
		fs := New()
		if lose {
			fs.LoseSyncs(func(string) bool { return true })
		}
		pebbleOptions := func(fs vfs.FS) *pebble.Options {
			return &pebble.Options{FS: fs, MemTableSize: 32 << 10, Logger: quiet{}, DisableAutomaticCompactions: true}
		}
		db, err := pebble.Open("/db", pebbleOptions(fs))
		must(t, err)
		syncDir(t, fs, "/")
		for i := range 60 {
			must(t, db.Set([]byte(fmt.Sprintf("key%03d", i)), block(byte(i), 1000), pebble.Sync))
			fs.Mark(i)
		}
		states, bad := 0, 0
		for s := range fs.States(6, 300) {
			if len(s.Marks) == 0 {
				continue // the directory itself may not be there yet
			}
			states++
			if err := checkPebble(s, pebbleOptions(s.FS)); err != nil {
				bad++
				if !lose {
					t.Errorf("%v: %v", s, err)
				}
			}
		}
		must(t, db.Close())
		t.Logf("syncs lost %v: %d states, %d bad", lose, states, bad)
		if lose && bad == 0 {
			t.Error("no state showed that syncs are missing")
		}
	}
}

func checkPebble(s State, o *pebble.Options) (err error) {
	db, err := pebble.Open("/db", o)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, m := range s.Marks {
		v, closer, err := db.Get([]byte(fmt.Sprintf("key%03d", m)))
		if err != nil {
			return fmt.Errorf("key %d: %w", m, err)
		}
		if !bytes.Equal(v, block(byte(m.(int)), 1000)) {
			return fmt.Errorf("key %d is wrong", m)
		}
		if err := closer.Close(); err != nil {
			return err
		}
	}
	return nil
}

type quiet struct{}

func (quiet) Infof(string, ...any)      {}
func (quiet) Errorf(string, ...any)     {}
func (quiet) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }
