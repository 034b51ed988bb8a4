package txn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync/atomic"
	"time"

	"redoubt/engine/catalog"
	"redoubt/engine/mvcc"
	"redoubt/scn"
	"redoubt/telemetry"
	"redoubt/wal/redo"
)

// Isolation is what a transaction's statements read from.
type Isolation int

// Levels of isolation.
const (
	ReadCommitted  Isolation = iota // each statement has a snapshot of its own
	RepeatableRead                  // one snapshot for the whole transaction: snapshot isolation
	Serializable                    // so, and what was read must still be so at the commit
)

// Options of one transaction.
type Options struct {
	Isolation Isolation
	ReadOnly  bool
	At        scn.SCN // read as of this SCN, read-only; 0 is now
	Session   uint64  // owner of locks on tables that are not in the way; 0: there is none
	User      string  // recorded in the redo, like Host and Program
	Host      string
	Program   string
	BytesMax  int64           // limit of what it may change and lock; 0 is DefaultBytesMax
	Slot      *telemetry.Slot // where it is shown what the transaction waits for; may be nil
}

// DefaultBytesMax bounds what one transaction may change and lock, counted by what it takes in memory: a million rows of 180
// bytes and two integers, one indexed, take 0.95 GiB with their locks.
const DefaultBytesMax = 1 << 30

// Proposer is the way into the log. On a follower it goes to the leader: body, the encoded redo.Transaction or redo.Part,
// is all that needs to go over. The decoded forms are for a leader in the same process, which is spared decoding; they say
// nothing that body does not, and who has no use for them leaves them.
//
// Implementations are safe for concurrent use. They keep body and what it was decoded from until the call returns, and
// after ErrOutcomeUnknown for ever: callers must not change them. No call is idempotent: a transaction that is proposed
// twice is certified twice, so who does not know the outcome must not try again.
type Proposer interface {
	// Propose puts a transaction into the log and returns once it is durable on a quorum and applied on this node, so
	// that the next snapshot here sees it. ErrConflict: nothing happened. ErrOutcomeUnknown: it may be committed or not.
	Propose(ctx context.Context, xid uint64, body []byte, prepared *Prepared) (scn.SCN, error)
	// ProposePart puts a part of a transaction into the log and returns once it is applied where it was certified. Parts of
	// one transaction are proposed one after the other. Until Propose is called with the transaction itself, it is not
	// committed, whatever the error; part 0 drops those before it, and may be proposed though there are none.
	ProposePart(ctx context.Context, body []byte, part *redo.Part) error
}

// Prepared is a transaction as its own node knows it: the decoded record, and for each change the whole row before
// and after, so that applying it there needs no second look.
type Prepared struct {
	Record *redo.Transaction
	Rows   []RowPair
	Slot   *telemetry.Slot // of the session that waits for it, in this process; may be nil
}

// RowPair is a row before and after a change; nil if there was none, or is none.
type RowPair struct{ Before, After redo.Row }

// Env is what transactions need of the engine.
type Env struct {
	Store    *mvcc.Store
	Collator catalog.Collator
	Proposer Proposer
	Locks    Locker // nil: nobody waits for anybody
	// PartBytes is how much redo goes into one log entry.
	PartBytes int
	// NoteRanges says that ranges of keys will be claimed; nil if that needs no preparation. It may be lost on its way to
	// a leader: claims on ranges are then refused more often than they must.
	NoteRanges func()
	Current    func() (scn.SCN, *catalog.Snapshot)
	NewXID     func() (uint64, error) // with an error, an id that must not get into the log
	NewRowID   func(ctx context.Context, table scn.Space) (uint64, error)
	NewSpace   func(ctx context.Context) (scn.Space, error)
	RowsCount  func(table scn.Space) uint64
	Pins       *Pins
	// CheckFloor returns a FloorError if a table, named by its space or that of an index, can no longer be read at an SCN. Ask
	// after all that is read from was opened.
	CheckFloor func(table scn.Space, at scn.SCN) error
}

