package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/engine/catalog"
	"redoubt/engine/lock"
	"redoubt/engine/mvcc"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// ErrFormat is returned by Open for a state store of another version of the format.
var ErrFormat = errors.New("the state store has a format that this version does not know")

// Options say where the state is and what the engine needs of its surroundings.
type Options struct {
	FS            vfs.FS // file system of the state store
	Dir           string // directory of the state store; made if it does not exist
	CacheBytes    int64  // block cache; default 256 MiB
	RowCacheBytes int64  // cache of what is current, on the heap; default none
	MemtableBytes uint64 // size at which recent changes are flushed; default 32 MiB
	ReadOnly      bool   // the state is a checkpoint, of which every byte stays as it is
	StoreLogger   pebble.Logger
	OnStoreStall  func(stalled bool) // told when the store makes writers wait, and when it does no longer; may be nil
	OnStoreError  func(error)        // told when the state cannot be written in the background; the owner should stop
	Replaying     bool               // there will be ApplyStretch, and nothing else
	Scratch       bool               // the state is a copy that is thrown away soon: its files are not tidied
	Collator      catalog.Collator   // sort keys of text; must be the same for ever
	NodeOrdinal   uint16             // 1 to 4095: distinguishes the transaction ids of this node
	Now           func() time.Time   // default time.Now; only for transaction ids
	XIDFile       string             // where it is kept up to where transaction ids were given; "": nowhere, for a state that nobody changes but through the log
	Retention     catalog.Retention  // of a database for which none was set; default catalog.RetentionDefault
	PartBytes     int                // redo of one transaction that goes into one log entry; default txn.DefaultPartBytes
}

// Validate tells what is wrong with the options, if anything, and puts in the defaults.
func (o *Options) Validate() error {
	if o.FS == nil || o.Dir == "" {
		return errors.New("engine: options need a file system and a directory")
	}
	if o.NodeOrdinal < 1 || o.NodeOrdinal > 4095 {
		return fmt.Errorf("engine: node ordinal %d is not between 1 and 4095", o.NodeOrdinal)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.PartBytes == 0 {
		o.PartBytes = txn.DefaultPartBytes
	}
	if o.Retention == (catalog.Retention{}) {
		o.Retention = catalog.RetentionDefault
	}
	return nil
}

// Engine is the state of one database on this node.
type Engine struct {
	options   Options
	store     *mvcc.Store
	certifier *txn.Certifier
	locks     *lock.Manager
	env       *txn.Env

	applying sync.Mutex // guards underway
	underway map[uint64]underway
	now      atomic.Pointer[published]

	sums     sync.RWMutex // guards the three below
	tables   map[scn.Space]TableState
	indexes  map[scn.Space]indexState
	defining []scn.SCN // SCNs at which the dictionary changed, ascending

	upkeep   sync.Mutex           // folding and collecting, one at a time; guards foldedIn
	foldedIn map[scn.Space]uint64 // the epoch in which rewinds of a space were last folded
	counts   upkeepCounts
	pins     txn.Pins
	floors   atomic.Pointer[floors]
	controls atomic.Uint64 // commits that changed named values

	building builds
	past     pastCatalogs
	inFlight inFlight
	xids     xidSource
	numbers  sequences
}

// Open opens the state, making an empty one if there is none. Propose connects it to the log.
func Open(o Options) (*Engine, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	store, err := mvcc.Open(mvcc.Options{
		FS: o.FS, Dir: o.Dir, CacheBytes: o.CacheBytes, RowCacheBytes: o.RowCacheBytes, MemtableBytes: o.MemtableBytes, Logger: o.StoreLogger, OnError: o.OnStoreError, OnStall: o.OnStoreStall, ReadOnly: o.ReadOnly, Scratch: o.Scratch, Replaying: o.Replaying,
	})
	if err != nil {
		return nil, err
	}
	e := &Engine{options: o, store: store, tables: map[scn.Space]TableState{}, indexes: map[scn.Space]indexState{}}
	if err := e.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("open state in %s: %w", o.Dir, err), store.Close())
	}
	return e, nil
}

