package sql

import (
	"errors"
	"fmt"
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/sql/parser"
	"redoubt/sql/sqlcode"
	"redoubt/sql/storage"
)

// commands runs the statements of our own.
type commands struct{ server *Server }

var _ parser.Executor = commands{}

// RunCommand implements parser.Executor.
func (c commands) RunCommand(ctx *gsql.Context, statement parser.Statement) (gsql.RowIter, error) {
	if own, ok := ctx.Session.(*storage.Session); ok && own.ReadOnly() && !statement.IsReadOnly() {
		return nil, sqlcode.New(sqlcode.IDReadOnly, statement.CommandName())
	}
	switch s := statement.(type) {
	case *parser.CreateRestorePoint:
		return c.createRestorePoint(ctx, s)
	case *parser.DropRestorePoint:
		return c.dropRestorePoint(ctx, s)
	case *parser.ShowRestorePoints:
		return c.showRestorePoints(ctx)
	case *parser.SetRetention:
		return c.setRetention(ctx, s)
	case *parser.ShowRetention:
		return c.showRetention(ctx)
	case *parser.Flashback:
		return c.flashback(ctx, s)
	case *parser.ExplainFlashback:
		return c.explainFlashback(ctx, s)
	case *parser.FlashbackTransaction:
		return c.flashbackTransaction(ctx, s)
	case *parser.Clone:
		return c.clone(ctx, s)
	case *parser.ShowRecycleBin:
		return c.showRecycleBin(ctx)
	case *parser.Backup:
		return c.backup(ctx, s)
	case *parser.LimitBackup:
		return c.limitBackup(ctx, s)
	case *parser.Recover:
		return c.recover(ctx, s)
	case *parser.CreateSnapshot:
		return c.createSnapshot(ctx, s)
	case *parser.WorkloadSnapshot:
		return c.workloadSnapshot(ctx, s)
	case *parser.WorkloadBaseline:
		return c.workloadBaseline(ctx, s)
	case *parser.CreateClone:
		return c.createClone(ctx, s)
	case *parser.DropShelved:
		return c.dropShelved(ctx, s)
	case *parser.AlterCluster:
		return c.alterCluster(ctx, s)
	case *parser.Switchover:
		return c.switchover(ctx, s)
	case *parser.ShowOutcome:
		return c.showOutcome(ctx, s)
	case *parser.Purge:
		return c.purge(ctx, s)
	case *parser.DropPurge:
		return c.dropPurge(ctx, s)
	case *parser.RunIn:
		return c.runIn(ctx, s)
	case *parser.StartTransaction:
		return c.startTransaction(ctx, s)
	case *parser.SetTransaction:
		return c.setTransaction(ctx, s)
	case *parser.EndTransaction:
		return c.endTransaction(ctx, s)
	case *parser.Explain:
		return c.explain(ctx, s)
	case *parser.FindSCN:
		return c.findSCN(ctx, s)
	case *parser.CheckTable:
		return c.checkTables(ctx, s)
	case *parser.ChecksumTable:
		return c.checksumTables(ctx, s)
	case *parser.ShowErrors:
		return c.showErrors(ctx, s)
	case *parser.CountWarnings:
		return c.countWarnings(ctx, s)
	case *parser.Flush:
		return c.flush(ctx, s)
	}
	return nil, sqlcode.Unsupported(statement.CommandName())
}

func session(ctx *gsql.Context) (*storage.Session, error) {
	s, ok := ctx.Session.(*storage.Session)
	if !ok {
		return nil, sqlcode.Internal(fmt.Errorf("session is a %T", ctx.Session))
	}
	return s, nil
}

func done() gsql.RowIter { return gsql.RowsToRowIter(gsql.NewRow(types.NewOkResult(0))) }