// Txn is one transaction. It belongs to one goroutine.
type Txn struct {
	env      *Env
	pin      pin
	scans    atomic.Int32 // Rows that are not closed
	options  Options
	xid      uint64
	xidErr   error   // why it must not get into the log
	readSCN  scn.SCN // snapshot of the first statement
	snapshot scn.SCN
	catalog  *catalog.Snapshot
	finished bool
	lockWait time.Duration

	overlay    overlay
	latest     looked
	changed    size // by changes; what is taken back does not count any more
	kept       size // by locks and claims, which stay when changes are taken back
	claims     []redo.Claim
	claimed    map[claimKey]bool
	lockedKeys map[uint64]struct{} // by hash, so that a lock that is asked for again counts once
	lockedSeed maphash.Seed
	readClaims map[scn.Space]int  // under SERIALIZABLE, by table; wholeTable if all of it is claimed
	scanned    map[scn.Space]bool // tables read by scans; a change of definition then relies on their content
	dictionary bool               // has changed the dictionary
	locked     bool               // has asked for locks
	stale      bool               // a lock said that the running statement must be run again
	read       bool               // has read from the snapshot
	readBefore bool               // so, before the running statement

	claimsBefore int // claims made before the running statement
	statements   []redo.Statement
	statement    redo.Statement // the running one; enters statements with its first change
	recorded     bool
	mark         Mark // start of the running statement
}

type claimKey struct {
	space     scn.Space
	low, high string
	mode      redo.ClaimMode
}

func keyOf(c redo.Claim) claimKey { return claimKey{c.Space, string(c.Low), string(c.High), c.Mode} }

// String is the name of the level in SQL.
func (i Isolation) String() string {
	return [...]string{"READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"}[i]
}

// Begin starts a transaction.
func Begin(env *Env, o Options) *Txn {
	if o.BytesMax == 0 {
		o.BytesMax = DefaultBytesMax
	}
	t := &Txn{env: env, options: o, lockWait: LockWaitDefault}
	t.xid, t.xidErr = env.NewXID()
	t.hold(env.Current())
	t.snapshot, t.catalog = env.Current()
	t.readSCN = t.snapshot
	if o.Isolation == Serializable && env.NoteRanges != nil {
		env.NoteRanges()
	}
	return t
}

// View starts a read-only transaction at an SCN, with the catalog of that SCN. dictionary is called once the SCN is pinned.
func View(env *Env, at scn.SCN, dictionary func() (*catalog.Snapshot, error)) (*Txn, error) {
	t := &Txn{env: env, options: Options{ReadOnly: true, At: at, Isolation: RepeatableRead, BytesMax: DefaultBytesMax}, snapshot: at, readSCN: at}
	_, now := env.Current()
	t.hold(at, now)
	var err error
	if t.catalog, err = dictionary(); err != nil {
		t.Rollback()
		return nil, err
	}
	return t, nil
}

// hold pins what the transaction reads.
func (t *Txn) hold(at scn.SCN, dictionary *catalog.Snapshot) {
	t.pin.since, t.pin.xid, t.pin.user = time.Now(), t.xid, t.options.User
	t.pin.set(at, dictionary)
	t.env.Pins.add(&t.pin)
}

// Watch gives the slot in which it is shown what the transaction reads and waits for.
func (t *Txn) Watch(slot *telemetry.Slot) { t.options.Slot = slot }

// XID is the transaction's id, unique in the life of the database.
func (t *Txn) XID() uint64 { return t.xid }

// Snapshot is the SCN that the running statement reads.
func (t *Txn) Snapshot() scn.SCN { return t.snapshot }

// Catalog is the dictionary at the snapshot, with the transaction's own changes.
func (t *Txn) Catalog() *catalog.Snapshot { return t.catalog }

// Dirty tells whether there is anything to commit.
func (t *Txn) Dirty() bool { return len(t.overlay.undo) > 0 }

// Size tells how many rows and index entries it has changed, and about how many bytes they and its locks take in memory.
func (t *Txn) Size() (changes int, bytes int64) { return len(t.overlay.undo), t.size().bytes }

