package replication

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
)

// A leader whose disk does not answer cannot hand over: what is under way would have to land first, which waits for that disk. But it can
// fall silent. Raft's heartbeats come from goroutines of their own, which a write that hangs does not stop, so the others would wait for
// such a leader as long as it hangs. Without its messages they elect another one, as if it had died, and it hears of that when it goes on:
// messages that are not sent are nothing new to raft. It does not stand for election itself meanwhile.

// silencePause is between two looks whether the silence is over.
const silencePause = 5 * time.Millisecond

// errSilent ends messages that a node does not send since it wants another one to lead.
var errSilent = errors.New("this node is silent, so that another one leads")

// FallSilent makes this node send nothing as the leader, nor as a candidate, for a while. It ends by itself: if nobody else
// was elected this node leads on.
func (n *Node) FallSilent(d time.Duration) {
	n.silence.begin(time.Now().Add(d))
}

// interval is the time until a moment.
type interval struct{ until atomic.Pointer[time.Time] }

func (s *interval) begin(until time.Time) { s.until.Store(&until) }

func (s *interval) over() { s.until.Store(nil) }

func (s *interval) on() bool {
	until := s.until.Load()
	return until != nil && time.Now().Before(*until)
}

// governed is the transport as raft has it: what a node must not say now is not sent.
type governed struct {
	raft.Transport
	node *Node
}

// governedVotes is one over which raft asks before it stands for election.
type governedVotes struct {
	governed
	inner raft.WithPreVote
}

func govern(n *Node) raft.Transport {
	g := governed{n.transport, n}
	if inner, ok := n.transport.(raft.WithPreVote); ok {
		return &governedVotes{g, inner}
	}
	return &g
}

// speak waits until the silence is over. Raft must not hear of an error: it would wait longer after each, up to 40 s.
func (g *governed) speak() error {
	for g.node.silence.on() {
		if !g.node.leads() {
			return errSilent
		}
		select {
		case <-time.After(silencePause):
		case <-g.node.stopping:
			return errSilent
		}
	}
	return nil
}

// AppendEntries implements raft.Transport.
func (g *governed) AppendEntries(id raft.ServerID, to raft.ServerAddress, a *raft.AppendEntriesRequest, r *raft.AppendEntriesResponse) error {
	if err := g.speak(); err != nil {
		return err
	}
	return g.Transport.AppendEntries(id, to, a, r)
}

// AppendEntriesPipeline implements raft.Transport.
func (g *governed) AppendEntriesPipeline(id raft.ServerID, to raft.ServerAddress) (raft.AppendPipeline, error) {
	inner, err := g.Transport.AppendEntriesPipeline(id, to)
	if err != nil {
		return nil, err
	}
	return &governedPipeline{inner, g}, nil
}

// RequestVote implements raft.Transport.
func (g *governed) RequestVote(id raft.ServerID, to raft.ServerAddress, a *raft.RequestVoteRequest, r *raft.RequestVoteResponse) error {
	if g.node.silence.on() {
		return errSilent
	}
	return g.Transport.RequestVote(id, to, a, r)
}

// RequestPreVote implements raft.WithPreVote.
func (g *governedVotes) RequestPreVote(id raft.ServerID, to raft.ServerAddress, a *raft.RequestPreVoteRequest, r *raft.RequestPreVoteResponse) error {
	switch {
	case g.node.silence.on():
		return errSilent
	case !g.node.mayAsk():
		r.Term, r.Granted = a.Term, false
		return nil
	}
	return g.inner.RequestPreVote(id, to, a, r)
}

// Close implements raft.WithClose.
func (g *governed) Close() error { return closeTransport(g.Transport) }

// governedPipeline is a pipeline of a governed transport.
type governedPipeline struct {
	raft.AppendPipeline
	transport *governed
}

// AppendEntries implements raft.AppendPipeline.
func (p *governedPipeline) AppendEntries(a *raft.AppendEntriesRequest, r *raft.AppendEntriesResponse) (raft.AppendFuture, error) {
	if err := p.transport.speak(); err != nil {
		return nil, err
	}
	return p.AppendPipeline.AppendEntries(a, r)
}

var (
	_ raft.WithClose   = (*governed)(nil)
	_ raft.WithPreVote = (*governedVotes)(nil)
)
