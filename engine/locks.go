package engine

import (
	"context"
	"time"

	"redoubt/engine/lock"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/telemetry"
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

// Tables implements txn.Locker.
func (l locker) Tables() bool { return l.manager.Tables() }

// Release implements txn.Locker.
func (l locker) Release(owner uint64) { l.manager.Release(owner) }

// NewOwner gives an id for somebody who holds locks without being a transaction. It gets into no log, so nothing depends on its being kept.
func (e *Engine) NewOwner() uint64 {
	owner, _ := e.xids.next()
	return owner
}

// LockTable gives an owner a whole table, once all transactions have ended that use it otherwise.
// slot, which may be nil, is where the wait is shown.
func (e *Engine) LockTable(ctx context.Context, owner uint64, table scn.Space, mode lock.Mode, wait time.Duration, slot *telemetry.Slot) error {
	_, err := e.locks.Lock(ctx, lock.Request{Owner: owner, Space: table, Mode: mode, Wait: wait, Slot: slot})
	return err
}

// ReleaseLocks lets all locks of an owner go.
func (e *Engine) ReleaseLocks(owner uint64) { e.locks.Release(owner) }

// TablesLocked tells whether anybody holds, or waits for, a whole table.
func (e *Engine) TablesLocked() bool { return e.locks.Tables() }

// Locks lists the locks that transactions hold and wait for.
func (e *Engine) Locks() []lock.Info { return e.locks.List() }

// LockCounts sums up what became of requests for locks since the start.
func (e *Engine) LockCounts() lock.Counts { return e.locks.Counts() }
