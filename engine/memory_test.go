package engine_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/enginetest"
	"redoubt/engine/txn"
	"redoubt/wal/redo"
)

// TestMemoryIsCounted: what a transaction counts of its memory is what it takes, within 30 %, whatever it changes.
func TestMemoryIsCounted(t *testing.T) {
	const rows = 8_000
	text := strings.Repeat("x", 90)
	sysbench := func(id int64, fill string) redo.Row { // as sysbench has it: k indexed, c and pad
		return redo.Row{
			{ID: 1, Value: redo.IntValue(id)},
			{ID: 2, Value: redo.StringValue([]byte(fmt.Sprintf("%d%s%s", id, fill, text)))},
			{ID: 3, Value: redo.StringValue([]byte(fmt.Sprintf("%d%s%s", id, fill, text[:50])))},
			{ID: 4, Value: redo.IntValue(id * 7919)},
		}
	}
	for _, c := range []struct {
		name string
		do   func(tx *txn.Txn, p *catalog.Table, id int64) error
	}{
		{"insert", func(tx *txn.Txn, p *catalog.Table, id int64) error { return tx.Insert(p, sysbench(id+rows, "")) }},
		{"update", func(tx *txn.Txn, p *catalog.Table, id int64) error {
			return tx.Update(p, sysbench(id, ""), sysbench(id, "new"))
		}},
		{"update of a column in an index", func(tx *txn.Txn, p *catalog.Table, id int64) error {
			after := sysbench(id, "")
			after[3].Value = redo.IntValue(-id)
			return tx.Update(p, sysbench(id, ""), after)
		}},
		{"delete", func(tx *txn.Txn, p *catalog.Table, id int64) error { return tx.Delete(p, sysbench(id, "")) }},
		{"update twice", func(tx *txn.Txn, p *catalog.Table, id int64) error {
			if err := tx.Update(p, sysbench(id, ""), sysbench(id, "once")); err != nil {
				return err
			}
			return tx.Update(p, sysbench(id, "once"), sysbench(id, "twice"))
		}},
	} {
		for _, unique := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, unique %v", c.name, unique), func(t *testing.T) {
				// The state store keeps quiet: its files are in memory, too.
				d := enginetest.Open(t, func(o *engine.Options, _ *enginetest.Log) { o.MemtableBytes = 256 << 20 })
				createPerson(t, d)
				write(t, d, func(tx *txn.Txn, p *catalog.Table) error {
					next := p.Clone()
					next.Indexes = next.Indexes[1:] // age
					next.Indexes[0].Unique = unique
					return tx.PutTable(next)
				})
				write(t, d, func(tx *txn.Txn, p *catalog.Table) error {
					for id := range int64(rows) {
						if err := tx.Insert(p, sysbench(id, "")); err != nil {
							return err
						}
					}
					return nil
				})
				before := heap()
				tx := d.Engine.Begin(txn.Options{})
				tx.StartStatement(2, "")
				for id := range int64(rows) {
					if err := c.do(tx, person(t, d), id); err != nil {
						t.Fatal(err)
					}
				}
				took := float64(heap() - before)
				_, counted := tx.Size()
				t.Logf("%.0f bytes a row, counted %.0f", took/rows, float64(counted)/rows)
				if share := float64(counted) / took; share < 0.75 || share > 1.3 {
					t.Errorf("it takes %.0f bytes a row and counts %.0f", took/rows, float64(counted)/rows)
				}
				tx.Rollback()
			})
		}
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
