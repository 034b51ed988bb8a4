package backout

import (
	"slices"

	"redoubt/engine/catalog"
	"redoubt/flashback/redolog"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// member is a transaction that is taken back.
type member struct {
	Member
	dictionary *catalog.Snapshot // as it left it
	changes    []*redo.Change    // of rows of tables, those that still count
}

// rowID is a row of a table.
type rowID struct {
	table scn.Space
	key   string
}

// newMember copies a transaction out of a scan. Changes that a flashback has taken back are counted and left out.
func (g *graph) newMember(r redolog.Record, asked bool) (*member, error) {
	r.Body = slices.Clone(r.Body)
	t, err := r.Decode()
	if err != nil {
		return nil, err
	}
	m := &member{Member: Member{XID: t.XID, SCN: r.SCN, User: t.User, Asked: asked}}
	if m.dictionary, err = g.engine.CatalogAt(r.SCN); err != nil {
		return nil, err
	}
	if defines(t) {
		return nil, &Error{Kind: Definitions, XID: t.XID, SCN: r.SCN}
	}
	for i := range t.Changes {
		c := &t.Changes[i]
		if c.Table < catalog.FirstUserSpace {
			continue
		}
		m.Changes++
		if _, ok := g.dictionary.TableByID(c.Table); !ok {
			if g.request.Mode != NonconflictOnly {
				return nil, &Error{Kind: TableGone, XID: t.XID, SCN: r.SCN, Object: qualified(m.dictionary, c.Table)}
			}
			m.Left++
			continue
		}
		if !g.counts(c.Table, r.SCN) {
			m.Left, m.Gone = m.Left+1, m.Gone+1
			continue
		}
		m.changes = append(m.changes, c)
	}
	if m.Changes == 0 {
		return nil, &Error{Kind: NoRows, XID: t.XID, SCN: r.SCN}
	}
	return m, nil
}

// defines tells whether a transaction changed definitions.
func defines(t *redo.Transaction) bool {
	return slices.ContainsFunc(t.Changes, func(c redo.Change) bool { return catalog.IsDictionary(c.Table) })
}

// qualified names a table as a dictionary has it.
func qualified(dictionary *catalog.Snapshot, id scn.Space) string {
	table, ok := dictionary.TableByID(id)
	if !ok {
		return "of id " + scn.SCN(id).String()
	}
	schema, _ := dictionary.SchemaByID(table.Schema)
	return nameOf(schema, table)
}

func nameOf(schema *catalog.Schema, table *catalog.Table) string {
	if schema == nil {
		return nameIn("", table)
	}
	return nameIn(schema.Name, table)
}

func nameIn(schema string, table *catalog.Table) string {
	return catalog.Scope{Schema: schema, Table: table.Name}.String()
}

// wholeRows gives the row before and after a change. That of an update is read as of its commit; nil if it is no longer kept.
func (g *graph) wholeRows(at scn.SCN, table *catalog.Table, c *redo.Change) (before, after redo.Row, err error) {
	if c.Op != redo.Update {
		return c.Before, c.After, nil
	}
	after, found, err := g.engine.RowAt(at, table, c.Key)
	if err != nil || !found {
		return nil, nil, err
	}
	return redo.Merge(after, c.Before), after, nil
}

// changed lists the columns of a table that an update has changed and that were written by somebody: generated columns and
// those that an UPDATE moves by itself are left out.
func changed(table *catalog.Table, c *redo.Change) (ids []uint32) {
	for i := range table.Columns {
		column := &table.Columns[i]
		if column.Generated != "" || column.OnUpdate != "" {
			continue
		}
		_, was := c.Before.Get(column.ID)
		_, is := c.After.Get(column.ID)
		if (was || is) && !column.Of(c.Before).Equal(column.Of(c.After)) {
			ids = append(ids, column.ID)
		}
	}
	return ids
}

// touches tells whether an update has changed one of the columns of an index.
func touches(index *catalog.Index, c *redo.Change) bool {
	return slices.ContainsFunc(index.Columns, func(p catalog.IndexColumn) bool { return touchesColumn(p.Column, c) })
}

func touchesColumn(id uint32, c *redo.Change) bool {
	_, was := c.Before.Get(id)
	_, is := c.After.Get(id)
	return c.Op != redo.Update || was || is
}

func touchesNamed(table *catalog.Table, columns []string, c *redo.Change) bool {
	return slices.ContainsFunc(columns, func(name string) bool {
		column, ok := table.Column(name)
		return ok && touchesColumn(column.ID, c)
	})
}
