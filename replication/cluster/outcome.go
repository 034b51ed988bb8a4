package cluster

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"redoubt/replication"
	"redoubt/scn"
)

// fences are transactions that were told not to have committed. Should one come late, it is refused when its turn has come. A node that
// begins to lead needs no fences of others: what was proposed for an earlier term is refused by that, and what another node still tries
// to propose, for whatever term, by what outcomeHere has committed. The zero value is ready.
type fences struct {
	count atomic.Int64 // so that commits need no lock while there are none
	mu    sync.Mutex
	since map[uint64]time.Time
}

func (f *fences) has(xid uint64) bool {
	if f.count.Load() == 0 {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	_, ok := f.since[xid]
	return ok
}

// put fences a transaction off, and drops what no proposal can be late for any more: connections that carried one are long gone.
func (f *fences) put(xid uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.since == nil {
		f.since = map[uint64]time.Time{}
	}
	for old, since := range f.since {
		if time.Since(since) > fenceKept {
			delete(f.since, old)
		}
	}
	f.since[xid] = time.Now()
	f.count.Store(int64(len(f.since)))
}

// resolve finds out what became of a transaction, from whoever leads now.
func (c *Cluster) resolve(ctx context.Context, p *replication.Proposal, cause error) (replication.Result, error) {
	waiting, cancel := context.WithTimeout(ctx, leaderWait)
	defer cancel()
	for {
		v, err := c.outcome(waiting, &OutcomeArgs{XID: p.XID, Own: true})
		if err == nil && v.Code != unknown {
			if v.Code == tryAgain {
				return replication.Result{}, replication.ErrSuperseded
			}
			return c.hear(waiting, p, v)
		}
		if pause(waiting) != nil {
			return replication.Result{}, cause
		}
	}
}

// outcome asks the leader what became of a transaction.
func (c *Cluster) outcome(ctx context.Context, a *OutcomeArgs) (*Verdict, error) {
	addr, self, err := c.leader(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, callingTimeout)
	defer cancel()
	if self {
		return c.outcomeHere(ctx, a)
	}
	var v Verdict
	return &v, c.callLeader(ctx, addr, service+".Outcome", a, &v)
}

// Outcome tells what became of a transaction: its SCN if it committed. Once it is said that a transaction did not commit, it never will.
func (c *Cluster) Outcome(ctx context.Context, xid uint64) (at scn.SCN, committedIt bool, err error) {
	waiting, cancel := context.WithTimeout(ctx, leaderWait)
	defer cancel()
	for {
		v, err := c.outcome(waiting, &OutcomeArgs{XID: xid})
		if err == nil && v.Code == failed {
			err = errors.New(v.What)
		}
		if err == nil {
			return v.SCN, v.Code == committed, nil
		}
		if pause(waiting) != nil { // nothing is doubled by asking again
			return 0, false, err
		}
	}
}

// outcomeHere is the leader's answer. From now on the transaction is refused when its turn comes; what had its turn before is in the log
// in front of the barrier.
//
// That holds as long as this node leads. The node that ran the transaction may be cut off, and propose it to whoever leads later, who knows
// of no fence. So before anybody else is told that it did not commit, something is committed: it lies behind what the transaction has
// read, and who begins to lead refuses whatever has read less than all that is there (engine/txn.Certifier.Abandon).
func (c *Cluster) outcomeHere(ctx context.Context, a *OutcomeArgs) (*Verdict, error) {
	c.fences.put(a.XID)
	index, err := c.options.Log.Barrier(ctx)
	if err != nil {
		return nil, err
	}
	at, micros, found, err := c.options.State.CommitOf(ctx, a.XID)
	if err != nil {
		return nil, err
	}
	if !found {
		if !a.Own && c.Several() {
			err = c.options.Registry.NoteAsked(ctx, a.XID)
		}
		return &Verdict{Code: tryAgain}, err
	}
	return &Verdict{Code: committed, SCN: at, Micros: micros, At: c.options.Log.NoticeOf(index)}, nil
}
