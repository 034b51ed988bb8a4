package sql

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/rowexec"
	"github.com/dolthub/vitess/go/vt/sqlparser"
	"github.com/shopspring/decimal"

	"redoubt/sql/parser"
	"redoubt/sql/sqlcode"
	"redoubt/sql/vview"
)

// explain shows the plan of a statement; with ANALYZE it runs it and shows what each step did.
func (c commands) explain(ctx *gsql.Context, s *parser.Explain) (gsql.RowIter, error) {
	e := c.server.engine
	tree, _, err := e.Parser.ParseOneWithOptions(ctx, s.Query, gsql.LoadSqlMode(ctx).ParserOptions())
	if err != nil {
		return nil, err
	}
	bindings, err := bindingsOf(s.Params)
	if err != nil {
		return nil, err
	}
	node, err := e.BoundQueryPlan(ctx, s.Query, tree, bindings)
	if err != nil {
		return nil, err
	}
	watch := &profile{}
	if s.Analyze {
		if !plan.IsReadOnly(node) {
			return nil, sqlcode.Unsupported("EXPLAIN ANALYZE of a statement that changes data")
		}
		if err := watch.run(ctx, node); err != nil {
			return nil, err
		}
	}
	root := c.step(ctx, node, watch)
	if s.Format == "JSON" {
		text, err := json.MarshalIndent(root, "", "  ")
		if err != nil {
			return nil, err
		}
		return gsql.RowsToRowIter(gsql.Row{string(text)}), nil
	}
	var rows []gsql.Row
	root.lines(0, func(line string) { rows = append(rows, gsql.Row{line}) })
	return gsql.RowsToRowIter(rows...), nil
}

// step is one operator of a plan, as it is shown.
type step struct {
	Operation string   `json:"operation"`
	Details   []string `json:"details,omitempty"`
	Rows      *uint64  `json:"rows,omitempty"` // of a table: exact; of others: estimated
	Cost      *float64 `json:"cost,omitempty"`
	Actual    *actual  `json:"actual,omitempty"`
	Children  []*step  `json:"children,omitempty"`

	operator *operator // of a query that runs
}

// actual is what an operator did when it ran.
type actual struct {
	Rows         uint64  `json:"rows"`
	Loops        uint64  `json:"loops"`
	Milliseconds float64 `json:"milliseconds"` // its children's included; negative: nobody looked at the clock
}

func (s *step) lines(depth int, emit func(string)) {
	indent := strings.Repeat("    ", depth)
	line := indent + "-> " + s.Operation
	if s.Cost != nil || s.Rows != nil {
		line += "  ("
		if s.Cost != nil {
			line += fmt.Sprintf("cost=%.1f ", *s.Cost)
		}
		if s.Rows != nil {
			line += fmt.Sprintf("rows=%d", *s.Rows)
		}
		line = strings.TrimRight(line, " ") + ")"
	}
	if s.Actual != nil && s.Actual.Milliseconds < 0 {
		line += fmt.Sprintf("  (actual rows=%d loops=%d)", s.Actual.Rows, s.Actual.Loops)
	} else if s.Actual != nil {
		line += fmt.Sprintf("  (actual rows=%d loops=%d time=%.3f ms)", s.Actual.Rows, s.Actual.Loops, s.Actual.Milliseconds)
	}
	emit(line)
	for _, d := range s.Details {
		emit(indent + "     " + d)
	}
	for _, child := range s.Children {
		child.lines(depth+1, emit)
	}
}

