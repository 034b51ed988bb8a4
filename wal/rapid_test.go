package wal

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"
)

// TestModel compares a log with a slice over random steps, clean restarts and power
// cuts between them. rapid prints the seed and the flag that replays it.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fs := vfs.NewCrashableMem()
		options := testOptions(fs, &counter{n: rapid.Uint64().Draw(t, "ids")})
		options.SegmentBytes = rapid.SampledFrom([]int64{4 << 10, 8 << 10, 64 << 10}).Draw(t, "segmentBytes")
		options.SpareFiles = rapid.SampledFrom([]int{NoSpareFiles, 1, 3}).Draw(t, "spares")
		l, err := Open(options)
		if err != nil {
			t.Fatal(err)
		}
		m := model{}
		serie := 0
		check := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				o := op{kind: "append", index: m.last() + 1, serie: serie}
				serie++
				if m.last() == 0 {
					o.index = rapid.Uint64Range(1, 1<<40).Draw(t, "index")
				}
				o.sizes = rapid.SliceOfN(rapid.IntRange(0, 900), 1, 12).Draw(t, "sizes")
				check(l.Append(o.entries()))
				m = m.append(o.index, o.payloads())
			},
			"append out of order": func(t *rapid.T) {
				index := rapid.Uint64Range(0, m.last()+5).Draw(t, "index")
				if index == m.last()+1 || index > 0 && m.last() == 0 {
					t.Skip()
				}
				if err := l.Append([]Entry{{Index: index}}); !errors.Is(err, ErrOutOfOrder) {
					t.Fatalf("append %d to %v: %v", index, m, err)
				}
			},
			"back": func(t *rapid.T) {
				keep := rapid.Uint64Range(max(m.first, 2)-2, m.last()+2).Draw(t, "keepTo")
				check(l.TruncateBack(keep))
				if m.last() > 0 {
					m = m.truncateBack(keep)
				}
			},
			"front": func(t *rapid.T) {
				keep := rapid.Uint64Range(m.first, m.last()+2).Draw(t, "keepFrom")
				check(l.TruncateFront(keep))
				if first := l.FirstIndex(); first > keep && first != m.first {
					t.Fatalf("truncate front %d: the log begins with %d", keep, first)
				}
				m = m.from(l.FirstIndex())
			},
			"reset": func(t *rapid.T) {
				check(l.Reset(rapid.Uint64().Draw(t, "next")))
				m = model{}
			},
			"reopen": func(t *rapid.T) {
				check(l.Close())
				l, err = Open(options)
				check(err)
			},
			"power cut": func(t *rapid.T) {
				cut := fs.CrashClone(vfs.CrashCloneCfg{})
				check(l.Close())
				fs, options.FS = cut, cut
				l, err = Open(options)
				check(err)
			},
			"read only": func(t *rapid.T) {
				check(l.Close())
				o := options
				o.ReadOnly = true
				r, err := Open(o)
				check(err)
				check(m.differs(r))
				check(r.Close())
				l, err = Open(options)
				check(err)
			},
			"": func(t *rapid.T) { check(m.differs(l)) },
		})
		check(l.Close())
	})
}

func TestWait(t *testing.T) {
	l := mustOpen(t, testOptions(vfs.NewMem(), &counter{}))
	must(t, l.Append([]Entry{{5, nil}, {6, nil}}))
	must(t, l.Wait(t.Context(), 6))
	ctx, cancel := context.WithCancel(t.Context())
	canceled, reached, closed := make(chan error), make(chan error), make(chan error)
	go func() { canceled <- l.Wait(ctx, 100) }()
	go func() { reached <- l.Wait(t.Context(), 8) }()
	go func() { closed <- l.Wait(t.Context(), 9) }()
	waitFor(t, func() bool { l.mu.RLock(); defer l.mu.RUnlock(); return len(l.waiters) == 3 })
	cancel()
	if err := <-canceled; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	must(t, l.Append([]Entry{{7, nil}}))
	select {
	case err := <-reached:
		t.Fatalf("woken at 7 for 8: %v", err)
	default:
	}
	must(t, l.Append([]Entry{{8, nil}}))
	must(t, <-reached)
	mustClose(t, l)
	if err := <-closed; !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	mustClose(t, l)
}

// waitFor waits for a condition; a test that hangs is ended by its own deadline.
func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	for !condition() {
		select {
		case <-t.Context().Done():
			t.Fatal("the condition never came true")
		case <-time.After(100 * time.Microsecond):
		}
	}
}

