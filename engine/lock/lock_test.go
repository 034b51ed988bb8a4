package lock

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"redoubt/scn"
)

const long = 20 * time.Second

func ask(owner uint64, key string, mode Mode, wait time.Duration) Request {
	return Request{Owner: owner, Space: 7, Key: []byte(key), Mode: mode, Wait: wait}
}

func must(t *testing.T, m *Manager, r Request) {
	t.Helper()
	if _, err := m.Lock(t.Context(), r); err != nil {
		t.Fatalf("owner %d, %s of %q: %v", r.Owner, r.Mode, r.Key, err)
	}
}

// later asks in the background; the answer comes on the channel. It returns when the request waits.
func later(t *testing.T, m *Manager, r Request) chan error {
	t.Helper()
	before, answer := m.Counts().Waits, make(chan error, 1)
	go func() {
		_, err := m.Lock(context.Background(), r)
		answer <- err
	}()
	for m.Counts().Waits == before {
		if len(answer) > 0 {
			t.Fatalf("owner %d does not wait for %q: %v", r.Owner, r.Key, <-answer)
		}
		time.Sleep(50 * time.Microsecond)
	}
	return answer
}

// TestModes: which modes of two owners go together.
func TestModes(t *testing.T) {
	together := map[[2]Mode]bool{
		{KeyShare, KeyShare}: true, {KeyShare, Share}: true, {KeyShare, Update}: true, {Share, Share}: true,
	}
	for a := KeyShare; a <= Exclusive; a++ {
		for b := KeyShare; b <= Exclusive; b++ {
			m := New()
			must(t, m, ask(1, "k", a, 0))
			_, err := m.Lock(t.Context(), ask(2, "k", b, 0))
			want := together[[2]Mode{a, b}] || together[[2]Mode{b, a}]
			if (err == nil) != want || err != nil && !errors.Is(err, ErrBusy) {
				t.Errorf("%s beside %s: %v", b, a, err)
			}
			m.Release(1)
			must(t, m, ask(2, "k", b, 0))
			m.Release(2)
			if len(m.locks)+len(m.owners) > 0 {
				t.Errorf("%s, %s: %d locks and %d owners are left", a, b, len(m.locks), len(m.owners))
			}
		}
	}
}

// TestQueue: who came first is served first, and a weak lock does not pass a strong one that waits.
func TestQueue(t *testing.T) {
	m := New()
	must(t, m, ask(1, "k", Share, 0))
	second := later(t, m, ask(2, "k", Exclusive, long))
	third := later(t, m, ask(3, "k", Share, long))
	locks := m.List()
	if len(locks) != 3 || !locks[0].Granted || fmt.Sprint(locks[1].Blockers) != "[1]" || fmt.Sprint(locks[2].Blockers) != "[2]" {
		t.Errorf("%+v", locks)
	}
	m.Release(1)
	if err := <-second; err != nil {
		t.Fatal(err)
	}
	if len(third) > 0 {
		t.Fatal("the third passed the second")
	}
	m.Release(2)
	if err := <-third; err != nil {
		t.Fatal(err)
	}
}

// TestUpgrade: an owner that wants more of what it has goes before those who wait for it.
func TestUpgrade(t *testing.T) {
	m := New()
	must(t, m, ask(1, "k", Share, 0))
	second := later(t, m, ask(2, "k", Exclusive, long))
	must(t, m, ask(1, "k", Update, 0))
	must(t, m, ask(1, "k", Share, 0))
	if l := m.List(); l[0].Mode != Update {
		t.Errorf("%+v", l)
	}
	m.Release(1)
	if err := <-second; err != nil {
		t.Fatal(err)
	}
}

// TestEndOfWait: a request that gives up leaves the queue, and those behind it go on.
func TestEndOfWait(t *testing.T) {
	m := New()
	must(t, m, ask(1, "k", Share, 0))
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan error, 1)
	go func() {
		_, err := m.Lock(ctx, ask(2, "k", Exclusive, long))
		answer <- err
	}()
	for len(m.List()) < 2 {
		time.Sleep(50 * time.Microsecond)
	}
	third := later(t, m, ask(3, "k", Share, long))
	cancel()
	if err := <-answer; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := <-third; err != nil {
		t.Error(err)
	}
	if _, err := m.Lock(t.Context(), ask(4, "k", Update, time.Millisecond)); !errors.Is(err, ErrTimeout) {
		t.Error(err)
	}
	if c := m.Counts(); c.Timeouts != 1 || c.Waits != 3 {
		t.Errorf("%+v", c)
	}
}

