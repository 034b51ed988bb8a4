package mvcc

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"redoubt/scn"
)

// Version is what a key was from SCN on. Value is nil for a deletion.
type Version struct {
	SCN     scn.SCN // that wrote it; of a copy, that wrote what it is a copy of
	Deleted bool
	Copied  bool // a copy that folding made
	Value   []byte
}

func get(iter *pebble.Iterator, lineage scn.Lineage, key, dst []byte) (Version, bool, error) {
	for _, span := range lineage {
		if v, seen, err := getIn(iter, span, key, dst); seen || err != nil {
			return v, v.SCN != 0, err
		}
	}
	return Version{}, false, nil
}

// getIn is the newest version of a key in one interval, if there is any: a deletion too, and a copy that says that the key never was.
func getIn(iter *pebble.Iterator, span scn.Interval, key, dst []byte) (v Version, seen bool, err error) {
	var buf [128]byte
	if !iter.SeekPrefixGE(appendDataKey(buf[:0], span.Space, key, span.Top)) {
		return Version{}, false, iter.Error()
	}
	at := versionOf(iter.Key())
	if at <= span.Bottom {
		return Version{}, false, nil
	}
	value, err := iter.ValueAndErr()
	if err != nil {
		return Version{}, false, err
	}
	v, err = decodeVersion(at, value)
	v.Value = append(dst, v.Value...)
	return v, err == nil, err
}

func decodeVersion(at scn.SCN, value []byte) (Version, error) {
	switch {
	case len(value) == 1 && value[0] == valueDeleted:
		return Version{SCN: at, Deleted: true}, nil
	case len(value) >= 1 && value[0] == valueLive:
		return Version{SCN: at, Value: value[1:]}, nil
	case len(value) > 1 && (value[0] == valueCopied || value[0] == valueGone):
		original, n := binary.Uvarint(value[1:])
		if n > 0 && value[0] == valueCopied {
			return Version{SCN: scn.SCN(original), Copied: true, Value: value[1+n:]}, nil
		}
		if n == len(value)-1 {
			return Version{SCN: scn.SCN(original), Copied: true, Deleted: true}, nil
		}
	}
	return Version{}, fmt.Errorf("state store: version at SCN %d has an unknown form", at)
}

// Range bounds a scan: keys in [Low, High) of a space; nil High is the end of the space.
type Range struct {
	Low, High []byte
	Reverse   bool
	// Pinned: no version that the reader sees is collected before it is done. Then the tree need not be held as it is now, and what is
	// current comes from pages.
	Pinned bool
}

// Iterator walks over the keys of a range, each with the version that its lineage sees, deletions left out.
type Iterator struct {
	spans   []*spanIter // one for each interval of the lineage, newest first
	reverse bool
	current int // index into spans, -1 before the first
	err     error
}

// NewIterator makes an iterator over lineage; it stands before the first key. Close it.
func (s *Store) NewIterator(lineage scn.Lineage, r Range) (*Iterator, error) {
	it := &Iterator{reverse: r.Reverse, current: -1}
	for _, span := range lineage {
		si, err := s.newSpanIter(span, r)
		if err != nil {
			it.Close()
			return nil, err
		}
		it.spans = append(it.spans, si)
	}
	return it, nil
}

// Next moves to the next key that has a live version.
func (it *Iterator) Next() bool {
	for it.err == nil {
		if len(it.spans) == 1 {
			it.current = 0
			it.spans[0].next()
		} else {
			it.mergeNext()
		}
		if it.current < 0 || !it.spans[it.current].valid {
			return it.finish()
		}
		if !it.spans[it.current].version.Deleted {
			return true
		}
	}
	return false
}

// mergeNext moves every span that stands at the key just given, and picks the next key; of spans that stand at the
// same key the first, which is the newest part of the lineage, wins.
func (it *Iterator) mergeNext() {
	if it.current < 0 {
		for _, s := range it.spans {
			s.next()
		}
	} else {
		last := append([]byte(nil), it.spans[it.current].key()...)
		for _, s := range it.spans {
			if s.valid && bytes.Equal(s.key(), last) {
				s.next()
			}
		}
	}
	it.current = -1
	for i, s := range it.spans {
		if s.err != nil {
			it.current = -1
			return // what older parts of the lineage have may be hidden by what could not be read
		}
		if !s.valid {
			continue
		}
		if it.current >= 0 {
			c := bytes.Compare(s.key(), it.spans[it.current].key())
			if it.reverse {
				c = -c
			}
			if c >= 0 {
				continue
			}
		}
		it.current = i
	}
}

func (it *Iterator) finish() bool {
	for _, s := range it.spans {
		if s.err != nil {
			it.err = fmt.Errorf("read from state store: %w", s.err)
			break
		}
	}
	it.current = -1
	return false
}

