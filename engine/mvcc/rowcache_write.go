package mvcc

import (
	"bytes"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/batchrepr"
)

// forget drops all pages.
func (c *rowCache) forget() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(func(*slot) bool { return true })
}

// dropRange takes away the slots that have keys in [low, high). The caller holds mu.
func (c *rowCache) dropRange(low, high []byte) {
	c.drop(func(s *slot) bool { return bytes.Compare(s.low, high) < 0 && bytes.Compare(low, s.high) < 0 })
}

// empty tells that nothing has to be kept true.
func (c *rowCache) empty() bool {
	if c == nil {
		return true
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.slots) == 0
}

// wrote brings what a batch has written, which is in the tree by now, into the pages.
func (c *rowCache) wrote(r batchrepr.Reader, count uint32) error {
	if c.empty() {
		return nil
	}
	if count > batchPages {
		return c.wroteMany(r)
	}
	return eachOfData(r, func(kind pebble.InternalKeyKind, key, value []byte) {
		switch {
		case kind == pebble.InternalKeyKindRangeDelete:
			c.mu.Lock()
			c.dropRange(key, value)
			c.mu.Unlock()
		case kind == pebble.InternalKeyKindDelete:
			c.dropped(key)
		case len(key)+len(value) > rowBytesMax:
			c.lose(prefixOf(key))
		default:
			c.put(key, value)
		}
	})
}

// eachOfData calls yield with what a batch does to data, in its order.
func eachOfData(r batchrepr.Reader, yield func(kind pebble.InternalKeyKind, key, value []byte)) error {
	for {
		kind, key, value, ok, err := r.Next()
		if err != nil || !ok {
			return err
		}
		if key[0] == namespaceData {
			yield(kind, key, value)
		}
	}
}

// wroteMany drops the pages that a large batch concerns.
func (c *rowCache) wroteMany(r batchrepr.Reader) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	concerned := map[*slot]bool{}
	defer func() { c.drop(func(s *slot) bool { return concerned[s] }) }()
	return eachOfData(r, func(kind pebble.InternalKeyKind, key, value []byte) {
		if kind == pebble.InternalKeyKindRangeDelete {
			c.dropRange(key, value)
		} else if s := c.slotOf(prefixOf(key)); s != nil {
			concerned[s] = true
		}
	})
}

// dropped is told that a version is no longer in the tree.
func (c *rowCache) dropped(key []byte) {
	prefix := prefixOf(key)
	c.mu.RLock()
	s, old := c.slotOf(prefix), false
	if s != nil {
		if p := s.page.Load(); p != nil {
			i, found := p.search(prefix)
			old = !found || p.rows[i].at() > versionOf(key)
		}
	}
	c.mu.RUnlock()
	if s != nil && !old {
		c.lose(prefix)
	}
}

// lose drops the page of a key.
func (c *rowCache) lose(prefix []byte) {
	c.mu.RLock()
	s := c.slotOf(prefix)
	c.mu.RUnlock()
	if s == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s = c.slotOf(prefix); s != nil {
		c.dropOne(s)
	}
}

// put brings a version into its page.
func (c *rowCache) put(key, value []byte) {
	prefix := prefixOf(key)
	c.mu.RLock()
	s := c.slotOf(prefix)
	if s == nil {
		c.mu.RUnlock()
		return
	}
	r := makeRow(versionOf(key), prefix, value)
	s.mu.Lock()
	before, full := s.page.Load(), false
	switch {
	case before == nil:
		s.pending = append(s.pending, r)
	case before.barred:
	default:
		after := before.with(r)
		s.page.Store(after)
		c.bytes.Add(after.bytes - before.bytes)
		full = after.full()
	}
	s.mu.Unlock()
	c.mu.RUnlock()
	if full {
		c.split(s)
	}
}

// split makes two pages of one.
func (c *rowCache) split(s *slot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := s.page.Load()
	if s.gone || !p.full() {
		return
	}
	half := len(p.rows) / 2
	middle := bytes.Clone(p.rows[half].prefix())
	low, high := newPage(slices.Clone(p.rows[:half]), middle), newPage(slices.Clone(p.rows[half:]), p.high)
	next := &slot{low: middle, high: s.high}
	next.page.Store(high)
	s.high = middle
	s.page.Store(low)
	c.insert(c.behind(middle), next)
	c.bytes.Add(low.bytes + high.bytes + pageOverhead - p.bytes)
	c.makeRoom(next)
}