// TestDeadlock: circles of two and of three, over keys and by upgrades, are refused at once; the others go on.
func TestDeadlock(t *testing.T) {
	t.Run("two", func(t *testing.T) {
		m := New()
		must(t, m, ask(1, "a", Exclusive, 0))
		must(t, m, ask(2, "b", Exclusive, 0))
		first := later(t, m, ask(1, "b", Exclusive, long))
		if _, err := m.Lock(t.Context(), ask(2, "a", Exclusive, long)); !errors.Is(err, ErrDeadlock) {
			t.Fatal(err)
		}
		m.Release(2)
		if err := <-first; err != nil {
			t.Fatal(err)
		}
	})
	t.Run("three", func(t *testing.T) {
		m := New()
		for i, k := range []string{"a", "b", "c"} {
			must(t, m, ask(uint64(i+1), k, Exclusive, 0))
		}
		first := later(t, m, ask(1, "b", Exclusive, long))
		second := later(t, m, ask(2, "c", Exclusive, long))
		if _, err := m.Lock(t.Context(), ask(3, "a", Exclusive, long)); !errors.Is(err, ErrDeadlock) {
			t.Fatal(err)
		}
		m.Release(3)
		if err := <-second; err != nil {
			t.Fatal(err)
		}
		m.Release(2)
		if err := <-first; err != nil {
			t.Fatal(err)
		}
	})
	t.Run("upgrade", func(t *testing.T) {
		m := New()
		must(t, m, ask(1, "a", Share, 0))
		must(t, m, ask(2, "a", Share, 0))
		first := later(t, m, ask(1, "a", Exclusive, long))
		if _, err := m.Lock(t.Context(), ask(2, "a", Exclusive, long)); !errors.Is(err, ErrDeadlock) {
			t.Fatal(err)
		}
		m.Release(2)
		if err := <-first; err != nil {
			t.Fatal(err)
		}
	})
	t.Run("behind a waiter", func(t *testing.T) {
		m := New()
		must(t, m, ask(1, "a", Share, 0))
		must(t, m, ask(3, "b", Exclusive, 0))
		second := later(t, m, ask(2, "a", Exclusive, long)) // behind 1
		third := later(t, m, ask(3, "a", Share, long))      // behind 2
		if _, err := m.Lock(t.Context(), ask(1, "b", Exclusive, long)); !errors.Is(err, ErrDeadlock) {
			t.Fatal(err)
		}
		m.Release(1)
		if err := <-second; err != nil {
			t.Fatal(err)
		}
		m.Release(2)
		if err := <-third; err != nil {
			t.Fatal(err)
		}
	})
}

// TestTables: a lock on a table waits for those who have locks on rows of it, and they for it, but not its own session.
func TestTables(t *testing.T) {
	whole := func(owner uint64, mode Mode, wait time.Duration) Request { return ask(owner, "", mode, wait) }
	of := func(partner uint64, r Request) Request { r.Partner = partner; return r }
	m := New()
	must(t, m, ask(1, "a", Update, 0))
	must(t, m, ask(2, "b", Share, 0))
	if _, err := m.Lock(t.Context(), whole(9, TableShare, 0)); !errors.Is(err, ErrBusy) {
		t.Fatalf("READ beside a change: %v", err)
	}
	share := later(t, m, whole(9, TableShare, long))
	behind := later(t, m, ask(3, "c", Update, long)) // behind the lock that waits
	must(t, m, ask(4, "d", Share, 0))
	must(t, m, ask(1, "e", Update, 0)) // has changed the table already
	m.Release(1)
	if err := <-share; err != nil {
		t.Fatal(err)
	}
	exclusive := later(t, m, whole(8, TableExclusive, long))
	must(t, m, of(9, ask(5, "f", Share, 0))) // of the session that has the lock: before who waits for it
	m.Release(9)
	if err := <-behind; err != nil {
		t.Fatal(err)
	}
	for _, o := range []uint64{2, 3, 4, 5} {
		if len(exclusive) > 0 {
			t.Fatalf("WRITE beside owner %d: %v", o, <-exclusive)
		}
		m.Release(o)
	}
	if err := <-exclusive; err != nil {
		t.Fatal(err)
	}
	read := later(t, m, whole(6, IntentShare, long))
	must(t, m, of(8, ask(7, "a", Exclusive, 0)))
	m.Release(7)
	m.Release(8)
	if err := <-read; err != nil {
		t.Fatal(err)
	}
	m.Release(6)
	if m.Tables() || len(m.locks)+len(m.owners) > 0 {
		t.Errorf("%d locks and %d owners are left", len(m.locks), len(m.owners))
	}
}