// step describes a node and what is below it.
func (c commands) step(ctx *gsql.Context, n gsql.Node, watch *profile) *step {
	s := &step{Actual: watch.of(n)}
	if watch.monitor != nil {
		s.operator = watch.monitor.of(n)
	}
	children := n.Children()
	switch n := n.(type) {
	case *plan.IndexedTableAccess:
		c.describeIndex(ctx, s, n)
		children = nil
	case *plan.ResolvedTable:
		s.Operation = "Table scan on " + n.Name()
		s.Details = tableDetails(n.UnderlyingTable(), n.Table)
		s.Rows = c.rowCount(ctx, n.UnderlyingTable(), n.SqlDatabase)
		children = nil
	case *plan.Filter:
		s.Operation = "Filter: " + n.Expression.String()
	case *plan.TableAlias:
		below := c.step(ctx, n.Child, watch)
		if n.Name() != "" && !strings.Contains(below.Operation, " as ") {
			below.Operation += " as " + n.Name()
		}
		return below
	case *plan.JoinNode:
		s.Operation = n.Op.String()
		if n.Filter != nil {
			s.Details = append(s.Details, "on: "+n.Filter.String())
		}
		if n.HasStats {
			rows, cost := n.GetEstimatedRowCount(), n.GetEstimatedCost()
			s.Rows, s.Cost = &rows, &cost
		}
	case *plan.SubqueryAlias:
		s.Operation = "Derived table " + n.Name()
		children = []gsql.Node{n.Child}
	default:
		s.Operation, s.Details = firstLine(n)
	}
	for _, child := range children {
		s.Children = append(s.Children, c.step(ctx, child, watch))
	}
	return s
}

func (c commands) describeIndex(ctx *gsql.Context, s *step, n *plan.IndexedTableAccess) {
	index := n.Index()
	s.Operation = fmt.Sprintf("Index lookup on %s using %s (%s)", n.Name(), index.ID(), strings.Join(index.Expressions(), ", "))
	if n.IsStatic() {
		if lookup, err := n.GetLookup(ctx, nil); err == nil && lookup.Ranges != nil {
			s.Operation = fmt.Sprintf("Index range scan on %s using %s", n.Name(), index.ID())
			s.Details = append(s.Details, "ranges: "+strings.Join(strings.Fields(lookup.Ranges.DebugString()), " "))
			if lookup.IsReverse {
				s.Details = append(s.Details, "backwards")
			}
		}
	} else {
		keys := make([]string, 0, len(n.Expressions()))
		for _, e := range n.Expressions() {
			keys = append(keys, e.String())
		}
		s.Details = append(s.Details, "keys: "+strings.Join(keys, ", "))
	}
	s.Details = append(s.Details, tableDetails(n.UnderlyingTable(), n.Table)...)
	s.Rows = c.rowCount(ctx, n.UnderlyingTable(), n.Database())
}

func tableDetails(underlying, shown gsql.Table) (details []string) {
	if v, ok := underlying.(vview.Told); ok && v.Conditions() != "" {
		return []string{"asked of the view: " + v.Conditions()}
	}
	if d, ok := gsql.GetUnderlyingTable(shown).(interface{ Describe() string }); ok {
		details = append(details, d.Describe())
	}
	if p, ok := shown.(gsql.ProjectedTable); ok && p.Projections() != nil {
		details = append(details, "columns: "+strings.Join(p.Projections(), ", "))
	}
	return details
}

// rowCount is the number of rows of the table that an operator reads from.
func (c commands) rowCount(ctx *gsql.Context, table gsql.Table, _ gsql.Database) *uint64 {
	counted, ok := table.(gsql.StatisticsTable)
	if !ok {
		return nil
	}
	rows, _, err := counted.RowCount(ctx)
	if err != nil {
		return nil
	}
	return &rows
}

// firstLine gives what the SQL engine calls a node, and its own details, without its children.
func firstLine(n gsql.Node) (operation string, details []string) {
	text := n.String()
	operation, rest, _ := strings.Cut(text, "\n")
	if len(n.Children()) > 0 {
		for _, line := range strings.Split(rest, "\n") {
			if detail, ok := strings.CutPrefix(line, " ├─ "); ok && !strings.Contains(detail, "(") {
				details = append(details, detail)
			}
		}
	}
	return operation, details
}

