package vview

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/engine"
	"redoubt/flashback/redolog"
	"redoubt/scn"
	"redoubt/sql/logmine"
	"redoubt/sql/redosql"
	"redoubt/wal/redo"
)

// MiningOptions are what views of the log need. All are needed.
type MiningOptions struct {
	Engine *engine.Engine
	Log    redolog.Log
	// May tells whether the user may see rows of a table, by names; two empty names stand for everything.
	May func(ctx *gsql.Context, schema, table string) bool
	// Clock gives what the session's clock shows at an instant, Instants the first and the last instant at which it does:
	// the same, but for an hour in a year.
	Clock    func(ctx *gsql.Context, micros int64) (time.Time, error)
	Instants func(ctx *gsql.Context, shown time.Time) (first, last int64, err error)
}

// What a view of the log can show of a change, in the order in which it is known: from minedKey on the row is looked at.
const (
	minedXID = iota
	minedSCN
	minedStartSCN
	minedStartTime
	minedCommitTime
	minedUser
	minedHost
	minedProgram
	minedSession
	minedDigest
	minedOperation
	minedSchema
	minedTable
	minedUndoChange
	minedKey
	minedOld
	minedNew
	minedUndo
	minedRedo
	minedColumns
)

// mined is all that is known of a change.
type mined [minedColumns]any

// field is a column of a view of the log.
type field struct {
	what int
	Column
}

// newMining makes a view of the log.
func newMining(name, comment string, o MiningOptions, fields []field) *Asking {
	columns := make([]Column, len(fields))
	for i := range fields {
		columns[i] = fields[i].Column
	}
	return NewAsking(name, comment, columns, func(ctx *gsql.Context, asked *Asked) (gsql.RowIter, error) {
		q := &mining{MiningOptions: o, name: name, fields: fields, asked: asked, may: map[string]bool{}}
		filters, err := q.filters(ctx)
		if err != nil {
			return nil, err
		}
		next, stop := iter.Pull2(q.lines(ctx, filters))
		return &lineIter{query: q, next: next, stop: stop}, nil
	})
}

// mining is one reading of a view of the log.
type mining struct {
	MiningOptions
	name   string
	fields []field
	asked  *Asked
	may    map[string]bool // what the user may see, by schema and table
}

// filters gives the parts of the log that can hold what is asked.
func (q *mining) filters(ctx *gsql.Context) ([]redolog.Filter, error) {
	r := scn.Range{To: q.Engine.Applied()}
	asked := false
	for i := range q.fields {
		if q.fields[i].what != minedSCN {
			continue
		}
		low, high := q.asked.NumberBounds(ctx, i)
		if low > 0 {
			r.After, asked = max(r.After, scn.SCN(low-1)), true // if that is no longer kept, the scan says so
		}
		r.To = min(r.To, scn.SCN(high))
	}
	if !asked {
		r.After = q.Log.Kept()
	}
	r, err := q.narrow(ctx, r)
	if err != nil {
		return nil, err
	}
	xids, ok := q.asked.Numbers(ctx, q.column(minedXID))
	if !ok {
		return q.byTables(ctx, r)
	}
	return logmine.ByXIDs(ctx, q.Engine, r, xids)
}

// narrow makes a range fit the times that are asked for.
func (q *mining) narrow(ctx *gsql.Context, r scn.Range) (scn.Range, error) {
	var bounds [2]*int64
	low, high := q.asked.TimeBounds(ctx, q.column(minedCommitTime))
	for i, shown := range []*time.Time{low, high} {
		if shown == nil {
			continue
		}
		first, last, err := q.Instants(ctx, *shown)
		if err != nil {
			return r, err
		}
		bounds[i] = []*int64{&first, &last}[i]
	}
	return logmine.ByTimes(q.Engine, r, bounds[0], bounds[1])
}

// byTables finds the tables that are asked for by name.
func (q *mining) byTables(ctx *gsql.Context, r scn.Range) ([]redolog.Filter, error) {
	if !q.asked.Mentions(q.column(minedSchema), q.column(minedTable)) {
		return logmine.ByTables(q.Engine, r, nil)
	}
	definitions, err := q.acceptsTable(ctx, nil, nil)
	if err != nil {
		return nil, err
	}
	if definitions {
		return logmine.ByTables(q.Engine, r, nil)
	}
	return logmine.ByTables(q.Engine, r, func(schema, table string) (bool, error) { return q.acceptsTable(ctx, schema, table) })
}

// acceptsTable tells whether changes of a table can be wanted; of none: changes of definitions.
func (q *mining) acceptsTable(ctx *gsql.Context, schema, table any) (bool, error) {
	row := mined{minedSchema: schema, minedTable: table}
	return q.asked.Accepts(ctx, q.project(&row), func(column int) bool {
		what := q.fields[column].what
		return what == minedSchema || what == minedTable
	})
}

// lines gives what the filters let through, the user may see and the conditions do not refuse.
func (q *mining) lines(ctx *gsql.Context, filters []redolog.Filter) iter.Seq2[*redosql.Line, error] {
	return func(yield func(*redosql.Line, error) bool) {
		var c context.Context = ctx
		for _, f := range filters {
			for line, err := range redosql.Scan(c, q.Log, q.Engine, f, func(l *redosql.Line) (bool, error) { return q.wanted(ctx, l) }) {
				if !yield(line, err) || err != nil {
					return
				}
			}
		}
	}
}

