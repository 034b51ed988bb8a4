package storage

import (
	"slices"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/sql/parser"
	"redoubt/sql/sqlcode"
)

// GetTableInsensitiveAsOf implements gsql.VersionedDatabase: a table as it was, with the columns that it had.
func (d *Database) GetTableInsensitiveAsOf(ctx *gsql.Context, name string, asOf any) (gsql.Table, bool, error) {
	point, err := parser.DecodeAsOf(asOf)
	if err != nil {
		return nil, false, err
	}
	if point.Kind == parser.Present || point.Kind == parser.Unbound {
		found, ok, err := d.GetTableInsensitive(ctx, name)
		if err == nil && !ok && point.Kind == parser.Unbound {
			found, ok, err = d.lastTable(name)
		}
		if t, stored := found.(*Table); stored {
			found = t.asked(point)
		}
		return found, ok, err
	}
	if point.Kind == parser.Between {
		t, err := d.versionsTable(ctx, name, point)
		return t, err == nil, err
	}
	if t, ok := d.store.systemTable(name); ok {
		return t, true, nil
	}
	view, err := d.pastView(ctx, point)
	if err != nil {
		return nil, false, err
	}
	t, err := d.pastTable(ctx, name, view, point)
	if err != nil {
		return nil, false, err
	}
	if point.RowSCN {
		t = t.withRowSCN()
	}
	return t, true, nil
}

// asked gives the table in the form that a statement asks for.
func (t *Table) asked(point parser.AsOf) *Table {
	if point.RowSCN {
		t = t.withRowSCN()
	}
	if point.Lock != (parser.RowLock{}) {
		t = t.withLock(point.Lock)
	}
	return t
}

// lastTableSteps bounds how many changes of the dictionary lastTable goes back.
const lastTableSteps = 1000

// lastTable gives a dropped table as it last was: a statement about its past is being prepared.
func (d *Database) lastTable(name string) (gsql.Table, bool, error) {
	snapshot := d.store.engine.Catalog()
	for range lastTableSteps {
		if def, ok := snapshot.Table(d.name, name); ok {
			t, err := d.table(def)
			return t, err == nil, err
		}
		if snapshot.SCN() == 0 {
			break
		}
		var err error
		if snapshot, err = d.store.engine.CatalogAt(snapshot.SCN() - 1); err != nil {
			return nil, false, err
		}
	}
	return nil, false, nil
}

func (d *Database) pastTable(ctx *gsql.Context, name string, view *txn.Txn, point parser.AsOf) (*Table, error) {
	past, existed := view.Catalog().Table(d.name, name)
	def := past
	if point.SchemaNow {
		snapshot, err := d.store.catalogOf(ctx)
		if err != nil {
			return nil, err
		}
		now, ok := snapshot.Table(d.name, name)
		if !ok {
			return nil, gsql.ErrTableNotFound.New(name)
		}
		if past, existed = view.Catalog().TableByID(now.ID); existed {
			def = now.Clone()
			def.Indexes = usable(past.Indexes, def) // only these have entries of that time
		}
	}
	if !existed {
		return nil, sqlcode.AsOfNoTable(d.name+"."+name, point.String())
	}
	t, err := d.table(def)
	if err != nil {
		return nil, err
	}
	t.view = view
	return t, nil
}

// usable gives the indexes all of whose columns a definition still has.
func usable(indexes []catalog.Index, def *catalog.Table) []catalog.Index {
	var out []catalog.Index
	for _, x := range indexes {
		if !slices.ContainsFunc(x.Columns, func(p catalog.IndexColumn) bool { _, ok := def.ColumnByID(p.Column); return !ok }) {
			out = append(out, x)
		}
	}
	return out
}

// GetTableNamesAsOf implements gsql.VersionedDatabase.
func (d *Database) GetTableNamesAsOf(ctx *gsql.Context, asOf any) ([]string, error) {
	point, err := parser.DecodeAsOf(asOf)
	if err != nil {
		return nil, err
	}
	if point.Kind == parser.Present || point.Kind == parser.Unbound {
		return d.GetTableNames(ctx)
	}
	if point.Kind == parser.Between {
		return nil, sqlcode.New(sqlcode.IDVersionsOf, "the list of tables")
	}
	view, err := d.pastView(ctx, point)
	if err != nil {
		return nil, err
	}
	return tableNames(view.Catalog(), d.name), nil
}

func (d *Database) pastView(ctx *gsql.Context, point parser.AsOf) (*txn.Txn, error) {
	session, err := sessionOf(ctx)
	if err != nil {
		return nil, err
	}
	at, err := session.Resolve(ctx, point)
	if err != nil {
		return nil, err
	}
	return session.pastTxn(at)
}

// Resolve gives the SCN that a point in time names.
func (s *Session) Resolve(ctx *gsql.Context, point parser.AsOf) (scn.SCN, error) {
	e := s.store.engine
	switch point.Kind {
	case parser.AtSCN:
		if newest := e.Applied(); scn.SCN(point.SCN) > newest {
			return 0, sqlcode.AsOfFuture("SCN "+scn.SCN(point.SCN).String(), newest.String())
		}
		return scn.SCN(point.SCN), nil
	case parser.AtTime:
		return e.TimeToSCN(point.Time.UnixMicro())
	case parser.AtName:
		return s.restorePoint(ctx, point.Name)
	}
	t, err := s.txn(ctx)
	if err != nil {
		return 0, err
	}
	return t.Snapshot(), nil
}

func (s *Session) restorePoint(ctx *gsql.Context, name string) (scn.SCN, error) {
	t, err := s.txn(ctx)
	if err != nil {
		return 0, err
	}
	points, err := t.RestorePoints()
	if err != nil {
		return 0, engineError(err)
	}
	for _, p := range points {
		if strings.EqualFold(p.Name, name) {
			return p.SCN, nil
		}
	}
	return 0, sqlcode.NoRestorePoint(name)
}
