package engine_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"redoubt/engine/catalog"
	"redoubt/engine/enginetest"
	"redoubt/engine/txn"
	"redoubt/internal/history"
	"redoubt/scn"
	"redoubt/wal/redo"
)

var historySeed = flag.Uint64("history-seed", 0, "seed of TestHistoryCatches; 0 takes one from the clock")

// defect is something wrong below the transactions, or with them.
type defect struct {
	name   string
	level  history.Level // that is promised
	on     txn.Isolation // that is run
	record func(d *enginetest.Database, t *redo.Transaction)
	answer func(at scn.SCN, err error, random *rand.Rand) (scn.SCN, error)
	skip   func(random *rand.Rand) bool // the log does nothing, and says it did
	want   string                       // kinds of anomaly, one of which must be found; "" for none
}

// doctored is a way into the log with a defect.
type doctored struct {
	*enginetest.Log
	database *enginetest.Database
	defect   *defect
	random   *rand.Rand
}

func (p *doctored) Propose(ctx context.Context, xid uint64, body []byte, prepared *txn.Prepared) (scn.SCN, error) {
	if p.defect.skip != nil && p.defect.skip(p.random) {
		return p.database.Engine.Applied(), nil
	}
	if p.defect.record != nil {
		p.defect.record(p.database, prepared.Record)
		body = redo.AppendTransaction(nil, prepared.Record)
	}
	at, err := p.Log.Propose(ctx, xid, body, prepared)
	if p.defect.answer != nil {
		return p.defect.answer(at, err, p.random)
	}
	return at, err
}

// forgetVersions makes a transaction look as if it had read everything just now.
func forgetVersions(d *enginetest.Database, t *redo.Transaction) {
	now := d.Engine.Applied()
	view, err := d.Engine.View(now)
	if err != nil {
		panic(err)
	}
	t.ReadSCN = now
	for i := range t.Statements {
		t.Statements[i].ReadSCN = now
	}
	for i := range t.Claims {
		t.Claims[i].Since = now
	}
	for i := range t.Changes {
		table, ok := view.Catalog().TableByID(t.Changes[i].Table)
		if !ok {
			continue
		}
		if _, at, found, err := view.Get(table, t.Changes[i].Key); err == nil && found {
			t.Changes[i].Replaced = at
		}
	}
}

// forgetReads drops the claims on what was read.
func forgetReads(_ *enginetest.Database, t *redo.Transaction) { t.Claims = nil }

func denyCommit(at scn.SCN, err error, random *rand.Rand) (scn.SCN, error) {
	if err == nil && random.IntN(20) == 0 {
		return 0, &txn.ConflictError{What: "row"}
	}
	return at, err
}

// TestHistoryCatches: package history finds nothing in what transactions of the engine did, without locks, and finds it out
// when something below them is broken.
func TestHistoryCatches(t *testing.T) {
	seed := *historySeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano()) % 1e12
	}
	t.Logf("replay: go test ./engine -run '^TestHistoryCatches$' -history-seed %d", seed)
	for _, c := range []defect{
		{name: "nothing, read committed", level: history.ReadCommitted, on: txn.ReadCommitted},
		{name: "nothing, repeatable read", level: history.SnapshotIsolation, on: txn.RepeatableRead},
		{name: "nothing, serializable", level: history.Serializable, on: txn.Serializable},
		{name: "no version is checked, read committed", level: history.ReadCommitted, on: txn.ReadCommitted, record: forgetVersions, want: "order lost"},
		{name: "no version is checked, repeatable read", level: history.SnapshotIsolation, on: txn.RepeatableRead, record: forgetVersions, want: "order lost"},
		{name: "no version is checked, serializable", level: history.Serializable, on: txn.Serializable, record: forgetVersions, want: "order lost G2"},
		{name: "reads are not claimed", level: history.Serializable, on: txn.Serializable, record: forgetReads, want: "G2"},
		{name: "the snapshot moves", level: history.SnapshotIsolation, on: txn.ReadCommitted, want: "G-single G-nonadjacent"},
		{name: "reads are not claimed, and nobody promised it", level: history.SnapshotIsolation, on: txn.Serializable, record: forgetReads},
		{name: "what was refused is there", level: history.ReadCommitted, on: txn.ReadCommitted, answer: denyCommit, want: "G1a"},
		{name: "what was acknowledged is not there", level: history.ReadCommitted, on: txn.ReadCommitted, skip: func(r *rand.Rand) bool { return r.IntN(50) == 0 }, want: "lost order"},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := history.Check(runLists(t, &c, seed), c.level)
			kinds := map[string]bool{}
			for _, a := range found {
				kinds[a.Kind] = true
			}
			if c.want == "" {
				for _, a := range found {
					t.Error(a)
				}
				return
			}
			for _, kind := range strings.Fields(c.want) {
				if kinds[kind] {
					return
				}
			}
			t.Errorf("found %v, want one of %s", kinds, c.want)
		})
	}
}

