package txn

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"redoubt/engine/catalog"
	"redoubt/engine/mvcc"
	"redoubt/scn"
	"redoubt/wal/redo"
)

type quiet struct{ pebble.Logger }

func (quiet) Infof(string, ...any) {}

// forgetful is a certifier over a store, at an applied SCN, that has forgotten everything up to it.
func forgetful(t *testing.T, applied scn.SCN, fill func(*mvcc.Batch)) *Certifier {
	t.Helper()
	store, err := mvcc.Open(mvcc.Options{FS: vfs.NewMem(), Dir: "s", CacheBytes: 1 << 20, MemtableBytes: 1 << 20, Logger: quiet{pebble.DefaultLogger}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	b := store.NewBatch()
	fill(b)
	if err := b.Commit(); err != nil {
		t.Fatal(err)
	}
	return NewCertifier(store, func() (scn.SCN, *catalog.Snapshot) { return applied, catalog.Empty() }, func(_ scn.Space, at scn.SCN) bool { return at >= keptFrom })
}

const (
	space    scn.Space = 2000
	keptFrom scn.SCN   = 4 // in the store of forgetful
)

func update(key string, read, replaced scn.SCN) *redo.Transaction {
	return &redo.Transaction{ReadSCN: read, Changes: []redo.Change{{Table: space, Op: redo.Update, Key: []byte(key), Replaced: replaced}}}
}

// TestForgotten: a transaction older than the memory is checked against the store, and refused where that cannot tell.
func TestForgotten(t *testing.T) {
	c := forgetful(t, 10, func(b *mvcc.Batch) {
		b.Put(space, []byte("old"), 3, nil)
		b.Put(space, []byte("new"), 3, nil)
		b.Put(space, []byte("new"), 9, nil)
		b.Put(space+1, []byte("taken\x00row"), 8, nil)
		b.Put(space+1, []byte("free\x00row"), 2, nil)
	})
	f := func(name string, tx *redo.Transaction, conflict bool) {
		t.Helper()
		if err := c.Certify(tx, 11); errors.Is(err, ErrConflict) != conflict || err != nil && !conflict {
			t.Errorf("%s: %v, want conflict %v", name, err, conflict)
		}
		c.Abandon()
	}
	claim := func(key string, since scn.SCN, mode redo.ClaimMode, on scn.Space) *redo.Transaction {
		return &redo.Transaction{ReadSCN: 10, Claims: []redo.Claim{{Mode: mode, Space: on, Since: since, Low: []byte(key)}}}
	}
	f("new snapshot, right version", update("new", 10, 9), false)
	f("old snapshot, version still there", update("old", 5, 3), true) // claims of others since 5 are forgotten
	f("unique key touched since", claim("taken", 5, redo.Exclusive, space+1), true)
	f("unique key not touched since", claim("free", 5, redo.Exclusive, space+1), false)
	f("parent row changed since", claim("new", 5, redo.KeyShare, space), true)
	f("parent row as it was", claim("old", 5, redo.KeyShare, space), false)
	f("parent row that may be gone with all that is known of it", claim("gone", 3, redo.KeyShare, space), true)
	f("parent row that was not there", claim("gone", 5, redo.KeyShare, space), false)
	f("name claimed on an old snapshot", claim("name", 5, redo.Exclusive, catalog.NamesSpace), true)
	f("content looked at on an old snapshot", &redo.Transaction{ReadSCN: 10, Claims: []redo.Claim{{Mode: redo.Share, Space: space, Since: 5}}}, true)
	looked := func(since scn.SCN) *redo.Transaction {
		return &redo.Transaction{ReadSCN: 10, Claims: []redo.Claim{{Mode: redo.Share, Space: space, Since: since, Low: []byte("a"), High: []byte("b")}}}
	}
	f("range looked at on an old snapshot", looked(5), true)
	f("range looked at now", looked(10), false)
}

// TestRanges: a claim on a range holds if and only if nothing in it was changed since, as far as the memory reaches.
func TestRanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Nothing is older than the memory, so the store is not asked.
		c := NewCertifier(nil, func() (scn.SCN, *catalog.Snapshot) { return 10, catalog.Empty() }, nil)
		c.NoteRanges()
		changed := map[string]scn.SCN{}
		at := scn.SCN(10)
		for range rapid.IntRange(0, 30).Draw(t, "changes") {
			at++
			key := rapid.StringMatching("[a-f]{1,2}").Draw(t, "key")
			tx := &redo.Transaction{ReadSCN: at - 1, Changes: []redo.Change{{Table: space, Op: redo.Insert, Key: []byte(key), Replaced: changed[key]}}}
			if err := c.Certify(tx, at); err != nil {
				t.Fatal(err)
			}
			changed[key] = at
		}
		claim := redo.Claim{
			Mode: redo.Share, Space: space, Since: scn.SCN(rapid.IntRange(10, int(at)).Draw(t, "since")),
			Low: []byte(rapid.StringMatching("[a-f]{0,2}").Draw(t, "low")), High: []byte(rapid.StringMatching("[a-f]{1,2}").Draw(t, "high")),
		}
		if rapid.Bool().Draw(t, "to the end") {
			claim.High = rangeEnd
		}
		want := false
		for key, at := range changed {
			want = want || at > claim.Since && key >= string(claim.Low) && key < string(claim.High)
		}
		err := c.Certify(&redo.Transaction{ReadSCN: claim.Since, Claims: []redo.Claim{claim}}, at+1)
		if errors.Is(err, ErrConflict) != want || err != nil && !want {
			t.Fatalf("%+v over %v: %v", claim, changed, err)
		}
	})
}

