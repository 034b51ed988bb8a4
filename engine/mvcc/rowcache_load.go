package mvcc

import (
	"bytes"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"redoubt/scn"
)

// admits tells whether a page should be read for one who missed a key. Reading a page costs as much as twenty lookups, so not each does
// it; the fewer, the fewer pages find room.
func (c *rowCache) admits(top scn.SCN) bool {
	if !c.useful(top) {
		return false
	}
	every := uint64(16)
	if c.nearlyFull() {
		every = 128
	}
	return c.misses.Load()%every == 0
}

// useful tells whether a reader up to an SCN sees most of what is current.
func (c *rowCache) useful(top scn.SCN) bool {
	visible := scn.SCN(c.visible.Load())
	return top >= visible || visible-top <= recentCommits
}

func (c *rowCache) nearlyFull() bool { return c.bytes.Load() > c.limit/8*7 }

// reserve makes a slot for a page that begins at a prefix; nil if there is one, or one is on its way. end bounds the page.
func (c *rowCache) reserve(low, end []byte) *slot {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := c.behind(low)
	if i > 0 && bytes.Compare(low, c.slots[i-1].high) < 0 {
		return nil
	}
	if i < len(c.slots) && bytes.Compare(c.slots[i].low, end) < 0 {
		end = c.slots[i].low
	}
	if bytes.Compare(low, end) >= 0 {
		return nil
	}
	s := &slot{low: bytes.Clone(low), high: end}
	s.used.Store(true)
	c.insert(i, s)
	return s
}

// fill gives a reserved slot its page; nil: there is none.
func (c *rowCache) fill(s *slot, p *page) *page {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.gone {
		return nil
	}
	if p == nil {
		c.drop(func(other *slot) bool { return other == s })
		return nil
	}
	s.high = p.high
	for _, r := range s.pending {
		if bytes.Compare(r.prefix(), p.high) < 0 {
			p = p.with(r)
		}
	}
	s.pending = nil
	s.page.Store(p)
	c.bytes.Add(p.bytes + pageOverhead)
	c.makeRoom(s)
	return p
}

// loadPage reads the page that begins at a prefix from the tree; nil if there is one on its way, or cannot be one. end is behind the last
// prefix that it may have.
func (s *Store) loadPage(low, end []byte) (*page, error) {
	slot := s.pages.reserve(low, end)
	if slot == nil {
		return nil, nil
	}
	p, err := s.readPage(slot.low, slot.high)
	return s.pages.fill(slot, p), err
}

// loadPageOf reads a page that begins with a key.
func (s *Store) loadPageOf(space scn.Space, key []byte) error {
	low, end := bounds(space, key, nil)
	if _, err := s.loadPage(low, end); err != nil {
		return fmt.Errorf("read from state store: %w", err)
	}
	return nil
}

func (s *Store) readPage(low, end []byte) (*page, error) {
	iter, err := s.db.NewIter(&pebble.IterOptions{LowerBound: low, UpperBound: end})
	if err != nil {
		return nil, err
	}
	defer iter.Close()
	var bytesOf []byte
	var ends []int
	high := end
	for ok := iter.First(); ok; ok = iter.NextPrefix() {
		value, err := iter.ValueAndErr()
		if err != nil {
			return nil, err
		}
		key := iter.Key()
		if len(ends) == pageRows || len(bytesOf) >= pageBytesMax || len(key)+len(value) > rowBytesMax {
			high = bytes.Clone(prefixOf(key))
			break
		}
		bytesOf = appendRow(bytesOf, versionOf(key), prefixOf(key), value)
		ends = append(ends, len(bytesOf))
	}
	if err := iter.Error(); err != nil {
		return nil, err
	}
	if bytes.Compare(low, high) >= 0 {
		return nil, nil // the first has a version that is too large
	}
	bytesOf = bytes.Clone(bytesOf) // without the room behind it
	rows, start := make([]row, len(ends)), 0
	for i, end := range ends {
		rows[i], start = bytesOf[start:end:end], end
	}
	return newPage(rows, high), nil
}
