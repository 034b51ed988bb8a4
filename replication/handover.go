package replication

import (
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"
)

// handover is a request to let another node lead.
//
// Raft can hand over by itself, and must not: it waits for a word of the goroutine that sends entries to the other node, for ever if that one
// is held up, and takes no entries meanwhile. After two attempts with a node that was away the leader went on leading and took no commit
// any more. So the batcher, which is where commits come from, does it: (1) what is under way lands, and new proposals wait; (2) the other
// node is asked whether it has the last entry, until it has; (3) it is told to stand for election at once. If that comes to nothing within
// the time of an election, nothing has changed.
type handover struct {
	to   []Member // whoever of them has everything
	done chan error
}

// handoverPause is between two looks whether the other node has everything.
const handoverPause = 5 * time.Millisecond

// errNoTakeover: the node that was told to stand for election does not lead.
var errNoTakeover = errors.New("the other node has not been elected: this one goes on")

// Transfer lets another member lead, an empty id any that has all of the log. Only the leader can; it returns once this node no longer
// does.
func (n *Node) Transfer(id string) error {
	h := &handover{done: make(chan error, 1)}
	if id == "" {
		for _, m := range n.Members() {
			if m.Voter && m.ID != n.opts.NodeID {
				h.to = append(h.to, m)
			}
		}
	} else {
		m, err := n.Member(id)
		switch {
		case err != nil:
			return err
		case id == n.opts.NodeID:
			return nil
		case !m.Voter:
			return fmt.Errorf("node %s does not count for the quorum: promote it first", id)
		}
		h.to = []Member{m}
	}
	if len(h.to) == 0 {
		return errors.New("hand the lead over: there is no other node that counts for the quorum")
	}
	err := n.handOver(h)
	if err == nil || errors.Is(err, ErrNotLeader) { // the lead moved meanwhile, maybe to where it should
		return err
	}
	return fmt.Errorf("hand the lead over: %w", err)
}

// handOver asks the batcher to.
func (n *Node) handOver(h *handover) error {
	for {
		n.leadership.mu.Lock()
		ready, change := n.leadership.ready, n.leadership.change
		n.leadership.mu.Unlock()
		if !ready {
			return n.notLeader()
		}
		select {
		case n.batcher.handovers <- h:
			return <-h.done
		case <-change:
		case <-n.stopping:
			return n.closedError()
		}
	}
}

// handOver serves a handover. Proposals wait meanwhile.
func (b *batcher) handOver(h *handover) {
	b.flush()
	if !b.drain() {
		h.done <- b.node.closedError()
		return
	}
	err := b.node.notLeader()
	if b.current() {
		err = b.node.offer(h.to, b.term)
	}
	b.refill()
	h.done <- err
}

// offer lets one of some nodes stand for election, if it has all of the log, and waits until this one no longer leads.
func (n *Node) offer(to []Member, term uint64) error {
	limit := time.NewTimer(n.opts.HeartbeatTimeout)
	defer limit.Stop()
	_, last := n.log.bounds()
	ready := make(chan Member, len(to))
	over := make(chan struct{})
	defer close(over)
	for _, m := range to {
		go n.awaitEntry(m, term, last, ready, over) // ends with over, and a call that is under way
	}
	select {
	case m := <-ready:
		if err := n.nominate(m, limit.C); err != nil {
			return err
		}
	case <-limit.C:
		return fmt.Errorf("no node that may lead answers and has log entry %d", last)
	case <-n.stopping:
		return n.closedError()
	}
	return nil
}

// awaitEntry says that a node is ready once it has an entry of this node's log.
func (n *Node) awaitEntry(m Member, term, index uint64, ready chan<- Member, over <-chan struct{}) {
	for {
		if n.hasEntry(m, term, index) {
			ready <- m
			return
		}
		select {
		case <-time.After(handoverPause):
		case <-over:
			return
		case <-n.stopping:
			return
		}
	}
}

// hasEntry asks a node once, by an AppendEntries without entries: it succeeds where the entry before is there.
func (n *Node) hasEntry(m Member, term, index uint64) bool {
	request := raft.AppendEntriesRequest{
		RPCHeader: n.rpcHeader(), Term: term, PrevLogEntry: index, PrevLogTerm: n.EntryTerm(index),
	}
	var answer raft.AppendEntriesResponse
	send := n.transport.AppendEntries
	if t, ok := n.transport.(*noticing); ok {
		send = t.NetworkTransport.AppendEntries // which does not try again
	}
	err := send(raft.ServerID(m.ID), raft.ServerAddress(m.Addr), &request, &answer)
	return err == nil && answer.Success && answer.Term == term
}

// rpcHeader is what raft puts in front of its messages.
func (n *Node) rpcHeader() raft.RPCHeader {
	self := n.transport.EncodePeer(raft.ServerID(n.opts.NodeID), n.transport.LocalAddr())
	return raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte(n.opts.NodeID), Addr: self}
}

// nominate tells a node to stand for election at once, and waits until this one no longer leads.
func (n *Node) nominate(m Member, limit <-chan time.Time) error {
	told := make(chan error, 1)
	go func() { // ends with the call
		told <- n.transport.TimeoutNow(raft.ServerID(m.ID), raft.ServerAddress(m.Addr), &raft.TimeoutNowRequest{RPCHeader: n.rpcHeader()}, &raft.TimeoutNowResponse{})
	}()
	for {
		n.leadership.mu.Lock()
		leads, change := n.leadership.leads, n.leadership.change
		n.leadership.mu.Unlock()
		if !leads {
			return nil
		}
		select {
		case err := <-told:
			if err != nil {
				return fmt.Errorf("tell node %s to stand for election: %w", m.ID, err)
			}
			told = nil
		case <-change:
		case <-limit:
			return errNoTakeover
		case <-n.stopping:
			return n.closedError()
		}
	}
}
