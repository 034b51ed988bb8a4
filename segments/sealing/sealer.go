package sealing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/internal/durable"
	"redoubt/scn"
	"redoubt/segments"
)

// Source gives committed transactions.
type Source interface {
	// Next blocks until there are more, or ctx is done. The records follow those given before; mark is the place
	// behind them. Payloads are valid until the next call.
	Next(ctx context.Context) (records []segments.Record, mark []byte, err error)
}

// Options of a Sealer. All are needed but those with a default.
type Options struct {
	FS          vfs.FS
	Dir         string // of the segments; the catalog's
	Catalog     *segments.Catalog
	Incarnation scn.Incarnation
	MarkFile    string // where the mark is kept, outside of Dir
	Bytes       int64  // of payload in one segment
	After       time.Duration
	Compression segments.Compression
	// Open opens the source behind a mark; nil is the beginning of history.
	Open func(mark []byte) (Source, error)
	// Sealed, if it is not nil, is told of every mark that has become durable, also of the one found at the start.
	Sealed func(mark []byte)
	// RetryAfter is the pause after an error. Default 10 s.
	RetryAfter time.Duration
}

const retryAfterDefault = 10 * time.Second

// Sealer seals the log as it grows.
type Sealer struct {
	options Options

	mu      sync.Mutex
	failure error
	sealed  uint64 // segments sealed since the start
}

// New makes a Sealer; Run starts it.
func New(o Options) (*Sealer, error) {
	if o.FS == nil || o.Dir == "" || o.Catalog == nil || o.MarkFile == "" || o.Open == nil {
		return nil, errors.New("sealing: options need FS, Dir, Catalog, MarkFile and Open")
	}
	if o.Bytes <= 0 || o.After <= 0 {
		return nil, errors.New("sealing: options Bytes and After must be positive")
	}
	if o.RetryAfter == 0 {
		o.RetryAfter = retryAfterDefault
	}
	return &Sealer{options: o}, nil
}

// Run seals until ctx is done. What is not sealed by then stays in the log.
func (s *Sealer) Run(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.run(ctx)
		if ctx.Err() != nil {
			return
		}
		s.note(err)
		pause := time.NewTimer(s.options.RetryAfter)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
		}
	}
}

// Failure is why sealing does not work at the moment, nil if it does.
func (s *Sealer) Failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}

// Sealed is how many segments were sealed since the start.
func (s *Sealer) Sealed() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sealed
}

func (s *Sealer) note(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = err
}

// run seals until something fails.
func (s *Sealer) run(ctx context.Context) error {
	mark, err := s.readMark()
	if err != nil {
		return err
	}
	if s.options.Sealed != nil && mark != nil {
		s.options.Sealed(mark)
	}
	source, err := s.options.Open(mark)
	if err != nil {
		return fmt.Errorf("open the log for sealing: %w", err)
	}
	for {
		if err := s.seal(ctx, source); err != nil {
			return err
		}
		s.note(nil)
	}
}

// seal fills one segment and seals it.
func (s *Sealer) seal(ctx context.Context, source Source) error {
	header, next := s.options.Catalog.Next(s.options.Incarnation, 0)
	records, mark, err := s.unsealed(ctx, source, next)
	if err != nil {
		return err
	}
	w, err := segments.Create(s.options.FS, s.options.Dir, header, s.options.Compression)
	if err != nil {
		return err
	}
	if mark, err = s.fill(ctx, w, source, records, mark); err != nil {
		return errors.Join(err, w.Close())
	}
	info, err := w.Finish()
	if err != nil {
		return errors.Join(err, w.Close())
	}
	if err := s.options.Catalog.Add(info); err != nil {
		return err
	}
	return s.done(mark)
}

// unsealed waits for the first records from next on. What comes before was sealed before a crash took the mark.
func (s *Sealer) unsealed(ctx context.Context, source Source, next scn.SCN) ([]segments.Record, []byte, error) {
	for {
		records, mark, err := source.Next(ctx)
		if err != nil {
			return nil, nil, err
		}
		for len(records) > 0 && records[0].SCN < next {
			records = records[1:]
		}
		if len(records) > 0 {
			return records, mark, nil
		}
	}
}

// fill puts records into a segment until it is full or old enough, and gives the mark behind the last.
func (s *Sealer) fill(ctx context.Context, w *segments.Writer, source Source, records []segments.Record, mark []byte) ([]byte, error) {
	waiting, cancel := context.WithTimeout(ctx, s.options.After)
	defer cancel()
	for bytes := int64(0); ; {
		for i := range records {
			if err := w.Append(records[i]); err != nil {
				return nil, err
			}
			bytes += int64(len(records[i].Payload))
		}
		if bytes >= s.options.Bytes {
			return mark, nil
		}
		more, m, err := source.Next(waiting)
		if err != nil {
			if ctx.Err() == nil && waiting.Err() != nil {
				return mark, nil // old enough
			}
			return nil, err
		}
		records, mark = more, m
	}
}

func (s *Sealer) done(mark []byte) error {
	if err := s.writeMark(mark); err != nil {
		return fmt.Errorf("note what is sealed: %w", err)
	}
	s.mu.Lock()
	s.sealed++
	s.mu.Unlock()
	if s.options.Sealed != nil {
		s.options.Sealed(mark)
	}
	return nil
}

func (s *Sealer) readMark() ([]byte, error) {
	f, err := s.options.FS.Open(s.options.MarkFile)
	if err != nil {
		if _, statErr := s.options.FS.Stat(s.options.MarkFile); statErr != nil {
			return nil, nil // nothing is sealed yet
		}
		return nil, fmt.Errorf("read what is sealed: %w", err)
	}
	defer f.Close()
	mark, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("read what is sealed: %w", err)
	}
	return mark, nil
}

// writeMark replaces the file of the mark as a whole.
func (s *Sealer) writeMark(mark []byte) error {
	return durable.Replace(s.options.FS, s.options.MarkFile, mark)
}