func (q *mining) wanted(ctx *gsql.Context, l *redosql.Line) (bool, error) {
	if !q.visible(ctx, l) {
		return false, nil
	}
	row, err := q.head(ctx, l)
	if err != nil {
		return false, err
	}
	return q.asked.Accepts(ctx, q.project(row), func(column int) bool { return q.fields[column].what < minedKey })
}

// visible tells whether the user may see a line: changes of tables that they may read under the name of then and, if it has
// another now, under that, too; changes of definitions if they may read everything.
func (q *mining) visible(ctx *gsql.Context, l *redosql.Line) bool {
	if l.Defines {
		return q.allowed(ctx, "", "")
	}
	def := l.Table.Shape.Table
	if !q.allowed(ctx, l.Table.Schema, def.Name) {
		return false
	}
	dictionary := q.Engine.Catalog()
	now, ok := dictionary.TableByID(def.ID)
	if !ok {
		return true
	}
	schema, ok := dictionary.SchemaByID(now.Schema)
	return !ok || q.allowed(ctx, schema.Name, now.Name)
}

func (q *mining) allowed(ctx *gsql.Context, schema, table string) bool {
	key := schema + "\x00" + table
	may, known := q.may[key]
	if !known {
		may = q.May(ctx, schema, table)
		q.may[key] = may
	}
	return may
}

// head fills the columns that need no look at the row.
func (q *mining) head(ctx *gsql.Context, l *redosql.Line) (*mined, error) {
	t := l.Transaction
	started, err := q.Clock(ctx, engine.XIDTime(t.XID))
	if err != nil {
		return nil, err
	}
	committed, err := q.Clock(ctx, l.Record.TimeMicros)
	if err != nil {
		return nil, err
	}
	row := &mined{}
	row[minedXID], row[minedSCN], row[minedStartSCN] = t.XID, uint64(l.Record.SCN), uint64(t.ReadSCN)
	row[minedStartTime], row[minedCommitTime] = started, committed
	row[minedSession] = sessionInfo(t)
	row[minedUser], row[minedHost], row[minedProgram] = textOrNull(t.User), textOrNull(t.Host), textOrNull(t.Program)
	if l.Statement != nil {
		row[minedDigest] = fmt.Sprintf("%016x", l.Statement.Digest)
	}
	row[minedOperation] = l.Operation()
	if !l.Defines {
		row[minedSchema], row[minedTable] = l.Table.Schema, l.Table.Shape.Table.Name
	}
	if l.Number > 0 {
		row[minedUndoChange] = uint64(l.Number)
	}
	return row, nil
}

func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// row makes the whole row of a line.
func (q *mining) row(ctx *gsql.Context, l *redosql.Line) (gsql.Row, error) {
	row, err := q.head(ctx, l)
	if err != nil {
		return nil, err
	}
	if !l.Defines {
		if err := images(row, l); err != nil {
			return nil, err
		}
	}
	if text, ok, err := l.Undo(); err != nil {
		return nil, err
	} else if ok {
		row[minedUndo] = text
	}
	if text, ok, err := l.Redo(); err != nil {
		return nil, err
	} else if ok {
		row[minedRedo] = text
	}
	return q.project(row), nil
}

// images fills the key of a row and its values before and after.
func images(row *mined, l *redosql.Line) error {
	key, err := l.Table.Key(&l.Change, l.Key)
	if err != nil {
		return err
	}
	row[minedKey] = types.NewLazyJSONDocument(key)
	for column, values := range map[int]redo.Row{minedOld: l.Change.Before, minedNew: l.Change.After} {
		if values == nil {
			continue
		}
		text, err := l.Table.Values(values)
		if err != nil {
			return err
		}
		row[column] = types.NewLazyJSONDocument(text)
	}
	return nil
}

// lineIter gives the rows of a reading.
type lineIter struct {
	query *mining
	next  func() (*redosql.Line, error, bool)
	stop  func()
}

// Next implements gsql.RowIter.
func (i *lineIter) Next(ctx *gsql.Context) (gsql.Row, error) {
	line, err, ok := i.next()
	if !ok {
		return nil, io.EOF
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", i.query.name, err)
	}
	return i.query.row(ctx, line)
}

// Close implements gsql.RowIter.
func (i *lineIter) Close(*gsql.Context) error {
	i.stop()
	return nil
}

// column is the first column of the view that shows something.
func (q *mining) column(what int) int {
	return slices.IndexFunc(q.fields, func(f field) bool { return f.what == what })
}

// project gives the row of the view.
func (q *mining) project(m *mined) gsql.Row {
	row := make(gsql.Row, len(q.fields))
	for i := range q.fields {
		row[i] = m[q.fields[i].what]
	}
	return row
}

// sessionInfo says where a transaction came from.
func sessionInfo(t *redo.Transaction) any {
	var parts []string
	for _, p := range []struct{ name, value string }{{"host", t.Host}, {"program", t.Program}} {
		if p.value != "" {
			parts = append(parts, p.name+"="+p.value)
		}
	}
	return textOrNull(strings.Join(parts, " "))
}
