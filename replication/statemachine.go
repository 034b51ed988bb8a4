package replication

import (
	"context"
	"fmt"
	"time"

	"redoubt/scn"
	"redoubt/telemetry"
	"redoubt/wal/redo"
)

// Proposal is one transaction, or a part of one, on its way into the log. The caller must not change Body until Propose has returned
// with anything but an unknown outcome; after an unknown outcome it must never change it.
type Proposal struct {
	XID  uint64                // the caller's id of the transaction, named again in ErrOutcomeUnknown
	Body []byte                // encoded transaction or part, opaque here; at most MaxBodyBytes
	Part bool                  // Body is a part: it gets an entry of its own, no SCN and no time
	Term uint64                // if not 0: it gets into the log only if it is certified in this term
	Late func(xid uint64) bool // if not nil and true when its turn comes: it is refused with ErrSuperseded
	SCN  scn.SCN               // set by the leader before Certify: the SCN the transaction gets if it commits; 0 for a part
	Hint any                   // decoded form when the proposal was made on this node; never logged
	// Slot is where it is shown what the proposal waits for: a place in the queue, the disk, other nodes; may be nil.
	Slot *telemetry.Slot
}

// Result is what a committed and locally applied transaction got. A part gets an index only.
type Result struct {
	SCN        scn.SCN
	TimeMicros int64  // commit time, microseconds since 1970-01-01 UTC
	Index      uint64 // the log entry that carries it
	// Awaited is how long it waited for other nodes once it was durable on this one, which leads. 0 elsewhere.
	Awaited time.Duration
}

// Position is a point in the log: the entry, and the last transaction up to and including it.
// The zero Position is before the first entry.
type Position struct {
	Index      uint64
	Term       uint64
	SCN        scn.SCN
	TimeMicros int64
}

// String names SCN, entry and term.
func (p Position) String() string {
	return fmt.Sprintf("SCN %d at index %d of term %d", p.SCN, p.Index, p.Term)
}

// AppliedGroup is a committed group, or a part of a transaction, with the entry it came in.
type AppliedGroup struct {
	Index uint64
	Term  uint64
	Group redo.Group // empty if Part is set
	Part  []byte     // nil, or an encoded part, opaque here
}

// Position is the position after the group. A part has none: it moves nothing but what its transaction will need.
func (g *AppliedGroup) Position() Position {
	last := g.Group.Txns[len(g.Group.Txns)-1]
	return Position{Index: g.Index, Term: g.Term, SCN: g.Group.LastSCN(), TimeMicros: last.TimeMicros}
}

// StateMachine is what the log drives. The engine implements it.
//
// Certify and Abandon are called from one goroutine, Apply from another, Persist from a third, all at the same time;
// Position and Durable from any. Byte slices passed in are immutable: they may be kept, which keeps the whole entry
// in memory.
type StateMachine interface {
	// Certify decides on the leader, in the order of the log, whether p may enter it. An error refuses p and is given
	// to the proposer as it is; p.SCN then goes to the next proposal. After nil, what p writes and claims counts as in
	// flight until it was applied or Abandon is called.
	Certify(p *Proposal) error
	// Abandon forgets everything that is in flight: this node no longer leads, or an entry failed. What was in
	// flight may nevertheless be applied later.
	Abandon()
	// Apply makes the groups of consecutive committed data entries part of the state, in order. Each group starts at
	// Position().SCN + 1, and none lies at or below Position().Index. Parts are kept, by Persist too, until the group of
	// their transaction comes or a group or part of a later term; one may be given again after a restart. It must be
	// deterministic. An error stops the node.
	Apply(groups []AppliedGroup) error
	// Position is the last applied group's, or that of the durable state just after opening.
	Position() Position
	// Durable is what survives a crash, at or below Position.
	Durable() Position
	// Persist makes at least everything durable that was applied when it was called, and returns Durable.
	Persist(ctx context.Context) (Position, error)
}
