package wal

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"redoubt/internal/crashfs"
)

var (
	crashStates = flag.Int("crash-states", 21000, "crash states that TestCrash opens")
	crashSeed   = flag.Uint64("crash-seed", 1, "first seed of TestCrash")
)

// begun and done frame every step in the journal of the file system.
type (
	begun struct{ after func(first uint64) model }
	done  struct{ model }
)

const crashSteps = 60

// crashSegmentBytes: files of one page, where every write touches the page of the
// header, and of several.
func crashSegmentBytes(seed uint64) int64 { return []int64{4 << 10, 12 << 10, 20 << 10}[seed%3] }

// crashWorkload runs random steps and leaves their marks. A step that fails, because
// failSyncs made a write or a sync fail, is followed by a new Open, as a process would.
func crashWorkload(t *testing.T, fs *crashfs.FS, seed uint64, failSyncs bool, opened func()) {
	rng := rand.New(rand.NewPCG(seed, 1))
	options := testOptions(fs, &counter{n: seed})
	options.SegmentBytes = crashSegmentBytes(seed)
	fs.Mark(done{})
	l := mustOpen(t, options)
	opened()
	m := model{}
	for serie := range crashSteps {
		o := randomOp(rng, m, serie)
		before := m
		fs.Mark(begun{func(first uint64) model { return o.after(before, func() uint64 { return first }) }})
		if failSyncs && rng.IntN(12) == 0 {
			countdown := rng.IntN(3)
			fs.Inject(func(op crashfs.Op) error {
				if op.Kind == crashfs.OpSync || op.Kind == crashfs.OpSyncDir || op.Kind == crashfs.OpWrite {
					countdown--
				}
				if countdown == -1 {
					return crashfs.ErrInjected
				}
				return nil
			})
		}
		var err error
		l, err = o.do(l, options)
		fs.Inject(nil)
		if err != nil {
			if !errors.Is(err, crashfs.ErrInjected) {
				t.Fatalf("seed %d, step %d %v: %v", seed, serie, o, err)
			}
			_ = l.closeIfOpen()
			l = mustOpen(t, options)
		}
		after := o.after(m, l.FirstIndex)
		if err != nil && before.differs(l) == nil {
			after = before
		}
		if err := after.differs(l); err != nil {
			t.Fatalf("seed %d, step %d %v: %v", seed, serie, o, err)
		}
		m = after
		fs.Mark(done{m})
	}
	mustClose(t, l)
}

// closeIfOpen closes a log whose state the test does not know.
func (l *Log) closeIfOpen() error {
	if l == nil {
		return nil
	}
	return l.Close()
}

// checkState opens what a crash left and compares it with what was promised. The log
// is returned open.
func checkState(s crashfs.State, seed, random uint64) (*Log, error) {
	options := testOptions(s.FS, &counter{n: random})
	options.SegmentBytes = crashSegmentBytes(seed)
	l, err := Open(options)
	if err != nil {
		return nil, fmt.Errorf("open after a pure crash: %w", err)
	}
	var promised model
	var next func(uint64) model
	for _, mark := range s.Marks {
		switch mark := mark.(type) {
		case done:
			promised, next = mark.model, nil
		case begun:
			next = mark.after
		}
	}
	err = promised.differs(l)
	if err != nil && next != nil {
		if e := next(l.FirstIndex()).differs(l); e != nil {
			return l, fmt.Errorf("neither as before the step: %w, nor as after it: %w", err, e)
		}
		err = nil
	}
	return l, err
}

// goOn uses a log after its crash, to see that it is sound and not only readable.
func goOn(l *Log, fs *crashfs.FS, seed uint64) (model, error) {
	m := model{first: l.FirstIndex()}
	for i := m.first; i != 0 && i <= l.LastIndex(); i++ {
		p, err := l.Get(i, nil)
		if err != nil {
			return m, err
		}
		m.payloads = append(m.payloads, string(p))
	}
	rng := rand.New(rand.NewPCG(seed, 2))
	for serie := range 8 {
		o := randomOp(rng, m, 1000+serie)
		if o.kind == "reopen" {
			continue
		}
		before := m
		fs.Mark(begun{func(first uint64) model { return o.after(before, func() uint64 { return first }) }})
		if _, err := o.do(l, Options{}); err != nil {
			return m, err
		}
		m = o.after(m, l.FirstIndex)
		if err := m.differs(l); err != nil {
			return m, fmt.Errorf("%v: %w", o, err)
		}
		fs.Mark(done{m})
	}
	return m, nil
}

