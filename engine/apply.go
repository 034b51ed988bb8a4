package engine

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"redoubt/engine/catalog"
	"redoubt/engine/mvcc"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// Commit is a group of committed transactions, or a part of one that is on its way, and the log entry it came in.
type Commit struct {
	Index uint64
	Term  uint64
	Group redo.Group // empty if Part is set
	Part  []byte     // an encoded redo.Part, or nil
}

// batchBytesMax is about how much is applied at once.
const batchBytesMax = 8 << 20

// Apply makes committed groups part of the state, in order. Each must start right after the last applied SCN.
//
// It is pure: what comes out depends on the state and the groups alone, so that every node that applies the same
// log has the same state. On an error, which only damage can cause, the engine must not be used any more.
func (e *Engine) Apply(commits []Commit) error {
	e.applying.Lock()
	defer e.applying.Unlock()
	return e.apply(commits)
}

// apply is Apply; the caller holds applying.
func (e *Engine) apply(commits []Commit) error {
	for len(commits) > 0 {
		a := e.newApplier()
		if err := a.buildBefore(&commits[0]); err != nil {
			a.batch.Discard()
			return err
		}
		n := 0
		for n < len(commits) && a.batch.Len() < batchBytesMax {
			if n > 0 && len(a.publishes(&commits[n])) > 0 {
				break
			}
			if err := a.commit(&commits[n]); err != nil {
				a.batch.Discard()
				return err
			}
			n++
		}
		if err := a.publish(); err != nil {
			return err
		}
		commits = commits[n:]
	}
	return nil
}

// applier collects one batch.
type applier struct {
	engine   *Engine
	batch    *mvcc.Batch
	hasher   hasher
	position Position
	catalog  *catalog.Snapshot
	rows     map[rowID]redo.Row // rows as this batch leaves them so far; nil for deleted
	remember bool               // put rows of this transaction into rows: somebody may ask for them
	forgot   bool               // the batch has rows that are not in rows
	getter   *mvcc.Getter       // of the state before a large transaction, while that is applied
	tables   map[scn.Space]TableState
	sums     map[scn.Space][]sumAt // of the present group
	authors  []author              // of the present group
	indexes  map[scn.Space]indexState
	floors   map[scn.Space]catalog.Floor // nil: they have not moved
	controls bool                        // named values have changed
	defined  []scn.SCN                   // of the batch, at which the dictionary changed
	consumed []mvcc.PartKey              // parts of transactions that were applied, to go with the position
	buf      []byte
}

type rowID struct {
	table scn.Space
	key   string
}

func (e *Engine) newApplier() *applier {
	now := e.now.Load()
	return &applier{
		engine: e, batch: e.store.NewBatch(), position: now.position, catalog: now.catalog,
		rows: map[rowID]redo.Row{}, tables: map[scn.Space]TableState{}, sums: map[scn.Space][]sumAt{}, indexes: map[scn.Space]indexState{},
	}
}

func (a *applier) commit(c *Commit) error {
	if err := a.endTerms(c.Term); err != nil {
		return err
	}
	if c.Part != nil {
		return a.part(c)
	}
	if c.Group.FirstSCN != a.position.SCN+1 {
		return fmt.Errorf("apply log entry %d: it starts at SCN %d, but the state is at %d", c.Index, c.Group.FirstSCN, a.position.SCN)
	}
	a.authors = a.authors[:0]
	for i := range c.Group.Txns {
		at := c.Group.FirstSCN + scn.SCN(i)
		if err := a.transaction(at, c.Group.Txns[i].Body); err != nil {
			return fmt.Errorf("apply SCN %d from log entry %d: %w", at, c.Index, err)
		}
	}
	if err := errors.Join(a.times(&c.Group), a.putSums()); err != nil {
		return err
	}
	last := len(c.Group.Txns) - 1
	a.position = Position{Index: c.Index, Term: c.Term, SCN: c.Group.LastSCN(), TimeMicros: c.Group.Txns[last].TimeMicros}
	return nil
}

// transaction applies one transaction: its rows, then what its changes of the dictionary mean.
func (a *applier) transaction(at scn.SCN, body []byte) error {
	if len(body) > batchBytesMax {
		a.engine.inFlight.take(at)
		return a.whole(at, body)
	}
	record, full, err := a.engine.decode(at, body)
	if err != nil {
		return err
	}
	a.authors = append(a.authors, author{record.XID, record.User})
	if record.Parts > 0 {
		return a.inParts(at, record)
	}
	a.remember = full == nil || changesDictionary(record)
	var dictionary []catalog.RowChange
	for i := range record.Changes {
		c := &record.Changes[i]
		var pair *txn.RowPair
		if full != nil {
			pair = &full[i]
		}
		before, after, err := a.change(at, c, pair)
		if err != nil {
			return err
		}
		if catalog.IsDictionary(c.Table) {
			dictionary = append(dictionary, catalog.RowChange{Table: c.Table, Before: before, After: after})
		}
	}
	if len(dictionary) > 0 {
		if err := a.define(at, dictionary); err != nil {
			return err
		}
	}
	a.engine.certifier.Observe(record, at)
	return nil
}

