package sql

import (
	"sync/atomic"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"

	"redoubt/sql/storage"
	"redoubt/sql/vview"
	"redoubt/telemetry"
)

// planMonitor counts what the operators of one query give while it runs. It reads no clock: the time of an operator is that of the
// samples that saw the session at its line. One goroutine runs the query; others read the counts, and what was described.
type planMonitor struct {
	server *Server
	slot   *telemetry.Slot
	root   gsql.Node
	inner  gsql.Node // that the engine is about to build
	line   int       // of the operator that runs
	given  int       // rows that all operators have given
	shown  atomic.Pointer[[]planLine]

	operators map[gsql.Node]*operator // of the plan; the map never changes
}

// operator is one of a plan.
type operator struct {
	line        int // in the order of the plan, from above
	rows, loops atomic.Uint64
}

// planLine is an operator as it is shown.
type planLine struct {
	depth     int
	operation string
	estimate  *uint64
	operator  *operator // nil: it is not counted
}

// describeAfter is how many rows the operators of a query have given when it is described for others: what ends before is of no
// interest while it runs.
const describeAfter = 4096

// watches tells whether an operator is counted: those that are not are parts of others, or the engine wants to know their iterators.
func watches(n gsql.Node) bool {
	switch n.(type) {
	case *plan.ResolvedTable, *plan.IndexedTableAccess, *plan.TableAlias, *plan.JoinNode, *plan.Filter, *plan.GroupBy, *plan.Sort, *plan.TopN,
		*plan.SubqueryAlias, *plan.Distinct, *plan.Window:
		return true
	}
	return false
}

// monitored gives the monitor of the running query; nil if it has none.
func monitored(ctx *gsql.Context) *planMonitor {
	s, ok := ctx.Session.(*storage.Session)
	if !ok {
		return nil
	}
	m, _ := s.Attached().(*planMonitor)
	return m
}

// monitor begins to count what a query does. What changes rows is not monitored: the engine looks at the iterators of such plans.
func (k planKeeper) monitor(s *storage.Session, n gsql.Node) {
	if s.Slot() == nil || s.Attached() != nil || !plan.IsReadOnly(n) {
		return
	}
	m := &planMonitor{server: k.server, slot: s.Slot(), root: n, operators: map[gsql.Node]*operator{}}
	transform.Inspect(n, func(n gsql.Node) bool {
		if watches(n) {
			m.operators[n] = &operator{line: len(m.operators) + 1}
		}
		return true
	})
	if len(m.operators) > 0 {
		s.Attach(m)
	}
}

// build lets the engine make an operator's iterator, and watches it. It gives nil for what is to be made now.
func (m *planMonitor) build(ctx *gsql.Context, engine gsql.NodeExecBuilder, n gsql.Node, row gsql.Row) (gsql.RowIter, error) {
	if !watches(n) {
		return nil, nil
	}
	if m.inner == n {
		m.inner = nil
		return nil, nil
	}
	o := m.operators[n]
	if o == nil {
		return nil, nil // it stands in for one of the plan
	}
	o.loops.Add(1)
	m.inner = n
	iter, err := engine.Build(ctx, n, row)
	if err != nil || iter == nil {
		return iter, err
	}
	return &monitoredIter{RowIter: iter, monitor: m, operator: o}, nil
}

// of gives what was counted of a node; nil if it is not counted.
func (m *planMonitor) of(n gsql.Node) *operator {
	if !watches(n) {
		return nil
	}
	return m.operators[n]
}

// describe shows the plan to others. It is for the goroutine that runs the query.
func (m *planMonitor) describe(ctx *gsql.Context) {
	var lines []planLine
	var walk func(s *step, depth int)
	walk = func(s *step, depth int) {
		lines = append(lines, planLine{depth, s.Operation, s.Rows, s.operator})
		for _, child := range s.Children {
			walk(child, depth+1)
		}
	}
	walk(commands{m.server}.step(ctx, m.root, &profile{monitor: m}), 0)
	m.shown.Store(&lines)
}

// monitoredIter counts the rows that an operator gives.
type monitoredIter struct {
	gsql.RowIter
	monitor  *planMonitor
	operator *operator
	count    uint64 // not yet added
}

var _ gsql.MutableRowIter = (*monitoredIter)(nil)

// GetChildIter implements gsql.MutableRowIter, by which the SQL engine looks through.
func (i *monitoredIter) GetChildIter() gsql.RowIter { return i.RowIter }

// WithChildIter implements gsql.MutableRowIter.
func (i *monitoredIter) WithChildIter(child gsql.RowIter) gsql.RowIter {
	return &monitoredIter{RowIter: child, monitor: i.monitor, operator: i.operator}
}

// Next implements gsql.RowIter.
func (i *monitoredIter) Next(ctx *gsql.Context) (gsql.Row, error) {
	m := i.monitor
	above := m.line
	m.line = i.operator.line
	m.slot.Line(m.line)
	row, err := i.RowIter.Next(ctx)
	m.line = above
	m.slot.Line(above)
	if err != nil {
		i.publish()
		return row, err
	}
	if i.count++; i.count == rowsPublished {
		i.publish()
	}
	if m.given++; m.given == describeAfter {
		m.describe(ctx)
	}
	return row, nil
}

// rowsPublished is how many rows an operator gives between two times that others see it.
const rowsPublished = 64

func (i *monitoredIter) publish() {
	i.operator.rows.Add(i.count)
	i.count = 0
}

// Close implements gsql.RowIter.
func (i *monitoredIter) Close(ctx *gsql.Context) error {
	i.publish()
	return i.RowIter.Close(ctx)
}

// planLines gives the operators of the queries that run now, of those that have run for a while.
func (h *handler) planLines() (out []vview.PlanLine) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, c := range h.clients {
		if !c.busy || c.session == nil {
			continue
		}
		m, _ := c.session.Attached().(*planMonitor)
		if m == nil {
			continue
		}
		lines := m.shown.Load()
		if lines == nil {
			continue
		}
		for place, l := range *lines {
			shown := vview.PlanLine{Session: id, Place: place + 1, Depth: l.depth, Operation: l.operation, Estimate: l.estimate}
			if l.operator != nil {
				shown.Line, shown.Rows, shown.Loops, shown.Counted = l.operator.line, l.operator.rows.Load(), l.operator.loops.Load(), true
			}
			out = append(out, shown)
		}
	}
	return out
}
