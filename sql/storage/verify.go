package storage

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/txn"
)

// Verify reads every row of the table, and every index, and tells what does not fit together.
func (t *Table) Verify(ctx *gsql.Context) error {
	reader, err := t.txn(ctx)
	if err != nil {
		return err
	}
	count, err := t.verifyRows(ctx, reader.Scan(t.def, txn.Range{}))
	if err != nil {
		return err
	}
	for i := range t.def.Indexes {
		index := &t.def.Indexes[i]
		entries, err := t.verifyRows(ctx, reader.ScanIndex(t.def, index, txn.Range{}))
		if err != nil {
			return fmt.Errorf("index %s: %w", index.Name, err)
		}
		if entries != count {
			return fmt.Errorf("index %s has %d entries for %d rows", index.Name, entries, count)
		}
	}
	return nil
}

func (t *Table) verifyRows(ctx *gsql.Context, rows *txn.Rows) (count uint64, err error) {
	defer rows.Close()
	for rows.Next() {
		if _, err := t.shape.Decode(rows.Row()); err != nil {
			return count, err
		}
		if count++; count%cancelEvery == 0 && ctx.Err() != nil {
			return count, ctx.Err()
		}
	}
	return count, rows.Err()
}

// Checksum sums up the table's rows as of the newest commit: equal content gives equal sums on every node.
func (t *Table) Checksum() uint64 {
	state := t.db.store.engine.TableHash(t.def.ID)
	h := fnv.New64a()
	_ = binary.Write(h, binary.LittleEndian, state)
	return h.Sum64()
}
