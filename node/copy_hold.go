package node

import (
	"sync"
	"time"
)

// heldAfterCopy is how long the log behind a copy stays once it is sent: in this time the other node starts, and the leader, which asks a
// node that was away less and less often, reaches it.
const heldAfterCopy = time.Minute

// copyHolds keeps the log that nodes need which take a copy. Without it a database that writes more than log-keep meanwhile could never be
// joined. The zero value holds nothing.
type copyHolds struct {
	mu   sync.Mutex
	held map[string]*copyHold // by the name of the node that takes the copy: the latest that it asked for
}

type copyHold struct {
	from  uint64    // the first log entry that is needed
	until time.Time // zero: the copy is on its way
}

// hold keeps the log from an entry on while a copy goes to a node. A node that asks again has given up the copy before.
func (h *copyHolds) hold(node string, from uint64) *copyHold {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.held == nil {
		h.held = map[string]*copyHold{}
	}
	c := &copyHold{from: from}
	h.held[node] = c
	return c
}

// sent says what the node needs from now on, which has the copy.
func (h *copyHolds) sent(c *copyHold, from uint64, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.from, c.until = from, now.Add(heldAfterCopy)
}

// follows says where the log of a node ends. Once it has got what is behind its copy it needs no more than any other.
func (h *copyHolds) follows(node string, last uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c, ok := h.held[node]; ok && !c.until.IsZero() && last >= c.from {
		delete(h.held, node)
	}
}

// drop: this copy will not come. What holds the log for another one to the same node stays.
func (h *copyHolds) drop(node string, c *copyHold) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.held[node] == c {
		delete(h.held, node)
	}
}

// floor is the first log entry that somebody needs; false if nobody needs any.
func (h *copyHolds) floor(now time.Time) (from uint64, held bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for node, c := range h.held {
		if !c.until.IsZero() && now.After(c.until) {
			delete(h.held, node)
			continue
		}
		if !held || c.from < from {
			from, held = c.from, true
		}
	}
	return from, held
}
