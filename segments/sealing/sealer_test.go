package sealing

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/scn"
	"redoubt/segments"
)

// log is a source that tests fill. Its mark is the last SCN in decimal.
type log struct {
	mu      sync.Mutex
	last    scn.SCN
	more    chan struct{}
	failing error
	opened  int
}

func newLog() *log { return &log{more: make(chan struct{})} }

func (l *log) add(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last += scn.SCN(n)
	close(l.more)
	l.more = make(chan struct{})
}

func (l *log) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failing = err
	close(l.more)
	l.more = make(chan struct{})
}

type reader struct {
	log *log
	at  scn.SCN
}

func (l *log) open(mark []byte) (Source, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.opened++
	at, err := strconv.Atoi("0" + string(mark))
	return &reader{l, scn.SCN(at)}, err
}

func (r *reader) Next(ctx context.Context) ([]segments.Record, []byte, error) {
	for {
		r.log.mu.Lock()
		last, more, failing := r.log.last, r.log.more, r.log.failing
		r.log.mu.Unlock()
		if failing != nil {
			return nil, nil, failing
		}
		if r.at < last {
			r.at++
			record := segments.Record{SCN: r.at, TimeMicros: int64(r.at), Tables: []uint64{1}, Payload: fmt.Appendf(nil, "transaction %d", r.at)}
			return []segments.Record{record}, fmt.Append(nil, r.at), nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

// sealing runs a Sealer over a log until the function it returns is called.
func sealing(t *testing.T, fs vfs.FS, l *log, bytes int64, after time.Duration) (s *Sealer, c *segments.Catalog, stop func()) {
	t.Helper()
	c, err := segments.OpenCatalog(segments.CatalogOptions{FS: fs, Dir: "segments"})
	if err != nil {
		t.Fatal(err)
	}
	s, err = New(Options{
		FS: fs, Dir: "segments", Catalog: c, Incarnation: 1, MarkFile: "mark", Bytes: bytes, After: after,
		Open: l.open, RetryAfter: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx)
	}()
	return s, c, func() {
		cancel()
		<-done
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func waitFor(t *testing.T, what string, f func() bool) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for !f() {
		if time.Now().After(deadline) {
			t.Fatalf("waited 10 s for %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func sealedTo(c *segments.Catalog, want scn.SCN) func() bool {
	return func() bool { return c.Range().To == want }
}

func TestSealsFullSegments(t *testing.T) {
	fs, l := vfs.NewMem(), newLog()
	_, c, stop := sealing(t, fs, l, 100, time.Hour)
	l.add(50)
	waitFor(t, "full segments", func() bool { return c.Range().To >= 40 })
	stop()
	_, c, stop = sealing(t, fs, l, 100, time.Hour) // goes on where it was
	l.add(50)
	waitFor(t, "more of them", func() bool { return c.Range().To >= 90 })
	if err := c.Verify(); err != nil {
		t.Fatal(err)
	}
	it := c.Scan(segments.Filter{})
	defer it.Close()
	for at := scn.SCN(1); it.Next(); at++ {
		if r := it.Record(); r.SCN != at || string(r.Payload) != fmt.Sprintf("transaction %d", at) {
			t.Fatalf("at %d: %+v", at, r)
		}
	}
	if err := it.Err(); err != nil {
		t.Fatal(err)
	}
	stop()
}

func TestSealsOldSegments(t *testing.T) {
	fs, l := vfs.NewMem(), newLog()
	_, c, stop := sealing(t, fs, l, 1<<30, 5*time.Millisecond)
	defer stop()
	l.add(3)
	waitFor(t, "an old segment", sealedTo(c, 3))
	l.add(1)
	waitFor(t, "another", sealedTo(c, 4))
}

// TestMarkLost: a crash between sealing and noting it makes records come twice; they are sealed once.
func TestMarkLost(t *testing.T) {
	fs, l := vfs.NewMem(), newLog()
	_, c, stop := sealing(t, fs, l, 1<<30, 5*time.Millisecond)
	l.add(3)
	waitFor(t, "a segment", sealedTo(c, 3))
	stop()
	if err := fs.Remove("mark"); err != nil {
		t.Fatal(err)
	}
	l.add(2)
	_, c, stop = sealing(t, fs, l, 1<<30, 5*time.Millisecond)
	defer stop()
	waitFor(t, "the next segment", sealedTo(c, 5))
	if list := c.Segments(); len(list) != 2 || list[1].FirstSCN != 4 {
		t.Fatalf("segments %+v", list)
	}
}

func TestFailureShowsAndPasses(t *testing.T) {
	fs, l := vfs.NewMem(), newLog()
	s, c, stop := sealing(t, fs, l, 1<<30, 5*time.Millisecond)
	defer stop()
	broken := errors.New("broken disk")
	l.fail(broken)
	waitFor(t, "the failure to show", func() bool { return errors.Is(s.Failure(), broken) })
	l.fail(nil)
	l.add(2)
	waitFor(t, "sealing to go on", sealedTo(c, 2))
	waitFor(t, "the failure to be over", func() bool { return s.Failure() == nil })
}

func TestOptionsAreNeeded(t *testing.T) {
	if _, err := New(Options{}); err == nil {
		t.Error("no options, no error")
	}
}
