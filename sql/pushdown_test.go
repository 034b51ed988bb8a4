package sql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/shopspring/decimal"

	"redoubt/sql/sqlstat"
	"redoubt/sql/vview"
)

// TestViewsGiveWhatIsAsked: of each view, whatever columns and conditions it is told, the rows are those that the SQL engine finds in
// all its rows.
func TestViewsGiveWhatIsAsked(t *testing.T) {
	r := startWith(t, func(o *Options) { o.StatementDigests = 5000 })
	r.exec("CREATE TABLE t (a INT PRIMARY KEY, b TEXT)", "INSERT INTO t VALUES (1, 'x'), (2, NULL)", "UPDATE t SET b = 'y'")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 11))
	fillStatistics(random, r.server.statistics)
	ctx := r.server.internalContext(context.Background())
	able := 0
	for _, view := range r.server.Views() {
		told, isTold := view.(vview.Told)
		_, isRanked := view.(vview.Ranked)
		projected, isProjected := view.(gsql.ProjectedTable)
		if !isTold && !isRanked && !isProjected {
			if _, ok := gsql.Table(view).(gsql.FilteredTable); ok {
				t.Errorf("%s filters in a way that this test does not know", view.Name())
			}
			continue
		}
		able++
		whole := allRowsOf(t, ctx, view)
		for round := range 300 {
			// Views of the log find numbers in texts exactly, where the SQL engine rounds them.
			p := &conditions{random: random, schema: view.Schema(), rows: whole, exact: !isRanked}
			var shown gsql.Table = view
			rows := whole
			if isProjected && random.IntN(4) > 0 {
				var names []string
				names, rows = p.project(whole)
				shown = projected.WithProjections(names)
			}
			condition := p.condition(ctx, 2)
			want, err := fulfilling(ctx, condition, rows)
			if err != nil {
				continue // what only the SQL engine can refuse
			}
			var got []gsql.Row
			switch {
			case isRanked:
				got = allRowsOf(t, ctx, shown.(vview.Ranked).Filtered(condition))
			case isTold && len(rows) == len(whole):
				if got, err = fulfilling(ctx, condition, allRowsOf(t, ctx, told.Told(condition, conditionTable))); err != nil {
					t.Fatal(err)
				}
			}
			if !sameRows(got, want) {
				t.Fatalf("seed %d, %s, round %d: %s: %d rows, want %d\n got %v\nwant %v", seed, view.Name(), round, condition, len(got), len(want), got[:min(len(got), 5)], want[:min(len(want), 5)])
			}
		}
	}
	if able < 5 {
		t.Errorf("only %d views can be told anything", able)
	}
}

// conditionTable is the id of the table in conditions.
const conditionTable = 1

// fillStatistics makes statements of all sorts: texts that are no UTF-8, of no kind, with many plans.
func fillStatistics(random *rand.Rand, s *sqlstat.Store) {
	texts := []string{"", "select", "SELECT a_b FROM t%", "sélect ü", "s\xc3lect", "cut \xc3", "\ufffd gone", `back\slash`, "<nil>", "select select 12", "a\x00b"}
	for i := range uint64(300) {
		x := sqlstat.Execution{Ended: int64(random.IntN(3)) * 1_700_000_000_000_000, Took: time.Duration(random.IntN(5000)) * time.Microsecond, Failed: random.IntN(3) == 0, RowsRead: random.Uint64N(50)}
		if random.IntN(3) == 0 {
			x.RowsSent, x.RowsChanged = 1<<53+random.Uint64N(4), 1<<54
		}
		for range 1 + random.IntN(3) {
			s.Ended(i*0x9e3779b97f4a7c15, x, sqlstat.Ran{Plan: random.Uint64N(3), Text: func() string { return texts[random.IntN(len(texts))] }, At: func() uint64 { return i }}, func() sqlstat.About {
				return sqlstat.About{Text: texts[random.IntN(len(texts))], Kind: texts[random.IntN(3)], Schema: texts[random.IntN(4)]}
			})
		}
	}
}

