package storage

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/wal/redo"
)

// AnalyzeTable implements gsql.StatsProvider: it reads the table once by each index.
func (s *Statistics) AnalyzeTable(ctx *gsql.Context, table gsql.Table, _ string) error {
	t, ok := storedTable(table)
	if !ok {
		return nil
	}
	return s.analyze(ctx, t, func() error { return ctx.Err() })
}

// analyze measures a table. pace is called now and then: it may wait, and its error ends the work.
func (s *Statistics) analyze(ctx *gsql.Context, t *Table, pace func() error) error {
	reader, err := t.txn(ctx)
	if err != nil {
		return err
	}
	found := &TableStatistics{CreatedMicros: time.Now().UnixMicro()}
	if err := measureRows(reader, t.def, found, pace); err != nil {
		return err
	}
	indexes, err := t.GetIndexes(ctx)
	if err != nil {
		return err
	}
	for _, index := range indexes {
		measured, err := measureIndex(reader, index.(*Index), found.Rows, pace)
		if err != nil {
			return err
		}
		found.Indexes = append(found.Indexes, measured)
	}
	raw, err := json.Marshal(found)
	if err != nil {
		return fmt.Errorf("statistics of table %s: %w", t.def.Name, err)
	}
	if err := s.store.PutControl(ctx, statisticsControl(t.def.ID), raw); err != nil {
		return err
	}
	s.mu.Lock()
	s.known[t.def.ID] = found
	s.mu.Unlock()
	return nil
}

func measureRows(reader *txn.Txn, def *catalog.Table, out *TableStatistics, pace func() error) error {
	rows := reader.Scan(def, txn.Range{})
	defer rows.Close()
	var bytes uint64
	var buf []byte
	for rows.Next() {
		buf = redo.AppendRow(buf[:0], rows.Row())
		bytes += uint64(len(buf))
		if out.Rows++; out.Rows%cancelEvery == 0 {
			if err := pace(); err != nil {
				return err
			}
		}
	}
	if out.Rows > 0 {
		out.RowBytes = bytes / out.Rows
	}
	return rows.Err()
}

// measureIndex reads an index in its order and cuts it into buckets of about the same number of rows.
func measureIndex(reader *txn.Txn, x *Index, total uint64, pace func() error) (IndexStatistics, error) {
	out := IndexStatistics{Name: x.ID()}
	def := x.table.def
	var rows *txn.Rows
	if x.def == nil {
		rows = reader.Scan(def, txn.Range{})
	} else {
		rows = reader.ScanIndex(def, x.def, txn.Range{})
	}
	defer rows.Close()
	size := max(1, (total+histogramBuckets-1)/histogramBuckets)
	var b Bucket
	var last redo.Row
	for n := uint64(1); rows.Next(); n++ {
		if n%cancelEvery == 0 {
			if err := pace(); err != nil {
				return out, err
			}
		}
		key := keyColumns(x, rows.Row())
		isNew := last == nil || !slices.EqualFunc(key, last, func(a, b redo.Column) bool { return a.Value.Equal(b.Value) })
		if isNew && b.Rows >= size {
			out.Buckets, b = append(out.Buckets, b), Bucket{}
		}
		if isNew {
			out.Distinct++
			b.Distinct++
			b.Bound = 0
		}
		if out.Lowest == nil {
			out.Lowest = key
		}
		if key[0].Value.IsNull() {
			out.Nulls++
			b.Nulls++
		}
		b.Rows++
		b.Bound++
		b.Upper, last = key, key
	}
	if b.Rows > 0 {
		out.Buckets = append(out.Buckets, b)
	}
	return out, rows.Err()
}

// keyColumns copies the columns of a key, in the order of the key.
func keyColumns(x *Index, row redo.Row) redo.Row {
	key := make(redo.Row, len(x.columns))
	for i, f := range x.fields[:len(x.columns)] {
		key[i] = redo.Column{ID: f.Column.ID, Value: f.Column.Of(row).Clone()}
	}
	return key
}