func (c commands) createRestorePoint(ctx *gsql.Context, s *parser.CreateRestorePoint) (gsql.RowIter, error) {
	if err := c.server.requireAdmin(ctx); err != nil {
		return nil, err
	}
	point := catalog.RestorePoint{
		Name: s.Name, Description: s.Description, CreatedMicros: time.Now().UnixMicro(), CreatedBy: ctx.Client().User, Guarantee: s.Guarantee,
	}
	if s.Moment != nil {
		own, err := session(ctx)
		if err != nil {
			return nil, err
		}
		if point.SCN, err = own.Resolve(ctx, s.Moment.At); err != nil {
			return nil, err
		}
	}
	err := c.change(ctx, func(t *txn.Txn) (err error) {
		if s.Moment == nil {
			point.SCN = t.Snapshot() // which no floor can pass while the transaction is open
		}
		if point.TimeMicros, err = c.server.options.Engine.SCNToTime(point.SCN); err != nil {
			return err
		}
		if _, taken, err := findRestorePoint(t, s.Name); err != nil || taken {
			return errors.Join(err, sqlcode.RestorePointExists(s.Name))
		}
		return t.PutRestorePoint(point)
	})
	if err != nil {
		return nil, storage.EngineError(err)
	}
	when, err := wallClock(ctx, point.TimeMicros)
	if err != nil {
		return nil, err
	}
	return gsql.RowsToRowIter(gsql.Row{s.Name, uint64(point.SCN), when}), nil
}

// change runs a change of control values in a transaction of its own, again if somebody was in the way.
func (c commands) change(ctx *gsql.Context, edit func(t *txn.Txn) error) error {
	for {
		t := c.server.options.Engine.Begin(txn.Options{Isolation: txn.RepeatableRead, User: ctx.Client().User, Host: ctx.Client().Address})
		t.StartStatement(0, "")
		if err := edit(t); err != nil {
			t.Rollback()
			return err
		}
		_, err := t.Commit(ctx)
		if errors.Is(err, txn.ErrConflict) {
			continue
		}
		if errors.Is(err, txn.ErrOutcomeUnknown) {
			return sqlcode.OutcomeUnknown(err)
		}
		return err
	}
}

func findRestorePoint(t *txn.Txn, name string) (catalog.RestorePoint, bool, error) {
	points, err := t.RestorePoints()
	for _, p := range points {
		if strings.EqualFold(p.Name, name) {
			return p, true, err
		}
	}
	return catalog.RestorePoint{}, false, err
}

func (c commands) dropRestorePoint(ctx *gsql.Context, s *parser.DropRestorePoint) (gsql.RowIter, error) {
	if err := c.server.requireAdmin(ctx); err != nil {
		return nil, err
	}
	err := c.change(ctx, func(t *txn.Txn) error {
		p, found, err := findRestorePoint(t, s.Name)
		switch {
		case err != nil:
			return err
		case !found && s.IfExists:
			return nil
		case !found:
			return sqlcode.NoRestorePoint(s.Name)
		}
		return t.DropRestorePoint(p.Name)
	})
	return done(), err
}

func (c commands) showRestorePoints(ctx *gsql.Context) (gsql.RowIter, error) {
	t := c.server.options.Engine.Begin(txn.Options{ReadOnly: true})
	defer t.Rollback()
	points, err := t.RestorePoints()
	if err != nil {
		return nil, err
	}
	rows := make([]gsql.Row, 0, len(points))
	for _, p := range points {
		when, err := wallClock(ctx, p.TimeMicros)
		if err != nil {
			return nil, err
		}
		created, err := wallClock(ctx, p.CreatedMicros)
		if err != nil {
			return nil, err
		}
		var description any
		if p.Description != "" {
			description = p.Description
		}
		rows = append(rows, gsql.Row{p.Name, uint64(p.SCN), when, created, p.Guarantee, description})
	}
	return gsql.RowsToRowIter(rows...), nil
}

