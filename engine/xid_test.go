package engine_test

import (
	"context"
	"testing"
	"time"

	"redoubt/engine/enginetest"
	"redoubt/engine/txn"
)

// TestCommitOfXID: every transaction is found by its id, long ones and those of a clock that was set back included.
func TestCommitOfXID(t *testing.T) {
	now := time.UnixMicro(1_700_000_000_000_000)
	d := enginetest.Open(t, enginetest.WithClock(func() time.Time { return now }))
	want := map[uint64]uint64{}
	put := func(tx *txn.Txn, name string) {
		t.Helper()
		if err := tx.PutControl(name, []byte("x")); err != nil {
			t.Fatal(err)
		}
		at, err := tx.Commit(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		want[tx.XID()] = uint64(at)
	}
	old := d.Engine.Begin(txn.Options{})
	for _, name := range []string{"a", "b", "c"} {
		now = now.Add(time.Second)
		put(d.Engine.Begin(txn.Options{}), name)
	}
	put(old, "old")
	now = now.Add(-time.Hour) // the commits go on a microsecond after the last; ids of transactions do not depend on it
	put(d.Engine.Begin(txn.Options{}), "back")
	for xid, at := range want {
		c, found, err := d.Engine.CommitOfXID(context.Background(), xid)
		if err != nil || !found || uint64(c.SCN) != at || c.XID != xid {
			t.Errorf("transaction %d: SCN %d, %v, %v, want %d", xid, c.SCN, found, err, at)
		}
	}
	for _, xid := range []uint64{0, 1, old.XID() + 1, 1<<64 - 1} {
		if c, found, err := d.Engine.CommitOfXID(context.Background(), xid); found || err != nil {
			t.Errorf("transaction %d, which is not: %+v, %v", xid, c, err)
		}
	}
}
