package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-sql-driver/mysql"

	"redoubt/engine/catalog"
	"redoubt/scn"
	"redoubt/sql/redosql"
	"redoubt/wal/redo"
)

// errDuplicate is the server's number for a key that is taken.
const errDuplicate = 1062

// transaction is one of the log, as it is done again. It keeps nothing of the record that it comes from.
type transaction struct {
	at     scn.SCN
	xid    uint64
	micros int64 // of its commit
	steps  []step
	define *definition // a change of definitions; then there are no steps
}

// step is one change of a row.
type step struct {
	op    redo.Op
	text  string
	args  []any
	table *redosql.Table
	json  string   // key, for people
	key   redo.Row // primary key's columns; empty without one

	rowKey []byte   // of an update of a table with unique keys besides the primary one
	before redo.Row // the changed columns as they were, of the same
}

// add takes a line of the transaction.
func (t *transaction) add(l *redosql.Line, past redosql.Past) (err error) {
	if l.Defines {
		t.define, err = definitionOf(l, past)
		return err
	}
	c, kept, err := l.Whole()
	if err != nil {
		return err
	}
	if !kept {
		return fmt.Errorf("table %s has no primary key, and the row as it was then is no longer kept", l.Table.Name())
	}
	return t.addChange(l.Table, c, l.Key)
}

// addChange takes a change of a row.
func (t *transaction) addChange(table *redosql.Table, c redosql.Change, key []byte) (err error) {
	if c.Op == redo.Update && len(c.Before)+len(c.After) == 0 {
		return nil
	}
	s := step{op: c.Op, table: table, key: table.KeyOf(&c)}
	if s.text, s.args, err = table.Prepare(c); err != nil {
		return err
	}
	if c.Op == redo.Update && len(s.key) > 0 && hasUnique(table) {
		s.rowKey, s.before = slices.Clone(key), c.Before.Clone()
	}
	json, err := table.Key(&c, key)
	s.json = string(json)
	t.steps = append(t.steps, s)
	return err
}

func hasUnique(t *redosql.Table) bool {
	return slices.ContainsFunc(t.Shape.Table.Indexes, func(x catalog.Index) bool { return x.Unique })
}

// phase orders the steps of a transaction: what frees keys comes before what takes them.
var phase = map[redo.Op]int{redo.Delete: 0, redo.Update: 1, redo.Insert: 2}

// do does a transaction again.
func (r *replayer) do(ctx context.Context, t *transaction) error {
	if t.at == 0 {
		return nil
	}
	if err := r.await(ctx, t.micros); err != nil {
		return err
	}
	var err error
	switch {
	case t.define != nil:
		err = r.define(ctx, t)
	case len(t.steps) > 0:
		err = r.change(ctx, t)
	}
	if err != nil {
		return err
	}
	r.result.Last = t.at
	if r.Progress != nil {
		r.Progress(t.at)
	}
	return nil
}

// change does changes of rows again, in a transaction if there are several.
func (r *replayer) change(ctx context.Context, t *transaction) error {
	slices.SortStableFunc(t.steps, func(a, b step) int { return cmp.Compare(phase[a.op], phase[b.op]) })
	several := len(t.steps) > 1
	if several {
		if _, err := r.Conn.ExecContext(ctx, "BEGIN"); err != nil {
			return err
		}
	}
	rows, err := r.steps(ctx, t)
	if several {
		end := "COMMIT"
		if err != nil {
			end = "ROLLBACK"
		}
		if _, endErr := r.Conn.ExecContext(context.WithoutCancel(ctx), end); endErr != nil {
			err = errors.Join(err, fmt.Errorf("SCN %d: %s: %w", t.at, end, endErr))
		}
	}
	if err == nil {
		r.result.Transactions++
		r.result.Rows += rows
	}
	return err
}