func allRowsOf(t *testing.T, ctx *gsql.Context, table gsql.Table) (out []gsql.Row) {
	t.Helper()
	partitions, err := table.Partitions(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for {
		p, err := partitions.Next(ctx)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		rows, err := table.PartitionRows(ctx, p)
		if err != nil {
			t.Fatalf("%s: %v", table.Name(), err)
		}
		all, err := gsql.RowIterToRows(ctx, rows)
		for _, row := range all {
			for i := range row {
				if err == nil {
					row[i], err = gsql.UnwrapAny(ctx, row[i])
				}
			}
		}
		if err != nil {
			t.Fatalf("%s: %v", table.Name(), err)
		}
		out = append(out, all...)
	}
}

func fulfilling(ctx *gsql.Context, condition gsql.Expression, rows []gsql.Row) (out []gsql.Row, err error) {
	for _, row := range rows {
		holds, err := gsql.EvaluateCondition(ctx, condition, row)
		if err != nil {
			return nil, err
		}
		if gsql.IsTrue(holds) {
			out = append(out, row)
		}
	}
	return out, nil
}

func sameRows(a, b []gsql.Row) bool {
	return slices.EqualFunc(a, b, func(a, b gsql.Row) bool { return slices.EqualFunc(a, b, sameValues) })
}

func sameValues(a, b any) bool {
	return fmt.Sprintf("%T", a) == fmt.Sprintf("%T", b) && fmt.Sprint(a) == fmt.Sprint(b)
}

// conditions makes conditions at random, over columns of some rows.
type conditions struct {
	random *rand.Rand
	schema gsql.Schema
	rows   []gsql.Row
	exact  bool // great numbers are compared with unsigned ones only
}

// project takes some columns, in any order.
func (p *conditions) project(whole []gsql.Row) (names []string, rows []gsql.Row) {
	take := p.random.Perm(len(p.schema))[:1+p.random.IntN(len(p.schema))]
	schema := make(gsql.Schema, len(take))
	for i, c := range take {
		schema[i], names = p.schema[c], append(names, p.schema[c].Name)
	}
	rows = make([]gsql.Row, len(whole))
	for i, row := range whole {
		rows[i] = make(gsql.Row, len(take))
		for k, c := range take {
			rows[i][k] = row[c]
		}
	}
	p.schema, p.rows = schema, rows
	return names, rows
}

func (p *conditions) condition(ctx *gsql.Context, depth int) gsql.Expression {
	if depth > 0 && p.random.IntN(2) == 0 {
		a, b := p.condition(ctx, depth-1), p.condition(ctx, depth-1)
		switch p.random.IntN(4) {
		case 0:
			return expression.NewOr(a, b)
		case 1:
			return expression.NewNot(a)
		}
		return expression.NewAnd(a, b)
	}
	c := p.random.IntN(len(p.schema))
	column := expression.NewGetFieldWithTable(c, conditionTable, p.schema[c].Type, "", p.schema[c].Source, p.schema[c].Name, true)
	switch p.random.IntN(8) {
	case 0:
		return expression.NewIsNull(column)
	case 1:
		return expression.NewBetween(column, p.literal(c), p.literal(c))
	case 2:
		return expression.NewInTuple(column, expression.NewTuple(p.literal(c), p.literal(c), p.literal(c)))
	case 3, 4:
		if types.IsText(p.schema[c].Type) {
			switch p.random.IntN(3) {
			case 0:
				return expression.NewLike(column, p.pattern(c, `e`), expression.NewLiteral(`e`, types.LongText))
			case 1:
				return expression.NewLike(column, p.pattern(c, `\`), nil)
			}
			return expression.NewLike(column, p.pattern(c, `\`), expression.NewLiteral(`\`, types.LongText))
		}
	}
	makes := []func(a, b gsql.Expression) gsql.Expression{
		func(a, b gsql.Expression) gsql.Expression { return expression.NewEquals(a, b) },
		func(a, b gsql.Expression) gsql.Expression { return expression.NewLessThan(a, b) },
		func(a, b gsql.Expression) gsql.Expression { return expression.NewLessThanOrEqual(a, b) },
		func(a, b gsql.Expression) gsql.Expression { return expression.NewGreaterThan(a, b) },
		func(a, b gsql.Expression) gsql.Expression { return expression.NewGreaterThanOrEqual(a, b) },
		func(a, b gsql.Expression) gsql.Expression { return expression.NewNullSafeEquals(a, b) },
	}
	compare, other := makes[p.random.IntN(len(makes))], p.literal(c)
	if p.random.IntN(4) == 0 {
		return compare(other, column)
	}
	return compare(column, other)
}

// some gives a value that a column has.
func (p *conditions) some(column int) any {
	if len(p.rows) == 0 {
		return nil
	}
	return p.rows[p.random.IntN(len(p.rows))][column]
}

// literal gives one that may be compared with a column: a value of it, often of another type.
func (p *conditions) literal(column int) gsql.Expression {
	switch v := p.some(column).(type) {
	case uint64:
		v += p.random.Uint64N(2)
		if p.exact && v >= 1<<53 {
			return expression.NewLiteral(v, types.Uint64)
		}
		switch p.random.IntN(7) {
		case 0:
			return expression.NewLiteral(int64(v), types.Int64)
		case 1:
			return expression.NewLiteral(int8(v%200), types.Int8)
		case 2:
			return expression.NewLiteral(fmt.Sprint(v), types.LongText)
		case 3:
			return expression.NewLiteral(float64(v)+0.5, types.Float64)
		case 4:
			return expression.NewLiteral(decimal.NewFromInt(int64(v)).Add(decimal.New(5, -1)), types.MustCreateDecimalType(21, 1))
		}
		return expression.NewLiteral(v, types.Uint64)
	case string:
		switch p.random.IntN(6) {
		case 0:
			return expression.NewLiteral(v, types.MustCreateString(types.LongText.Type(), types.LongText.Length(), gsql.Collation_utf8mb4_0900_ai_ci))
		case 1:
			return expression.NewLiteral(v, types.CreateText(gsql.Collation_utf8mb4_0900_ai_ci))
		case 2:
			return expression.NewLiteral([]byte(v), types.LongBlob)
		case 3:
			return expression.NewLiteral(int8(0), types.Int8)
		}
		return expression.NewLiteral(v, types.LongText)
	case time.Time:
		if p.random.IntN(3) == 0 {
			return expression.NewLiteral(v.Format("2006-01-02 15:04:05"), types.LongText)
		}
		return expression.NewLiteral(v, types.DatetimeMaxPrecision)
	case nil:
		if p.random.IntN(2) == 0 {
			return expression.NewLiteral(nil, types.Null)
		}
	}
	return expression.NewLiteral(int8(p.random.IntN(2)), types.Int8)
}

// pattern gives one that is like some values of a column.
func (p *conditions) pattern(column int, escape string) gsql.Expression {
	v, _ := p.some(column).(string)
	var out []rune
	for _, c := range v {
		switch p.random.IntN(8) {
		case 0:
			out = append(out, '%')
		case 1:
			out = append(out, '_')
		case 2:
			out = append(out, '\\', c)
		case 3:
		default:
			out = append(out, c)
		}
	}
	text := string(out)
	switch p.random.IntN(3) {
	case 0:
		text = "%" + text + "%"
	case 1:
		text += "%"
	}
	if strings.HasSuffix(text, escape) {
		text += "%" // nothing to escape is an error
	}
	return expression.NewLiteral(text, types.LongText)
}
