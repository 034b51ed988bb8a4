package storage

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/plan"

	"redoubt/engine/lock"
	"redoubt/sql/parser"
)

// RowLock takes the rows of one table that a SELECT … FOR UPDATE or FOR SHARE reads. All forms that the table takes in
// a plan share it.
type RowLock struct {
	table *Table
	ask   parser.RowLock
	// filtered: rows are locked behind the filter above the table, and not where they are read. Else a row that the
	// filter passes over would be locked for nothing.
	filtered bool
	last     *rowIter // that has read a row
	// noted are the keys of rows that a sort holds, by their first value, so that only those that come out of it are
	// locked; nil if no sort stands above the table.
	noted map[*any][]byte
}

// withLock gives the table with locks on the rows that are read of it.
func (t *Table) withLock(ask parser.RowLock) *Table {
	c := *t
	c.lock = &RowLock{table: t, ask: ask}
	return &c
}

// LockBehind gives the lock of the table that a filter stands right above, nil if there is none: its rows are from now on
// locked by calls of Keep.
func LockBehind(filter *plan.Filter) *RowLock {
	l := lockBelow(filter.Child)
	if l != nil {
		l.filtered = true
	}
	return l
}

// LockBehindSort gives the lock of the table whose rows a sort holds, nil if there is none, or if the rows cannot be
// told apart: they are from now on locked by calls of KeepSorted, for which Note was called before the sort.
func LockBehindSort(sort *plan.Sort) *RowLock {
	for n := sort.Child; ; {
		switch below := n.(type) {
		case *plan.Filter:
			n = below.Child
		case *plan.Project:
			n = below.Child
		default:
			l := lockBelow(n)
			if l != nil {
				l.filtered, l.noted = true, map[*any][]byte{}
			}
			return l
		}
	}
}

// lockBelow gives the lock of the table that a node is.
func lockBelow(n gsql.Node) *RowLock {
	for {
		switch below := n.(type) {
		case *plan.TableAlias:
			n = below.Child
			continue
		case gsql.TableNode:
			if t, ok := baseTable(below.UnderlyingTable()); ok && t.lock != nil {
				return t.lock
			}
		}
		return nil
	}
}

// LockedTable gives the table that a node reads FOR UPDATE, nil if it is none.
func LockedTable(n gsql.Node) *Table {
	if node, ok := n.(gsql.TableNode); ok {
		if t, ok := baseTable(node.UnderlyingTable()); ok && t.lock != nil && t.lock.ask.Update {
			return t
		}
	}
	return nil
}

// TableOf gives the stored table that a node of a plan is, nil if it is none.
func TableOf(n gsql.Node) *Table {
	if node, ok := n.(gsql.TableNode); ok {
		if t, ok := baseTable(node.UnderlyingTable()); ok && t.view == nil {
			return t
		}
	}
	return nil
}

// baseTable is the table below the forms that it takes in a plan.
func baseTable(t gsql.Table) (*Table, bool) {
	for {
		switch x := t.(type) {
		case *Table:
			return x, true
		case *indexedTable:
			return x.Table, true
		case gsql.TableWrapper:
			t = x.Underlying()
		default:
			return nil, false
		}
	}
}

// Keep locks the row that was read last. It tells whether the row may be shown: not if another transaction has it and
// the statement says SKIP LOCKED.
func (l *RowLock) Keep(ctx *gsql.Context) (bool, error) {
	if l.last == nil || l.noted != nil {
		return true, nil
	}
	return l.take(ctx, l.last, l.last.key)
}

// Note remembers the key of the row that was read last, by what has become of it on its way into a sort. A row without
// values is locked at once: nothing would tell it apart behind the sort.
func (l *RowLock) Note(ctx *gsql.Context, row gsql.Row) (bool, error) {
	if l.last == nil {
		return true, nil
	}
	if len(row) == 0 {
		return l.take(ctx, l.last, l.last.key)
	}
	l.noted[&row[0]] = bytes.Clone(l.last.key)
	return true, nil
}

// KeepSorted is Keep for a row that comes out of a sort.
func (l *RowLock) KeepSorted(ctx *gsql.Context, row gsql.Row) (bool, error) {
	if l.last == nil || len(row) == 0 {
		return true, nil
	}
	key, ok := l.noted[&row[0]]
	if !ok {
		return false, fmt.Errorf("lock a row of table %s: a sort gave one that it was not given", l.table.def.Name)
	}
	return l.take(ctx, l.last, key)
}

// read is called for each row that is read: it locks it, or remembers it for Keep.
func (l *RowLock) read(ctx *gsql.Context, i *rowIter) (bool, error) {
	if l.filtered {
		l.last = i
		return true, nil
	}
	return l.take(ctx, i, i.key)
}

func (l *RowLock) take(ctx *gsql.Context, i *rowIter, key []byte) (bool, error) {
	mode, wait := lock.Share, time.Duration(0)
	if l.ask.Update {
		mode = lock.Exclusive
	}
	if !l.ask.NoWait && !l.ask.SkipLocked {
		wait = i.session.settings().lockWait
	}
	err := i.reader.LockRow(ctx, l.table.def, bytes.Clone(key), mode, wait)
	if errors.Is(err, lock.ErrBusy) && l.ask.SkipLocked {
		return false, nil
	}
	return err == nil, engineError(err)
}
