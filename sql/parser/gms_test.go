package parser

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"

	sqle "github.com/dolthub/go-mysql-server"
	"github.com/dolthub/go-mysql-server/memory"
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// pastDB is a memory database whose past is its present; it remembers the points it was asked for.
type pastDB struct {
	*memory.Database
	mu     sync.Mutex
	points []string
}

var _ sql.VersionedDatabase = (*pastDB)(nil)

func (d *pastDB) GetTableInsensitiveAsOf(ctx *sql.Context, name string, asOf any) (sql.Table, bool, error) {
	a, err := DecodeAsOf(asOf)
	if err != nil {
		return nil, false, err
	}
	d.mu.Lock()
	d.points = append(d.points, strings.ToLower(name)+"@"+a.String())
	d.mu.Unlock()
	t, ok, err := d.Database.GetTableInsensitive(ctx, name)
	if !ok || err != nil || !a.RowSCN {
		return t, ok, err
	}
	return &scnTable{t}, true, nil
}

func (d *pastDB) GetTableNamesAsOf(ctx *sql.Context, asOf any) ([]string, error) {
	a, err := DecodeAsOf(asOf)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	d.points = append(d.points, "*@"+a.String())
	d.mu.Unlock()
	return d.Database.GetTableNames(ctx)
}

// taken returns the points asked for since the last call.
func (d *pastDB) taken() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.points
	d.points = nil
	return p
}

// scnTable has one more column, ora_rowscn, whose value is 7 for every row.
type scnTable struct{ sql.Table }

func (t *scnTable) Schema() sql.Schema {
	s := append(sql.Schema{}, t.Table.Schema()...)
	return append(s, &sql.Column{Name: "ora_rowscn", Type: types.Uint64, Source: t.Name(), DatabaseSource: s[0].DatabaseSource})
}

func (t *scnTable) PartitionRows(ctx *sql.Context, p sql.Partition) (sql.RowIter, error) {
	it, err := t.Table.PartitionRows(ctx, p)
	return &scnIter{it}, err
}

type scnIter struct{ sql.RowIter }

func (i *scnIter) Next(ctx *sql.Context) (sql.Row, error) {
	r, err := i.RowIter.Next(ctx)
	if err != nil {
		return nil, err
	}
	return append(append(sql.Row{}, r...), uint64(7)), nil
}

// plain gives sessions the databases as they are: the memory storage knows its own types only.
type plain struct{ *memory.DbProvider }

func (p plain) Database(ctx *sql.Context, name string) (sql.Database, error) {
	db, err := p.DbProvider.Database(ctx, name)
	if past, ok := db.(*pastDB); ok {
		return past.Database, nil
	}
	return db, err
}

// recorder is an Executor that remembers the statements and returns what it is told to.
type recorder struct {
	mu  sync.Mutex
	ran []Statement
}

func (r *recorder) RunCommand(_ *sql.Context, s Statement) (sql.RowIter, error) {
	r.mu.Lock()
	r.ran = append(r.ran, s)
	r.mu.Unlock()
	if types.IsOkResultSchema(s.Schema()) {
		return sql.RowsToRowIter(sql.NewRow(types.NewOkResult(0))), nil
	}
	return sql.RowsToRowIter(), nil
}

func (r *recorder) last() Statement {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ran) == 0 {
		return nil
	}
	return r.ran[len(r.ran)-1]
}

type fixture struct {
	t      testing.TB
	engine *sqle.Engine
	pro    *memory.DbProvider
	db     *pastDB
	exec   *recorder
	parser *Parser
	id     uint32
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{t: t, exec: &recorder{}}
	f.db = &pastDB{Database: memory.NewDatabase("d")}
	f.db.BaseDatabase.EnablePrimaryKeyIndexes()
	shop := memory.NewDatabase("shop") // that dumps create if it is not there; foreign keys need the indexes
	shop.BaseDatabase.EnablePrimaryKeyIndexes()
	f.pro = memory.NewDBProvider(f.db, shop)
	f.engine = sqle.NewDefault(f.pro)
	f.parser = New(Options{Executor: f.exec, Catalog: f.engine.Analyzer.Catalog})
	if err := f.parser.Install(sql.NewEmptyContext(), f.engine); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.engine.Close(); sql.GlobalParser = sql.NewMysqlParser() })
	return f
}

func (f *fixture) context() *sql.Context {
	f.id++
	base := sql.NewBaseSessionWithClientServer("", sql.Client{User: "root", Address: "localhost"}, f.id)
	s := memory.NewSession(base, plain{f.pro})
	ctx := sql.NewContext(context.Background(), sql.WithSession(s))
	ctx.SetCurrentDatabase("d")
	return ctx
}

// run executes one statement and returns its rows.
func (f *fixture) run(ctx *sql.Context, query string) (sql.Schema, []sql.Row, error) {
	schema, it, _, err := f.engine.Query(ctx, query)
	if err != nil {
		return nil, nil, err
	}
	var rows []sql.Row
	for {
		r, err := it.Next(ctx)
		if err == io.EOF {
			return schema, rows, it.Close(ctx)
		}
		if err != nil {
			_ = it.Close(ctx)
			return nil, nil, err
		}
		rows = append(rows, r)
	}
}

func (f *fixture) must(ctx *sql.Context, query string) []sql.Row {
	f.t.Helper()
	_, rows, err := f.run(ctx, query)
	if err != nil {
		f.t.Fatalf("%s: %v", query, err)
	}
	return rows
}
