package backout

import (
	"encoding/binary"
	"slices"
	"strings"

	"redoubt/engine/catalog"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// reasonsMax bounds how many reasons are kept for one dependent.
const reasonsMax = 8

// reasons tells why a transaction depends on tracked ones; none if it does not.
func (g *graph) reasons(at scn.SCN, t *redo.Transaction) (out []Dependency, err error) {
	for i := range t.Changes {
		c := &t.Changes[i]
		table, ok := g.dictionary.TableByID(c.Table)
		if !ok || c.Table < catalog.FirstUserSpace || !g.counts(c.Table, at) {
			continue
		}
		found, err := g.reasonsOf(t.XID, at, table, c)
		if err != nil {
			return nil, err
		}
		for _, d := range found {
			if d.On == t.XID || slices.ContainsFunc(out, func(o Dependency) bool { return o.On == d.On && o.Kind == d.Kind && o.Table == d.Table }) {
				continue
			}
			if d.Table = qualified(g.dictionary, table.ID); g.sees(table) {
				d.Row = rowText(table, c)
			}
			if out = append(out, d); len(out) == reasonsMax {
				return out, nil
			}
		}
	}
	return out, nil
}

func (g *graph) sees(table *catalog.Table) bool {
	schema, ok := g.dictionary.SchemaByID(table.Schema)
	return ok && (g.request.See == nil || g.request.See(schema.Name, table.Name))
}

// reasonsOf tells why one change depends on others.
func (g *graph) reasonsOf(xid uint64, at scn.SCN, table *catalog.Table, c *redo.Change) (out []Dependency, err error) {
	own := touch{xid, c.Op, changed(table, c)}
	for _, t := range g.rows[rowID{c.Table, string(c.Key)}] {
		if d, ok := overwrites(table, &t, &own); ok {
			out = append(out, d)
		}
	}
	if len(g.freed)+len(g.made)+len(g.let) == 0 {
		return out, nil
	}
	err = g.keys(at, table, c, func(list map[string]uint64, key []byte, kind Kind, via string) {
		if on, ok := list[string(key)]; ok && on != xid {
			out = append(out, Dependency{On: on, Kind: kind, Via: via})
		}
	}, true)
	return out, err
}

// overwrites tells whether a change of a row could not have been made, or not so, without an earlier one.
func overwrites(table *catalog.Table, t, later *touch) (Dependency, bool) {
	d := Dependency{On: t.xid, Kind: SameRow}
	switch {
	case t.op == redo.Delete && later.op == redo.Insert:
		d.Kind, d.Via = SameKey, "PRIMARY"
	case later.op == redo.Delete:
		d.Via = "the row is deleted"
	case t.op == redo.Insert:
		d.Via = "the row"
	default:
		var names []string
		for _, id := range later.columns {
			if slices.Contains(t.columns, id) {
				column, _ := table.ColumnByID(id)
				names = append(names, column.Name)
			}
		}
		if len(names) == 0 {
			return d, false
		}
		d.Via = strings.Join(names, ", ")
	}
	return d, true
}

// overwritten gives a transaction that stays and that has written over what a member did to a row; 0 if there is none.
func (g *graph) overwritten(table *catalog.Table, id rowID) uint64 {
	touches := g.rows[id]
	for i := range touches {
		if !g.isMember[touches[i].xid] {
			continue
		}
		for j := range touches[i+1:] {
			later := &touches[i+1+j]
			if _, ok := overwrites(table, &touches[i], later); ok && !g.isMember[later.xid] {
				return later.xid
			}
		}
	}
	return 0
}

// track notes what a change did on which others may depend.
func (g *graph) track(xid uint64, at scn.SCN, table *catalog.Table, c *redo.Change) error {
	id := rowID{c.Table, string(c.Key)}
	g.rows[id] = append(g.rows[id], touch{xid, c.Op, changed(table, c)})
	return g.keys(at, table, c, func(list map[string]uint64, key []byte, _ Kind, _ string) { list[string(key)] = xid }, false)
}

// keys calls visit with each list and key that a change concerns. A change depends on a unique key that was freed and that it
// uses, a parent that was made and that it refers to, a parent that was let go and that it takes away; later is set for
// these. Else it is about what it frees, makes and lets go itself.
func (g *graph) keys(at scn.SCN, table *catalog.Table, c *redo.Change, visit func(list map[string]uint64, key []byte, kind Kind, via string), later bool) error {
	var before, after redo.Row
	read := false
	rows := func() (err error) {
		if !read {
			read = true
			before, after, err = g.wholeRows(at, table, c)
		}
		return err
	}
	for i := range table.Indexes {
		index := &table.Indexes[i]
		if !index.Enforced() || !touches(index, c) {
			continue
		}
		if err := rows(); err != nil {
			return err
		}
		row := before
		if later {
			row = after
		}
		key, err := g.t.UniqueKey(table, index, row)
		if err != nil {
			return err
		}
		if key != nil {
			visit(g.freed, append(binary.BigEndian.AppendUint32(nil, uint32(index.ID)), key...), SameKey, index.Name)
		}
	}
	for _, r := range g.references {
		if err := g.referenceKeys(r, table, c, rows, &before, &after, visit, later); err != nil {
			return err
		}
	}
	return nil
}

func (g *graph) referenceKeys(r *reference, table *catalog.Table, c *redo.Change, rows func() error, before, after *redo.Row, visit func(map[string]uint64, []byte, Kind, string), later bool) error {
	side := func(columns []string, row *redo.Row, list map[string]uint64) error {
		if !touchesNamed(table, columns, c) {
			return nil
		}
		if err := rows(); err != nil || *row == nil {
			return err
		}
		key, ok, err := g.parentKey(r, table, columns, *row)
		if err == nil && ok {
			visit(list, key, ForeignKey, r.key.Name)
		}
		return err
	}
	if r.child.ID == table.ID {
		row, list := before, g.let
		if later {
			row, list = after, g.made
		}
		if err := side(r.key.Columns, row, list); err != nil {
			return err
		}
	}
	if r.parent.ID == table.ID {
		row, list := after, g.made
		if later {
			row, list = before, g.let
		}
		return side(r.key.ParentColumns, row, list)
	}
	return nil
}

// parentKey identifies the parent that a row is, or refers to; not ok if it refers to none.
func (g *graph) parentKey(r *reference, table *catalog.Table, columns []string, row redo.Row) ([]byte, bool, error) {
	values, ok := valuesOf(table, columns, row)
	if !ok {
		return nil, false, nil
	}
	key, err := g.t.ValuesKey(r.parent, r.key.ParentColumns, values)
	return append(binary.BigEndian.AppendUint32(nil, uint32(r.id)), key...), key != nil, err
}