// runLists has some transactions open at a time, and lets one of them at a time do something, as the seed says.
func runLists(t *testing.T, c *defect, seed uint64) []history.Txn {
	t.Helper()
	const open, keys, total = 6, 4, 1500
	random := rand.New(rand.NewPCG(seed, 7))
	d := enginetest.Open(t)
	createPerson(t, d)
	write(t, d, func(tx *txn.Txn, p *catalog.Table) error {
		for k := range int64(keys) {
			if err := tx.Insert(p, row(k, "", "", 0)); err != nil {
				return err
			}
		}
		return nil
	})
	p := &doctored{Log: d.Log, database: d, defect: c, random: random}
	d.Engine.Propose(p)
	var all []history.Txn
	clients, value := make([]*listClient, open), int64(0)
	for len(all) < total {
		i := random.IntN(open)
		if clients[i] == nil {
			clients[i] = &listClient{tx: d.Engine.Begin(txn.Options{Isolation: c.on}), left: 1 + random.IntN(4)}
		}
		if done := clients[i].step(t, d, random, &value, keys); done {
			all, clients[i] = append(all, clients[i].did), nil
		}
	}
	last := history.Txn{}
	view := d.Engine.Begin(txn.Options{ReadOnly: true})
	for k := range keys {
		last.Ops = append(last.Ops, history.Op{Key: k, Read: listOf(t, view, person(t, d), int64(k))})
	}
	return append(all, last)
}

// listClient is a transaction on its way.
type listClient struct {
	tx   *txn.Txn
	left int
	did  history.Txn
}

func (c *listClient) step(t *testing.T, d *enginetest.Database, random *rand.Rand, value *int64, keys int) (done bool) {
	if c.left == 0 {
		if random.IntN(10) == 0 {
			c.tx.Rollback()
			c.did.Outcome = history.RolledBack
		} else if _, err := c.tx.Commit(ctx); err != nil {
			if !errors.Is(err, txn.ErrConflict) {
				t.Fatal(err)
			}
			c.did.Outcome = history.RolledBack
		}
		return true
	}
	c.left--
	c.tx.StartStatement(1, "")
	k, table := random.IntN(keys), person(t, d)
	list := listOf(t, c.tx, table, int64(k))
	c.did.Ops = append(c.did.Ops, history.Op{Key: k, Read: list})
	if random.IntN(2) == 0 {
		*value++
		if err := c.tx.Update(table, row(int64(k), textOf(list), "", 0), row(int64(k), textOf(append(list, *value)), "", 0)); err != nil {
			t.Fatal(err)
		}
		c.did.Ops = append(c.did.Ops, history.Op{Key: k, Append: *value})
	}
	c.tx.EndStatement()
	return false
}

func textOf(list []int64) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(list), " ", ","), "[]")
}

func listOf(t *testing.T, tx *txn.Txn, table *catalog.Table, k int64) (list []int64) {
	t.Helper()
	key, err := tx.RowKey(table, row(k, "", "", 0))
	if err != nil {
		t.Fatal(err)
	}
	r, _, found, err := tx.Get(table, key)
	if err != nil || !found {
		t.Fatalf("key %d: found %v, %v", k, found, err)
	}
	name, _ := r.Get(2)
	for _, text := range strings.FieldsFunc(string(name.Data()), func(c rune) bool { return c == ',' }) {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, n)
	}
	return list
}
