package txn

import (
	"sync"
	"sync/atomic"
	"time"

	"redoubt/engine/catalog"
	"redoubt/scn"
)

// Pins are the points that the open transactions of this node read: no history that they need is taken from under them. The
// zero value has none. It is safe for concurrent use.
type Pins struct {
	next   atomic.Uint32
	shards [pinShards]pinShard
}

// pinShards keeps transactions that begin at once out of each other's way.
const pinShards = 16

type pinShard struct {
	mu    sync.Mutex
	first *pin
}

// pin is that of one transaction. at and epoch may only go up.
type pin struct {
	at, epoch  atomic.Uint64
	since      time.Time
	xid        uint64
	user       string
	shard      *pinShard // nil: it is not there
	prev, next *pin
}

// Pinned is an open transaction.
type Pinned struct {
	XID   uint64 // 0: a reader of the past
	User  string
	At    scn.SCN
	Epoch uint64 // of the folds that its dictionary knows, or older
	Since time.Time
}

// set moves the pin. What it is moved to must have been read while it was there.
func (p *pin) set(at scn.SCN, dictionary *catalog.Snapshot) {
	p.at.Store(uint64(at))
	p.epoch.Store(dictionary.Folds().Count())
}

func (s *Pins) add(p *pin) {
	p.shard = &s.shards[s.next.Add(1)%pinShards]
	p.shard.mu.Lock()
	defer p.shard.mu.Unlock()
	if p.next = p.shard.first; p.next != nil {
		p.next.prev = p
	}
	p.shard.first = p
}

func (p *pin) remove() {
	if p.shard == nil {
		return
	}
	p.shard.mu.Lock()
	defer p.shard.mu.Unlock()
	if p.next != nil {
		p.next.prev = p.prev
	}
	if p.prev != nil {
		p.prev.next = p.next
	} else {
		p.shard.first = p.next
	}
	p.shard, p.prev, p.next = nil, nil, nil
}

// List gives all that are there. A transaction that begins later reads what was current at the call, or something newer.
func (s *Pins) List() (out []Pinned) {
	for i := range s.shards {
		shard := &s.shards[i]
		shard.mu.Lock()
		for p := shard.first; p != nil; p = p.next {
			out = append(out, Pinned{p.xid, p.user, scn.SCN(p.at.Load()), p.epoch.Load(), p.since})
		}
		shard.mu.Unlock()
	}
	return out
}
