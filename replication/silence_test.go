package replication

import (
	"fmt"
	"testing"
	"time"
)

// TestSilenceOverAStalledDisk: the disk of the leader stops to answer over a commit. It falls silent, another one leads, and the commit is
// either in all of the logs or in none, as its proposer hears.
func TestSilenceOverAStalledDisk(t *testing.T) {
	c := newCluster(t, nil)
	book := newOutcomes()
	c.commit(book, "before=")
	ill := c.leader()
	gate := make(chan struct{})
	ill.faulty.set(func() { ill.faulty.gate = gate })
	told := make(chan error, 1)
	go func() {
		r, err := ill.propose("stalled=")
		book.note("stalled=", r, err)
		told <- err
	}()
	waitUntil(t, "the disk stalls", func() bool { return ill.node.Stats().Storing > 50*time.Millisecond })
	ill.node.FallSilent(20 * time.Second)
	var next *member
	waitUntil(t, "another one leads", func() bool {
		for _, m := range c.members {
			if _, _, self := m.node.Leader(); self && m != ill {
				next = m
			}
		}
		return next != nil
	})
	for i := range 10 {
		book.note(fmt.Sprint(i, "after="), next.mustPropose(fmt.Sprint(i, "after=")), nil)
	}
	ill.faulty.set(func() { ill.faulty.gate = nil })
	close(gate)
	if err := <-told; err == nil {
		t.Error("a commit of the old leader was acknowledged after another one led")
	}
	book.audit(t, c.converge())
	if _, _, self := ill.node.Leader(); self {
		t.Error("the old leader still takes itself for the leader")
	}
}

// TestSilenceEnds: a leader that nobody replaces, since nobody else is there, goes on when its silence is over.
func TestSilenceEnds(t *testing.T) {
	m := single(t, nil)
	m.node.FallSilent(100 * time.Millisecond)
	m.mustPropose("a=")
	waitUntil(t, "the silence is over", func() bool { return !m.node.silence.on() })
	m.mustPropose("b=")
	if rows := m.check(); len(rows) != 2 {
		t.Errorf("%d rows", len(rows))
	}
}
