package node

import (
	"testing"
	"time"
)

func TestCopyHolds(t *testing.T) {
	var h copyHolds
	now := time.Unix(1000, 0)
	expect := func(at time.Time, want uint64, held bool) {
		t.Helper()
		if got, ok := h.floor(at); got != want || ok != held {
			t.Errorf("floor %d, %v; want %d, %v", got, ok, want, held)
		}
	}
	expect(now, 0, false)
	b, c := h.hold("b", 70), h.hold("c", 50)
	expect(now.Add(time.Hour), 50, true) // for as long as copies go
	h.sent(c, 90, now)
	expect(now.Add(heldAfterCopy), 70, true)
	h.drop("b", b)
	expect(now.Add(heldAfterCopy), 90, true)
	h.follows("c", 89) // it has the copy, and nothing more
	expect(now, 90, true)
	d := h.hold("d", 60)
	h.follows("d", 1000) // what it had before
	expect(now, 60, true)
	h.sent(d, 2000, now)
	h.follows("d", 2000)
	expect(now, 90, true)
	expect(now.Add(heldAfterCopy+1), 0, false)
	c = h.hold("c", 5)
	h.hold("c", 8) // it asks again
	expect(now, 8, true)
	h.drop("c", c) // the first one is noticed to be over only now
	expect(now, 8, true)
}

// TestCopyHoldsForTheFirst copies a node that is alone until then: the log behind the copy stays for it, too.
func TestCopyHoldsForTheFirst(t *testing.T) {
	n := &Node{}
	n.retainFrom.Store(100)
	n.copies.hold("new", 7)
	if got := n.retain(); got != 7 {
		t.Errorf("the log is kept from entry %d on, want 7", got)
	}
}
