package asof

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"

	"redoubt/bench/measure"
	"redoubt/bench/server"
	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// measureRedoubt reads a node in this process, through SQL and through its engine.
func measureRedoubt(ctx context.Context, c Config) (f measure.Figures, err error) {
	n, err := server.OpenNode(ctx, filepath.Join(c.Dir, "data"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	db, err := sql.Open("mysql", server.DSN(n.Addresses().MySQL))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	e := n.Engine()
	if err := fill(ctx, db, ""); err != nil {
		return nil, err
	}
	moment := e.Applied()
	if err := change(ctx, e, c); err != nil {
		return nil, err
	}
	if _, err := e.Persist(ctx); err != nil {
		return nil, err
	}
	past := fmt.Sprintf("AS OF SCN %d", moment)
	return c.compare(ctx, []reader{{"sql", sqlRead(ctx, db, past)}, {"engine", engineRead(e, moment)}})
}

// fill makes both tables with rows of version 0. The first 1,000 rows go with the first statement, and so on.
func fill(ctx context.Context, db *sql.DB, options string) error {
	statements, text := []string{"CREATE DATABASE bench"}, measure.NewText()
	for _, table := range []string{"spread", "hot"} {
		statements = append(statements, fmt.Sprintf(
			"CREATE TABLE bench.%s (id INT PRIMARY KEY, version INT NOT NULL, filler VARCHAR(255) NOT NULL)%s", table, options))
		for first := 1; first <= Rows; first += 1000 {
			statements = append(statements, insert(text, table, first, 1000))
		}
	}
	for _, s := range statements {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%.80s: %w", s, err)
		}
	}
	return nil
}

// change writes the later versions through the engine: it is faster, and the rows are the same.
func change(ctx context.Context, e *engine.Engine, c Config) error {
	for version := 1; version <= c.SpreadVersions/Rows; version++ {
		if err := update(ctx, e, "spread", 1, Rows, version); err != nil {
			return fmt.Errorf("change all rows: %w", err)
		}
	}
	for version := 1; version <= c.HotVersions; version++ {
		if err := update(ctx, e, "hot", hotID, 1, version); err != nil {
			return fmt.Errorf("change one row: %w", err)
		}
	}
	return nil
}

// update gives rows a version, in one transaction.
func update(ctx context.Context, e *engine.Engine, name string, first, rows, version int) error {
	t := e.Begin(txn.Options{User: "bench"})
	t.StartStatement(1, "")
	defer t.Rollback() // does nothing after a commit
	table, err := find(t, name)
	if err != nil {
		return err
	}
	it, err := scan(t, table, first, rows)
	if err != nil {
		return err
	}
	defer it.Close()
	for it.Next() {
		before := it.Row()
		after := before.Clone()
		after[1].Value = redo.IntValue(int64(version))
		if err := t.Update(table, before, after); err != nil {
			return err
		}
	}
	if err := it.Err(); err != nil {
		return err
	}
	_, err = t.Commit(ctx)
	return err
}

func find(t *txn.Txn, name string) (*catalog.Table, error) {
	table, ok := t.Catalog().Table("bench", name)
	if !ok {
		return nil, fmt.Errorf("there is no table bench.%s", name)
	}
	return table, nil
}

func scan(t *txn.Txn, table *catalog.Table, first, rows int) (*txn.Rows, error) {
	low, err := key(t, table, first)
	if err != nil {
		return nil, err
	}
	high, err := key(t, table, first+rows)
	if err != nil {
		return nil, err
	}
	return t.Scan(table, txn.Range{Low: low, High: high}), nil
}

func key(t *txn.Txn, table *catalog.Table, id int) ([]byte, error) {
	return t.KeyPrefix(table, []redo.Value{redo.IntValue(int64(id))})
}

// engineRead reads without SQL, each time in a transaction of its own.
func engineRead(e *engine.Engine, moment scn.SCN) read {
	return func(past bool, name string, first, rows int) (int, error) {
		t, err := begin(e, past, moment)
		if err != nil {
			return 0, err
		}
		defer t.Rollback()
		table, err := find(t, name)
		if err != nil {
			return 0, err
		}
		if rows == 1 {
			return getRow(t, table, first)
		}
		return getRows(t, table, first, rows)
	}
}

func begin(e *engine.Engine, past bool, moment scn.SCN) (*txn.Txn, error) {
	if past {
		return e.View(moment)
	}
	return e.Begin(txn.Options{ReadOnly: true}), nil
}

func getRow(t *txn.Txn, table *catalog.Table, id int) (int, error) {
	k, err := key(t, table, id)
	if err != nil {
		return 0, err
	}
	row, _, found, err := t.Get(table, k)
	if err != nil || !found {
		return 0, errors.Join(err, notFound(found, id))
	}
	return int(row[1].Value.Int()), nil
}

func notFound(found bool, id int) error {
	if found {
		return nil
	}
	return fmt.Errorf("row %d is not there", id)
}

func getRows(t *txn.Txn, table *catalog.Table, first, rows int) (version int, err error) {
	it, err := scan(t, table, first, rows)
	if err != nil {
		return 0, err
	}
	n := 0
	for it.Next() {
		version = int(it.Row()[1].Value.Int())
		n++
	}
	if err := errors.Join(it.Err(), it.Close()); err != nil {
		return 0, err
	}
	if n != rows {
		return 0, fmt.Errorf("%d rows, want %d", n, rows)
	}
	return version, nil
}
