package sql

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/scn"
	"redoubt/sql/parser"
	"redoubt/sql/sqlcode"
	"redoubt/sql/transfer"
	"redoubt/sql/vview"
)

// RecoveryProgress is how far a RECOVER statement has come, as V$RECOVERY_PROGRESS shows it.
type RecoveryProgress = vview.RecoveryProgress

// RecoverRequest is what a RECOVER statement asks for. Of the points at most one is set; none is the newest archived commit.
type RecoverRequest struct {
	Of, As transfer.Name

	SCN          scn.SCN
	Time         time.Time // the last commit at or before it
	RestorePoint string
	Transaction  uint64 // its commit
	Before       uint64 // the commit right before that of a transaction

	Repository string // empty: the one that the log is archived to
	Key        string // path of a key file on the node; empty: what its settings say
}

// Recovered tells what a RECOVER statement did, or would do.
type Recovered struct {
	Repository  string
	SCN         scn.SCN
	TimeMicros  int64   // 0: not known
	Backup      string  // that it began from; empty: the first commit
	From        scn.SCN // of that
	Pieces      int     // of the log
	Bytes       int64   // of those
	Took        time.Duration
	PredictedBy string // of a plan: where the rates are from that Took is predicted by
	Tables      []transfer.Copied
	Objects     int // views, triggers, procedures and events
	Notes       []string
}

// Recoveries brings parts of a repository's past into this server. It is called by many connections at a time.
type Recoveries interface {
	// Recover recovers a table or schema through a connection to this server.
	Recover(ctx context.Context, r RecoverRequest, conn *sql.Conn) (Recovered, error)
	// Plan tells what Recover would do.
	Plan(ctx context.Context, r RecoverRequest) (Recovered, error)
	// Progress tells of the one that is under way.
	Progress() []RecoveryProgress
}

// recover runs RECOVER and EXPLAIN RECOVER. Whoever runs it needs what BACKUP needs, SELECT on what is recovered, and on its new
// place whatever making it there by hand needs.
func (c commands) recover(ctx *gsql.Context, s *parser.Recover) (gsql.RowIter, error) {
	if err := c.server.requireAdmin(ctx); err != nil {
		return nil, err
	}
	recoveries := c.server.options.Recoveries
	if recoveries == nil {
		return nil, sqlcode.Unsupported(s.CommandName() + " on this node")
	}
	r, err := recoverRequest(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := c.server.require(ctx, r.Of.Schema, r.Of.Table, gsql.PrivilegeType_Select); err != nil {
		return nil, err
	}
	var done Recovered
	if s.Preview {
		done, err = recoveries.Plan(ctx, r)
	} else {
		done, err = c.recoverInside(ctx, recoveries, r)
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err() // KILL QUERY, or the client is gone
		}
		return nil, sqlcode.New(sqlcode.IDRecover, err.Error())
	}
	row, err := recoveredRow(ctx, s, &r, &done)
	return gsql.RowsToRowIter(row), err
}

func (c commands) recoverInside(ctx *gsql.Context, recoveries Recoveries, r RecoverRequest) (out Recovered, err error) {
	conn, disconnect, err := c.server.connectInside(ctx)
	if err != nil {
		return Recovered{}, err
	}
	defer func() { err = errors.Join(err, disconnect()) }()
	return recoveries.Recover(ctx, r, conn)
}

// recoverRequest completes the names of a statement, and says its point.
func recoverRequest(ctx *gsql.Context, s *parser.Recover) (RecoverRequest, error) {
	r := RecoverRequest{
		Of: transfer.Name{Schema: s.Of.Database, Table: s.Of.Table}, As: transfer.Name{Schema: s.As.Database, Table: s.As.Table},
		Repository: s.Repository, Key: s.Key,
	}
	if r.Of.Schema == "" {
		if r.Of.Schema = ctx.GetCurrentDatabase(); r.Of.Schema == "" {
			return r, gsql.ErrNoDatabaseSelected.New()
		}
	}
	if r.As.Schema == "" {
		r.As.Schema = r.Of.Schema
	}
	if r.As.Table == "" {
		r.As.Table = r.Of.Table
	}
	switch {
	case s.Moment != nil && s.Moment.At.SCN == 0 && s.Moment.At.Time.IsZero() && s.Moment.At.Name == "":
		return r, sqlcode.CommandArgument("RECOVER goes to SCN 1 or later, to a time or to a restore point, not to " + s.Moment.At.Describe())
	case s.Moment != nil:
		r.SCN, r.Time, r.RestorePoint = scn.SCN(s.Moment.At.SCN), s.Moment.At.Time, s.Moment.At.Name
	case s.Before:
		r.Before = s.XID
	default:
		r.Transaction = s.XID
	}
	return r, nil
}

// recoveredRow is what the statement answers.
func recoveredRow(ctx *gsql.Context, s *parser.Recover, r *RecoverRequest, d *Recovered) (gsql.Row, error) {
	row := gsql.Row{
		s.CommandName(), r.Of.String(), r.As.String(), d.Repository, uint64(d.SCN), nil, nil, nil, uint64(d.Pieces), uint64(d.Bytes), nil, nil, nil,
		uint64(d.Took.Milliseconds()), nil,
	}
	if d.TimeMicros != 0 {
		when, err := wallClock(ctx, d.TimeMicros)
		if err != nil {
			return nil, err
		}
		row[5] = when
	}
	if d.Backup != "" {
		row[6], row[7] = d.Backup, uint64(d.From)
	}
	notes := d.Notes
	if s.Preview {
		row[0] = "EXPLAIN " + s.CommandName()
		notes = append([]string{"it would take so long, by " + d.PredictedBy}, notes...)
	} else {
		var rows uint64
		for _, t := range d.Tables {
			rows += t.Rows
		}
		row[10], row[11] = uint64(len(d.Tables)), rows
		if len(d.Tables) == 1 {
			row[12] = d.Tables[0].Sum
		}
	}
	if len(notes) > 0 {
		row[14] = strings.Join(notes, "\n")
	}
	return row, nil
}
