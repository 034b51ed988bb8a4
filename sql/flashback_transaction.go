package sql

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/flashback/backout"
	"redoubt/sql/parser"
	"redoubt/sql/redosql"
	"redoubt/sql/sqlcode"
	"redoubt/sql/storage"
	"redoubt/wal/redo"
)

// flashbackTransaction runs FLASHBACK TRANSACTION, and tells what it would do.
func (c commands) flashbackTransaction(ctx *gsql.Context, s *parser.FlashbackTransaction) (gsql.RowIter, error) {
	own, err := session(ctx)
	if err != nil {
		return nil, err
	}
	r := backout.Request{XIDs: s.XIDs, Options: own.TransactionOptions(), Digest: storage.Digest(ctx.Query()), LockWait: own.LockWait()}
	for r.Mode = backout.NoCascade; r.Mode.String() != s.Mode; r.Mode++ { //nolint // the parser knows the same words
	}
	privileges := []gsql.PrivilegeType{gsql.PrivilegeType_Insert, gsql.PrivilegeType_Update, gsql.PrivilegeType_Delete}
	if s.Explain {
		privileges = []gsql.PrivilegeType{gsql.PrivilegeType_Select}
	}
	r.May = func(schema, table string) error {
		for _, p := range privileges {
			if err := c.server.require(ctx, schema, table, p); err != nil {
				return err
			}
		}
		return nil
	}
	r.See = func(schema, table string) bool {
		return c.server.require(ctx, schema, table, gsql.PrivilegeType_Select) == nil
	}
	r.Lock = func(t *txn.Txn, table *catalog.Table) error { return own.Lock(ctx, t, table) }
	run := c.server.backout.Run
	if s.Explain {
		run = c.server.backout.Preview
	}
	result, err := run(ctx, r, newRowRules(ctx, c.server))
	if err != nil {
		return nil, backoutError(err)
	}
	if s.Explain {
		return c.explainBackout(&result, r.Mode)
	}
	rows, err := backoutRows(&result)
	return gsql.RowsToRowIter(rows...), err
}

