package mvcc

import (
	"bytes"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"redoubt/scn"
)

// Trail walks over what is stored under single keys, newest first: versions, and copies under the SCN that they were made
// for. It sees what was written when it was made. It belongs to one goroutine.
type Trail struct {
	iter    *pebble.Iterator
	prefix  []byte
	seek    []byte
	started bool
}

// NewTrail makes a Trail. Close it.
func (s *Store) NewTrail() (*Trail, error) {
	iter, err := s.db.NewIter(nil)
	if err != nil {
		return nil, fmt.Errorf("read from state store: %w", err)
	}
	return &Trail{iter: iter}, nil
}

// Of begins a walk over what is stored under a key at or below an SCN.
func (t *Trail) Of(space scn.Space, key []byte, top scn.SCN) {
	t.prefix = appendDataPrefix(t.prefix[:0], space, key)
	t.seek = appendVersion(append(t.seek[:0], t.prefix...), top)
	t.started = false
}

// Next moves to the next of the walk.
func (t *Trail) Next() bool {
	var ok bool
	if t.started {
		ok = t.iter.Next()
	} else {
		t.started, ok = true, t.iter.SeekGE(t.seek)
	}
	return ok && bytes.Equal(prefixOf(t.iter.Key()), t.prefix)
}

// At is the SCN under which it is stored.
func (t *Trail) At() scn.SCN { return versionOf(t.iter.Key()) }

// Version is what is stored, valid until the next call.
func (t *Trail) Version() (Version, error) {
	value, err := t.iter.ValueAndErr()
	if err != nil {
		return Version{}, fmt.Errorf("read from state store: %w", err)
	}
	return decodeVersion(t.At(), value)
}

// Err tells what ended the walk, if it was not its end.
func (t *Trail) Err() error {
	if err := t.iter.Error(); err != nil {
		return fmt.Errorf("read from state store: %w", err)
	}
	return nil
}

// Close ends the use of the Trail.
func (t *Trail) Close() error {
	if err := t.iter.Close(); err != nil {
		return fmt.Errorf("read from state store: %w", err)
	}
	return nil
}

// Drop removes what is stored under a key and an SCN.
func (b *Batch) Drop(space scn.Space, key []byte, at scn.SCN) error {
	b.key = appendDataKey(b.key[:0], space, key, at)
	return b.batch.Delete(b.key, nil)
}

// DropSpace removes everything of a space.
func (b *Batch) DropSpace(space scn.Space) error {
	lower, upper := bounds(space, nil, nil)
	return b.batch.DeleteRange(lower[:dataHeadLen], upper[:dataHeadLen], nil)
}

// SpaceBytes is about how much a space takes on disk.
func (s *Store) SpaceBytes(space scn.Space) (uint64, error) {
	lower, upper := bounds(space, nil, nil)
	n, err := s.db.EstimateDiskUsage(lower[:dataHeadLen], upper[:dataHeadLen])
	if err != nil {
		return 0, fmt.Errorf("size of space %d in state store: %w", space, err)
	}
	return n, nil
}
