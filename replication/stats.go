package replication

import (
	"sync/atomic"
	"time"
)

// counters are totals since Open.
type counters struct {
	committed        atomic.Uint64
	refused          atomic.Uint64
	failed           atomic.Uint64
	entries          atomic.Uint64
	parts            atomic.Uint64
	checkpoints      atomic.Uint64
	checkpointErrors atomic.Uint64
}

// note counts a flight that has landed.
func (c *counters) note(f *flight, err error) {
	if f.part && err == nil {
		c.parts.Add(1)
	}
	if f.group == nil {
		return
	}
	if err != nil {
		c.failed.Add(uint64(len(f.waiting)))
		return
	}
	c.entries.Add(1)
	c.committed.Add(uint64(len(f.waiting)))
}

// Stats is a look at a node. Totals count from Open.
type Stats struct {
	State      string // raft's: Leader, Follower, Candidate or Shutdown
	Term       uint64
	LeaderID   string
	LeaderAddr string

	FirstIndex    uint64 // of the log; 0 while it is empty
	LastIndex     uint64
	CommitIndex   uint64
	AppliedIndex  uint64
	SnapshotIndex uint64   // the log up to here may go
	Applied       Position // of the state machine
	Durable       Position // what it keeps in a crash

	Storing  time.Duration // how long the write to the log has gone on that is under way; 0: none is
	Applying time.Duration // the same of the state

	Queued   int // proposals waiting for the batcher
	InFlight int // entries with raft

	Committed        uint64 // transactions proposed here
	Entries          uint64 // log entries that carried them
	Parts            uint64 // of transactions too large for one entry, proposed here
	Refused          uint64 // by certification
	Failed           uint64 // in flight when something went wrong
	SkippedGroups    uint64 // that did not count, proposed anywhere
	AppliedTxns      uint64 // transactions applied, proposed anywhere
	LogBytesWritten  uint64
	LogBytesPending  int64 // applied since the last checkpoint
	Checkpoints      uint64
	CheckpointErrors uint64
	Failure          error // why the node stopped; nil while it works
}

// Stats gives a consistent view of each figure, though not of all together.
func (n *Node) Stats() Stats {
	addr, id := n.raft.LeaderWithID()
	first, last := n.log.bounds()
	s := Stats{
		State: n.raft.State().String(), Term: n.raft.CurrentTerm(), LeaderID: string(id), LeaderAddr: string(addr),
		FirstIndex: first, LastIndex: last, CommitIndex: n.raft.CommitIndex(), AppliedIndex: n.fsm.applied.index.Load(),
		Applied: n.opts.StateMachine.Position(), Durable: n.opts.StateMachine.Durable(),
		Storing: n.log.storing.lasted(), Applying: n.fsm.applying.lasted(),
		Queued: len(n.batcher.queue), InFlight: len(n.batcher.slots),
		Committed: n.counters.committed.Load(), Entries: n.counters.entries.Load(), Parts: n.counters.parts.Load(),
		Refused: n.counters.refused.Load(), Failed: n.counters.failed.Load(),
		SkippedGroups: n.fsm.skipped.Load(), AppliedTxns: n.fsm.transacts.Load(),
		LogBytesWritten: n.log.appended.Load(), LogBytesPending: n.fsm.sinceSnapshot.Load(),
		Checkpoints: n.counters.checkpoints.Load(), CheckpointErrors: n.counters.checkpointErrors.Load(),
		Failure: n.guard.failure(),
	}
	if m := n.snapshots.current(); m != nil {
		s.SnapshotIndex = m.Index
	}
	return s
}
