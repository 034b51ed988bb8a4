package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"redoubt/replication"
	"redoubt/replication/peer"
	"redoubt/scn"
)

// State is what a node knows of commits.
type State interface {
	// Applied is the newest commit of the state.
	Applied() scn.SCN
	// CommitOf finds the commit of a transaction, by its id.
	CommitOf(ctx context.Context, xid uint64) (at scn.SCN, micros int64, found bool, err error)
	// StateHash sums up the state as of an SCN, in hexadecimal.
	StateHash() (at scn.SCN, hash string)
	// HashAt sums up the state as of an SCN that it has.
	HashAt(at scn.SCN) (hash string, err error)
}

// Registry keeps the nodes in the database. Put and Drop commit.
type Registry interface {
	Nodes() ([]Info, error)
	Put(ctx context.Context, n Info) error
	Drop(ctx context.Context, id string) error
	// Ordinal is the highest that a node was ever put with, dropped or not; 0: there was none.
	Ordinal() (uint16, error)
	// Announce says that the lead is about to be handed over; Announced gives the latest such word.
	Announce(ctx context.Context, a Announcement) error
	Announced() (Announcement, error)
	// NoteAsked keeps that somebody was told that a transaction did not commit.
	NoteAsked(ctx context.Context, xid uint64) error
	// NoteTakeover keeps how a node came to lead, in place of what was kept of the same term.
	NoteTakeover(ctx context.Context, t Takeover) error
	// Takeovers lists them, the oldest first.
	Takeovers() ([]Takeover, error)
}

// Info is a node as the database has it.
type Info struct {
	ID      string `json:"id"`
	Ordinal uint16 `json:"ordinal"` // distinguishes the transaction ids of nodes
	Raft    string `json:"raft"`    // HOST:PORT for other nodes
	MySQL   string `json:"mysql"`   // HOST:PORT for clients
	HTTP    string `json:"http"`
	Standby bool   `json:"standby,omitempty"` // it only follows, for ever
}

// Options of a Cluster. All but Answer are needed.
type Options struct {
	ID         string
	Self       func() Info // with the addresses where it listens now
	Log        *replication.Node
	Hub        *peer.Hub
	State      State
	Registry   Registry
	Refusals   Refusals
	Protection Protection
	Version    string
	Lineage    Lineage
	Failover   Failover // empty: Automatic
	Logger     zerolog.Logger
	Now        func() time.Time // of day: other nodes compare theirs with it
	// Lost is told once when this node cannot follow the leader any more, because the leader's log begins behind this node's end.
	Lost func(error)
	// Follows is told where the log of a node ends that follows this one, each second.
	Follows func(node string, last uint64)
	// Archive makes a repository hold the log up to an SCN, on this node, which leads.
	Archive func(ctx context.Context, repository string, through scn.SCN) (Archived, error)
	// Settled tells whether the database has the nodes of this cluster, and none of one that it has left. Until then nobody joins.
	Settled func() bool
	// Unfit tells why this node should not lead; nil: it may. It must be quick. Nil: it always may.
	Unfit func() error
	// LagFarOff is how long what is committed may be on its way into the state of a node that leads; 0: 30 s.
	LagFarOff time.Duration
	// Answer answers a question of another node; what it is about is for who asks. Nil: there are no answers.
	Answer func(ctx context.Context, question []byte) ([]byte, error)
	// Peers is told the addresses of the other nodes, and told again when they change. One call at a time.
	Peers func([]string)
}

// Lineage tells clusters of one database apart: a failover makes another one, with an incarnation of its own.
type Lineage struct {
	Database    string // its id
	Cluster     string // since the last failover; empty: there was none
	Clone       string // tells clones apart; empty: it is none
	Left        string // what the nodes had in common that the failover gave up; empty: it is not known
	Incarnation scn.Incarnation
	Parent      scn.Incarnation // the one before, up to Branch
	Branch      scn.SCN
}