// StartStatement begins a statement: on a fresh snapshot under READ COMMITTED, and else if nothing was read yet. The
// digest identifies its text; the
// text itself is kept only for statements that change the dictionary.
func (t *Txn) StartStatement(digest uint64, text string) {
	t.readBefore, t.claimsBefore = t.read, len(t.claims)
	t.statement, t.recorded = redo.Statement{Digest: digest, Text: text, ReadSCN: t.snapshot}, false
	if t.mayRestart() {
		t.renewSnapshot()
	}
	t.mark = t.Savepoint()
}

// renewSnapshot gives the running statement a new snapshot. As long as the transaction has done nothing that depends on
// an older one, it is the whole transaction's.
func (t *Txn) renewSnapshot() {
	t.snapshot, t.catalog = t.env.Current()
	if t.scans.Load() == 0 { // else one of an earlier statement, such as a cursor's, still reads what is pinned
		t.pin.set(t.snapshot, t.catalog)
	}
	t.statement.ReadSCN = t.snapshot
	if !t.Dirty() && len(t.claims) == 0 {
		t.readSCN = t.snapshot
	}
}

// Pin fixes the snapshot of a transaction that keeps one, although nothing was read from it yet.
func (t *Txn) Pin() { t.read = true }

// EndStatement keeps what the statement did.
func (t *Txn) EndStatement() { t.mark = t.Savepoint() }

// RollbackStatement takes back what the running statement did.
func (t *Txn) RollbackStatement() { t.RollbackTo(t.mark) }

// Mark is a place in a transaction to go back to.
type Mark struct {
	undo       int
	statements int
	changed    size
}

// Savepoint marks the present place.
func (t *Txn) Savepoint() Mark { return Mark{len(t.overlay.undo), len(t.statements), t.changed} }

// Reaches tells whether the transaction still has what it had at the mark.
func (t *Txn) Reaches(m Mark) bool { return m.undo <= len(t.overlay.undo) }

// RollbackTo takes back all changes made since the mark, and forgets the statements that made them. Claims and locks stay,
// and count: they do no harm. If the running statement goes back behind its own start, it begins there from now on.
func (t *Txn) RollbackTo(m Mark) {
	if !t.Reaches(m) {
		return
	}
	if m.undo < t.mark.undo {
		t.mark = m
	}
	t.overlay.rollbackTo(m.undo)
	t.changed = m.changed
	if len(t.statements) > m.statements { // the last may be the running one
		t.statements, t.recorded = t.statements[:m.statements], false
	}
}

// Rollback ends the transaction and drops its changes.
func (t *Txn) Rollback() {
	t.finished = true
	if t.scans.Load() == 0 { // else the last of them takes the pin away
		t.pin.remove()
	}
	t.overlay, t.claims, t.claimed, t.lockedKeys = overlay{}, nil, nil, nil
	if t.locked {
		t.env.Locks.Release(t.xid)
		t.locked = false
	}
}

// Get reads the row with a key. at is the commit that wrote it, 0 if this transaction did. The row is not to be
// changed.
func (t *Txn) Get(table *catalog.Table, key []byte) (row redo.Row, at scn.SCN, found bool, err error) {
	t.options.Slot.Touch(uint64(table.ID))
	e, err := t.lookup(table, key)
	if err == nil {
		t.claimRead(table, Range{Low: key}, true)
	}
	if err != nil || e == nil || e.deleted {
		return nil, 0, false, err
	}
	if t.overlay.get(table.ID, key) == nil {
		at = e.replaced
	}
	t.options.Slot.Read(1)
	return e.row, at, true, nil
}

// Deletes tells whether this transaction has deleted the row with a key.
func (t *Txn) Deletes(table *catalog.Table, key []byte) bool {
	e := t.overlay.get(table.ID, key)
	return e != nil && e.deleted
}

// lookup gives what the transaction sees under a table's key as an entry: its own, or one made from the store; nil
// if the key never was. An entry made from the store has the row in both row and before.
func (t *Txn) lookup(table *catalog.Table, key []byte) (*entry, error) {
	if t.finished {
		return nil, ErrFinished
	}
	if e := t.overlay.get(table.ID, key); e != nil {
		return e, nil
	}
	t.read = true
	if e, ok := t.latest.get(t, table.ID, key); ok {
		return e, nil
	}
	e, err := t.load(table, key)
	if err == nil {
		t.latest.put(t, table.ID, key, e)
	}
	return e, err
}

