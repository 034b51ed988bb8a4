package txn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"time"

	"redoubt/engine/catalog"
	"redoubt/engine/lock"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// Locker is the port to the locks, which are in the memory of the node that leads. A follower calls the leader: everything
// that goes over is plain values, owners are ids, unique in the database, and nothing is a pointer into this process.
//
// Implementations are safe for concurrent use; one owner asks for one lock at a time. Nothing is durable: if the leader is
// lost so are the locks, and callers go on, since certification decides. Keys are not kept after a call.
type Locker interface {
	// Lock gives the owner a lock, waiting for others that have it. newest is the last commit that has done to the key what
	// the lock's mode excludes: right if it is after since, else it may be any earlier SCN. waited tells whether others had
	// the lock first. Its errors are those of package lock, and the context's; after each of them the owner has what it had.
	// To ask again for what one has is granted at once, so a call whose answer was lost may be made again.
	Lock(ctx context.Context, r lock.Request, since scn.SCN) (newest scn.SCN, waited bool, err error)
	// Release lets all locks of an owner go. It may be called more than once, and for an owner without locks. Who calls
	// a leader in vain need not try again: another leader has none of them.
	Release(owner uint64)
	// Tables tells whether anybody holds, or waits for, a whole table: only then need reads ask. It may be old
	// news. A node that does not know says true: then reads ask, and are told.
	Tables() bool
}

// LockWaitDefault is how long a transaction waits for a lock unless SetLockWait says otherwise: MySQL's default.
const LockWaitDefault = 50 * time.Second

// ErrStale is returned when a lock was had, but the row has changed since the statement's snapshot. Restart, and run the
// statement again: its locks are kept, so it comes further each time.
var ErrStale = errors.New("the row has changed since the statement began")

// LockTable says that the running statement reads a table, or changes it: it waits for those who have it for themselves,
// and they for this transaction's end. It costs nothing while nobody has.
func (t *Txn) LockTable(ctx context.Context, table *catalog.Table, mode lock.Mode, wait time.Duration) error {
	if t.finished {
		return ErrFinished
	}
	if t.env.Locks == nil || t.options.At != 0 || !t.env.Locks.Tables() {
		return nil
	}
	t.locked = true
	_, waited, err := t.env.Locks.Lock(ctx, lock.Request{Owner: t.xid, Partner: t.options.Session, Space: table.ID, Mode: mode, Wait: wait, Slot: t.options.Slot}, t.snapshot)
	if err != nil {
		return fmt.Errorf("lock of table %s: %w", table.Name, err)
	}
	if waited && t.outdated() && t.mayRestart() { // who had it may have changed it
		t.stale = true
		return ErrStale
	}
	return nil
}

// SetSession says whose locks on tables are not in the way from now on.
func (t *Txn) SetSession(owner uint64) { t.options.Session = owner }

// LockRow takes the row with a key, which need not exist, and claims it for the commit. wait is at most how long to wait
// for others; 0 or less does not wait. After ErrStale the row is locked. ErrTooLarge says that no more rows can be.
func (t *Txn) LockRow(ctx context.Context, table *catalog.Table, key []byte, mode lock.Mode, wait time.Duration) error {
	if t.finished {
		return ErrFinished
	}
	if err := t.lock(ctx, table, table.ID, key, mode, wait); err != nil {
		return err
	}
	if e := t.overlay.get(table.ID, key); e != nil {
		return nil // its own change: the commit holds it to more than a claim would
	}
	claim := redo.Claim{Mode: redo.Share, Space: table.ID, Since: t.snapshot, Low: bytes.Clone(key)}
	if mode >= lock.Update {
		claim.Mode = redo.Exclusive
	}
	t.claim(claim)
	return nil
}

// LockChange takes the locks that a change of a row needs: before is nil for a new row, after for one that goes. It comes
// before Insert, Update or Delete, which do without it: then two transactions that change one row do not wait for each
// other, and the second is refused at its commit.
func (t *Txn) LockChange(ctx context.Context, table *catalog.Table, before, after redo.Row) error {
	if err := t.mayWrite(); err != nil {
		return err
	}
	mode, err := t.lockUnique(ctx, table, before, after)
	if err != nil {
		return err
	}
	var keys [2][]byte
	for i, row := range []redo.Row{before, after} {
		if row == nil {
			continue
		}
		if i == 1 && before == nil && len(table.PrimaryKey) == 0 { // a new row without a key is known to nobody else
			if err := t.lock(ctx, table, table.ID, nil, lock.IntentUpdate, t.lockWait); err != nil {
				return err
			}
			continue
		}
		if keys[i], err = t.RowKey(table, row); err != nil {
			return err
		}
	}
	if bytes.Equal(keys[0], keys[1]) {
		keys[1] = nil
	} else {
		mode = lock.Exclusive
	}
	for _, key := range keys {
		if key == nil {
			continue
		}
		if err := t.lock(ctx, table, table.ID, key, mode, t.lockWait); err != nil {
			return err
		}
	}
	return nil
}