func TestLimits(t *testing.T) {
	l := mustOpen(t, testOptions(vfs.NewMem(), &counter{}))
	defer l.Close()
	huge := make([]byte, PayloadBytesMax+1)
	if err := l.Append([]Entry{{1, huge}}); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	most := huge[:PayloadBytesMax]
	if err := l.Append([]Entry{{1, most}, {2, most}, {3, most}, {4, most}}); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	if err := l.Append([]Entry{{1, nil}, {3, nil}}); !errors.Is(err, ErrOutOfOrder) {
		t.Error(err)
	}
	if s := l.Stats(); s.Batches != 0 || s.LastBatch != 0 {
		t.Errorf("refused batches left a trace: %+v", s)
	}
	for _, o := range []Options{
		{},
		{Dir: "d", SegmentBytes: 100},
		{Dir: "d", SegmentBytes: 1 << 40},
		{Dir: "d", SegmentBytes: 5001},
		{Dir: "d", SpareFiles: -2},
		{Dir: "d", SpareFilesMax: -1},
	} {
		if _, err := Open(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

// TestAppendAllocates: the hot path reuses one buffer.
func TestAppendAllocates(t *testing.T) {
	options := testOptions(vfs.Default, &counter{})
	options.Dir, options.SegmentBytes = t.TempDir()+"/wal", 16<<20
	l := mustOpen(t, options)
	batch := make([]Entry, 64)
	payload := make([]byte, 256)
	next := uint64(1)
	appendBatch := func() {
		for i := range batch {
			batch[i] = Entry{next, payload}
			next++
		}
		must(t, l.Append(batch))
	}
	for range 100 {
		appendBatch()
	}
	// The offsets of the tail grow now and then.
	if allocs := testing.AllocsPerRun(400, appendBatch); allocs > 1 {
		t.Errorf("%.1f allocations a batch of 64", allocs)
	}
	mustClose(t, l)
}

// TestKeyID: a header tells the truth about the payloads of its file.
func TestKeyID(t *testing.T) {
	options := testOptions(vfs.NewMem(), &counter{})
	l := mustOpen(t, options)
	must(t, l.Append([]Entry{{1, []byte("plain")}}))
	mustClose(t, l)
	options.KeyID = 9
	l = mustOpen(t, options)
	must(t, l.Append([]Entry{{2, []byte("secret")}}))
	files := l.Files()
	if len(files) != 2 || files[0].KeyID != 0 || files[1].KeyID != 9 || files[0].LastIndex != 1 || files[1].FirstIndex != 2 {
		t.Errorf("%+v", files)
	}
	mustClose(t, l)
	l = mustOpen(t, options)
	if n := len(l.Files()); n != 2 {
		t.Errorf("%d files after opening with the same key", n)
	}
	mustClose(t, l)
}

// TestOneWriter: a directory of the operating system has one writer, also within a
// process, and the lock goes with Close, or with an Open that fails.
func TestOneWriter(t *testing.T) {
	options := testOptions(vfs.Default, &counter{})
	options.Dir = t.TempDir() + "/wal"
	for range 2 {
		l := mustOpen(t, options)
		if _, err := Open(options); err == nil {
			t.Fatal("two writers")
		}
		mustClose(t, l)
		other := options
		other.DatabaseID[0]++
		if _, err := Open(other); !errors.Is(err, ErrOtherDatabase) {
			t.Fatal(err)
		}
	}
}

// TestReadOnly: nothing is written, whatever is called; and a log that is not there is
// not made.
func TestReadOnly(t *testing.T) {
	fs := vfs.NewMem()
	options := testOptions(fs, &counter{})
	options.ReadOnly = true
	if _, err := Open(options); err == nil {
		t.Error("a log that is not there was opened")
	}
	options.ReadOnly = false
	writer := mustOpen(t, options)
	must(t, writer.Append([]Entry{{1, []byte("x")}}))
	if _, err := Open(options); err == nil {
		t.Error("two writers")
	}
	options.ReadOnly = true
	l := mustOpen(t, options) // beside the writer
	for what, err := range map[string]error{
		"append": l.Append([]Entry{{2, nil}}), "back": l.TruncateBack(0), "front": l.TruncateFront(2), "reset": l.Reset(2),
	} {
		if !errors.Is(err, ErrReadOnly) {
			t.Errorf("%s: %v", what, err)
		}
	}
	mustClose(t, l)
	mustClose(t, writer)
}
