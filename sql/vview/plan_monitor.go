package vview

import (
	"cmp"
	"slices"
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/telemetry"
)

// PlanLine is an operator of a query that runs.
type PlanLine struct {
	Session      uint32
	Place, Depth int
	Operation    string
	Estimate     *uint64
	Line         int // as samples name it
	Rows, Loops  uint64
	Counted      bool
}

// PlanMonitor is V$SQL_PLAN_MONITOR: the operators of queries that run now, and how far each is.
func PlanMonitor(a *Activity, list func() []PlanLine) *View {
	columns := []Column{
		{"sid", numberType, "number of the connection"},
		{"sql_id", textType, "digest of the statement"},
		{"sql_exec_id", numberType, "number of the statement in its session"},
		{"place", numberType, "place of the operator in the plan, from above"},
		{"plan_line_id", numberType, "number of the operator, as SQL_PLAN_LINE_ID of samples has it; NULL: it is not counted"},
		{"operation", textType, "what it does; indented below what it is part of"},
		{"rows_estimated", numberType, "rows that the planner expects; of a table, those that it has"},
		{"rows_given", numberType, "rows that it has given so far, in steps of 64; NULL: it is not counted"},
		{"starts", numberType, "times that it was opened"},
		{"time_us", numberType, "microseconds of the samples of each second that saw the session at this line"},
		{"running", boolType, "1 if the session is at this line now"},
	}
	return New("V$SQL_PLAN_MONITOR", "operators of queries that run now and have read some thousand rows", columns, func(ctx *gsql.Context) ([]gsql.Row, error) {
		lines := list()
		if len(lines) == 0 {
			return nil, nil
		}
		slices.SortFunc(lines, func(a, b PlanLine) int {
			return cmp.Or(cmp.Compare(a.Session, b.Session), cmp.Compare(a.Place, b.Place))
		})
		looks := map[uint32]telemetry.Look{}
		began := time.Now().UnixMicro()
		for _, l := range a.Slots.All() {
			if l.Active && !l.Who.Background {
				looks[l.Who.Session] = l
				began = min(began, l.Began)
			}
		}
		spent, err := a.lineTimes(began)
		if err != nil {
			return nil, err
		}
		var rows []gsql.Row
		for _, p := range lines {
			l, ok := looks[p.Session]
			if !ok {
				continue
			}
			var estimate, given, starts, took any
			if p.Estimate != nil {
				estimate = *p.Estimate
			}
			if p.Counted {
				given, starts = p.Rows, p.Loops
				took = spent[lineOf{p.Session, l.Call, uint16(p.Line)}]
			}
			rows = append(rows, gsql.Row{
				uint64(p.Session), sqlID(l.SQL), l.Call, uint64(p.Place), number(p.Line), strings.Repeat("  ", p.Depth) + p.Operation, estimate,
				given, starts, took, yesNo(p.Counted && int(l.Line) == p.Line),
			})
		}
		return rows, nil
	})
}

// lineOf is a line of the plan of one execution.
type lineOf struct {
	session uint32
	exec    uint64
	line    uint16
}

// lineTimes gives the time that samples since a moment saw at each line.
func (a *Activity) lineTimes(since int64) (map[lineOf]uint64, error) {
	out := map[lineOf]uint64{}
	if a.Samples == nil {
		return out, nil
	}
	err := a.Samples.Seconds(since, 1<<62, func(s *telemetry.Sample) bool {
		out[lineOf{s.Session, s.Exec, s.Line}] += uint64(s.Weight)
		return true
	})
	return out, err
}