// bindingsOf makes literals of the parameters of an explained statement.
func bindingsOf(params []any) (map[string]sqlparser.Expr, error) {
	if len(params) == 0 {
		return nil, nil
	}
	out := map[string]sqlparser.Expr{}
	for i, p := range params {
		var e sqlparser.Expr
		switch v := p.(type) {
		case nil:
			e = &sqlparser.NullVal{}
		case string:
			e = sqlparser.NewStrVal([]byte(v))
		case []byte:
			e = sqlparser.NewStrVal(v)
		case float32, float64, decimal.Decimal:
			e = sqlparser.NewFloatVal([]byte(fmt.Sprint(v)))
		case int8, int16, int32, int64, uint8, uint16, uint32, uint64:
			e = sqlparser.NewIntVal([]byte(fmt.Sprint(v)))
		case time.Time:
			e = sqlparser.NewStrVal([]byte(v.Format("2006-01-02 15:04:05.999999")))
		default:
			return nil, sqlcode.CommandArgument(fmt.Sprintf("EXPLAIN cannot take a parameter of type %T", p))
		}
		out[fmt.Sprintf("v%d", i+1)] = e
	}
	return out, nil
}

// profile measures each operator of one plan while it runs. It belongs to one statement.
type profile struct {
	base  gsql.NodeExecBuilder
	seen  map[gsql.Node]*actual
	inner gsql.Node // the node that the base builder is about to build

	monitor *planMonitor // of a query that runs in its usual way, whose counts are shown instead; may be nil
}

// run executes a plan to its end.
func (p *profile) run(ctx *gsql.Context, n gsql.Node) error {
	p.seen = map[gsql.Node]*actual{}
	p.base = rowexec.NewOverrideBuilder(p)
	iter, err := p.base.Build(ctx, n, nil)
	if err != nil {
		return err
	}
	for {
		if _, err = iter.Next(ctx); err != nil {
			break
		}
	}
	closeErr := iter.Close(ctx)
	if err != io.EOF {
		return err
	}
	return closeErr
}

// Build implements gsql.NodeExecBuilder: it lets the base builder make the operator and watches it.
func (p *profile) Build(ctx *gsql.Context, n gsql.Node, row gsql.Row) (gsql.RowIter, error) {
	if reflect.TypeOf(n).Kind() != reflect.Pointer {
		return nil, nil
	}
	if p.inner == n {
		p.inner = nil
		return nil, nil
	}
	a := p.seen[n]
	if a == nil {
		a = &actual{}
		p.seen[n] = a
	}
	a.Loops++
	p.inner = n
	start := time.Now()
	iter, err := p.base.Build(ctx, n, row)
	a.Milliseconds += milliseconds(start)
	if err != nil {
		return nil, err
	}
	return &profiledIter{iter, a}, nil
}

func (p *profile) of(n gsql.Node) *actual {
	if reflect.TypeOf(n).Kind() != reflect.Pointer {
		return nil
	}
	if p.monitor != nil {
		if o := p.monitor.of(n); o != nil {
			return &actual{Rows: o.rows.Load(), Loops: o.loops.Load(), Milliseconds: -1}
		}
	}
	return p.seen[n]
}

func milliseconds(start time.Time) float64 { return float64(time.Since(start).Microseconds()) / 1000 }

// profiledIter counts what an operator gives, and the time that it takes.
type profiledIter struct {
	gsql.RowIter
	actual *actual
}

var _ gsql.MutableRowIter = (*profiledIter)(nil)

// GetChildIter implements gsql.MutableRowIter, by which the SQL engine looks through.
func (i *profiledIter) GetChildIter() gsql.RowIter { return i.RowIter }

// WithChildIter implements gsql.MutableRowIter.
func (i *profiledIter) WithChildIter(child gsql.RowIter) gsql.RowIter {
	return &profiledIter{child, i.actual}
}

// Next implements gsql.RowIter.
func (i *profiledIter) Next(ctx *gsql.Context) (gsql.Row, error) {
	start := time.Now()
	row, err := i.RowIter.Next(ctx)
	i.actual.Milliseconds += milliseconds(start)
	if err == nil {
		i.actual.Rows++
	}
	return row, err
}
