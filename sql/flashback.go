package sql

import (
	"errors"
	"fmt"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/flashback"
	"redoubt/scn"
	"redoubt/sql/parser"
	"redoubt/sql/sqlcode"
	"redoubt/sql/storage"
)

// newFlashback makes the manager of what goes back.
func newFlashback(o *Options) *flashback.Manager {
	return flashback.New(flashback.Options{Engine: o.Engine, TriggerTable: triggerTable})
}

// triggerTable reads the table that a trigger is for out of its definition.
func triggerTable(definition string) (string, error) {
	trigger, err := storage.TriggerOf(definition)
	if err != nil {
		return "", err
	}
	return storage.TriggeredTable(&trigger)
}

// flashback runs FLASHBACK and UNFLASHBACK.
func (c commands) flashback(ctx *gsql.Context, s *parser.Flashback) (gsql.RowIter, error) {
	request, err := c.flashbackRequest(ctx, s)
	if err != nil {
		return nil, err
	}
	own, err := session(ctx)
	if err != nil {
		return nil, err
	}
	request.Lock = func(t *txn.Txn, table *catalog.Table) error { return own.Lock(ctx, t, table) }
	run := c.server.flashback.Run
	if s.Undo {
		run = c.server.flashback.Undo
	}
	if before := c.server.options.BeforeFlashback; before != nil && request.Kind == catalog.FlashbackDatabase {
		if err := before(ctx); err != nil {
			return nil, sqlcode.New(sqlcode.IDSnapshot, err.Error())
		}
	}
	result, err := run(ctx, request)
	if err != nil {
		return nil, flashbackError(err)
	}
	if request.Control {
		if err := reloadUsers(ctx, c.server); err != nil {
			return nil, err
		}
	}
	return c.flashbackRow(ctx, result)
}

// explainFlashback tells what FLASHBACK or UNFLASHBACK would do.
func (c commands) explainFlashback(ctx *gsql.Context, s *parser.ExplainFlashback) (gsql.RowIter, error) {
	request, err := c.flashbackRequest(ctx, &s.Flashback)
	if err == nil && s.Undo {
		request, err = c.server.flashback.Undoing(request)
	}
	if err != nil {
		return nil, flashbackError(err)
	}
	effects, err := c.server.flashback.Preview(ctx, request)
	if err != nil {
		return nil, flashbackError(err)
	}
	lines := func(list []string) any {
		if len(list) == 0 {
			return nil
		}
		return strings.Join(list, "\n")
	}
	var rows []gsql.Row
	for _, e := range effects {
		rows = append(rows, gsql.Row{
			e.Object, e.Action, e.Now, e.Then, e.Returning, e.Changing, e.Leaving, e.Transactions, lines(e.Definition), lines(e.Conflicts),
		})
	}
	return gsql.RowsToRowIter(rows...), nil
}

// flashbackRequest reads a statement, and checks that its user may do what it says.
func (c commands) flashbackRequest(ctx *gsql.Context, s *parser.Flashback) (flashback.Request, error) {
	r := flashback.Request{AutoIncrement: s.AutoIncrement, Control: s.IncludeControl, Rename: s.Rename, By: c.author(ctx)}
	switch {
	case s.NoValidate:
		r.Check = flashback.NoValidate
	case s.IncludeDependents:
		r.Check = flashback.IncludeDependents
	}
	if err := c.flashbackScope(ctx, s, &r); err != nil {
		return r, err
	}
	if s.BeforeDrop {
		r.Kind = catalog.FlashbackDrop
	}
	if s.Undo || s.BeforeDrop {
		return r, nil
	}
	var err error
	r.To, err = c.flashbackPoint(ctx, s)
	return r, err
}

// flashbackPoint is the SCN that a statement goes back to.
func (c commands) flashbackPoint(ctx *gsql.Context, s *parser.Flashback) (at scn.SCN, err error) {
	if s.Moment == nil {
		commit, found, err := c.server.options.Engine.CommitOfXID(ctx, s.XID)
		if err == nil && !found {
			err = sqlcode.CommandArgument(fmt.Sprintf("There is no committed transaction %d", s.XID))
		}
		return max(commit.SCN, 1) - 1, err
	}
	own, err := session(ctx)
	if err != nil {
		return 0, err
	}
	if at, err = own.Resolve(ctx, s.Moment.At); err != nil {
		return 0, err
	}
	if s.Before && at > 0 {
		at--
	}
	return at, nil
}

var (
	flashbackPrivileges = []gsql.PrivilegeType{gsql.PrivilegeType_Alter, gsql.PrivilegeType_Insert, gsql.PrivilegeType_Delete}
	restorePrivileges   = []gsql.PrivilegeType{gsql.PrivilegeType_Create, gsql.PrivilegeType_Insert}
)

