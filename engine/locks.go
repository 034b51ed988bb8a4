package engine

import (
	"context"

	"redoubt/engine/lock"
	"redoubt/engine/txn"
	"redoubt/scn"
)

// locker joins the row locks of this node to what its certifier knows of recent commits.
type locker struct {
	manager   *lock.Manager
	certifier *txn.Certifier
}

// Lock implements txn.Locker.
func (l locker) Lock(ctx context.Context, r lock.Request, since scn.SCN) (newest scn.SCN, waited bool, err error) {
	if waited, err = l.manager.Lock(ctx, r); err != nil {
		return 0, waited, err
	}
	newest, err = l.certifier.Touched(r.Space, r.Key, r.Mode, since)
	return newest, waited, err
}

// Release implements txn.Locker.
func (l locker) Release(owner uint64) { l.manager.Release(owner) }

// Locks lists the locks that transactions hold and wait for.
func (e *Engine) Locks() []lock.Info { return e.locks.List() }

// LockCounts sums up what became of requests for locks since the start.
func (e *Engine) LockCounts() lock.Counts { return e.locks.Counts() }
