package mvcc

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"redoubt/scn"
)

// History iterates over every version of every key in a range of a space: by key, then newest first.
type History struct {
	iter    *pebble.Iterator
	started bool
}

// NewHistory makes a History; Reverse of the range is not used. Close it.
func (s *Store) NewHistory(space scn.Space, r Range) (*History, error) {
	lower, upper := bounds(space, r.Low, r.High)
	iter, err := s.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return nil, fmt.Errorf("read from state store: %w", err)
	}
	return &History{iter: iter}, nil
}

// Next moves to the next version.
func (h *History) Next() bool {
	if h.started {
		return h.iter.Next()
	}
	h.started = true
	return h.iter.First()
}

// Key is the key within the space, valid until Next.
func (h *History) Key() []byte { return keyOf(prefixOf(h.iter.Key())) }

// SCN is the commit that wrote the version.
func (h *History) SCN() scn.SCN { return versionOf(h.iter.Key()) }

// Version is the version itself, valid until Next.
func (h *History) Version() (Version, error) {
	value, err := h.iter.ValueAndErr()
	if err != nil {
		return Version{}, fmt.Errorf("read from state store: %w", err)
	}
	return decodeVersion(h.SCN(), value)
}

// Err tells what ended the iteration, if it was not the end of the range.
func (h *History) Err() error { return h.iter.Error() }

// Close ends the iterator.
func (h *History) Close() error { return h.iter.Close() }
