package replication

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// confirmer asks the other voters whether this node still leads. Raft's own VerifyLeader takes the answer to any message for one to
// this question, also of a message that was answered before the question was there: a leader that was stopped for a while finds such
// answers when it goes on, and would give reads what it had then. It also counts nodes that do not count for the quorum. So the
// question is asked here: a heartbeat of the term in which this node leads, sent after the read began.
type confirmer struct {
	node *Node

	mu    sync.Mutex
	peers map[string]*Rounds[bool] // by node
}

func newConfirmer(n *Node) *confirmer { return &confirmer{node: n, peers: map[string]*Rounds[bool]{}} }

// errNoAnswer ends a question to a node that is not heard of in time.
var errNoAnswer = errors.New("the node does not answer in time")

// peer gives the questions to a node. One is waited for at a time.
func (c *confirmer) peer(id string) *Rounds[bool] {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.peers[id]
	if r == nil {
		r = &Rounds[bool]{}
		c.peers[id] = r
	}
	return r
}

// confirm returns nil once a quorum has said that it knows of no later term than the one in which this node led when it was called.
func (c *confirmer) confirm(term uint64) error {
	n := c.node
	ctx, cancel := context.WithTimeout(context.Background(), n.opts.HeartbeatTimeout)
	defer cancel()
	members, yes, voters := n.Members(), 0, 0
	answers := make(chan bool, len(members))
	for _, m := range members {
		switch {
		case !m.Voter:
		case m.ID == n.opts.NodeID:
			voters++
			yes++
		default:
			voters++
			go func() { // ends with ctx
				ok, err := c.peer(m.ID).Join(ctx, func() (bool, error) { return c.askInTime(m) })
				answers <- ok && err == nil
			}()
		}
	}
	for left := voters - yes; yes < voters/2+1; left-- {
		if left == 0 || yes+left < voters/2+1 {
			return fmt.Errorf("%w: a quorum does not confirm that this node leads", ErrNotLeader)
		}
		if <-answers {
			yes++
		}
	}
	if now, ready := n.leadingIn(); !ready || now != term {
		return n.notLeader()
	}
	return nil
}

// askInTime gives a question up after the time in which a leader has to be heard of. One that was sent when the nodes were cut off from
// each other may be under way for long after they no longer are, since TCP sends again ever more rarely; the next one takes another
// connection. What is left of it ends by the limit of the transport.
func (c *confirmer) askInTime(m Member) (bool, error) {
	type answer struct {
		yes bool
		err error
	}
	answers := make(chan answer, 1)
	go func() {
		yes, err := c.ask(m)
		answers <- answer{yes, err}
	}()
	limit := time.NewTimer(c.node.opts.HeartbeatTimeout)
	defer limit.Stop()
	select {
	case a := <-answers:
		return a.yes, a.err
	case <-limit.C:
		return false, errNoAnswer
	}
}

// ask sends a heartbeat of the term in which this node leads, as raft does: whoever knows of a later term refuses it.
func (c *confirmer) ask(m Member) (bool, error) {
	n := c.node
	term, ready := n.leadingIn()
	if !ready || n.silence.on() {
		return false, n.notLeader()
	}
	request := raft.AppendEntriesRequest{RPCHeader: n.rpcHeader(), Term: term}
	var answer raft.AppendEntriesResponse
	err := n.transport.AppendEntries(raft.ServerID(m.ID), raft.ServerAddress(m.Addr), &request, &answer)
	return err == nil && answer.Success && answer.Term == term, err
}
