package simcluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/internal/history"
	"redoubt/wal/redo"
)

// The lists are rows of a table: a key, and values with commas between.
const (
	schemaName = "sim"
	tableName  = "list"
	keys       = 6
)

// createLists makes the table, with an empty list for each key.
func createLists(ctx context.Context, e *engine.Engine) error {
	err := inTransaction(ctx, e, func(t *txn.Txn) error {
		schema, err := t.NewSpace()
		if err != nil {
			return err
		}
		table, err := t.NewSpace()
		if err != nil {
			return err
		}
		return errors.Join(t.PutSchema(&catalog.Schema{ID: schema, Name: schemaName}), t.PutTable(&catalog.Table{
			ID: table, Schema: schema, Name: tableName, NextColumnID: 3,
			Columns:    []catalog.Column{{ID: 1, Name: "id", Kind: redo.Int}, {ID: 2, Name: "list", Kind: redo.String}},
			PrimaryKey: []catalog.IndexColumn{{Column: 1}},
		}))
	})
	if err != nil {
		return err
	}
	return inTransaction(ctx, e, func(t *txn.Txn) error {
		table, _ := t.Catalog().Table(schemaName, tableName)
		for key := range keys {
			if err := t.Insert(table, rowOf(key, nil)); err != nil {
				return err
			}
		}
		return nil
	})
}

func inTransaction(ctx context.Context, e *engine.Engine, do func(*txn.Txn) error) error {
	t := e.Begin(txn.Options{})
	t.StartStatement(1, "")
	if err := do(t); err != nil {
		t.Rollback()
		return err
	}
	_, err := t.Commit(ctx)
	return err
}

func rowOf(key int, list []int64) redo.Row {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = strconv.FormatInt(v, 10)
	}
	return redo.Row{{ID: 1, Value: redo.IntValue(int64(key))}, {ID: 2, Value: redo.StringValue([]byte(strings.Join(words, ",")))}}
}

// list reads a key's list in a transaction, and gives the row.
func list(t *txn.Txn, key int) (values []int64, row redo.Row, err error) {
	table, ok := t.Catalog().Table(schemaName, tableName)
	if !ok {
		return nil, nil, fmt.Errorf("there is no table %s.%s at SCN %d", schemaName, tableName, t.Snapshot())
	}
	at, err := t.RowKey(table, rowOf(key, nil))
	if err != nil {
		return nil, nil, err
	}
	row, _, found, err := t.Get(table, at)
	if err != nil || !found {
		return nil, nil, errors.Join(err, fmt.Errorf("list %d, found %v", key, found))
	}
	for _, c := range row {
		if c.ID == 2 && len(c.Value.Data()) > 0 {
			for word := range strings.SplitSeq(string(c.Value.Data()), ",") {
				v, err := strconv.ParseInt(word, 10, 64)
				if err != nil {
					return nil, nil, err
				}
				values = append(values, v)
			}
		}
	}
	return values, row, nil
}

// do does one operation in a transaction.
func do(t *txn.Txn, op *history.Op) error {
	values, row, err := list(t, op.Key)
	if err != nil {
		return err
	}
	if op.Append == 0 {
		op.Read = values
		return nil
	}
	table, _ := t.Catalog().Table(schemaName, tableName)
	return t.Update(table, row, redo.Merge(row, rowOf(op.Key, append(slices.Clone(values), op.Append))))
}
