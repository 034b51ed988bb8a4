package sim

import (
	"context"
	"flag"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/engine"
	"redoubt/internal/crashfs"
	"redoubt/replication"
)

var (
	seed   = flag.Uint64("seed", 0, "seed of the workload; 0 takes one from the clock")
	states = flag.Int("states", 300, "states of power cuts to look at")
	faults = flag.Int("faults", 150, "operations to make fail; 0 is every one of the workload")
)

// workload starts a database on a fresh file system and runs a random workload on it.
func workload(t *testing.T, fs *crashfs.FS, o Options, steps int) (*Workload, error) {
	t.Helper()
	s := pickSeed(t)
	o.FS = fs
	d, err := Open(o)
	if err != nil {
		return nil, err
	}
	w := &Workload{Database: d, FS: fs, Truth: Truth{}, Rand: rand.New(rand.NewPCG(s, 1))}
	return w, w.Run(steps)
}

func pickSeed(t *testing.T) uint64 {
	t.Helper()
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("replay with: go test ./internal/sim -run %s -seed %d -states %d -faults %d", t.Name(), s, *states, *faults)
	return s
}

// TestPowerCuts opens what power cuts leave: nothing acknowledged may be missing, and the state must be what it was.
func TestPowerCuts(t *testing.T) {
	for _, keep := range []bool{false, true} {
		fs := crashfs.New()
		w, err := workload(t, fs, Options{KeepLog: keep}, 120)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Database.Close(); err != nil {
			t.Fatal(err)
		}
		n := 0
		for s := range fs.States(*seed, *states/2) {
			d, err := Open(Options{FS: s.FS, KeepLog: keep})
			if err != nil {
				t.Fatalf("%v: %v", s, err)
			}
			if err := Check(d, s.Marks, w.Truth); err != nil {
				t.Fatalf("%v: %v", s, err)
			}
			if err := CheckParts(d); err != nil {
				t.Fatalf("%v: %v", s, err)
			}
			if keep {
				checkLaw(t, d)
			}
			if err := d.Close(); err != nil {
				t.Fatalf("%v: close: %v", s, err)
			}
			n++
		}
		if n < *states/4 {
			t.Fatalf("only %d states: the workload is too short", n)
		}
	}
}

// checkLaw makes the state anew from the whole log.
func checkLaw(t *testing.T, d *Database) {
	t.Helper()
	fresh, err := engine.Open(engine.Options{FS: vfs.NewMem(), Dir: "state", CacheBytes: 1 << 20, MemtableBytes: memtableBytes, NodeOrdinal: 1, StoreLogger: storeLogger{d}})
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	reader := d.Node.Committed(replication.Position{})
	for fresh.Applied() < d.Engine.Applied() {
		g, err := reader.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if err := fresh.Apply([]engine.Commit{{Index: g.Index, Term: g.Term, Group: g.Group, Part: g.Part}}); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := d.Engine.StateHash(), fresh.StateHash(); !got.Equal(want) {
		t.Fatalf("at SCN %d the state is not what its log gives, in tables %v", got.SCN, got.Differing(want))
	}
}

// TestNoSync shows that the checks can fail: on a disk that does nothing at a sync of the log, commits get lost.
func TestNoSync(t *testing.T) {
	fs := crashfs.New()
	fs.LoseSyncs(func(path string) bool { return vfs.Default.PathDir(path) == "log" })
	w, err := workload(t, fs, Options{KeepLog: true}, 60)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Database.Close(); err != nil {
		t.Fatal(err)
	}
	for s := range fs.States(*seed, 200) {
		d, err := Open(Options{FS: s.FS, KeepLog: true})
		if err != nil {
			return // refused: caught
		}
		err = Check(d, s.Marks, w.Truth)
		d.Close()
		if err != nil {
			return // caught
		}
	}
	t.Fatal("a log that is never synced passes all checks: they check nothing")
}

// TestFaults makes one operation of the workload fail, once or from then on, and opens what a crash then leaves.
func TestFaults(t *testing.T) {
	fs := crashfs.New()
	total := 0
	fs.Inject(func(crashfs.Op) error { total++; return nil })
	w, err := workload(t, fs, Options{}, 40)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Database.Close(); err != nil {
		t.Fatal(err)
	}
	step := 1
	if *faults > 0 {
		step = max(1, 2*total/(*faults))
	}
	fired, workloadSeed := 0, pickSeed(t)
	for n := 0; n < total; n += step {
		for _, stay := range []bool{false, true} {
			if faultAt(t, n, stay, workloadSeed) {
				fired++
			}
		}
	}
	if fired < total/step {
		t.Fatalf("of %d operations only %d faults fired", total, fired)
	}
	t.Logf("%d operations, %d faults fired", total, fired)
}

// faultAt runs the workload in a goroutine of its own, which goes no further when the state store ends the process.
func faultAt(t *testing.T, n int, stay bool, workloadSeed uint64) bool {
	t.Helper()
	fs := crashfs.New()
	fault := fs.FailAt(n, stay)
	over := make(chan struct{}, 1)
	end := func() {
		select {
		case over <- struct{}{}:
		default:
		}
	}
	truth := Truth{}
	var guard sync.Mutex
	go func() {
		d, err := Open(Options{FS: fs, OnFatal: func(error) { end() }})
		if err == nil {
			w := &Workload{Database: d, FS: fs, Truth: Truth{}, Rand: rand.New(rand.NewPCG(workloadSeed, 1))}
			_ = w.Run(40) // what matters is what was acknowledged
			guard.Lock()
			truth = w.Truth
			guard.Unlock()
			d.Abandon()
		}
		end()
	}()
	<-over
	op, fired := fault()
	fs.Inject(nil)
	s := fs.CrashNow(uint64(n))
	d, err := Open(Options{FS: s.FS})
	if err != nil {
		t.Fatalf("fault %d (stay %v) at %+v, then %v: %v", n, stay, op, s, err)
	}
	guard.Lock()
	defer guard.Unlock()
	if err := Check(d, s.Marks, truth); err != nil {
		t.Fatalf("fault %d (stay %v) at %+v, then %v: %v", n, stay, op, s, err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return fired
}

// TestCleanRestarts: a clean stop and start changes nothing, and SCNs go on.
func TestCleanRestarts(t *testing.T) {
	fs := crashfs.New()
	w, err := workload(t, fs, Options{}, 30)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		before := w.Database.Engine.StateHash()
		if err := w.Database.Close(); err != nil {
			t.Fatal(err)
		}
		if w.Database, err = Open(Options{FS: fs}); err != nil {
			t.Fatal(err)
		}
		if after := w.Database.Engine.StateHash(); !after.Equal(before) {
			t.Fatalf("state before a clean restart %+v, after %+v", before, after)
		}
		if err := w.commit(w.change); err != nil {
			t.Fatal(err)
		}
		if at := w.Database.Engine.Applied(); at != before.SCN+1 {
			t.Fatalf("after SCN %d comes %d", before.SCN, at)
		}
	}
	if err := w.Database.Close(); err != nil {
		t.Fatal(err)
	}
}
