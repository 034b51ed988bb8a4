package replication

import (
	"time"

	"github.com/hashicorp/raft"

	"redoubt/telemetry"
)

// A node that leads several syncs an entry first, and then waits until a majority has it. How long, and that sessions wait for the others
// now and no longer for the disk here, is seen from two places: where the entry has been stored, and where it comes to be applied.

// entryKey tells an entry from all others that are on their way: by where its tag is, which goes through raft as it is.
func entryKey(l *raft.Log) *byte {
	if len(l.Extensions) == 0 {
		return nil // raft's own
	}
	return &l.Extensions[0]
}

// durable is told of entries that are durable on this node.
func (b *batcher) durable(logs []*raft.Log) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.flights) == 0 || b.node.alone() {
		return
	}
	now := time.Now()
	for _, l := range logs {
		if f := b.flights[entryKey(l)]; f != nil {
			f.durable = now
			f.turn(telemetry.LogFileSync, telemetry.QuorumAck)
		}
	}
}

// acknowledged is told of entries that are about to be applied.
func (b *batcher) acknowledged(logs []*raft.Log) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.flights) == 0 {
		return
	}
	now := time.Now()
	for _, l := range logs {
		if f := b.flights[entryKey(l)]; f != nil && !f.durable.IsZero() {
			f.awaited = now.Sub(f.durable)
			f.turn(telemetry.QuorumAck, telemetry.LogFileSync)
		}
	}
}

// turn shows that those who still wait for the entry wait for something else now. The caller holds batcher.mu.
func (f *flight) turn(from, to telemetry.Event) {
	for _, w := range f.waiting {
		if !w.left && w.proposal != nil {
			w.proposal.Slot.Turn(from, to)
		}
	}
}

// leave is for a proposer that waits no longer: its slot is its own from now on.
func (b *batcher) leave(w *pending) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w.left = true
	if w.proposal != nil {
		w.proposal.Slot.Turn(telemetry.QuorumAck, telemetry.LogFileSync)
	}
}