// change writes the versions that one change makes: of the row, and of its index entries.
func (a *applier) change(at scn.SCN, c *redo.Change, full *txn.RowPair) (before, after redo.Row, err error) {
	switch {
	case full != nil:
		before, after = full.Before, full.After
	case c.Op == redo.Insert:
		after = c.After
	case c.Op == redo.Delete:
		before = c.Before
	default:
		if before, err = a.current(at, c.Table, c.Key); err != nil {
			return nil, nil, err
		}
		after = redo.Merge(before, c.After)
	}
	if after != nil {
		a.buf = redo.AppendRow(a.buf[:0], after)
		err = a.batch.Put(c.Table, c.Key, at, a.buf)
	} else {
		err = a.batch.Delete(c.Table, c.Key, at)
	}
	if err != nil {
		return nil, nil, err
	}
	if a.remember {
		a.rows[rowID{c.Table, string(c.Key)}] = after
	} else {
		a.forgot = true
	}
	a.sum(at, c)
	switch c.Table {
	case catalog.FloorsSpace:
		a.moveFloor(before, after)
	case catalog.ControlSpace:
		a.controls = true
	}
	return before, after, a.indexEntries(at, c, before, after)
}

func changesDictionary(record *redo.Transaction) bool {
	return slices.ContainsFunc(record.Changes, func(c redo.Change) bool { return catalog.IsDictionary(c.Table) })
}

// current is a row before the commit at an SCN, as this batch sees it.
func (a *applier) current(at scn.SCN, table scn.Space, key []byte) (redo.Row, error) {
	get, lineage := a.engine.store.Get, a.catalog.Lineage(table, at-1)
	if a.getter != nil { // a large transaction changes each key once
		get = func(lineage scn.Lineage, key, _ []byte) (mvcc.Version, bool, error) {
			return a.getter.Get(lineage, key)
		}
	} else if a.forgot {
		if err := a.spill(); err != nil { // the row may be among those that were not remembered
			return nil, err
		}
	}
	if row, ok := a.rows[rowID{table, string(key)}]; ok {
		return row, nil
	}
	v, found, err := get(lineage, key, nil)
	if err != nil {
		return nil, err
	}
	if !found || v.Deleted {
		return nil, fmt.Errorf("update of table %d, key 0x%x: there is no such row; state and log do not fit", table, key)
	}
	row, _, err := redo.DecodeRow(v.Value, nil)
	if a.getter != nil && table < catalog.FirstUserSpace {
		row = row.Clone() // a definition is kept; the bytes of rows are the getter's
	}
	return row, err
}

func (a *applier) sum(at scn.SCN, c *redo.Change) {
	s, ok := a.tables[c.Table]
	if !ok {
		s = a.engine.tableState(c.Table)
	}
	a.hasher.change(&s, c)
	a.setSum(at, c.Table, s)
}

func (a *applier) indexEntries(at scn.SCN, c *redo.Change, before, after redo.Row) error {
	if c.Table < catalog.FirstUserSpace {
		return nil
	}
	table, ok := a.catalog.TableByID(c.Table)
	if !ok {
		return nil // created by this very transaction: define makes its entries
	}
	return a.tableEntries(at, table, c.Key, before, after)
}

func (a *applier) tableEntries(at scn.SCN, table *catalog.Table, key []byte, before, after redo.Row) error {
	for i := range table.Indexes {
		if err := a.indexEntry(at, table, &table.Indexes[i], key, before, after); err != nil {
			return err
		}
	}
	return nil
}

func (a *applier) indexEntry(at scn.SCN, table *catalog.Table, index *catalog.Index, key []byte, before, after redo.Row) error {
	var oldKey, newKey []byte
	var err error
	if before != nil {
		if oldKey, err = table.IndexKey(nil, index, before, a.engine.options.Collator); err != nil {
			return err
		}
	}
	if after != nil {
		if newKey, err = table.IndexKey(nil, index, after, a.engine.options.Collator); err != nil {
			return err
		}
	}
	if before != nil && after != nil && string(oldKey) == string(newKey) {
		return nil
	}
	if before != nil {
		entry, _ := txn.IndexEntry(oldKey, key)
		if err := a.batch.Delete(index.ID, entry, at); err != nil {
			return err
		}
	}
	if after != nil {
		entry, value := txn.IndexEntry(newKey, key)
		return a.batch.Put(index.ID, entry, at, value)
	}
	return nil
}

// times records when and by whom the commits of a group were made, to be found by SCN and by time.
func (a *applier) times(g *redo.Group) error {
	key, value := encodeTimes(g, a.authors)
	if err := a.batch.Put(catalog.TimesBySCNSpace, key, g.FirstSCN, value); err != nil {
		return err
	}
	return a.batch.Put(catalog.TimesSpace, timeKey(g.Txns[0].TimeMicros, g.FirstSCN), g.FirstSCN, nil)
}

// publish writes the batch and lets readers see it.
func (a *applier) publish() error {
	for id, s := range a.indexes {
		if err := a.batch.SetMeta(metaIndexPrefix+strconv.FormatUint(uint64(id), 10), encodeIndexState(s)); err != nil {
			return err
		}
	}
	for _, k := range a.consumed {
		if err := a.batch.DropPart(k); err != nil {
			return err
		}
	}
	if err := a.batch.SetMeta(metaPosition, encodePosition(a.position)); err != nil {
		return err
	}
	if err := a.batch.Commit(); err != nil {
		return fmt.Errorf("apply up to SCN %d: %w", a.position.SCN, err)
	}
	a.engine.publish(a)
	return nil
}
