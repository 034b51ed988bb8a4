package mvcc

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"

	"redoubt/scn"
)

// Changed iterates over the keys that have a version in one of some intervals, in ascending order, each once. Blocks and
// files that have no version in an interval are not read, so that the cost follows what changed.
//
// A filter may pass over a block with the removal of a version and not over the block with the version itself. That does
// no harm: both have the version's SCN, and so both lie in the interval or neither.
type Changed struct {
	spans   []*changedSpan
	current []byte
	started bool
	err     error
}

// changedSpan walks over one interval.
type changedSpan struct {
	iter         *pebble.Iterator
	span         scn.Interval
	valid        bool
	prefix, seek []byte
}

// NewChanged makes an iterator over the keys of a range with versions in the intervals; Reverse of the range is not
// used. Close it.
func (s *Store) NewChanged(spans []scn.Interval, r Range) (*Changed, error) {
	c := &Changed{}
	for _, span := range spans {
		lower, upper := bounds(span.Space, r.Low, r.High)
		iter, err := s.db.NewIter(&pebble.IterOptions{
			LowerBound: lower, UpperBound: upper,
			PointKeyFilters: []pebble.BlockPropertyFilter{
				sstable.NewBlockIntervalFilter(scnProperty, uint64(span.Bottom)+1, uint64(min(span.Top, scn.Max-1))+1, nil),
			},
		})
		if err != nil {
			c.Close()
			return nil, fmt.Errorf("read from state store: %w", err)
		}
		c.spans = append(c.spans, &changedSpan{iter: iter, span: span})
	}
	return c, nil
}

// Next moves to the next key.
func (c *Changed) Next() bool {
	for _, s := range c.spans {
		switch {
		case !c.started:
			s.settle(s.iter.First())
		case s.valid && bytes.Equal(s.key(), c.current):
			s.settle(s.iter.NextPrefix())
		}
	}
	c.started = true
	var next []byte
	for _, s := range c.spans {
		if err := s.iter.Error(); err != nil && c.err == nil {
			c.err = fmt.Errorf("read from state store: %w", err)
		}
		if s.valid && (next == nil || bytes.Compare(s.key(), next) < 0) {
			next = s.key()
		}
	}
	if next == nil || c.err != nil {
		return false
	}
	c.current = append(c.current[:0], next...)
	return true
}

// Key is the key within its space, valid until Next.
func (c *Changed) Key() []byte { return c.current }

// Err tells what ended the iteration, if it was not the end.
func (c *Changed) Err() error { return c.err }

// Close ends the iterator.
func (c *Changed) Close() error {
	var errs []error
	for _, s := range c.spans {
		errs = append(errs, s.iter.Close())
	}
	c.spans = nil
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("read from state store: %w", err)
	}
	return nil
}

func (s *changedSpan) key() []byte { return keyOf(s.prefix) }

// settle moves on to the first key with a version in the interval; ok tells whether the iterator stands anywhere.
func (s *changedSpan) settle(ok bool) {
	s.valid = false
	for ok {
		s.prefix = append(s.prefix[:0], prefixOf(s.iter.Key())...)
		at := versionOf(s.iter.Key())
		if at > s.span.Top {
			if ok = s.skipNewer(); !ok {
				return
			}
			if !bytes.Equal(prefixOf(s.iter.Key()), s.prefix) {
				continue
			}
			at = versionOf(s.iter.Key())
		}
		if at > s.span.Bottom {
			s.valid = true
			return
		}
		ok = s.iter.NextPrefix()
	}
}

// stepsBeforeSeek is how many versions are walked over one by one: a seek costs as much as so many steps.
const stepsBeforeSeek = 8

// skipNewer moves from a version above the interval to the first of its key that is not, or to the next key.
func (s *changedSpan) skipNewer() bool {
	for range stepsBeforeSeek {
		if !s.iter.Next() {
			return false
		}
		if key := s.iter.Key(); versionOf(key) <= s.span.Top || !bytes.Equal(prefixOf(key), s.prefix) {
			return true
		}
	}
	s.seek = appendVersion(append(s.seek[:0], s.prefix...), s.span.Top)
	return s.iter.SeekGE(s.seek)
}
