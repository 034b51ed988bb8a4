package txn

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"redoubt/engine/catalog"
	"redoubt/scn"
	"redoubt/telemetry"
	"redoubt/wal/redo"
)

// Commit puts the transaction into the log and returns its SCN once it is applied on this node. A transaction
// without changes needs no log; its snapshot is returned. In every case the transaction is finished.
func (t *Txn) Commit(ctx context.Context) (scn.SCN, error) {
	if t.finished {
		return 0, ErrFinished
	}
	defer t.Rollback()
	if t.stale {
		return 0, &ConflictError{What: "row"}
	}
	if t.xidErr != nil && t.Dirty() {
		return 0, fmt.Errorf("nothing was committed: that the transaction's id is given could not be made durable, so it might be given again: %w", t.xidErr)
	}
	if err := t.checkTables(); err != nil {
		return 0, err
	}
	t.finished = true
	if t.Dirty() && t.size().redo > int64(t.env.PartBytes) {
		return t.commitInParts(ctx)
	}
	p := t.prepare()
	t.overlay = overlay{}
	if len(p.Record.Changes) == 0 {
		return t.snapshot, nil
	}
	return t.propose(ctx, p)
}

// propose puts the transaction into the log, and shows that its session waits for that.
func (t *Txn) propose(ctx context.Context, p *Prepared) (scn.SCN, error) {
	body := encode(p.Record)
	p.Slot = t.options.Slot
	p.Slot.Begin(telemetry.LogFileSync)
	defer p.Slot.End(telemetry.LogFileSync)
	return t.env.Proposer.Propose(ctx, p.Record.XID, body, p)
}

// scratch holds buffers to encode into, so that what goes to the log is as long as it must be.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

func encode(record *redo.Transaction) []byte {
	b := scratch.Get().(*[]byte)
	*b = redo.AppendTransaction((*b)[:0], record)
	body := slices.Clone(*b)
	if cap(*b) <= scratchBytesMax {
		scratch.Put(b)
	}
	return body
}

// scratchBytesMax bounds what is kept: a large transaction's buffer is not.
const scratchBytesMax = 64 << 10

// record is the head of the transaction's record.
func (t *Txn) record() *redo.Transaction {
	return &redo.Transaction{XID: t.xid, ReadSCN: t.readSCN, User: t.options.User, Host: t.options.Host, Program: t.options.Program}
}

// prepare turns the overlay into a record.
func (t *Txn) prepare() *Prepared {
	p := &Prepared{Record: t.record()}
	p.Record.Statements, p.Record.Claims = t.statements, t.claimsAtCommit()
	for c, pair := range t.changes {
		p.Record.Changes = append(p.Record.Changes, c)
		p.Rows = append(p.Rows, pair)
	}
	return p
}

// changes gives what the overlay changes, in the order of tables and keys.
func (t *Txn) changes(yield func(redo.Change, RowPair) bool) {
	for _, s := range t.overlay.spaces {
		var table *catalog.Table // of the space, once a row of it is met
		for key, e := range s.entries.all {
			if e.rowKey != nil {
				break // an index: its entries follow from the rows
			}
			if table == nil {
				if table = t.tableOf(s.space); table == nil {
					break // dropped by this transaction; nobody will ask for its rows
				}
			}
			if c, ok := e.change(table, key); ok && !yield(c, RowPair{e.before, e.row}) {
				return
			}
		}
	}
}

// checkTables refuses changes of rows whose table is no longer there, unless this transaction dropped it: each statement may have a
// newer dictionary than the one before.
func (t *Txn) checkTables() error {
	for _, s := range t.overlay.spaces {
		_, first := s.entries.from(nil, false)
		if first == nil || first.rowKey != nil || t.tableOf(s.space) != nil {
			continue // nothing is left of it, it is an index, or it is there
		}
		if own := t.overlay.get(catalog.TablesSpace, catalog.TableKey(s.space)); own == nil || !own.deleted {
			return &ConflictError{What: "definition"}
		}
	}
	return nil
}

func (t *Txn) tableOf(space scn.Space) *catalog.Table {
	table, ok := t.catalog.TableByID(space)
	if !ok {
		return nil
	}
	return table
}

// change tells what an entry did to its row; false if nothing in the end.
func (e *entry) change(table *catalog.Table, key []byte) (redo.Change, bool) {
	c := redo.Change{Table: table.ID, Statement: e.statement, Key: key, Replaced: e.replaced}
	switch {
	case e.before == nil && e.deleted:
		return c, false
	case e.before == nil:
		c.Op, c.After = redo.Insert, e.row
	case e.deleted:
		c.Op, c.Before = redo.Delete, e.before
	default:
		c.Op = redo.Update
		if c.Before, c.After = redo.Diff(e.before, e.row); len(c.Before)+len(c.After) == 0 {
			return c, false
		}
		for _, p := range table.PrimaryKey {
			if v, ok := e.before.Get(p.Column); ok {
				c.Identity = append(c.Identity, redo.Column{ID: p.Column, Value: v})
			}
		}
		slices.SortFunc(c.Identity, func(a, b redo.Column) int { return int(a.ID) - int(b.ID) })
	}
	return c, true
}

// claimsAtCommit adds to the claims what follows from changes of definitions: a definition that was made by looking at a
// table's rows, or together with changes of them, holds only if nobody else writes to the table meanwhile.
func (t *Txn) claimsAtCommit() []redo.Claim {
	if !t.dictionary {
		return t.claims
	}
	claims := t.claims
	tables := t.overlay.of(catalog.TablesSpace)
	if tables == nil {
		return claims
	}
	definitions, _ := catalog.SystemTable(catalog.TablesSpace)
	for key, e := range tables.all {
		c, ok := e.change(definitions, key)
		if !ok || c.Op != redo.Update {
			continue
		}
		id, _ := c.Identity.Get(1)
		space := scn.Space(id.Uint())
		if rows := t.overlay.of(space); t.scanned[space] || rows != nil && rows.len() > 0 {
			claims = append(claims, redo.Claim{Mode: redo.Share, Space: space, Since: t.readSCN})
		}
	}
	return claims
}
