package wal

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"

	"redoubt/internal/crashfs"
)

// TestErrorAtEveryOperation makes the n-th operation on the file system fail, for n =
// 0, 1, 2 … until none fails, once alone and once with all after it. Whatever the log
// then says, nothing that was acknowledged is lost and nothing is invented.
func TestErrorAtEveryOperation(t *testing.T) {
	for _, stay := range []bool{false, true} {
		kinds := map[crashfs.OpKind]int{}
		n := 0
		for ; ; n++ {
			op, fired := failAt(t, n, stay)
			if !fired {
				break
			}
			kinds[op.Kind]++
		}
		t.Logf("stay %v: %d operations failed: %v", stay, n, kinds)
		if n < 300 {
			t.Errorf("only %d operations", n)
		}
	}
}

func failAt(t *testing.T, n int, stay bool) (crashfs.Op, bool) {
	t.Helper()
	fs := crashfs.New()
	options := testOptions(fs, &counter{})
	fired := fs.FailAt(n, stay)
	describe := func() string {
		op, _ := fired()
		return fmt.Sprintf("operation %d (%v %s) failed, stay %v", n, op.Kind, op.Path, stay)
	}
	reopen := func(err error) *Log {
		if _, hit := fired(); !hit {
			t.Fatalf("an error though no operation failed: %v", err)
		}
		if !errors.Is(err, crashfs.ErrInjected) {
			t.Fatalf("%s: the error does not say so: %v", describe(), err)
		}
		fs.Inject(nil)
		return mustOpen(t, options)
	}

	l, err := Open(options)
	if err != nil {
		l = reopen(err)
	}
	m := model{}
	rng := rand.New(rand.NewPCG(3, 3))
	for serie := range 45 {
		o := randomOp(rng, m, serie)
		next, err := o.do(l, options)
		switch {
		case errors.Is(err, ErrNoSpace):
			fs.Inject(nil)
			next, err = o.do(l, options) // nothing happened: the call may be made again
			if err != nil {
				t.Fatalf("%s: second try after ErrNoSpace: %v", describe(), err)
			}
		case err != nil:
			if e := l.Append(nil); o.kind != "reopen" && !errors.Is(e, ErrFailed) {
				t.Fatalf("%s: %v returned %v, then the log says %v", describe(), o, err, e)
			}
			_ = l.Close()
			next = reopen(err)
		}
		l = next
		after := o.after(m, l.FirstIndex)
		if err != nil && m.differs(l) == nil {
			after = m
		}
		if err := after.differs(l); err != nil {
			if !errors.Is(err, crashfs.ErrInjected) {
				t.Fatalf("%s: after %v: %v", describe(), o, err)
			}
			fs.Inject(nil) // a read failed, and said so; the log lives
			if err := after.differs(l); err != nil {
				t.Fatalf("%s: after %v: %v", describe(), o, err)
			}
		}
		m = after
	}
	if err := l.Close(); err != nil {
		reopen(err).mustEqual(t, m, describe())
	}
	fs.Inject(nil)
	for seed := range uint64(6) {
		options.FS = fs.CrashNow(seed).FS
		mustOpen(t, options).mustEqual(t, m, describe())
	}
	return fired()
}

func (l *Log) mustEqual(t *testing.T, m model, what string) {
	t.Helper()
	if err := m.differs(l); err != nil {
		t.Fatalf("%s: in the end: %v", what, err)
	}
	mustClose(t, l)
}

// TestFailureIsLatched: after one failed sync the log refuses everything with that
// error, wakes its waiters, and syncs no more.
func TestFailureIsLatched(t *testing.T) {
	fs := crashfs.New()
	l := mustOpen(t, testOptions(fs, &counter{}))
	must(t, l.Append([]Entry{{1, []byte("one")}}))
	cause := errors.New("the disk is on fire")
	var syncs int
	fs.Inject(func(op crashfs.Op) error {
		if op.Kind != crashfs.OpSync {
			return nil
		}
		if syncs++; syncs == 1 {
			return cause
		}
		return nil
	})
	waited := make(chan error, 1)
	go func() { waited <- l.Wait(t.Context(), 2) }()
	first := l.Append([]Entry{{2, []byte("two")}})
	if !errors.Is(first, ErrFailed) || !errors.Is(first, cause) {
		t.Fatalf("append: %v", first)
	}
	_, getErr := l.Get(1, nil)
	for what, err := range map[string]error{
		"append": l.Append([]Entry{{2, []byte("two")}}), "get": getErr, "back": l.TruncateBack(0),
		"front": l.TruncateFront(1), "reset": l.Reset(1), "waiter": <-waited, "wait": l.Wait(t.Context(), 2), "close": l.Close(),
	} {
		if err == nil || err.Error() != first.Error() {
			t.Errorf("%s: %v, want %v", what, err, first)
		}
	}
	if syncs != 1 {
		t.Errorf("%d syncs after the one that failed", syncs-1)
	}
	if !l.Stats().Failed {
		t.Error("Stats do not say so")
	}
}

