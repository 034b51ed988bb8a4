package replication

import (
	"errors"
	"time"

	"github.com/hashicorp/raft"

	"redoubt/wal/redo"
)

// flight is one entry that was handed to raft, with those who wait for it.
type flight struct {
	future  raft.ApplyFuture
	waiting []*pending  // for a group: one for each transaction; for a part: one
	group   *redo.Group // nil for a mark or a part
	part    bool
	bytes   int             // of bodies
	mark    chan markResult // for a mark: has room for the one result
	key     *byte           // see entryKey

	// What follows is batcher.mu's until it is forgotten there.
	durable time.Time     // when this node had it on its disk, while others are waited for; zero: nobody is
	awaited time.Duration // how long they were waited for
}

// markResult is what a mark has learned: the term of its entry, and the state after everything before it.
type markResult struct {
	term  uint64
	at    Position
	index uint64
	err   error
}

// land gives those who wait what became of the entry; r is nil after an error. Whoever takes the flight out of batcher.flights calls it.
func (f *flight) land(err error, r *applyResult, index uint64) {
	switch {
	case f.part:
		f.landPart(err, index)
		return
	case f.group == nil:
		f.landMark(err, r, index)
		return
	}
	for i, w := range f.waiting {
		if err != nil {
			w.answer(Result{}, f.verdict(err, i))
			continue
		}
		t := &f.group.Txns[i]
		w.answer(Result{SCN: w.proposal.SCN, TimeMicros: t.TimeMicros, Index: index, Awaited: f.awaited}, nil)
	}
}

func (f *flight) landMark(err error, r *applyResult, index uint64) {
	m := markResult{err: err}
	if err == nil {
		m = markResult{term: r.term, at: r.at, index: index}
	}
	f.mark <- m
	for _, w := range f.waiting {
		if err == nil {
			w.answer(Result{Index: index}, nil)
			continue
		}
		w.answer(Result{}, surelyNot(err))
	}
}

// landPart answers for a part. Nothing is unknown after an error: without its last part the transaction is nothing.
func (f *flight) landPart(err error, index uint64) {
	if err != nil {
		f.waiting[0].answer(Result{}, surelyNot(err))
		return
	}
	f.waiting[0].answer(Result{Index: index}, nil)
}

// verdict tells the i-th proposer what err means for it.
func (f *flight) verdict(err error, i int) error {
	if isCertain(err) {
		return surelyNot(err)
	}
	return &OutcomeUnknownError{XID: f.waiting[i].proposal.XID, SCN: f.waiting[i].proposal.SCN, Cause: err}
}

// isCertain tells whether err says that the entry is not in the log, or does not count there. Everything else, a
// failed write of the log included, may have left an entry that commits later.
func isCertain(err error) bool {
	return errors.Is(err, ErrSuperseded) || errors.Is(err, raft.ErrNotLeader) ||
		errors.Is(err, raft.ErrLeadershipTransferInProgress) || errors.Is(err, raft.ErrEnqueueTimeout)
}

// surelyNot words a raft error for proposers.
func surelyNot(err error) error {
	switch {
	case errors.Is(err, raft.ErrNotLeader), errors.Is(err, raft.ErrLeadershipLost):
		return &NotLeaderError{}
	case errors.Is(err, raft.ErrLeadershipTransferInProgress), errors.Is(err, raft.ErrEnqueueTimeout):
		return ErrSuperseded
	}
	return err
}
