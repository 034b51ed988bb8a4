package engine

import (
	"context"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/engine/catalog"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// TestPartsOutliveSpill: what is applied after a transaction in parts makes the batch spill, and what has been spilled is flushed before the
// position is. After a crash the parts are still there, since the log is not applied from before them.
func TestPartsOutliveSpill(t *testing.T) {
	fs := vfs.NewMem()
	open := func() *Engine {
		e, err := Open(Options{FS: fs, Dir: "s", CacheBytes: 1 << 20, MemtableBytes: 1 << 20, NodeOrdinal: 1})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	const table = catalog.FirstUserSpace + 5
	key, number := []byte{1}, uint64(0)
	change := func(op redo.Op, key []byte, replaced scn.SCN) []redo.Change {
		after := redo.Row{{ID: 1, Value: redo.UintValue(number)}}
		number++
		return []redo.Change{{Table: table, Op: op, Key: key, After: after, Replaced: replaced}}
	}
	group := func(index uint64, first scn.SCN, records ...*redo.Transaction) Commit {
		g := redo.Group{FirstSCN: first}
		for _, r := range records {
			r.Statements = []redo.Statement{{ReadSCN: first - 1}}
			g.Txns = append(g.Txns, redo.GroupTxn{TimeMicros: int64(first), Body: redo.AppendTransaction(nil, r)})
		}
		return Commit{Index: index, Term: 1, Group: g}
	}
	part := redo.AppendPart(nil, &redo.Part{XID: 9, Number: 1, Statements: []redo.Statement{{}}, Changes: change(redo.Insert, []byte{9}, 0)})
	e := open()
	if err := e.Apply([]Commit{
		{Index: 1, Term: 1, Part: part},
		group(2, 1, &redo.Transaction{XID: 1, Changes: change(redo.Insert, key, 0)}), // the position is behind the part
	}); err != nil {
		t.Fatal(err)
	}
	last := group(3, 2,
		&redo.Transaction{XID: 9, Parts: 1},
		&redo.Transaction{XID: 2, Changes: change(redo.Update, key, 1)})
	a := e.newApplier()
	if err := a.commit(&last); err != nil {
		t.Fatal(err)
	}
	if err := a.spill(); err != nil { // as does the next large one, or a rewind
		t.Fatal(err)
	}
	if _, err := e.Persist(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e = open()
	defer e.Close()
	if at := e.Applied(); at != 1 {
		t.Fatalf("the state is at SCN %d", at)
	}
	if err := e.Apply([]Commit{last}); err != nil {
		t.Fatal(err)
	}
	if n := e.Underway(); n != 0 {
		t.Errorf("parts of %d transactions are kept for ever", n)
	}
	if n := e.Rows(table); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
}