// TestFullDisk: when the next file cannot be made, nothing is lost, reads go on, and
// the same append succeeds once there is room.
func TestFullDisk(t *testing.T) {
	fs := crashfs.New()
	options := testOptions(fs, &counter{})
	options.SpareFiles = NoSpareFiles
	l := mustOpen(t, options)
	full := func(op crashfs.Op) error {
		if op.Kind == crashfs.OpPreallocate || op.Kind == crashfs.OpCreate {
			return syscall.ENOSPC
		}
		return nil
	}
	fs.Inject(full)
	m := model{}
	var failed error
	for i := uint64(1); failed == nil; i++ {
		o := op{kind: "append", index: i, sizes: []int{500}, serie: int(i)}
		if failed = l.Append(o.entries()); failed == nil {
			m = m.append(i, o.payloads())
		}
	}
	if !errors.Is(failed, ErrNoSpace) || !errors.Is(failed, syscall.ENOSPC) {
		t.Fatal(failed)
	}
	must(t, m.differs(l))
	fs.Inject(nil)
	o := op{kind: "append", index: m.last() + 1, sizes: []int{500}}
	must(t, l.Append(o.entries()))
	m = m.append(o.index, o.payloads())
	mustClose(t, l)

	options.SpareFiles = 3
	fs.Inject(func(op crashfs.Op) error {
		if op.Kind == crashfs.OpWrite {
			return syscall.ENOSPC
		}
		return nil
	})
	l = mustOpen(t, options)
	must(t, m.differs(l))
	if got := l.Stats().SparesMissing; got != 3 {
		t.Errorf("SparesMissing %d", got)
	}
	fs.Inject(nil)
	mustClose(t, l)
}

// TestReadBesideWrite reads, waits and truncates the front while batches are appended
// and the back is truncated: every read gives the entry or says that it is not there.
func TestReadBesideWrite(t *testing.T) {
	fs := crashfs.New()
	l := mustOpen(t, testOptions(fs, &counter{}))
	var readers, truncater sync.WaitGroup
	stop := make(chan struct{})
	for reader := range 3 {
		readers.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(reader)))
			var buf []byte
			reads := 0
			for {
				select {
				case <-stop:
					if reads > 0 {
						return
					}
				default:
				}
				last := l.LastIndex()
				if last == 0 {
					continue
				}
				index := last - min(last-1, uint64(rng.IntN(40)))
				var err error
				if buf, err = l.Get(index, buf); err == nil {
					if want := fmt.Sprintf("entry %d ", index); string(buf[:len(want)]) != want {
						t.Errorf("entry %d is %.20q", index, buf)
						return
					}
					reads++
				} else if !errors.Is(err, ErrNotFound) {
					t.Error(err)
					return
				}
				if rng.IntN(50) == 0 {
					_ = l.Stats()
					_ = l.Files()
				}
			}
		})
	}
	truncater.Go(func() {
		for target := uint64(100); ; target += 100 {
			if err := l.Wait(t.Context(), target); err != nil {
				if !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
				return
			}
			if err := l.TruncateFront(target - 50); err != nil && !errors.Is(err, ErrClosed) {
				t.Error(err)
				return
			}
		}
	})
	rng := rand.New(rand.NewPCG(9, 9))
	for next := uint64(1); next < 3000; {
		batch := make([]Entry, 1+rng.IntN(5))
		for i := range batch {
			batch[i] = Entry{next, fmt.Appendf(nil, "entry %d %0*d", next, rng.IntN(300), 0)}
			next++
		}
		must(t, l.Append(batch))
		if rng.IntN(20) == 0 && l.FirstIndex()+5 < next-5 {
			next -= 3
			must(t, l.TruncateBack(next-1))
		}
	}
	close(stop)
	readers.Wait()
	mustClose(t, l)
	truncater.Wait()
}