// steps runs the steps of a transaction. One that meets a key which another step is still to free comes after that.
func (r *replayer) steps(ctx context.Context, t *transaction) (rows uint64, err error) {
	list := t.steps
	for len(list) > 0 {
		var later []step
		var why []*Conflict
		for i := range list {
			c, err := r.step(ctx, t, &list[i])
			switch {
			case err != nil:
				return rows, err
			case c == nil:
				rows++
			case isDuplicate(c.Err):
				later, why = append(later, list[i]), append(why, c)
			default:
				if err := r.conflict(c); err != nil {
					return rows, err
				}
			}
		}
		if len(later) < len(list) {
			list = later
			continue
		}
		n, err := r.exchange(ctx, t, later, why)
		return rows + n, err
	}
	return rows, nil
}

// exchange does steps that wait for keys of one another: rows that exchange unique keys go, and come again as they are in the end.
// A step whose key nothing of the transaction frees is a conflict.
func (r *replayer) exchange(ctx context.Context, t *transaction, list []step, why []*Conflict) (rows uint64, err error) {
	if len(list) > 1 && !slices.ContainsFunc(list, func(s step) bool { return s.rowKey == nil }) {
		if _, err := r.Conn.ExecContext(ctx, "SAVEPOINT exchange"); err != nil {
			return 0, err
		}
		done, err := r.putAnew(ctx, t, list)
		if err != nil || done {
			return uint64(len(list)), err
		}
		if _, err := r.Conn.ExecContext(ctx, "ROLLBACK TO SAVEPOINT exchange"); err != nil {
			return 0, err
		}
	}
	for _, c := range why {
		if err := r.conflict(c); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// putAnew deletes rows and inserts them as the transaction left them; not done if one is not as the log says, or its key is taken still.
func (r *replayer) putAnew(ctx context.Context, t *transaction, list []step) (done bool, err error) {
	inserts := make([]step, 0, len(list))
	for i := range list {
		s := &list[i]
		after, kept, err := r.Past.RowAt(t.at, s.table.Shape.Table, s.rowKey)
		if err != nil || !kept {
			return false, err
		}
		before := redo.Merge(after, s.before)
		for _, c := range []redosql.Change{{Op: redo.Delete, Before: before}, {Op: redo.Insert, After: after}} {
			n := step{op: c.Op, table: s.table, key: s.key, json: s.json}
			if n.text, n.args, err = s.table.Prepare(c); err != nil {
				return false, err
			}
			if c.Op == redo.Insert {
				inserts = append(inserts, n)
			} else if conflict, err := r.step(ctx, t, &n); err != nil || conflict != nil {
				return false, err
			}
		}
	}
	for i := range inserts {
		if conflict, err := r.step(ctx, t, &inserts[i]); err != nil || conflict != nil {
			return false, err
		}
	}
	return true, nil
}

func isDuplicate(err error) bool {
	var e *mysql.MySQLError
	return errors.As(err, &e) && e.Number == errDuplicate
}

// step runs one step; a Conflict if the row is not as the log says.
func (r *replayer) step(ctx context.Context, t *transaction, s *step) (*Conflict, error) {
	c := &Conflict{SCN: t.at, Transaction: t.xid, Table: s.table.Name(), Key: s.json}
	statement, err := r.statement(ctx, s.text)
	if err != nil {
		c.Reason, c.Err = "the server refuses it", err
		return nil, c
	}
	result, err := statement.ExecContext(ctx, s.args...)
	if isDuplicate(err) {
		c.Reason, c.Err = "the key is taken", err
		return c, nil
	}
	if err != nil {
		c.Reason, c.Err = "the server refuses it", err
		return nil, c
	}
	n, err := result.RowsAffected()
	if err != nil || n > 0 {
		return nil, err
	}
	c.Reason = "no row is as the log says"
	if len(s.key) == 0 {
		return c, nil
	}
	query, err := s.table.Find(s.key)
	if err != nil {
		return nil, err
	}
	if err := r.Conn.QueryRowContext(ctx, query).Scan(&n); err != nil {
		return nil, err
	}
	if c.Reason = "there is no such row"; n > 0 {
		c.Reason = "the row has other values than the log says"
	}
	return c, nil
}