// load reads what the engine keeps in memory, and makes its parts.
func (e *Engine) load() error {
	if err := e.checkFormat(); err != nil {
		return err
	}
	raw, err := e.store.Meta(metaPosition)
	if err != nil {
		return err
	}
	position, err := decodePosition(raw)
	if err != nil {
		return err
	}
	e.now.Store(&published{position: position, catalog: catalog.Empty()})
	if e.defining, err = e.loadDefining(position.SCN); err != nil {
		return err
	}
	dictionary, err := e.loadCatalog(position.SCN)
	if err != nil {
		return err
	}
	folds, err := e.loadFolds()
	if err != nil {
		return err
	}
	e.store.SetVisible(position.SCN)
	e.now.Store(&published{position: position, catalog: dictionary.WithFolds(folds)})
	if err := errors.Join(e.loadTables(position.SCN), e.loadIndexes(), e.loadParts(), e.loadFloors(position.SCN)); err != nil {
		return err
	}
	if err := e.openXIDs(position.TimeMicros); err != nil {
		return err
	}
	e.numbers = sequences{engine: e, given: map[uint64]*block{}}
	e.certifier = txn.NewCertifier(e.store, e.current, func(space scn.Space, at scn.SCN) bool {
		_, kept := e.keeps(space, at)
		return kept
	})
	e.locks = lock.New()
	e.env = &txn.Env{
		Store: e.store, Locks: locker{e.locks, e.certifier}, NoteRanges: e.certifier.NoteRanges, Collator: e.options.Collator, Current: e.current, NewXID: e.xids.next,
		PartBytes: e.options.PartBytes, NewRowID: e.newRowID, NewSpace: e.newSpace, RowsCount: e.rowsCount,
		Pins: &e.pins, CheckFloor: e.CheckFloor,
	}
	return nil
}

func (e *Engine) checkFormat() error {
	raw, err := e.store.Meta(metaFormat)
	if err != nil {
		return err
	}
	if raw == nil {
		b := e.store.NewBatch()
		if err := b.SetMeta(metaFormat, []byte{formatVersion}); err != nil {
			return err
		}
		return b.Commit()
	}
	if len(raw) != 1 || raw[0] != formatVersion {
		return fmt.Errorf("%w: it has %v, this version reads %d", ErrFormat, raw, formatVersion)
	}
	return nil
}

// loadTables reads the sums of all tables that ever were.
func (e *Engine) loadTables(at scn.SCN) (err error) {
	e.tables, err = e.loadSums(at)
	return err
}

// loadIndexes reads the states of all indexes that ever were.
func (e *Engine) loadIndexes() error {
	indexes, err := e.store.MetaPrefix(metaIndexPrefix)
	if err != nil {
		return err
	}
	for name, raw := range indexes {
		id, err := metaSpace(name, metaIndexPrefix)
		if err != nil {
			return err
		}
		if e.indexes[id], err = decodeIndexState(raw); err != nil {
			return err
		}
	}
	return nil
}

func metaSpace(name, prefix string) (scn.Space, error) {
	id, err := strconv.ParseUint(strings.TrimPrefix(name, prefix), 10, 32)
	if err != nil {
		return 0, fmt.Errorf("state store: named value %q: %w", name, err)
	}
	return scn.Space(id), nil
}

// Propose connects the engine's transactions to the log. Call it once, before the first of them commits.
func (e *Engine) Propose(p txn.Proposer) { e.env.Proposer = p }

// Begin starts a transaction on the newest applied SCN.
func (e *Engine) Begin(o txn.Options) *txn.Txn { return txn.Begin(e.env, o) }

// View starts a read-only transaction as of an SCN, with the catalog of that SCN.
func (e *Engine) View(at scn.SCN) (*txn.Txn, error) {
	return txn.View(e.env, at, func() (*catalog.Snapshot, error) { return e.CatalogAt(at) })
}

// Outcome starts a read-only transaction that sees what a transaction would leave if it were committed: its dictionary and
// what it takes back, but none of its changes of rows.
func (e *Engine) Outcome(t *txn.Txn) *txn.Txn {
	view, _ := txn.View(e.env, t.Snapshot(), func() (*catalog.Snapshot, error) { return t.Catalog(), nil })
	return view
}

// Applied is the newest SCN that is part of the state.
func (e *Engine) Applied() scn.SCN { return e.now.Load().position.SCN }

// Position is how far the log has been applied.
func (e *Engine) Position() Position { return e.now.Load().position }

// Durable is how far the log would be applied after a crash right now.
func (e *Engine) Durable() (Position, error) {
	raw, err := e.store.DurableMeta(metaPosition)
	if err != nil {
		return Position{}, err
	}
	return decodePosition(raw)
}

// Persist makes everything applied so far durable and tells how far that is.
func (e *Engine) Persist(context.Context) (Position, error) {
	if err := e.store.Flush(); err != nil {
		return Position{}, err
	}
	return e.Durable()
}

// Checkpoint copies the durable state into dir, which must not exist, by hard links where it can.
func (e *Engine) Checkpoint(dir string) error { return e.store.Checkpoint(dir) }

// StateHash sums up the state as of the newest applied SCN.
func (e *Engine) StateHash() StateHash {
	e.sums.RLock()
	defer e.sums.RUnlock()
	now := e.now.Load()
	return sumUp(now.position.SCN, now.catalog, e.tables)
}

// TableHash sums up the rows of one table.
func (e *Engine) TableHash(table scn.Space) TableState { return e.tableState(table) }

