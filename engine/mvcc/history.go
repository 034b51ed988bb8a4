package mvcc

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"redoubt/scn"
)

// History iterates over every version of every key in a range of a space: by key, then newest first. Copies that folding
// made are no versions.
type History struct {
	iter    *pebble.Iterator
	started bool
	version Version
	err     error
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
	for h.err == nil && h.step() {
		value, err := h.iter.ValueAndErr()
		if err == nil {
			h.version, err = decodeVersion(versionOf(h.iter.Key()), value)
		}
		if err != nil {
			h.err = fmt.Errorf("read from state store: %w", err)
			return false
		}
		if !h.version.Copied {
			return true
		}
	}
	return false
}

func (h *History) step() bool {
	if h.started {
		return h.iter.Next()
	}
	h.started = true
	return h.iter.First()
}

// Key is the key within the space, valid until Next.
func (h *History) Key() []byte { return keyOf(prefixOf(h.iter.Key())) }

// SCN is the commit that wrote the version.
func (h *History) SCN() scn.SCN { return h.version.SCN }

// Version is the version itself, valid until Next.
func (h *History) Version() (Version, error) { return h.version, nil }

// Err tells what ended the iteration, if it was not the end of the range.
func (h *History) Err() error { return errors.Join(h.err, h.iter.Error()) }

// Close ends the iterator.
func (h *History) Close() error { return h.iter.Close() }