// flashbackScope sets what a request is about.
func (c commands) flashbackScope(ctx *gsql.Context, s *parser.Flashback, r *flashback.Request) error {
	privileges := flashbackPrivileges
	if s.BeforeDrop {
		privileges = restorePrivileges
	}
	switch s.Object {
	case parser.WholeDatabase:
		r.Kind = catalog.FlashbackDatabase
		return c.server.requireAdmin(ctx)
	case parser.OneSchema:
		r.Kind, r.Names = catalog.FlashbackSchema, []flashback.Name{{Schema: s.SchemaName}}
		for _, p := range append(privileges, gsql.PrivilegeType_Create, gsql.PrivilegeType_Drop) {
			if err := c.server.require(ctx, s.SchemaName, "", p); err != nil {
				return err
			}
		}
		return nil
	}
	r.Kind = catalog.FlashbackTable
	for _, t := range s.Tables {
		name, err := c.fullName(ctx, t)
		if err != nil {
			return err
		}
		for _, p := range privileges {
			if err := c.server.require(ctx, name.Schema, name.Table, p); err != nil {
				return err
			}
		}
		r.Names = append(r.Names, name)
	}
	return nil
}

// fullName adds the session's database to a name without one.
func (c commands) fullName(ctx *gsql.Context, t parser.TableName) (flashback.Name, error) {
	if t.Database == "" {
		if t.Database = ctx.GetCurrentDatabase(); t.Database == "" {
			return flashback.Name{}, gsql.ErrNoDatabaseSelected.New()
		}
	}
	return flashback.Name{Schema: t.Database, Table: t.Table}, nil
}

func (c commands) author(ctx *gsql.Context) flashback.Author {
	by := flashback.Author{User: ctx.Client().User, Host: ctx.Client().Address, Digest: storage.Digest(ctx.Query()), Text: ctx.Query()}
	if own, err := session(ctx); err == nil {
		by.Program = own.Program()
	}
	return by
}

// flashbackRow is what a statement answers.
func (c commands) flashbackRow(ctx *gsql.Context, r flashback.Result) (gsql.RowIter, error) {
	row := gsql.Row{r.Operation, r.Object, uint64(r.At), uint64(r.To), nil, uint64(r.Tables), r.RowsBefore, r.RowsAfter, nil, r.Incarnation, r.Undo, nil}
	if r.ToMicros != 0 {
		when, err := wallClock(ctx, r.ToMicros)
		if err != nil {
			return nil, err
		}
		row[4] = when
	}
	if r.Taken.Known {
		row[8] = r.Taken.Transactions
	} else {
		r.Note = joinNotes(r.Note, "transactions are not counted because there are many: EXPLAIN FLASHBACK of the undo counts them")
	}
	if r.Note != "" {
		row[11] = r.Note
	}
	return gsql.RowsToRowIter(row), nil
}

func joinNotes(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

// clone runs CREATE TABLE … CLONE and CREATE DATABASE … CLONE.
func (c commands) clone(ctx *gsql.Context, s *parser.Clone) (gsql.RowIter, error) {
	request := flashback.Clone{Of: flashback.Name{Schema: s.Of.Database}, As: flashback.Name{Schema: s.Name.Database}, By: c.author(ctx)}
	if s.Tables {
		var err error
		if request.Of, err = c.fullName(ctx, s.Of); err != nil {
			return nil, err
		}
		if request.As, err = c.fullName(ctx, s.Name); err != nil {
			return nil, err
		}
	}
	if err := c.server.require(ctx, request.Of.Schema, request.Of.Table, gsql.PrivilegeType_Select); err != nil {
		return nil, err
	}
	if err := c.server.require(ctx, request.As.Schema, request.As.Table, gsql.PrivilegeType_Create); err != nil {
		return nil, err
	}
	request.At = c.server.options.Engine.Applied()
	if s.Moment != nil {
		own, err := session(ctx)
		if err != nil {
			return nil, err
		}
		if request.At, err = own.Resolve(ctx, s.Moment.At); err != nil {
			return nil, err
		}
	}
	result, err := c.server.flashback.Clone(ctx, request)
	var taken *flashback.Error
	if s.IfNotExists && errors.As(err, &taken) && taken.Kind == flashback.NameTaken {
		ctx.Warn(1050, "%s", taken.Error())
		return gsql.RowsToRowIter(), nil
	}
	if err != nil {
		return nil, flashbackError(err)
	}
	return c.flashbackRow(ctx, result)
}

// flashbackError gives an error of package flashback its code.
func flashbackError(err error) error {
	var e *flashback.Error
	if !errors.As(err, &e) {
		return storage.EngineError(err)
	}
	ids := map[flashback.ErrorKind]string{
		flashback.NoTable: sqlcode.IDFlashbackGone, flashback.NoSchema: sqlcode.IDFlashbackGone, flashback.Missing: sqlcode.IDFlashbackGone,
		flashback.NotInBin: sqlcode.IDNotInBin, flashback.NameTaken: sqlcode.IDFlashbackName, flashback.Renamed: sqlcode.IDFlashbackRenamed,
		flashback.Constraint: sqlcode.IDFlashbackBreaks, flashback.NoFlashback: sqlcode.IDNoFlashback,
	}
	return sqlcode.New(ids[e.Kind], e.Error())
}
