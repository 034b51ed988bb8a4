package lock

import (
	"fmt"
	"testing"
)

// crowd is a row that one owner has and many others wait for. Each of these has as many rows of its own.
func crowd(tb testing.TB, waiters, rows int) *Manager {
	tb.Helper()
	m := New()
	if w, err := m.ask(ask(1, "hot", Exclusive, long)); w != nil || err != nil {
		tb.Fatal(w, err)
	}
	for i := range uint64(waiters) {
		own(tb, m, i+2, rows)
		if w, err := m.ask(ask(i+2, "hot", Exclusive, long)); w == nil || err != nil {
			tb.Fatal(w, err)
		}
	}
	return m
}

// own gives an owner rows that nobody else wants.
func own(tb testing.TB, m *Manager, owner uint64, rows int) {
	tb.Helper()
	for i := range rows {
		if w, err := m.ask(ask(owner, fmt.Sprintf("own %d %d", owner, i), Exclusive, long)); w != nil || err != nil {
			tb.Fatal(w, err)
		}
	}
}

// BenchmarkCrowd is what one more wait takes, during which nobody gets a lock, behind so many others.
func BenchmarkCrowd(b *testing.B) {
	const late = 1 << 40
	for _, waiters := range []int{100, 1000} {
		for _, rows := range []int{0, 3, 100} {
			b.Run(fmt.Sprintf("%d waiters, %d rows each", waiters, rows), func(b *testing.B) {
				m := crowd(b, waiters, rows)
				own(b, m, late, rows)
				crowdWait(b, m, late)
			})
		}
		b.Run(fmt.Sprintf("%d waiters, and one who waits for the last", waiters), func(b *testing.B) {
			m := crowd(b, waiters, 1)
			own(b, m, late, 1)
			if w, err := m.ask(ask(late+1, fmt.Sprintf("own %d 0", uint64(late)), Exclusive, long)); w == nil || err != nil {
				b.Fatal(w, err)
			}
			crowdWait(b, m, late)
		})
	}
}

func crowdWait(b *testing.B, m *Manager, owner uint64) {
	for b.Loop() {
		w, err := m.ask(ask(owner, "hot", Exclusive, long))
		if w == nil || err != nil {
			b.Fatal(w, err)
		}
		m.leave(w)
	}
}

// BenchmarkCrowdList is how long all locks stand still for who looks at them.
func BenchmarkCrowdList(b *testing.B) {
	m := crowd(b, 1000, 1)
	for b.Loop() {
		if got, want := len(m.List()), 1+2*1000; got != want {
			b.Fatalf("%d locks, want %d", got, want)
		}
	}
}
