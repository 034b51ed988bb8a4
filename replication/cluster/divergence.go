package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"redoubt/replication"
	"redoubt/scn"
)

// Nodes that have applied the same log have the same state, to the bit. The leader compares their hashes at one SCN from time to time:
// a node that has another one has a damaged state, whatever the reason, and takes a copy of those that agree.
//
// A node that leaves out what the others apply stays at an SCN at which its state is theirs. It finds that out by itself: it asks the
// leader for a commit and its entry, and must have the one once it is past the other.

const compareEvery = 10 * time.Second

// comparison is what the latest one gave.
type comparison struct {
	mu      sync.Mutex
	at      scn.SCN // at which the hashes were compared
	done    time.Time
	problem error // nil: they were the same
}

// owed is what the leader had when it was asked.
type owed struct {
	at    replication.Notice // no Index: nothing is owed
	asked time.Time
}

// lookForSkipped checks that this node, which follows, has what the leader had a while ago, if it has come so far.
func (c *Cluster) lookForSkipped(ctx context.Context, o *owed) error {
	if o.at.Index > 0 {
		reached, err := c.options.Log.Reached(o.at)
		c.noteSkipped(err)
		if reached {
			o.at = replication.Notice{}
		}
		return err
	}
	if time.Since(o.asked) < compareEvery {
		return nil
	}
	o.asked = time.Now()
	at, err := c.readIndex(ctx)
	if err == nil {
		o.at = at
	}
	return err
}

func (c *Cluster) noteSkipped(err error) {
	if errors.Is(err, replication.ErrSkipped) {
		c.end(fmt.Errorf("%w: %w", ErrDiverged, err))
	}
}

// HashArgs names an SCN.
type HashArgs struct{ SCN scn.SCN }

// HashReply is the hash of the state as of it.
type HashReply struct{ Hash string }

// HashAt gives the hash of this node's state as of an SCN.
func (m *Methods) HashAt(a *HashArgs, r *HashReply) (err error) {
	r.Hash, err = m.cluster.options.State.HashAt(a.SCN)
	return err
}

// DivergedArgs tells a node that it is alone with its state.
type DivergedArgs struct {
	SCN    scn.SCN
	Theirs string // hash of the others'
}

// DivergedReply has nothing.
type DivergedReply struct{}

// Diverged ends this node, if it is so.
func (m *Methods) Diverged(a *DivergedArgs, _ *DivergedReply) error {
	return m.cluster.diverged(a.SCN, a.Theirs)
}

func (c *Cluster) diverged(at scn.SCN, theirs string) error {
	own, err := c.options.State.HashAt(at)
	if err != nil || own == theirs {
		return err
	}
	c.end(fmt.Errorf("%w: at SCN %d its hash is %s, that of the others is %s", ErrDiverged, at, own, theirs))
	return nil
}

// compareDue compares the nodes' states if it is time to.
func (c *Cluster) compareDue(ctx context.Context) error {
	c.compared.mu.Lock()
	due := time.Since(c.compared.done) >= compareEvery
	c.compared.mu.Unlock()
	if !due {
		return nil
	}
	at, problem, err := c.compare(ctx)
	if err != nil {
		return err
	}
	c.compared.mu.Lock()
	defer c.compared.mu.Unlock()
	c.compared.at, c.compared.problem, c.compared.done = at, problem, time.Now()
	return nil
}

// Compared tells of the latest comparison that this node made as the leader: the SCN, 0 if there was none, and what was found.
func (c *Cluster) Compared() (at scn.SCN, problem error) {
	c.compared.mu.Lock()
	defer c.compared.mu.Unlock()
	return c.compared.at, c.compared.problem
}

// compare asks all nodes that are up for their hash at an SCN that all of them have. The problem is what they disagree about.
func (c *Cluster) compare(ctx context.Context) (at scn.SCN, problem, err error) {
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return 0, nil, err
	}
	at = c.options.State.Applied()
	for i := range nodes {
		if s := nodes[i].Status; s != nil {
			at = min(at, s.Applied)
		}
	}
	byHash := map[string][]Info{}
	asked := 0
	for i := range nodes {
		if nodes[i].Status == nil || !nodes[i].Member {
			continue
		}
		hash, err := c.hashOf(ctx, nodes[i].Info, at)
		if err != nil {
			return 0, nil, fmt.Errorf("hash of node %s at SCN %d: %w", nodes[i].ID, at, err)
		}
		byHash[hash] = append(byHash[hash], nodes[i].Info)
		asked++
	}
	if len(byHash) <= 1 {
		return at, nil, nil
	}
	return at, c.settle(ctx, at, byHash, asked), nil
}

func (c *Cluster) hashOf(ctx context.Context, n Info, at scn.SCN) (string, error) {
	if n.ID == c.options.ID {
		return c.options.State.HashAt(at)
	}
	ctx, cancel := context.WithTimeout(ctx, callingTimeout)
	defer cancel()
	var r HashReply
	err := c.caller.Call(ctx, n.Raft, service+".HashAt", &HashArgs{SCN: at}, &r)
	return r.Hash, err
}

// settle tells nodes that are in the minority. Without a majority it only says so: nobody knows who is right.
func (c *Cluster) settle(ctx context.Context, at scn.SCN, byHash map[string][]Info, asked int) error {
	right := ""
	for hash, nodes := range byHash {
		if 2*len(nodes) > asked {
			right = hash
		}
	}
	problem := fmt.Errorf("the nodes' states differ at SCN %d: %s", at, names(byHash))
	c.options.Logger.Error().Err(problem).Msg("divergence")
	if right == "" {
		return problem
	}
	for hash, nodes := range byHash {
		for _, n := range nodes {
			var err error
			switch {
			case hash == right:
			case n.ID == c.options.ID:
				err = c.diverged(at, right)
			default:
				err = c.caller.Call(ctx, n.Raft, service+".Diverged", &DivergedArgs{SCN: at, Theirs: right}, &DivergedReply{})
			}
			if err != nil {
				c.options.Logger.Warn().Err(err).Str("node", n.ID).Msg("tell a node that its state differs")
			}
		}
	}
	return problem
}

func names(byHash map[string][]Info) (text string) {
	for hash, nodes := range byHash {
		for _, n := range nodes {
			text += fmt.Sprintf("%s has %s; ", n.ID, hash)
		}
	}
	return text
}
