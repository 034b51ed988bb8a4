package replication

import (
	"testing"
	"time"
)

// observers are members that observe, of which the first leads since it was ordered to.
func observers(t *testing.T) (*cluster, *outcomes) {
	c := newCluster(t, func(o *Options) { o.Observe = true })
	c.members[0].node.Stand(20 * time.Second)
	book := newOutcomes()
	c.commit(book, "first=")
	if c.leader() != c.members[0] {
		t.Fatalf("%s leads, which was not ordered to", c.leader().id)
	}
	return c, book
}

// nobodyStands waits for as long as several elections would take, and sees that no node of some leads, and that no term rises.
func nobodyStands(t *testing.T, term uint64, members ...*member) {
	t.Helper()
	elections := time.Now().Add(5 * members[0].options().HeartbeatTimeout)
	waitUntil(t, "several elections could have been", func() bool {
		for _, m := range members {
			if _, _, leads := m.node.Leader(); leads {
				t.Fatalf("%s leads by itself", m.id)
			}
		}
		return time.Now().After(elections)
	})
	for _, m := range members {
		if now := m.node.Term(); now != term {
			t.Errorf("%s is in term %d, it was %d", m.id, now, term)
		}
	}
}

// TestObserve: nodes that observe elect nobody when the leader is lost, and raise no term, until one is ordered to stand. The lead can be handed over
// without, and one that votes alone leads at once.
func TestObserve(t *testing.T) {
	alone := single(t, func(o *Options) { o.Observe = true })
	alone.mustPropose("a=")
	c, book := observers(t)
	next := c.members[1]
	waitUntil(t, "the lead is handed over", func() bool { return c.leader() == next || c.members[0].node.Transfer(next.id) == nil })
	c.commit(book, "second=")
	c.level()
	lost := c.leader()
	term := lost.node.Term()
	c.down[lost] = true
	c.connect()
	a, b := c.others(lost)
	nobodyStands(t, term, a, b)
	a.node.Stand(20 * time.Second)
	waitUntil(t, "the one that was ordered to leads", func() bool { _, _, leads := a.node.Leader(); return leads })
	if a.node.standing.on() {
		t.Error("the order holds on")
	}
	book.note("third=", a.mustPropose("third="), nil)
	c.down[lost] = false
	c.connect()
	book.audit(t, c.converge())
}

// TestObserveLeadsOn: a node that led and was cut off, or started again, takes up its lead by itself. One that was replaced meanwhile does not.
func TestObserveLeadsOn(t *testing.T) {
	c, book := observers(t)
	first := c.members[0]
	a, b := c.others(first)
	c.down[first] = true
	c.connect()
	waitUntil(t, "it gives up", func() bool { return !first.node.leads() })
	nobodyStands(t, first.node.Term(), a, b)
	c.down[first] = false
	c.connect()
	waitUntil(t, "it leads again", func() bool { _, _, leads := first.node.Leader(); return leads })
	c.commit(book, "second=")

	first.crash()
	nobodyStands(t, a.node.Term(), a, b)
	first.start()
	c.connect()
	waitUntil(t, "it leads after a crash", func() bool { _, _, leads := first.node.Leader(); return leads })
	c.commit(book, "third=")
	c.level()

	c.down[first] = true
	c.connect()
	waitUntil(t, "it gives up once more", func() bool { return !first.node.leads() })
	a.node.Stand(20 * time.Second)
	waitUntil(t, "the one that was ordered to leads", func() bool { _, _, leads := a.node.Leader(); return leads })
	term := a.node.Term()
	first.crash()
	a.crash()
	first.start()
	c.down[first] = false
	c.connect()
	nobodyStands(t, term, b)
	if _, _, leads := first.node.Leader(); leads {
		t.Error("a node whose lead was taken leads by itself")
	}
	a.start()
	c.connect()
	waitUntil(t, "the newest leader leads on", func() bool { _, _, leads := a.node.Leader(); return leads })
	c.commit(book, "fourth=")
	book.audit(t, c.converge())
}

// TestStableStoreKnowsItsVotes: a vote for this node counts as its own under another address, too, and one of another term or node does not.
func TestStableStoreKnowsItsVotes(t *testing.T) {
	kv := newMemKV()
	s := openStable(t, kv)
	is := func(want bool) {
		t.Helper()
		if _, own := s.own(); own != want {
			t.Errorf("own is %v, want %v", own, want)
		}
	}
	reopen := func(addr string) {
		t.Helper()
		s = openStable(t, kv)
		if err := s.know([]byte(addr)); err != nil {
			t.Fatal(err)
		}
	}
	term := func(to uint64) {
		t.Helper()
		if err := s.SetUint64([]byte(raftCurrentTerm), to); err != nil {
			t.Fatal(err)
		}
	}
	reopen("old")
	is(false)
	term(3)
	castVote(t, s, 3, "old")
	is(true)
	reopen("old")
	is(true)
	reopen("new")
	is(true)
	reopen("newer") // twice without a vote in between
	is(true)
	term(4)
	is(false)
	castVote(t, s, 4, "old") // which is another node now, for all that it knows
	is(false)
	reopen("newer")
	is(false)
	term(5)
	castVote(t, s, 5, "newer")
	is(true)
	reopen("newer")
	is(true)
	term(6)
	castVote(t, s, 6, "n2")
	is(false)
	reopen("n2")
	is(false)
}
