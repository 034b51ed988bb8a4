package mvcc

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"redoubt/scn"
)

// admits tells whether a page should be read for one who missed a key. Reading a page costs as much as twenty lookups, so not each does
// it; the fewer, the fewer pages find room.
func (c *rowCache) admits(top scn.SCN) bool {
	if !c.useful(top) {
		return false
	}
	asked := c.asked.Add(1)
	every := uint64(16)
	if c.nearlyFull() {
		every = 128
	}
	return asked%every == 0
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
		c.dropOne(s)
		return nil
	}
	s.high = p.high
	if !p.barred {
		for _, r := range s.pending {
			if bytes.Compare(r.prefix(), p.high) < 0 {
				p = p.with(r)
			}
		}
	}
	s.pending = nil
	s.page.Store(p)
	c.bytes.Add(p.bytes + pageOverhead)
	c.makeRoom(s)
	if p.barred {
		return nil
	}
	return p
}

// loadPage reads the page that begins at a prefix from the tree; nil if there is one on its way, or cannot be one. end is behind the last
// prefix that it may have.
func (s *Store) loadPage(low, end []byte) (read *page, err error) {
	slot := s.pages.reserve(low, end)
	if slot == nil {
		return nil, nil
	}
	var p *page
	defer func() { read = s.pages.fill(slot, p) }() // after a panic, too
	p, err = s.readPage(slot.low, slot.high)
	return nil, err
}

// loadPageOf reads a page that begins with a key, unless the last time took long: where rows are deleted and collected all the time the
// tree keeps their traces for a while, and 64 keys may be far away.
func (s *Store) loadPageOf(space scn.Space, key []byte) error {
	if s.pages.isShy(space) {
		return nil
	}
	low, end := bounds(space, key, nil)
	if _, err := s.loadPage(low, end); err != nil {
		return fmt.Errorf("read from state store: %w", err)
	}
	return nil
}

func (c *rowCache) isShy(space scn.Space) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	until, shy := c.shy[uint32(space)]
	return shy && scn.SCN(c.visible.Load()) < until
}

func (c *rowCache) beShy(space uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shy[space] = scn.SCN(c.visible.Load()) + shyCommits
}

func (s *Store) readPage(low, end []byte) (*page, error) {
	iter, err := s.db.NewIter(&pebble.IterOptions{LowerBound: low, UpperBound: end})
	if err != nil {
		return nil, err
	}
	defer iter.Close()
	var rows []row
	bytesOf, high := 0, end
	for ok := iter.First(); ok; ok = iter.NextPrefix() {
		value, err := iter.ValueAndErr()
		if err != nil {
			return nil, err
		}
		key := iter.Key()
		tooLarge := len(key)+len(value) > rowBytesMax
		if tooLarge && bytes.Equal(prefixOf(key), low) {
			return &page{barred: true, high: append(bytes.Clone(low), prefixEnd)}, nil
		}
		if tooLarge || len(rows) == pageRows || bytesOf >= pageBytesMax {
			high = bytes.Clone(prefixOf(key))
			break
		}
		r := makeRow(versionOf(key), prefixOf(key), value)
		rows, bytesOf = append(rows, r), bytesOf+len(r)
	}
	if err := iter.Error(); err != nil {
		return nil, err
	}
	if iter.Stats().ForwardStepCount[pebble.InternalIterCall] > loadSteps {
		s.pages.beShy(spaceOf(low))
	}
	return newPage(slices.Clip(rows), high), nil
}