// Times.
const (
	leaderWait     = 10 * time.Second       // for somebody to lead, and for the outcome of a commit
	leaderPause    = 10 * time.Millisecond  // between two looks
	statusTimeout  = 500 * time.Millisecond // for a node to tell how it is
	attendEvery    = time.Second
	fenceKept      = 5 * time.Minute // how long a late proposal is refused
	changeTimeout  = 20 * time.Second
	promoteBehind  = 1024 // entries that a node may be behind to be promoted
	callingTimeout = 5 * time.Second

	announceTimeout = 500 * time.Millisecond // of a stop: without a quorum nobody would take note
)

// ErrNoLeader: nobody leads that this node knows of. Nothing was done.
var ErrNoLeader = errors.New("no node leads: a quorum is missing, or an election is going on")

// Cluster is this node's part in the cluster.
type Cluster struct {
	options Options
	caller  *peer.Caller
	reading replication.Rounds[replication.Notice]

	compared comparison
	fences   fences
	standbys standbys
	clocks   clocks

	mu     sync.Mutex
	tenure tenure

	observed atomic.Pointer[Observation]  // nil: no failover is due
	halted   atomic.Pointer[time.Time]    // when this process was last found to have done nothing for a while
	yielded  atomic.Pointer[Announcement] // the latest word past the log of why another node shall lead

	peers []string // of tellPeers
	noted uint64   // term of the latest takeover that was noted; of attend

	joining sync.Mutex // nodes come and go one after the other

	lost     sync.Once
	over     context.Context // until Close or GiveUp
	stop     context.CancelFunc
	attended sync.WaitGroup
}

// New makes the node's part and lets other nodes call it.
func New(o Options) (*Cluster, error) {
	c := &Cluster{options: o, caller: peer.NewCaller(o.Hub)}
	if err := peer.Serve(o.Hub, service, &Methods{c}); err != nil {
		return nil, fmt.Errorf("serve other nodes: %w", err)
	}
	c.over, c.stop = context.WithCancel(context.Background())
	c.attended.Go(func() { c.attend(c.over) })
	c.attended.Go(func() { c.watch(c.over) })
	if o.Failover == Observe {
		c.attended.Go(func() { c.watchFailover(c.over) })
	} else {
		c.attended.Go(func() { c.watchHealth(c.over) })
	}
	c.attended.Go(func() { c.tellStored(c.over) })
	return c, nil
}

// GiveUp ends all waiting for a leader: this node has failed, and nothing that waits will come of it.
func (c *Cluster) GiveUp() { c.stop() }

// Close ends what the node does for the cluster, and lets another one lead if this one does; the hub goes on until its owner closes it.
func (c *Cluster) Close() error {
	c.stop()
	if _, _, leads := c.options.Log.Leader(); leads && c.voters() > 1 {
		ctx, cancel := context.WithTimeout(context.Background(), announceTimeout)
		defer cancel()
		if err := errors.Join(c.options.Registry.Announce(ctx, Announcement{Trigger: TriggerStop, Time: c.options.Now()}), c.options.Log.Transfer("")); err != nil {
			c.options.Logger.Warn().Err(err).Msg("hand the lead over: the others will elect")
		}
	}
	err := c.caller.Close()
	c.attended.Wait()
	return err
}

// Several tells whether there are other nodes. A node that has just joined does not know itself to be a member yet: the log that it has
// ends before.
func (c *Cluster) Several() bool { return !alone(c.options.Log.Members(), c.options.ID) }

func alone(members []replication.Member, self string) bool {
	return len(members) == 0 || len(members) == 1 && members[0].ID == self
}

func (c *Cluster) voters() (n int) {
	for _, m := range c.options.Log.Members() {
		if m.Voter {
			n++
		}
	}
	return n
}

// leader waits until somebody leads, and tells who: the address, or that it is this node.
func (c *Cluster) leader(ctx context.Context) (addr string, self bool, err error) {
	for {
		id, addr, ready := c.options.Log.Leader()
		if ready || id != "" && id != c.options.ID {
			return addr, ready, nil
		}
		select {
		case <-time.After(leaderPause):
		case <-ctx.Done():
			return "", false, fmt.Errorf("%w (%w)", ErrNoLeader, context.Cause(ctx))
		case <-c.over.Done():
			return "", false, fmt.Errorf("%w: this node is stopping", ErrNoLeader)
		}
	}
}

// pause waits a little before something is tried again.
func pause(ctx context.Context) error {
	select {
	case <-time.After(leaderPause):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
