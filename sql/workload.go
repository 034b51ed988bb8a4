package sql

import (
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/sql/parser"
	"redoubt/sql/sqlcode"
	"redoubt/sql/sqlstat"
	"redoubt/sql/vview"
	"redoubt/telemetry"
)

// Workload is the snapshots of what a node counts. It is safe for concurrent use.
type Workload interface {
	vview.Workload
	// Take takes one now.
	Take(why telemetry.WorkloadReason) (telemetry.WorkloadHead, error)
	// CreateBaseline keeps the snapshots from first to last until DropBaseline. It is on disk when it returns.
	CreateBaseline(name string, first, last uint64) error
	DropBaseline(name string) error
}

// workloadSnapshot runs CALL DBMS_WORKLOAD_REPOSITORY.CREATE_SNAPSHOT().
func (c commands) workloadSnapshot(ctx *gsql.Context, s *parser.WorkloadSnapshot) (gsql.RowIter, error) {
	if err := c.server.requireAdmin(ctx); err != nil {
		return nil, err
	}
	if c.server.options.Workload == nil {
		return nil, sqlcode.Unsupported(s.CommandName() + " on this node")
	}
	head, err := c.server.options.Workload.Take(telemetry.WorkloadByHand)
	if err != nil {
		return nil, sqlcode.Internal(err)
	}
	when, err := wallClock(ctx, head.Micros)
	return gsql.RowsToRowIter(gsql.Row{head.ID, head.SCN, when}), err
}

// workloadBaseline runs CALL DBMS_WORKLOAD_REPOSITORY.CREATE_BASELINE and DROP_BASELINE.
func (c commands) workloadBaseline(ctx *gsql.Context, s *parser.WorkloadBaseline) (gsql.RowIter, error) {
	if err := c.server.requireAdmin(ctx); err != nil {
		return nil, err
	}
	w := c.server.options.Workload
	if w == nil {
		return nil, sqlcode.Unsupported(s.CommandName() + " on this node")
	}
	var err error
	if s.Drop {
		err = w.DropBaseline(s.Name)
	} else {
		err = w.CreateBaseline(s.Name, s.First, s.Last)
	}
	if err != nil {
		return nil, sqlcode.New(sqlcode.IDBaseline, err.Error())
	}
	return gsql.RowsToRowIter(gsql.Row{s.Name}), nil
}

// WorkloadStatements gives what each statement did since it was first seen, without its texts; yield must not keep it.
func (s *Server) WorkloadStatements(yield func(*telemetry.WorkloadStatement)) {
	var x telemetry.WorkloadStatement
	for _, k := range s.statistics.All() {
		x = telemetry.WorkloadStatement{
			Digest: k.About().Digest, Plan: k.Plan(), Executions: k.Executions(), Failures: k.Failures(), Conflicts: k.Conflicts(), RowsRead: k.RowsRead(),
			RowsSent: k.RowsSent(), RowsChanged: k.RowsChanged(), ShortRun: k.Short(), Took: k.Total(),
		}
		for c := range x.Waits {
			x.Waits[c] = k.Waited(telemetry.Class(c))
		}
		yield(&x)
	}
}

// WorkloadTexts gives a statement its texts, if it is still known.
func (s *Server) WorkloadTexts(x *telemetry.WorkloadStatement) {
	k, ok := s.statistics.Find(x.Digest)
	if !ok {
		return
	}
	about := k.About()
	x.Text, x.Kind, x.Schema = about.Text, about.Kind, about.Schema
	for _, p := range s.statistics.Plans(k) {
		if p.Hash == x.Plan {
			x.PlanText = p.Text
		}
	}
}

// WorkloadChanges gives the changes of plans after a moment.
func (s *Server) WorkloadChanges(after int64) (out []telemetry.WorkloadChange) {
	for _, c := range s.statistics.Changes() {
		if c.Last <= after {
			continue
		}
		x := telemetry.WorkloadChange{
			Digest: c.About.Digest, Text: c.About.Text, Micros: c.Last, SCN: c.LastAt, OldPlan: c.Old.Hash, NewPlan: c.New.Hash, OldText: c.Old.Text, NewText: c.New.Text,
		}
		x.OldRuns, x.OldTook, x.OldReads = averages(c.Old)
		x.NewRuns, x.NewTook, x.NewReads = averages(c.New)
		out = append(out, x)
	}
	return out
}

func averages(p *sqlstat.Plan) (runs uint64, took time.Duration, reads uint64) {
	if runs = p.Executions(); runs > 0 {
		took, reads = p.Total()/time.Duration(runs), p.RowsRead()/runs
	}
	return runs, took, reads
}