// StoreMetrics gives the figures of the state store.
func (e *Engine) StoreMetrics() *pebble.Metrics { return e.store.Metrics() }

// RowCache gives the figures of the cache of rows as they are now.
func (e *Engine) RowCache() mvcc.RowCacheStats { return e.store.RowCache() }

// Certify is asked by the leader, in SCN order, whether a proposed transaction may take the place at in the log.
// prepared is its decoded form if it was proposed on this node, else nil; it is kept until the SCN is applied.
func (e *Engine) Certify(at scn.SCN, body []byte, prepared *txn.Prepared) error {
	if prepared == nil {
		record, err := redo.DecodeTransaction(body)
		if err != nil {
			return err
		}
		return e.certifier.Certify(record, at)
	}
	if err := e.certifier.Certify(prepared.Record, at); err != nil {
		return err
	}
	if prepared.Rows != nil {
		e.inFlight.put(at, prepared)
	}
	return nil
}

// CertifyPart is Certify for a part of a transaction, which has no SCN; part is its decoded form, or nil.
func (e *Engine) CertifyPart(body []byte, part *redo.Part) error {
	if part == nil {
		var err error
		if part, err = redo.DecodePart(body); err != nil {
			return err
		}
	}
	return e.certifier.CertifyPart(part)
}

// Abandon forgets what Certify let in and what was not yet applied.
func (e *Engine) Abandon() {
	e.certifier.Abandon()
	e.inFlight.clear()
}

// Close flushes and closes the state. Transactions must have ended.
func (e *Engine) Close() error {
	e.xids.close()
	return e.store.Close()
}

func (e *Engine) current() (scn.SCN, *catalog.Snapshot) {
	now := e.now.Load()
	return now.position.SCN, now.catalog
}

// Rows is the number of rows of a table as of the last commit.
func (e *Engine) Rows(table scn.Space) uint64 { return e.rowsCount(table) }

func (e *Engine) rowsCount(table scn.Space) uint64 { return e.tableState(table).Rows }

// TableRows is how many rows a table has as of the newest commit.
func (e *Engine) TableRows(table scn.Space) uint64 { return e.rowsCount(table) }

func (e *Engine) tableState(table scn.Space) TableState {
	e.sums.RLock()
	defer e.sums.RUnlock()
	return e.tables[table]
}

// decode gives the record of an SCN and, if this node certified it, its whole rows.
func (e *Engine) decode(at scn.SCN, body []byte) (*redo.Transaction, []txn.RowPair, error) {
	if p := e.inFlight.take(at); p != nil {
		if xid, err := redo.TransactionXID(body); err == nil && xid == p.Record.XID {
			return p.Record, p.Rows, nil
		}
	}
	record, err := redo.DecodeTransaction(body)
	return record, nil, err
}

// publish lets readers see what an applier wrote.
func (e *Engine) publish(a *applier) {
	if a.floors != nil {
		e.floors.Store(newFloors(a.floors))
	}
	e.store.SetVisible(a.position.SCN)
	if a.controls {
		defer e.controls.Add(1) // once readers see them
	}
	before := e.now.Load().catalog
	e.sums.Lock()
	maps.Copy(e.tables, a.tables)
	maps.Copy(e.indexes, a.indexes)
	e.defining = append(e.defining, a.defined...)
	e.now.Store(&published{position: a.position, catalog: a.catalog}) // with the sums: the state hash is of one SCN
	e.sums.Unlock()
	if before != a.catalog {
		e.past.put(before.SCN(), before) // a flashback is likely to ask for it
	}
}

// ControlChanges counts the commits that changed named values since the state was opened: who keeps one in memory sees whether to look
// at it again.
func (e *Engine) ControlChanges() uint64 { return e.controls.Load() }

// inFlight keeps the decoded form of transactions that were certified here and are not yet applied.
type inFlight struct {
	mu    sync.Mutex
	bySCN map[scn.SCN]*txn.Prepared
}

func (f *inFlight) put(at scn.SCN, p *txn.Prepared) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.bySCN == nil {
		f.bySCN = map[scn.SCN]*txn.Prepared{}
	}
	f.bySCN[at] = p
}

func (f *inFlight) take(at scn.SCN) *txn.Prepared {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.bySCN[at]
	delete(f.bySCN, at)
	return p
}

func (f *inFlight) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bySCN = nil
}

// definedBefore is the newest SCN at or below at that changed the dictionary, 0 if none did.
func (e *Engine) definedBefore(at scn.SCN) scn.SCN {
	e.sums.RLock()
	defer e.sums.RUnlock()
	i, found := slices.BinarySearch(e.defining, at)
	switch {
	case found:
		return at
	case i == 0:
		return 0
	}
	return e.defining[i-1]
}