// TestCrash cuts random workloads at every write, sync, create, rename and remove,
// and every 40th recovery again, as well as what is done after it. It also cuts logs
// whose process was stopped by a failed sync and began again.
func TestCrash(t *testing.T) {
	states, again, torn, rebuilt := 0, 0, 0, 0
	const perWorkload = 3000
	for seed := *crashSeed; states < *crashStates; seed++ {
		fs := crashfs.New()
		crashWorkload(t, fs, seed, seed%2 == 0, func() {})
		for s := range fs.States(seed, perWorkload) {
			states++
			l, err := checkState(s, seed, uint64(states)<<20)
			if err != nil {
				t.Fatalf("seed %d (replay: go test ./wal -run TestCrash -crash-seed %d): %v: %v", seed, seed, s, err)
			}
			if l.Stats().TornBatch {
				torn++
			}
			if l.Stats().FootersRebuilt > 0 {
				rebuilt++
			}
			if states%40 != 0 {
				mustClose(t, l)
				continue
			}
			m := model{first: l.FirstIndex()}
			for i := m.first; i != 0 && i <= l.LastIndex(); i++ {
				p, err := l.Get(i, nil)
				must(t, err)
				m.payloads = append(m.payloads, string(p))
			}
			opened := s.FS.Records()
			s.FS.Mark(done{m})
			if _, err := goOn(l, s.FS, seed+uint64(states)); err != nil {
				t.Fatalf("seed %d: %v: going on: %v", seed, s, err)
			}
			mustClose(t, l)
			for s2 := range s.FS.States(seed, 40) {
				again++
				if s2.Cut <= opened {
					s2.Marks = append(s2.Marks, done{m}) // recovery itself: the state may not change again
				}
				l, err := checkState(s2, seed, uint64(again)<<40)
				if err != nil {
					t.Fatalf("seed %d: %v, and again: %v: %v", seed, s, s2, err)
				}
				mustClose(t, l)
			}
		}
	}
	t.Logf("%d crash states opened, %d crashes of a recovery; %d torn batches cut, %d footers rebuilt", states, again, torn, rebuilt)
	if torn == 0 || rebuilt == 0 {
		t.Error("the workloads never came to a torn batch or to an unsealed file")
	}
}

// TestMixedTornBatches tears a batch, lets recovery cut it, and tears another batch of
// the same shape over its remains: the log may come to hold either, never a mixture.
func TestMixedTornBatches(t *testing.T) {
	base := crashfs.New()
	options := testOptions(base, &counter{})
	options.SegmentBytes = 16 << 10
	mustClose(t, mustOpen(t, options))
	// Frames of two sectors each: only whole frames of the first batch can survive.
	sizes := []int{986, 986, 986, 986}
	first := op{kind: "append", index: 1, sizes: sizes, serie: 1}
	second := op{kind: "append", index: 1, sizes: sizes, serie: 2}
	if n := framedBytes(len(first.payloads()[0])); n != 1024 {
		t.Fatalf("frames of %d bytes", n)
	}
	// torn appends without a sync, and cuts the power.
	torn := func(fs *crashfs.FS, o op) func(seed uint64) *crashfs.FS {
		options.FS = fs
		l := mustOpen(t, options)
		fs.Inject(func(op crashfs.Op) error {
			if op.Kind == crashfs.OpSync {
				return crashfs.ErrInjected
			}
			return nil
		})
		if err := l.Append(o.entries()); !errors.Is(err, ErrFailed) {
			t.Fatal(err)
		}
		_ = l.Close()
		fs.Inject(nil)
		return func(seed uint64) *crashfs.FS { return fs.CrashNow(seed).FS }
	}
	allowed := []model{{}, model{}.append(1, first.payloads()), model{}.append(1, second.payloads())}
	var seen [3]int
	cutFirst := torn(base.Clone(), first)
	for one := range uint64(80) {
		remains := cutFirst(one)
		options.FS = remains.Clone()
		l := mustOpen(t, options)
		cut := l.LastIndex() == 0
		mustClose(t, l)
		if !cut {
			continue
		}
		cutSecond := torn(remains, second)
		for two := range uint64(150) {
			options.FS = cutSecond(two)
			l := mustOpen(t, options)
			is := slices.IndexFunc(allowed, func(m model) bool { return m.differs(l) == nil })
			if is < 0 {
				p, err := l.Get(1, nil)
				t.Fatalf("seeds %d, %d: a mixture: %d to %d, %.9q %v", one, two, l.FirstIndex(), l.LastIndex(), p, err)
			}
			seen[is]++
			mustClose(t, l)
		}
	}
	t.Logf("empty %d, first batch %d, second batch %d", seen[0], seen[1], seen[2])
	if seen[0] == 0 || seen[2] == 0 {
		t.Error("the cuts came to one outcome only")
	}
}

// TestCrashFindsBugs: a log that forgets one kind of sync does not get past the same
// checks.
func TestCrashFindsBugs(t *testing.T) {
	for name, match := range map[string]func(path string) bool{
		"no sync of log files":    func(p string) bool { return strings.HasSuffix(p, ".wal") || strings.Contains(p, "spare-") },
		"no sync of directories":  func(p string) bool { return p == "wal" },
		"no sync of control file": func(p string) bool { return strings.Contains(p, controlName) },
	} {
		t.Run(name, func(t *testing.T) {
			for seed := uint64(1); seed < 20; seed++ {
				fs := crashfs.New()
				crashWorkload(t, fs, seed, false, func() { fs.LoseSyncs(match) })
				for s := range fs.States(seed, 2000) {
					l, err := checkState(s, seed, seed<<20)
					if err != nil {
						t.Logf("found with seed %d: %v: %v", seed, s, err)
						_ = l.closeIfOpen()
						return
					}
					mustClose(t, l)
				}
			}
			t.Error("nothing was found")
		})
	}
}