// Key is the key within the space, valid until Next.
func (it *Iterator) Key() []byte { return it.spans[it.current].key() }

// Version is the version that the lineage sees, valid until Next.
func (it *Iterator) Version() Version { return it.spans[it.current].version }

// Err tells what ended the iteration, if it was not the end of the range.
func (it *Iterator) Err() error { return it.err }

// Close ends the iterator.
func (it *Iterator) Close() error {
	for _, s := range it.spans {
		if err := s.close(); err != nil && it.err == nil {
			it.err = fmt.Errorf("read from state store: %w", err)
		}
	}
	it.spans = nil
	return it.err
}

// spanIter walks over the keys of one interval of a lineage: for each, the newest version in (bottom, top].
type spanIter struct {
	pages   *pageReader      // nil: it reads from the tree
	iter    *pebble.Iterator // nil while it reads from pages
	span    scn.Interval
	reverse bool
	started bool
	valid   bool
	prefix  []byte // of the current key
	seek    []byte // scratch
	version Version
	err     error
}

func (s *Store) newSpanIter(span scn.Interval, r Range) (*spanIter, error) {
	lower, upper := bounds(span.Space, r.Low, r.High)
	si := &spanIter{span: span, reverse: r.Reverse}
	if s.pages != nil && r.Pinned && !r.Reverse {
		si.pages = &pageReader{store: s, span: span, position: lower, upper: upper}
		return si, nil
	}
	if err := si.open(s, lower, upper); err != nil {
		return nil, fmt.Errorf("read from state store: %w", err)
	}
	return si, nil
}

func (s *spanIter) open(store *Store, lower, upper []byte) (err error) {
	s.iter, err = store.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	return err
}

func (s *spanIter) close() error {
	if s.iter == nil {
		return nil
	}
	return s.iter.Close()
}

func (s *spanIter) key() []byte { return keyOf(s.prefix) }

func (s *spanIter) next() {
	s.valid = false
	if s.pages != nil {
		if s.nextOfPages(); s.pages != nil || s.err != nil {
			return
		}
	}
	if s.reverse {
		s.nextReverse()
	} else {
		s.nextForward()
	}
	if !s.valid && s.err == nil {
		s.err = s.iter.Error()
	}
}

func (s *spanIter) nextForward() {
	var ok bool
	if s.started {
		ok = s.iter.NextPrefix()
	} else {
		s.started, ok = true, s.iter.First()
	}
	for ok {
		s.prefix = append(s.prefix[:0], prefixOf(s.iter.Key())...)
		at := versionOf(s.iter.Key())
		if at > s.span.Top {
			if ok = s.skipToTop(); !ok {
				return
			}
			if !bytes.Equal(prefixOf(s.iter.Key()), s.prefix) {
				continue
			}
			at = versionOf(s.iter.Key())
		}
		if at > s.span.Bottom {
			s.take(at)
			return
		}
		ok = s.iter.NextPrefix()
	}
}

// skipToTop moves from a version above the interval to the first one that is not, or into the next key. A few
// steps are cheaper than a seek; many are not.
func (s *spanIter) skipToTop() bool {
	for range 3 {
		if !s.iter.Next() {
			return false
		}
		if k := s.iter.Key(); versionOf(k) <= s.span.Top || !bytes.Equal(prefixOf(k), s.prefix) {
			return true
		}
	}
	s.seek = appendVersion(append(s.seek[:0], s.prefix...), s.span.Top)
	return s.iter.SeekGE(s.seek)
}

func (s *spanIter) nextReverse() {
	var ok bool
	if s.started {
		ok = s.beforePrefix()
	} else {
		s.started, ok = true, s.iter.Last()
	}
	for ok {
		// The iterator stands at the oldest version of a key.
		s.prefix = append(s.prefix[:0], prefixOf(s.iter.Key())...)
		at := versionOf(s.iter.Key())
		if at <= s.span.Top {
			s.seek = appendVersion(append(s.seek[:0], s.prefix...), s.span.Top)
			if !s.iter.SeekGE(s.seek) {
				return
			}
			if at = versionOf(s.iter.Key()); at > s.span.Bottom {
				s.take(at)
				return
			}
		}
		ok = s.beforePrefix()
	}
}

// beforePrefix moves to the last key before the current one.
func (s *spanIter) beforePrefix() bool {
	return s.iter.SeekLT(s.prefix)
}

func (s *spanIter) take(at scn.SCN) {
	value, err := s.iter.ValueAndErr()
	if err == nil {
		s.version, err = decodeVersion(at, value)
	}
	s.err, s.valid = err, err == nil
}
