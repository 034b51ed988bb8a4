package archive

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"redoubt/backup/repository"
	"redoubt/scn"
	"redoubt/segments"
)

// openLog is a log of which nothing is sealed, and how often its records were read.
type openLog struct {
	to    scn.SCN
	reads int
}

func (*openLog) Segments() []segments.Info { return nil }

func (l *openLog) Applied() scn.SCN { return l.to }

func (l *openLog) Tail(_ context.Context, after, to scn.SCN, add func(segments.Record) error) error {
	l.reads++
	for at := after + 1; at <= to; at++ {
		if err := add(segments.Record{SCN: at, TimeMicros: int64(at), Payload: []byte("record")}); err != nil {
			return err
		}
	}
	return nil
}

// TestPackedAhead: the piece that a backup weighs is the one that is sent; what was committed since follows. One that no longer fits is
// thrown away: another archiver has sent some of it, or it was packed for an earlier end.
func TestPackedAhead(t *testing.T) {
	ctx := context.Background()
	address := "file://" + filepath.Join(t.TempDir(), "repository")
	log := &openLog{to: 10}
	open := func() *Archiver {
		t.Helper()
		r, err := repository.Open(ctx, address, repository.Options{})
		if err != nil {
			t.Fatal(err)
		}
		a, err := New(Options{Store: r, Source: log, DatabaseID: [16]byte{1}, Incarnation: 1, Spool: filepath.Join(t.TempDir(), "spool"), Every: time.Hour, StopTimeout: time.Minute, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	check := func(a *Archiver, weighed, through scn.SCN, reads int, lacking bool) {
		t.Helper()
		log.reads = 0
		w, err := a.Weigh(ctx, weighed, weighed)
		if err != nil || (w.Lacking > 0) != lacking {
			t.Fatalf("it weighs %+v, %v", w, err)
		}
		log.to = through
		sent, err := a.Through(ctx, weighed)
		if err != nil || sent.Through != through || sent.After != 0 {
			t.Errorf("sent %+v, %v", sent, err)
		}
		if log.reads != reads {
			t.Errorf("the log up to %d was read %d times, not %d", through, log.reads, reads)
		}
		if left, err := filepath.Glob(filepath.Join(a.options.Spool, "*")); err != nil || len(left) > 0 {
			t.Errorf("left in the spool: %v, %v", left, err)
		}
	}
	first := open()
	check(first, 10, 10, 1, true)
	check(first, 10, 10, 0, false)
	check(open(), 10, 10, 2, true) // the same piece is packed once more, to see that it is there
	log.to = 15
	check(first, 15, 20, 2, true) // 11 to 15 as they were packed, then 16 to 20
	second := open()              // finds what the first one has sent, piece by piece, which its own of 1 to 20 does not fit
	check(second, 20, 20, 4, true)
}
