package replication

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"redoubt/scn"
)

// Notice says, on behalf of a leader, that an entry is committed. An idle leader tells followers what is committed only after
// Options.CommitNotice; who has asked the leader, or was answered by it, need not wait for that.
type Notice struct {
	Term       uint64 // in which the leader leads
	Index      uint64 // of the entry
	EntryTerm  uint64 // of the entry
	LeaderID   string
	LeaderAddr string
	SCN        scn.SCN // of a commit at the entry, or before it; 0: none is told of
}

// NoticeOf is what this node, which leads, says of an entry that is committed. Without EntryTerm it is no more than an index: all that
// a node can say that does not lead any more, since it must not speak for a term in which another one does.
func (n *Node) NoticeOf(index uint64) Notice {
	out := Notice{Index: index}
	term, leads := n.leadingIn()
	var l raft.Log
	if leads && n.log.read(index, &l) == nil {
		out.Term, out.LeaderID, out.LeaderAddr = term, n.opts.NodeID, string(n.transport.LocalAddr())
		out.EntryTerm = l.Term
	}
	return out
}

// EntryTerm is the term of an entry of this node's log, 0 if it is not there.
func (n *Node) EntryTerm(index uint64) uint64 {
	var l raft.Log
	if n.log.read(index, &l) != nil {
		return 0
	}
	return l.Term
}

// WaitStored blocks until the entry at an index is durable in this node's log, whether it is committed or not.
func (n *Node) WaitStored(ctx context.Context, index uint64) error {
	return n.opts.Log.Wait(ctx, index)
}

// WaitNoticed blocks until an entry that a leader says is committed was applied here.
func (n *Node) WaitNoticed(ctx context.Context, at Notice) error {
	if reached, err := n.Reached(at); reached {
		return err
	}
	// Its own word would make a leader step down: raft takes the message for that of another one.
	if t, ok := n.transport.(*noticing); ok && at.EntryTerm > 0 && at.LeaderID != "" && at.LeaderID != n.opts.NodeID {
		if err := n.opts.Log.Wait(ctx, at.Index); err != nil {
			return err
		}
		t.hear(ctx, at)
	}
	if err := n.WaitApplied(ctx, at.Index); err != nil {
		return err
	}
	_, err := n.Reached(at)
	return err
}

// Reached tells whether the entry of a notice was applied here. The error is ErrSkipped if it was, and the state lacks the commit.
func (n *Node) Reached(at Notice) (bool, error) {
	if n.fsm.applied.index.Load() < at.Index {
		return false, nil
	}
	if own := n.opts.StateMachine.Position().SCN; own < at.SCN {
		return true, fmt.Errorf("%w: it has applied entry %d, by which the leader had SCN %d, and has come to SCN %d", ErrSkipped, at.Index, at.SCN, own)
	}
	return true, nil
}

// noticing is the transport over the network, into which notices are put as if the leader had sent them: the message is one that it
// could have sent, an AppendEntries without entries.
type noticing struct {
	*raft.NetworkTransport
	leads func() bool // this node
	// entryTerm is the term of an entry of this node's log, 0 if it is not there.
	entryTerm func(index uint64) uint64
	incoming  chan raft.RPC
	done      chan struct{}
	closing   sync.Once
	passed    chan struct{} // closed when pass has ended
}

func newNoticing(inner *raft.NetworkTransport, leads func() bool, entryTerm func(uint64) uint64) *noticing {
	t := &noticing{NetworkTransport: inner, leads: leads, entryTerm: entryTerm, incoming: make(chan raft.RPC), done: make(chan struct{}), passed: make(chan struct{})}
	go t.pass() // joined by Close
	return t
}

// Consumer implements raft.Transport.
func (t *noticing) Consumer() <-chan raft.RPC { return t.incoming }

// retryPauseMax is how long a node that was away waits at most until the leader tries again.
const retryPauseMax = 200 * time.Millisecond

// AppendEntries implements raft.Transport. A node that does not answer is asked again and again as long as this one leads: raft itself
// would wait longer after each failure, up to 40 s, and a node that comes back would get nothing for as long. To say it twice is the
// same as once.
func (t *noticing) AppendEntries(id raft.ServerID, to raft.ServerAddress, a *raft.AppendEntriesRequest, r *raft.AppendEntriesResponse) error {
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, retryPauseMax) {
		err := t.NetworkTransport.AppendEntries(id, to, a, r)
		if err == nil {
			err = t.goAhead(id, to, a, r)
		}
		if err == nil || !t.leads() {
			return err
		}
		select {
		case <-time.After(pause):
		case <-t.done:
			return err
		}
		*r = raft.AppendEntriesResponse{}
	}
}

// AppendEntriesPipeline implements raft.Transport.
func (t *noticing) AppendEntriesPipeline(id raft.ServerID, to raft.ServerAddress) (raft.AppendPipeline, error) {
	inner, err := t.NetworkTransport.AppendEntriesPipeline(id, to)
	if err != nil {
		return nil, err
	}
	return newPipeline(inner), nil
}

// pass hands on what comes from other nodes.
func (t *noticing) pass() {
	defer close(t.passed)
	for {
		select {
		case call := <-t.NetworkTransport.Consumer():
			select {
			case t.incoming <- call:
			case <-t.done:
				return
			}
		case <-t.done:
			return
		}
	}
}

// hear puts a notice in. That the entry before is the leader's own is checked by raft, as of any such message; its answer is of no use.
func (t *noticing) hear(ctx context.Context, at Notice) {
	call := raft.RPC{
		Command: &raft.AppendEntriesRequest{
			RPCHeader: raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte(at.LeaderID), Addr: []byte(at.LeaderAddr)},
			Term:      at.Term, PrevLogEntry: at.Index, PrevLogTerm: at.EntryTerm, LeaderCommitIndex: at.Index,
		},
		RespChan: make(chan raft.RPCResponse, 1),
	}
	select {
	case t.incoming <- call:
	case <-t.done:
	case <-ctx.Done():
	}
}

// Close implements raft.WithClose.
func (t *noticing) Close() error {
	var err error
	t.closing.Do(func() { // raft closes it, too
		close(t.done)
		err = t.NetworkTransport.Close()
		<-t.passed
	})
	return err
}

var (
	_ raft.WithClose   = (*noticing)(nil)
	_ raft.WithPreVote = (*noticing)(nil)
)
