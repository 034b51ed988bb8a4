package enginetest

import (
	"fmt"
	"time"

	suite "github.com/dolthub/go-mysql-server/enginetest"
	gsql "github.com/dolthub/go-mysql-server/sql"
)

var _ suite.VersionedDBHarness = (*harness)(nil)

// NewDatabases implements suite.VersionedDBHarness: the next engine works on what is made here.
func (h *harness) NewDatabases(names ...string) (all []gsql.Database) {
	h.kept = openDatabase(h.t)
	h.kept.clock.Store(firstDay.Unix())
	h.current, h.session, h.clients = h.kept, nil, 0
	for _, name := range names {
		h.must("CREATE DATABASE " + name)
		db, err := h.current.engine.Analyzer.Catalog.Database(h.NewContext(), name)
		if err != nil {
			h.t.Fatal(err)
		}
		all = append(all, db)
	}
	return all
}

// NewTableAsOf implements suite.VersionedDBHarness. It is called inside of a transaction, which ends and begins again.
func (h *harness) NewTableAsOf(db gsql.VersionedDatabase, name string, schema gsql.PrimaryKeySchema, _ any) gsql.Table {
	columns := ""
	for _, c := range schema.Schema {
		more := ""
		if c.PrimaryKey {
			more = " PRIMARY KEY"
		}
		if !c.Nullable {
			more += " NOT NULL"
		}
		columns += fmt.Sprintf("%s %s%s,", c.Name, c.Type, more)
	}
	h.must(fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s.%s (%s)", db.Name(), name, columns[:len(columns)-1]))
	ctx := h.NewContext()
	t, err := h.session.StartTransaction(ctx, gsql.ReadWrite)
	if err != nil {
		h.t.Fatal(err)
	}
	ctx.SetTransaction(t)
	table, ok, err := db.GetTableInsensitive(ctx, name)
	if err != nil || !ok {
		h.t.Fatalf("table %s: %v", name, err)
	}
	return table
}

// SnapshotTable implements suite.VersionedDBHarness. Labels are days, and what was committed before a day's beginning is
// what the day's label shows: what comes next is committed at its noon.
func (h *harness) SnapshotTable(_ gsql.VersionedDatabase, _ string, label any) error {
	day, err := time.Parse(time.DateOnly, fmt.Sprint(label))
	if err == nil {
		h.current.clock.Store(day.Add(12 * time.Hour).Unix())
	}
	return err
}

// firstDay is before the first label.
var firstDay = time.Date(2018, 12, 31, 12, 0, 0, 0, time.UTC)

// must runs a statement in the session of the cases.
func (h *harness) must(statement string) {
	ctx := h.NewContext()
	_, _, _, err := h.current.Query(ctx, statement)
	if err != nil {
		h.t.Fatalf("%s: %v", statement, err)
	}
}
