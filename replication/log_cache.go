package replication

import (
	"sync"

	"github.com/hashicorp/raft"
)

// entryCache keeps recent consecutive entries decoded, so that applying, sending to followers and tapping them does
// not read the disk. Bounded by number and by bytes. Safe for concurrent use.
type entryCache struct {
	mu    sync.RWMutex
	ring  []raft.Log // entry i at i % len(ring), valid if first <= i <= last
	first uint64
	last  uint64 // below first: empty
	bytes int
	limit int
}

func newEntryCache(entries, bytesMax int) *entryCache {
	return &entryCache{ring: make([]raft.Log, entries), first: 1, limit: bytesMax}
}

func (c *entryCache) get(index uint64, l *raft.Log) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if index < c.first || index > c.last {
		return false
	}
	*l = c.ring[index%uint64(len(c.ring))]
	return true
}

// put adds entries that follow each other.
func (c *entryCache) put(logs []*raft.Log) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range logs {
		if c.last >= c.first && l.Index != c.last+1 {
			c.clear()
		}
		if c.last < c.first {
			c.first, c.last = l.Index, l.Index-1
		}
		if c.last+1-c.first == uint64(len(c.ring)) {
			c.dropFirst()
		}
		c.last = l.Index
		// A copy without raft's bookkeeping, so that the future in which raft keeps l can go.
		c.ring[l.Index%uint64(len(c.ring))] = raft.Log{
			Index: l.Index, Term: l.Term, Type: l.Type, Data: l.Data, Extensions: l.Extensions,
		}
		c.bytes += len(l.Data)
		for c.bytes > c.limit && c.last > c.first {
			c.dropFirst()
		}
	}
}

// truncateBack forgets entries from index on.
func (c *entryCache) truncateBack(index uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.last >= c.first && c.last >= index {
		c.bytes -= len(c.slot(c.last).Data)
		*c.slot(c.last) = raft.Log{}
		c.last--
	}
}

func (c *entryCache) clear() {
	clear(c.ring)
	c.first, c.last, c.bytes = 1, 0, 0
}

func (c *entryCache) dropFirst() {
	c.bytes -= len(c.slot(c.first).Data)
	*c.slot(c.first) = raft.Log{}
	c.first++
}

func (c *entryCache) slot(index uint64) *raft.Log { return &c.ring[index%uint64(len(c.ring))] }