// TestRangesForget: when the memory is full in the middle of a commit, what the commit has changed before counts all the same.
func TestRangesForget(t *testing.T) {
	var r ranges
	r.begin(10)
	for i := range rangeKeysMax - 1 {
		r.note(space+1, binary.BigEndian.AppendUint32(nil, uint32(i)), 11)
	}
	r.note(space, []byte("a"), 12)
	r.note(space, []byte("z"), 12)
	claim := redo.Claim{Space: space, Low: []byte("a"), High: []byte("b"), Since: 11}
	if !r.changed(&claim, 12) {
		t.Error("the range counts as unchanged")
	}
	if claim.Since = 12; r.changed(&claim, 12) {
		t.Error("it counts as changed after the commit")
	}
}

// TestDroppedBeforeItBegan: the order to drop a transaction overtakes its first part.
func TestDroppedBeforeItBegan(t *testing.T) {
	c := forgetful(t, 10, func(*mvcc.Batch) {})
	first := &redo.Part{XID: 7, Number: 1, ReadSCN: 10, Statements: []redo.Statement{{ReadSCN: 10}}, Changes: update("k", 10, 0).Changes}
	if err := c.CertifyPart(&redo.Part{XID: 7}); err != nil {
		t.Fatal(err)
	}
	if err := c.CertifyPart(first); !errors.Is(err, ErrConflict) {
		t.Fatalf("its first part: %v, want a conflict", err)
	}
	if err := c.Certify(update("k", 10, 0), 11); err != nil {
		t.Fatalf("another who changes the row: %v", err)
	}
	for xid := range uint64(droppedMax) {
		if err := c.CertifyPart(&redo.Part{XID: 100 + xid}); err != nil {
			t.Fatal(err)
		}
	}
	if c.dropped.has(7) || !c.dropped.has(100) {
		t.Error("the oldest is not the one that is forgotten")
	}
}

// TestWindowForgetsTheOldest fills the memory, and asks for what it dropped and what it kept.
func TestWindowForgetsTheOldest(t *testing.T) {
	w := newWindow(0)
	const n = 3*windowEntriesMax - 10
	for i := range uint64(n) {
		w.put(i, scn.SCN(i+1))
	}
	if w.get(0) != 0 {
		t.Error("the oldest is still there")
	}
	if w.floor == 0 || w.floor >= n {
		t.Errorf("floor %d", w.floor)
	}
	for i := uint64(w.floor); i < n; i++ {
		if w.get(i) != scn.SCN(i+1) {
			t.Fatalf("what happened at %d, after floor %d, is forgotten", i+1, w.floor)
		}
	}
	if got := len(w.young) + len(w.old); got > 2*windowEntriesMax {
		t.Errorf("%d entries", got)
	}
}

// TestInFlight: what was certified counts before it is applied, until it is abandoned.
func TestInFlight(t *testing.T) {
	c := forgetful(t, 10, func(b *mvcc.Batch) { b.Put(space, []byte("k"), 5, nil) })
	if err := c.Certify(update("k", 10, 5), 11); err != nil {
		t.Fatal(err)
	}
	if err := c.Certify(update("k", 10, 5), 12); !errors.Is(err, ErrConflict) {
		t.Fatalf("second change of a row in flight: %v", err)
	}
	c.Abandon()
	if err := c.Certify(update("k", 10, 5), 11); err != nil {
		t.Fatalf("after the first was abandoned: %v", err)
	}
	c.Observe(update("other", 10, 0), 12)
	if err := c.Certify(update("other", 10, 0), 13); !errors.Is(err, ErrConflict) {
		t.Fatalf("change of a row that another node changed: %v", err)
	}
}

func ExampleConflictError() {
	fmt.Println(&ConflictError{What: "row", Table: "t"})
	// Output: another transaction changed the same data first (row of table t)
}