// backoutRows are what the statement answers: the transactions in the order in which they were taken back.
func backoutRows(r *backout.Result) (rows []gsql.Row, err error) {
	var stay []string
	for _, d := range r.Dependents {
		if !slices.ContainsFunc(r.Members, func(m backout.Member) bool { return m.XID == d.XID }) {
			stay = append(stay, fmt.Sprint(d.XID))
		}
	}
	for _, m := range slices.Backward(r.Members) {
		row := gsql.Row{"FLASHBACK TRANSACTION", m.XID, uint64(m.SCN), uint64(m.Changes), uint64(m.Restored), uint64(m.Left), nil, nil, nil, nil, nil}
		if r.XID != 0 {
			row[6], row[7], row[9] = r.XID, uint64(r.SCN), fmt.Sprintf("FLASHBACK TRANSACTION %d", r.XID)
		}
		if len(stay) > 0 {
			row[8] = strings.Join(stay, ", ")
		}
		note, err := memberNote(r, &m)
		if err != nil {
			return nil, err
		}
		if note != "" {
			row[10] = note
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// notesMax bounds how many rows a note names.
const notesMax = 5

// memberNote tells what else should be known of a transaction that was taken back.
func memberNote(r *backout.Result, m *backout.Member) (string, error) {
	var notes []string
	var writer redosql.Writer
	if !m.Asked {
		notes = append(notes, "taken back because it depends on what was asked for")
	}
	switch {
	case m.Gone == m.Changes:
		notes = append(notes, "it is taken back already, by a flashback or TRUNCATE of its tables: nothing was to be done")
	case m.Gone > 0:
		notes = append(notes, fmt.Sprintf("%d rows are taken back already, by a flashback or TRUNCATE", m.Gone))
	case r.XID == 0 && m.Left == 0:
		notes = append(notes, "every row is as it was before it: nothing was to be done")
	}
	more := 0
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		if !slices.Contains(o.XIDs, m.XID) || o.Conflict+o.Note == "" {
			continue
		}
		if len(notes) >= notesMax {
			more++
			continue
		}
		t, err := writer.Of(o.Schema, o.Table)
		if err != nil {
			return "", err
		}
		key, err := outcomeKey(o, t)
		if err != nil {
			return "", err
		}
		what := ""
		if o.Conflict != "" {
			what = "left: "
		}
		notes = append(notes, what+catalog.Scope{Schema: o.Schema, Table: o.Table.Name}.String()+" "+key+": "+o.Conflict+o.Note)
	}
	if more > 0 {
		notes = append(notes, fmt.Sprintf("and %d rows more", more))
	}
	return strings.Join(notes, "; "), nil
}

// outcomeKey is the key of a row as JSON.
func outcomeKey(o *backout.Outcome, t *redosql.Table) (string, error) {
	key, err := t.Key(&redosql.Change{Op: redo.Update, Identity: o.Identity}, o.Key)
	return string(key), err
}

// outcomeChange is what becomes of a row, as a change of it.
func outcomeChange(o *backout.Outcome) redosql.Change {
	switch {
	case o.Before == nil:
		return redosql.Change{Op: redo.Insert, After: o.After}
	case o.After == nil:
		return redosql.Change{Op: redo.Delete, Before: o.Before}
	}
	c := redosql.Change{Op: redo.Update, Identity: o.Before, Whole: o.Before}
	c.Before, c.After = redo.Diff(o.Before, o.After)
	return c
}

// explainBackout tells of every transaction, dependent and row.
func (c commands) explainBackout(r *backout.Result, mode backout.Mode) (gsql.RowIter, error) {
	var rows []gsql.Row
	for _, m := range slices.Backward(r.Members) {
		detail := fmt.Sprintf("%d rows changed, %d would be restored, %d left", m.Changes, m.Restored, m.Left)
		if m.Gone > 0 {
			detail += fmt.Sprintf(", of which %d are taken back already by a flashback or TRUNCATE", m.Gone)
		}
		rows = append(rows, gsql.Row{"transaction", m.XID, uint64(m.SCN), nil, nil, "take back", detail, nil})
	}
	for i := range r.Dependents {
		rows = append(rows, dependentRow(&r.Dependents[i], mode))
	}
	var writer redosql.Writer
	for i := range r.Outcomes {
		row, err := outcomeRow(&r.Outcomes[i], &writer)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return gsql.RowsToRowIter(rows...), nil
}

func dependentRow(d *backout.Dependent, mode backout.Mode) gsql.Row {
	action := map[backout.Mode]string{
		backout.NoCascade: "refuses", backout.Cascade: "taken back, too", backout.NoCascadeForce: "written over", backout.NonconflictOnly: "its rows stay",
	}[mode]
	if d.Defines {
		action = "refuses"
		if mode == backout.NonconflictOnly || mode == backout.NoCascadeForce {
			action = "stays"
		}
	}
	var reasons []string
	for _, why := range d.Reasons {
		reasons = append(reasons, why.String())
	}
	row := gsql.Row{"dependent", d.XID, uint64(d.SCN), d.Reasons[0].Table, nil, action, strings.Join(reasons, "; "), nil}
	if d.Reasons[0].Row != "" {
		row[4] = d.Reasons[0].Row
	}
	return row
}

func outcomeRow(o *backout.Outcome, writer *redosql.Writer) (gsql.Row, error) {
	t, err := writer.Of(o.Schema, o.Table)
	if err != nil {
		return nil, err
	}
	row := gsql.Row{"row", o.XIDs[0], nil, catalog.Scope{Schema: o.Schema, Table: o.Table.Name}.String(), nil, "none", nil, nil}
	change := outcomeChange(o)
	if row[4], err = outcomeKey(o, t); err != nil {
		return nil, err
	}
	if note := o.Conflict + o.Note; note != "" {
		row[6] = note
	}
	if o.Conflict != "" {
		row[5] = "left"
	}
	if !o.Changes() {
		return row, nil
	}
	row[5] = map[redo.Op]string{redo.Insert: "INSERT", redo.Update: "UPDATE", redo.Delete: "DELETE"}[change.Op]
	if row[7], err = t.Write(change); err != nil {
		return nil, err
	}
	return row, nil
}

// backoutError gives an error of package backout its code.
func backoutError(err error) error {
	var e *backout.Error
	if !errors.As(err, &e) {
		return storage.EngineError(err)
	}
	ids := map[backout.ErrorKind]string{
		backout.Unknown: sqlcode.IDBackoutUnknown, backout.NotKept: sqlcode.IDBackoutNotKept, backout.Definitions: sqlcode.IDBackoutDDL,
		backout.NoRows: sqlcode.IDBackoutNoRows, backout.TableGone: sqlcode.IDBackoutTableGone, backout.Dependents: sqlcode.IDBackoutDependent,
		backout.Conflict: sqlcode.IDBackoutConflict, backout.Constraint: sqlcode.IDBackoutBreaks, backout.TooMany: sqlcode.IDBackoutTooMany,
	}
	return sqlcode.New(ids[e.Kind], e.Error())
}