// TestMany lets owners take random locks, and sees to it that no two hold what does not go together, and that all end.
func TestMany(t *testing.T) {
	const workers, keys, rounds = 16, 6, 300
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	m := New()
	var mu sync.Mutex
	held := [keys]map[uint64]Mode{}
	for i := range held {
		held[i] = map[uint64]Mode{}
	}
	var g sync.WaitGroup
	for w := range uint64(workers) {
		g.Go(func() {
			r := rand.New(rand.NewPCG(seed, w))
			for round := range uint64(rounds) {
				id := w<<32 | round + 1
				for range 1 + r.IntN(4) {
					k, mode, key := r.IntN(keys), Mode(r.IntN(4)), []byte("x")
					if r.IntN(10) == 0 {
						mode, key = TableShare+Mode(r.IntN(2)), nil
					}
					_, err := m.Lock(t.Context(), Request{Owner: id, Space: scn.Space(k), Key: key, Mode: mode, Wait: long})
					if errors.Is(err, ErrDeadlock) {
						break
					}
					if err != nil {
						t.Error(err)
						break
					}
					mu.Lock()
					for other, theirs := range held[k] {
						apart := theirs.conflictsWith(mode)
						if mode.ofTable() != theirs.ofTable() {
							apart = max(mode, theirs).conflictsWith(min(mode, theirs).intent())
						}
						if other != id && apart {
							t.Errorf("key %d: %s beside %s", k, mode, theirs)
						}
					}
					if mine, ok := held[k][id]; !ok || mode.covers(mine) {
						held[k][id] = mode
					}
					mu.Unlock()
					runtime.Gosched() // so that others meet it
				}
				mu.Lock()
				for k := range held {
					delete(held[k], id)
				}
				mu.Unlock()
				m.Release(id)
			}
		})
	}
	g.Wait()
	if len(m.locks)+len(m.owners) > 0 {
		t.Errorf("%d locks and %d owners are left", len(m.locks), len(m.owners))
	}
	if m.Counts().Waits == 0 {
		t.Error("nobody waited")
	}
}

func BenchmarkLock(b *testing.B) {
	m, key := New(), make([]byte, 9)
	b.ReportAllocs()
	for i := uint64(1); b.Loop(); i++ {
		key[0], key[1] = byte(i), byte(i>>8)
		if _, err := m.Lock(b.Context(), Request{Owner: i, Space: 300, Key: key, Mode: Exclusive, Wait: long}); err != nil {
			b.Fatal(err)
		}
		m.Release(i)
	}
}

// TestShareAndIntent: who has an intent to update and a table's share lock has no exclusive one by that: others may go on reading
// rows, and he has to wait for them if he asks for it.
func TestShareAndIntent(t *testing.T) {
	m, ctx := New(), t.Context()
	ask := func(owner uint64, key string, mode Mode) error {
		_, err := m.Lock(ctx, Request{Owner: owner, Space: 1, Key: []byte(key), Mode: mode})
		return err
	}
	for _, c := range []struct {
		owner uint64
		key   string
		mode  Mode
		want  error
	}{
		{1, "a", Update, nil},
		{2, "b", KeyShare, nil},
		{1, "", TableShare, nil},
		{1, "", TableExclusive, ErrBusy},
		{3, "c", KeyShare, nil},
		{3, "c", Update, ErrBusy},
		{3, "", TableShare, ErrBusy},
	} {
		if err := ask(c.owner, c.key, c.mode); !errors.Is(err, c.want) {
			t.Errorf("%d asks for %q in %s: %v, want %v", c.owner, c.key, c.mode, err, c.want)
		}
	}
	m.Release(2)
	m.Release(3)
	if err := ask(1, "", TableExclusive); err != nil {
		t.Errorf("alone: %v", err)
	}
}

// TestDeadlockOverPartner: a client that has locked a table waits in its transaction for one that waits for the table.
func TestDeadlockOverPartner(t *testing.T) {
	m := New()
	ask := func(owner, partner uint64, key string, mode Mode) (*waiter, error) {
		r := Request{Owner: owner, Partner: partner, Space: 1, Key: []byte(key), Mode: mode, Wait: long}
		if key == "" {
			r.Key, r.Space = nil, 2
		}
		return m.ask(r)
	}
	const client, session, other = 5, 9, 2
	for _, held := range []func() (*waiter, error){
		func() (*waiter, error) { return ask(session, 0, "", TableExclusive) },
		func() (*waiter, error) { return ask(other, 0, "b", Exclusive) },
	} {
		if w, err := held(); w != nil || err != nil {
			t.Fatalf("waits %v, %v", w != nil, err)
		}
	}
	if w, err := ask(other, 0, "", IntentUpdate); w == nil || err != nil {
		t.Fatalf("the other does not wait for the table: %v", err)
	}
	if _, err := ask(client, session, "b", Exclusive); !errors.Is(err, ErrDeadlock) {
		t.Errorf("the client waits: %v, want a deadlock", err)
	}
}