func (c commands) startTransaction(ctx *gsql.Context, s *parser.StartTransaction) (gsql.RowIter, error) {
	own, err := session(ctx)
	if err != nil {
		return nil, err
	}
	own.ReleaseTables()
	if !s.Snapshot {
		return done(), own.Start(ctx, s.Access)
	}
	var at scn.SCN
	if s.Moment != nil {
		if at, err = own.Resolve(ctx, s.Moment.At); err != nil {
			return nil, err
		}
	}
	return done(), own.StartSnapshot(ctx, at, s.Access)
}

func (c commands) setTransaction(ctx *gsql.Context, s *parser.SetTransaction) (gsql.RowIter, error) {
	own, err := session(ctx)
	if err != nil {
		return nil, err
	}
	return done(), own.SetNext(s)
}

func (c commands) endTransaction(ctx *gsql.Context, s *parser.EndTransaction) (gsql.RowIter, error) {
	own, err := session(ctx)
	if err != nil {
		return nil, err
	}
	return done(), own.Chain(ctx, s.Rollback)
}

// flush accepts what has nothing to do here, and takes the locks of WITH READ LOCK.
func (c commands) flush(ctx *gsql.Context, s *parser.Flush) (gsql.RowIter, error) {
	if err := c.server.require(ctx, "", "", gsql.PrivilegeType_Reload); err != nil {
		return nil, err
	}
	session, ok := ctx.Session.(*storage.Session)
	switch {
	case !s.ReadLock || !ok:
		return done(), nil
	case len(s.Tables) == 0:
		return done(), session.LockAllTables(ctx)
	}
	var tables []storage.TableLock
	for _, name := range s.Tables {
		full, table, err := c.table(ctx, name)
		if err != nil {
			return nil, err
		}
		if table == nil {
			return nil, sqlcode.UnknownTable(full)
		}
		tables = append(tables, storage.TableLock{Table: table})
	}
	return done(), session.LockTables(ctx, tables)
}

// checkTables reads each table with all its indexes. OPTIMIZE and REPAIR have nothing to do.
func (c commands) checkTables(ctx *gsql.Context, s *parser.CheckTable) (gsql.RowIter, error) {
	var rows []gsql.Row
	for _, name := range s.Tables {
		full, table, err := c.table(ctx, name)
		if err != nil {
			return nil, err
		}
		row := gsql.Row{full, strings.ToLower(s.Verb), "status", "OK"}
		switch {
		case table == nil:
			row[2], row[3] = "Error", fmt.Sprintf("Table '%s' doesn't exist", full)
		case s.Verb == "CHECK":
			if err := table.Verify(ctx); err != nil {
				row[2], row[3] = "Error", err.Error()
			}
		}
		rows = append(rows, row)
	}
	return gsql.RowsToRowIter(rows...), nil
}

// checksumTables gives the sum that is kept for each table as of the newest commit.
func (c commands) checksumTables(ctx *gsql.Context, s *parser.ChecksumTable) (gsql.RowIter, error) {
	var rows []gsql.Row
	for _, name := range s.Tables {
		full, table, err := c.table(ctx, name)
		if err != nil {
			return nil, err
		}
		row := gsql.Row{full, nil}
		if table != nil {
			row[1] = table.Checksum()
		}
		rows = append(rows, row)
	}
	return gsql.RowsToRowIter(rows...), nil
}

// table finds a table that a statement of ours names; nil if there is none. The user must be able to read it.
func (c commands) table(ctx *gsql.Context, name parser.TableName) (string, *storage.Table, error) {
	database := name.Database
	if database == "" {
		if database = ctx.GetCurrentDatabase(); database == "" {
			return "", nil, gsql.ErrNoDatabaseSelected.New()
		}
	}
	if err := c.server.require(ctx, database, name.Table, gsql.PrivilegeType_Select); err != nil {
		return "", nil, err
	}
	full := database + "." + name.Table
	db, err := c.server.provider.Database(ctx, database)
	if err != nil {
		return full, nil, err
	}
	found, _, err := db.GetTableInsensitive(ctx, name.Table)
	if err != nil {
		return full, nil, err
	}
	table, _ := found.(*storage.Table)
	return full, table, nil
}