// lockUnique takes the values in unique indexes that a change brings or takes away, and tells the mode in which the row
// itself is changed.
func (t *Txn) lockUnique(ctx context.Context, table *catalog.Table, before, after redo.Row) (lock.Mode, error) {
	mode := lock.Update
	if before != nil && after != nil && t.movesReferred(table, before, after) {
		mode = lock.Exclusive
	}
	for i := range table.Indexes {
		index := &table.Indexes[i]
		if !index.Enforced() {
			continue
		}
		old, err := t.uniqueKey(table, index, before)
		if err != nil {
			return mode, err
		}
		new, err := t.uniqueKey(table, index, after)
		if err != nil {
			return mode, err
		}
		if bytes.Equal(old, new) {
			continue
		}
		mode = lock.Exclusive
		for _, key := range [][]byte{old, new} {
			if key == nil {
				continue
			}
			if err := t.lock(ctx, table, index.ID, key, lock.Exclusive, t.lockWait); err != nil {
				return mode, err
			}
		}
	}
	return mode, nil
}

// movesReferred tells whether a change of a row gives another value to a column that foreign keys refer to: it need not be unique.
func (t *Txn) movesReferred(table *catalog.Table, before, after redo.Row) bool {
	return slices.ContainsFunc(t.catalog.Referred(table.ID), func(id uint32) bool {
		c, ok := table.ColumnByID(id)
		return ok && !c.Of(before).Equal(c.Of(after))
	})
}

// uniqueKey is the value of a row in a unique index; nil if there is no row, or if it is one that may be there twice.
func (t *Txn) uniqueKey(table *catalog.Table, index *catalog.Index, row redo.Row) ([]byte, error) {
	if row == nil || table.HasNull(index, row) {
		return nil, nil
	}
	return table.IndexKey(nil, index, row, t.env.Collator)
}

// LockParent is ClaimShared, after waiting for those who are about to take the row away.
func (t *Txn) LockParent(ctx context.Context, table *catalog.Table, key []byte) error {
	if err := t.lock(ctx, table, table.ID, key, lock.KeyShare, t.lockWait); err != nil {
		return err
	}
	t.ClaimShared(table, bytes.Clone(key))
	return nil
}

// SetLockWait says how long changes wait for a lock from now on; 0 does not wait.
func (t *Txn) SetLockWait(d time.Duration) { t.lockWait = d }

// lock takes one lock, and tells whether the snapshot is too old for it.
func (t *Txn) lock(ctx context.Context, table *catalog.Table, space scn.Space, key []byte, mode lock.Mode, wait time.Duration) error {
	if err := t.mayGrow(); err != nil {
		return err
	}
	if t.env.Locks == nil {
		return nil
	}
	t.locked = true
	newest, waited, err := t.env.Locks.Lock(ctx, lock.Request{Owner: t.xid, Partner: t.options.Session, Space: space, Key: key, Mode: mode, Wait: wait, Slot: t.options.Slot}, t.snapshot)
	if err != nil {
		return fmt.Errorf("lock of table %s: %w", table.Name, err)
	}
	t.countLock(space, key)
	if newest <= t.snapshot && (!waited || t.options.Isolation != ReadCommitted || !t.outdated()) {
		return nil
	}
	if !t.mayRestart() {
		return &ConflictError{What: "row", Table: table.Name}
	}
	t.stale = true
	return ErrStale
}

// countLock counts a lock that was had, unless it was counted before. One of a whole table is none of many.
func (t *Txn) countLock(space scn.Space, key []byte) {
	if key == nil {
		return
	}
	if t.lockedKeys == nil {
		t.lockedKeys, t.lockedSeed = map[uint64]struct{}{}, maphash.MakeSeed()
	}
	hash := maphash.Bytes(t.lockedSeed, key) ^ uint64(space)*0x9e3779b97f4a7c15 // spreads the spaces, whose ids are small
	if _, counted := t.lockedKeys[hash]; !counted {
		t.lockedKeys[hash] = struct{}{}
		t.kept.bytes += lockBytes + 2*roundUp(len(key))
	}
}

// outdated tells whether anything was committed after the snapshot.
func (t *Txn) outdated() bool {
	now, _ := t.env.Current()
	return now > t.snapshot
}

// mayRestart tells whether the running statement may be run again on another snapshot: under READ COMMITTED always,
// else if nothing was read before it.
func (t *Txn) mayRestart() bool {
	return t.options.At == 0 && !t.dictionary && (t.options.Isolation == ReadCommitted || !t.readBefore)
}

// dropClaims takes back what the running statement has claimed on its old snapshot.
func (t *Txn) dropClaims() {
	for _, c := range t.claims[t.claimsBefore:] {
		delete(t.claimed, keyOf(c))
		t.kept = t.kept.minus(sizeOfClaim(&c))
	}
	t.claims, t.readClaims = t.claims[:t.claimsBefore], nil
}

// Stale tells whether the running statement must be run again, though its error may have been passed over: by a handler in
// a procedure.
func (t *Txn) Stale() bool { return t.stale }

// Restart takes back what the running statement did and gives it a new snapshot, after ErrStale. Locks are kept.
func (t *Txn) Restart() error {
	if t.finished {
		return ErrFinished
	}
	t.RollbackStatement()
	t.stale = false
	t.dropClaims()
	t.read = t.readBefore
	if !t.mayRestart() {
		return &ConflictError{What: "snapshot"}
	}
	t.renewSnapshot()
	return nil
}
