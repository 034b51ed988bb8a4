package replication

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"redoubt/telemetry"
)

// What becomes of a proposal in the queue. Only one of batcher and proposer can move it on from queued.
const (
	queued    int32 = iota
	taken           // the batcher has it: it may get into the log
	cancelled       // its proposer has gone; the batcher passes it over
)

// pending is a proposal, or a barrier (proposal nil), on its way through the batcher.
type pending struct {
	proposal *Proposal
	state    atomic.Int32
	done     chan outcome // has room for the one outcome
	left     bool         // batcher.mu's: its proposer has gone, and shows something else by now
}

type outcome struct {
	result Result
	err    error
}

func (w *pending) answer(result Result, err error) { w.done <- outcome{result, err} }

// take claims w for the batcher; false if its proposer has gone.
func (w *pending) take() bool { return w.state.CompareAndSwap(queued, taken) }

// newPendings makes the store of a node's pendings. They are reused, but only those whose outcome was received: then nobody else holds them.
// Each node has its own, so that no channel goes from one to another: in a bubble of testing/synctest that ends the process.
func newPendings() *sync.Pool {
	return &sync.Pool{New: func() any { return &pending{done: make(chan outcome, 1)} }}
}

// Propose hands a transaction to the log and returns once it is committed, durable on a quorum and applied here.
//
// It fails with the error of StateMachine.Certify, with ErrNotLeader, ErrSuperseded, ErrTooLarge, ErrClosed or the
// context's error, all of which say for certain that it did not and will not commit; or with ErrOutcomeUnknown.
// Safe for concurrent use; the transactions of concurrent callers share log entries.
func (n *Node) Propose(ctx context.Context, p *Proposal) (Result, error) {
	if len(p.Body) > MaxBodyBytes {
		return Result{}, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(p.Body), MaxBodyBytes)
	}
	o := n.submit(ctx, p)
	return o.result, o.err
}

// Barrier returns once everything that was committed before it is applied here, and gives the index of the entry that
// proves it. Only the leader can; the errors are Propose's, and mean nothing more than that it should be tried again.
func (n *Node) Barrier(ctx context.Context) (index uint64, err error) {
	o := n.submit(ctx, nil)
	return o.result.Index, o.err
}

func (n *Node) submit(ctx context.Context, p *Proposal) outcome {
	n.batcher.entering.Add(1)
	if n.stopped() {
		n.batcher.entering.Add(-1)
		return outcome{err: n.closedError()}
	}
	w := n.batcher.pendings.Get().(*pending)
	w.proposal = p
	w.state.Store(queued)
	err := n.enqueue(ctx, w)
	n.batcher.entering.Add(-1)
	if err != nil {
		n.batcher.pendings.Put(w)
		return outcome{err: err}
	}
	return w.wait(ctx, n.batcher)
}

// enqueue waits for a place in the queue. (The first select is much cheaper than the second.)
func (n *Node) enqueue(ctx context.Context, w *pending) error {
	select {
	case n.batcher.queue <- w:
		return nil
	default:
	}
	if w.proposal != nil {
		w.proposal.Slot.Begin(telemetry.ProposalQueue)
		defer w.proposal.Slot.Turn(telemetry.ProposalQueue, telemetry.LogFileSync)
	}
	select {
	case n.batcher.queue <- w:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-n.stopping:
		return n.closedError()
	}
}

func (w *pending) wait(ctx context.Context, b *batcher) outcome {
	if ctx.Done() == nil { // cheaper than a select
		o := <-w.done
		w.proposal = nil
		b.pendings.Put(w)
		return o
	}
	select {
	case o := <-w.done:
		w.proposal = nil
		b.pendings.Put(w)
		return o
	case <-ctx.Done():
	}
	if w.state.CompareAndSwap(queued, cancelled) {
		return outcome{err: ctx.Err()}
	}
	b.leave(w)
	select {
	case o := <-w.done: // it was decided in the meantime
		return o
	default:
	}
	if w.proposal == nil {
		return outcome{err: ctx.Err()}
	}
	return outcome{err: &OutcomeUnknownError{XID: w.proposal.XID, Cause: ctx.Err()}}
}
