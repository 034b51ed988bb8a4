package tap

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"testing"
	"time"

	"redoubt/flashback/redolog"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// memoryLog is a log of transactions.
type memoryLog struct{ all []redo.Transaction }

func (l *memoryLog) Kept() scn.SCN { return 0 }

func (l *memoryLog) Scan(ctx context.Context, f redolog.Filter) iter.Seq2[redolog.Record, error] {
	return func(yield func(redolog.Record, error) bool) {
		for at := f.SCNs.After + 1; at <= f.SCNs.To; at++ {
			if !yield(redolog.Record{SCN: at, Body: redo.AppendTransaction(nil, &l.all[at-1])}, ctx.Err()) {
				return
			}
		}
	}
}

func (l *memoryLog) applied() scn.SCN { return scn.SCN(len(l.all)) }

func (l *memoryLog) commit(user, program string, table scn.Space, keys ...int) {
	t := redo.Transaction{XID: uint64(len(l.all) + 1), User: user, Program: program}
	for _, k := range keys {
		t.Changes = append(t.Changes, redo.Change{Table: table, Op: redo.Insert, Key: fmt.Append(nil, k), After: redo.Row{}})
	}
	l.all = append(l.all, t)
}

func TestTap(t *testing.T) {
	log := &memoryLog{}
	log.commit("early", "x", 1, 1)
	now := time.Unix(1_700_000_000, 0)
	tap := New(Options{Log: log, Applied: log.applied, Now: func() time.Time { return now }})
	for i := range 1000 {
		log.commit("ann", "shop", 7, i, 3)
		if i%10 == 0 {
			log.commit("bob", "cron", 8, 5)
		}
	}
	tap.Round(context.Background())
	r := tap.Rates()
	if len(r) != 1 || r[0].Transactions != 1100 || r[0].Read != 1100 || r[0].Changes != 2100 || r[0].SCN != 1101 || r[0].Bytes == 0 {
		t.Fatalf("%+v", r)
	}
	tables := tap.Tables()
	if len(tables) != 2 || tables[0].Key != 7 || tables[0].Changes != 2000 || tables[0].Transactions != 1000 || tables[0].Inserts != 2000 {
		t.Errorf("tables %+v", tables)
	}
	if k := tap.Keys()[0]; k.Key != (Key{7, "3"}) || k.Changes-k.Excess > 1001 || k.Changes < 1001 {
		t.Errorf("the hottest key: %+v", k)
	}
	if w := tap.Writers(); len(w) != 2 || w[0].Key != (Writer{"ann", "shop"}) || w[0].Transactions != 1000 || w[1].Transactions != 100 {
		t.Errorf("writers %+v", w)
	}
	now = now.Add(time.Second)
	tap.Round(context.Background())
	if r := tap.Rates(); len(r) != 2 || r[0].Transactions != 0 {
		t.Errorf("a quiet second: %+v", r)
	}
	for range 20 {
		now = now.Add(time.Minute)
		tap.Round(context.Background())
	}
	if len(tap.Tables()) != 0 || len(tap.Keys()) != 0 {
		t.Error("what is old was not forgotten")
	}
}

// TestTapFallsBehind: when there is more than a round can read, what was not read is known.
func TestTapFallsBehind(t *testing.T) {
	log := &memoryLog{}
	now := time.Unix(1_700_000_000, 0)
	tap := New(Options{Log: log, Applied: log.applied, Budget: 10 * time.Millisecond, Now: func() time.Time {
		now = now.Add(time.Millisecond)
		return now
	}})
	for range 1000 {
		log.commit("ann", "shop", 7, 1)
	}
	tap.Round(context.Background())
	r := tap.Rates()[0]
	at, skipped, err := tap.Position()
	if r.Transactions != 1000 || r.Read == 0 || r.Read > 20 || skipped != 1000-r.Read || at != 1000 || err != nil {
		t.Errorf("%+v; %d skipped at %d, %v", r, skipped, at, err)
	}
}

type brokenLog struct{ memoryLog }

var errBroken = errors.New("damaged")

func (brokenLog) Scan(context.Context, redolog.Filter) iter.Seq2[redolog.Record, error] {
	return func(yield func(redolog.Record, error) bool) { yield(redolog.Record{}, errBroken) }
}

func TestTapTellsOfFailure(t *testing.T) {
	log := &brokenLog{}
	tap := New(Options{Log: log, Applied: log.applied})
	log.commit("ann", "shop", 7, 1)
	tap.Round(context.Background())
	if _, skipped, err := tap.Position(); !errors.Is(err, errBroken) || skipped != 1 {
		t.Errorf("%d skipped, %v", skipped, err)
	}
}

// TestSpaceSaving: what is heavy is found among very many keys, and no count is wrong by more than it says.
func TestSpaceSaving(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 2))
	heavy := newTop[int](100)
	exact := map[int]uint64{}
	zipf := rand.NewZipf(random, 1.3, 2, 1_000_000)
	for range 200_000 {
		k := int(zipf.Uint64())
		exact[k]++
		heavy.add(k, 1, Amounts{})
	}
	kept := map[int]bool{}
	for _, c := range merged([]*top[int]{heavy}) {
		kept[c.Key] = true
		if c.Changes < exact[c.Key] || c.Changes-c.Excess > exact[c.Key] {
			t.Fatalf("seed %d: key %d has %d changes, counted as %d, at most %d too many", seed, c.Key, exact[c.Key], c.Changes, c.Excess)
		}
	}
	for k, n := range exact {
		if n > 200_000/100 && !kept[k] {
			t.Errorf("seed %d: key %d with %d changes is not among the top", seed, k, n)
		}
	}
	if len(kept) != 100 {
		t.Errorf("%d keys are kept", len(kept))
	}
}

func BenchmarkRound(b *testing.B) {
	log := &memoryLog{}
	for i := range 1000 {
		log.commit("ann", "shop", 7, i)
	}
	for b.Loop() {
		tap := New(Options{Log: log, Applied: func() scn.SCN { return 0 }, Budget: time.Hour})
		tap.options.Applied = log.applied
		tap.Round(context.Background())
	}
}
