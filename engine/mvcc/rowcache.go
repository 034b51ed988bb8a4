package mvcc

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sort"
	"sync"
	"sync/atomic"

	"redoubt/scn"
)

// rowCache is a cache of what is current. A page holds, for a range of keys, the newest version of each key that has any, deletions
// included, so that it also tells which keys are not there. Who reads as of now finds nearly everything there without a look at older
// versions, which share blocks and memtables of the tree with the newest ones.
//
// A page is read from the tree by whoever missed it, and Batch.Commit keeps it true before anybody can ask for the commit. What a reader
// of an interval needs is the newest version at or below its top: that is the page's, unless the page's is above the top. Then only the
// tree knows.
//
// Keys are prefixes, see format.go. A nil *rowCache holds nothing.
type rowCache struct {
	limit int64 // bytes

	mu     sync.RWMutex // held for writing while slots come, go, or get other bounds
	slots  []*slot      // by low; they do not overlap
	spaces map[uint32]int
	hand   int // of the clock that looks for what to drop

	shy     map[uint32]scn.SCN // spaces of which lookups have no page read, and until when; mu
	asked   atomic.Uint64      // by lookups that missed
	visible atomic.Uint64      // up to which SCN everything has been committed

	bytes  atomic.Int64
	hits   atomic.Uint64
	misses atomic.Uint64
}

// slot is the place of one page.
type slot struct {
	low, high []byte // the page has keys in [low, high)
	gone      bool   // it is no longer among the slots; rowCache.mu

	mu      sync.Mutex           // of those who change the page; they hold rowCache.mu for reading, too
	page    atomic.Pointer[page] // nil while it is read from the tree
	pending []row                // what was written meanwhile
	used    atomic.Bool          // since the clock came by
}

const (
	rowHead       = 12
	rowOverhead   = 40               // of a row in a page, about
	pageOverhead  = 512              // of slot, page and bounds
	pageRows      = 64               // read at once; at twice as many a page is split
	pageBytesMax  = 64 << 10         // likewise
	rowBytesMax   = pageBytesMax / 4 // a key with a larger version is in no page
	batchPages    = 2_000            // changes; of a larger batch no page is kept
	recentCommits = 10_000           // a reader whose snapshot is older than that gets no page read
	scanLoads     = 4                // pages that one scan reads from the tree before it goes on there
	scanAbove     = 8                // versions above its top that a scan meets before it does
	loadSteps     = 100 * pageRows   // in the tree; where reading a page takes more, lookups have none read for a while
	shyCommits    = 100_000          // that while
)

// RowCacheStats are figures of the cache. Hits and misses are looks for a page.
type RowCacheStats struct {
	Bytes        int64
	Pages        int
	Hits, Misses uint64
}

// RowCache gives the figures of the cache; zeros if there is none.
func (s *Store) RowCache() RowCacheStats {
	c := s.pages
	if c == nil {
		return RowCacheStats{}
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	return RowCacheStats{Bytes: c.bytes.Load(), Pages: len(c.slots), Hits: c.hits.Load(), Misses: c.misses.Load()}
}

func newRowCache(limit int64) *rowCache {
	if limit <= 0 {
		return nil
	}
	return &rowCache{limit: limit, spaces: map[uint32]int{}, shy: map[uint32]scn.SCN{}}
}

// spaceOf is the space of a prefix of data.
func spaceOf(prefix []byte) uint32 { return binary.BigEndian.Uint32(prefix[1:]) }

// behind gives the index of the first slot that begins behind a prefix. The caller holds mu.
func (c *rowCache) behind(prefix []byte) int {
	return sort.Search(len(c.slots), func(i int) bool { return bytes.Compare(c.slots[i].low, prefix) > 0 })
}

// slotOf gives the slot whose range has a prefix, nil if there is none. The caller holds mu.
func (c *rowCache) slotOf(prefix []byte) *slot {
	if c.spaces[spaceOf(prefix)] == 0 {
		return nil
	}
	if i := c.behind(prefix) - 1; i >= 0 && bytes.Compare(prefix, c.slots[i].high) < 0 {
		return c.slots[i]
	}
	return nil
}

// pageOf gives the page whose range has a prefix, nil if there is none.
func (c *rowCache) pageOf(prefix []byte) *page {
	c.mu.RLock()
	s := c.slotOf(prefix)
	c.mu.RUnlock()
	if s == nil {
		c.misses.Add(1)
		return nil
	}
	if !s.used.Load() {
		s.used.Store(true)
	}
	p := s.page.Load()
	if p == nil || p.barred || bytes.Compare(prefix, p.high) >= 0 { // it is being read, cannot be, or has been split since
		c.misses.Add(1)
		return nil
	}
	c.hits.Add(1)
	return p
}

// get is what a lineage sees of a key, value and all; known is false if only the tree can tell. The value belongs to the page.
func (c *rowCache) get(lineage scn.Lineage, key []byte) (v Version, found, known bool, err error) {
	if c == nil {
		return Version{}, false, false, nil
	}
	var buf [128]byte
	for _, span := range lineage {
		prefix := appendDataPrefix(buf[:0], span.Space, key)
		p := c.pageOf(prefix)
		if p == nil {
			return Version{}, false, false, nil
		}
		i, there := p.search(prefix)
		switch {
		case !there:
		case p.rows[i].at() > span.Top:
			return Version{}, false, false, nil
		case p.rows[i].at() > span.Bottom:
			v, err = p.rows[i].version()
			return v, v.SCN != 0, true, err
		}
	}
	return Version{}, false, true, nil
}

func (c *rowCache) insert(i int, s *slot) {
	c.slots = slices.Insert(c.slots, i, s)
	c.spaces[spaceOf(s.low)]++
}

// makeRoom drops pages that were not used lately until there is room again, but for one. The caller holds mu.
func (c *rowCache) makeRoom(keep *slot) {
	if c.bytes.Load() <= c.limit {
		return
	}
	chosen := map[*slot]bool{}
	for free, looks := int64(0), 0; free < c.limit/8 && looks < 2*len(c.slots); looks++ {
		if c.hand++; c.hand >= len(c.slots) {
			c.hand = 0
		}
		s := c.slots[c.hand]
		p := s.page.Load()
		if s == keep || p == nil || chosen[s] || s.used.Swap(false) {
			continue
		}
		chosen[s] = true
		free += p.bytes + pageOverhead
	}
	c.drop(func(s *slot) bool { return chosen[s] })
}

// drop takes slots away. The caller holds mu.
func (c *rowCache) drop(which func(*slot) bool) {
	c.slots = slices.DeleteFunc(c.slots, func(s *slot) bool {
		if !which(s) {
			return false
		}
		c.left(s)
		return true
	})
}

// dropOne takes a slot away that is there. The caller holds mu.
func (c *rowCache) dropOne(s *slot) {
	i := c.behind(s.low) - 1
	c.slots = slices.Delete(c.slots, i, i+1)
	c.left(s)
}

// left counts a slot out.
func (c *rowCache) left(s *slot) {
	s.gone = true
	if p := s.page.Load(); p != nil {
		c.bytes.Add(-p.bytes - pageOverhead)
	}
	if space := spaceOf(s.low); c.spaces[space] > 1 {
		c.spaces[space]--
	} else {
		delete(c.spaces, space)
	}
}