// load makes the entry of a key from the store; nil if the key never was.
func (t *Txn) load(table *catalog.Table, key []byte) (*entry, error) {
	v, found, err := t.env.Store.Get(t.catalog.Lineage(table.ID, t.snapshot), key, nil)
	if err == nil {
		err = t.checkFloor(table)
	}
	if err != nil || !found {
		return nil, err
	}
	e := &entry{deleted: v.Deleted, replaced: v.SCN}
	if !v.Deleted {
		if e.row, _, err = redo.DecodeRow(v.Value, nil); err != nil {
			return nil, fmt.Errorf("row of table %s at SCN %d: %w", table.Name, v.SCN, err)
		}
		e.before = e.row
	}
	return e, nil
}

// checkFloor tells whether a table can still be read at the snapshot. Ask after all that is read from was opened.
func (t *Txn) checkFloor(table *catalog.Table) error { return t.floorOf(table.ID, t.snapshot) }

// floorOf returns a FloorError if a space can no longer be read at an SCN.
func (t *Txn) floorOf(space scn.Space, at scn.SCN) error {
	err := t.env.CheckFloor(space, at)
	var floor *FloorError
	if errors.As(err, &floor) {
		floor.Table = nameOf(t.catalog, space)
	}
	return err
}

// looked is the latest key that was looked up in the store: a statement that reads a row and then changes it asks for it
// two or three times.
type looked struct {
	space    scn.Space
	snapshot scn.SCN
	catalog  *catalog.Snapshot // nil: nothing was looked up
	key      []byte
	entry    *entry
}

func (l *looked) get(t *Txn, space scn.Space, key []byte) (*entry, bool) {
	if l.catalog == t.catalog && l.snapshot == t.snapshot && l.space == space && bytes.Equal(l.key, key) {
		return l.entry, true
	}
	return nil, false
}

func (l *looked) put(t *Txn, space scn.Space, key []byte, e *entry) {
	*l = looked{space, t.snapshot, t.catalog, append(l.key[:0], key...), e}
}

// EstimateRows is the number of rows of a table as of the last commit, exact but for this transaction's changes.
func (t *Txn) EstimateRows(table *catalog.Table) uint64 { return t.env.RowsCount(table.ID) }

// RowKey is the key of a row.
func (t *Txn) RowKey(table *catalog.Table, row redo.Row) ([]byte, error) {
	return table.RowKey(nil, row, t.env.Collator)
}

// KeyPrefix is the start of all keys of a table whose first primary key columns have these values.
func (t *Txn) KeyPrefix(table *catalog.Table, values []redo.Value) ([]byte, error) {
	return t.prefix(table, table.PrimaryKey, values)
}

// IndexPrefix is the start of all keys of an index whose first columns have these values.
func (t *Txn) IndexPrefix(table *catalog.Table, index *catalog.Index, values []redo.Value) ([]byte, error) {
	return t.prefix(table, index.Columns, values)
}

func (t *Txn) prefix(table *catalog.Table, parts []catalog.IndexColumn, values []redo.Value) (key []byte, err error) {
	for i, v := range values {
		c, ok := table.ColumnByID(parts[i].Column)
		if !ok {
			return nil, fmt.Errorf("table %s: key over column id %d, which it does not have", table.Name, parts[i].Column)
		}
		if key, err = catalog.AppendKeyPart(key, c, parts[i].PrefixLength, v, t.env.Collator); err != nil {
			return nil, fmt.Errorf("table %s: %w", table.Name, err)
		}
	}
	return key, nil
}

func (t *Txn) noteRead(table scn.Space) {
	t.read = true
	if t.options.ReadOnly || t.options.At != 0 {
		return
	}
	if t.scanned == nil {
		t.scanned = map[scn.Space]bool{}
	}
	t.scanned[table] = true
}
