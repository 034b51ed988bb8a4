package simcluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"redoubt/internal/crashfs"
	"redoubt/internal/simnet"
	"redoubt/node/bridge"
	"redoubt/replication"
)

// pollEvery is how often a condition is looked at, in virtual time.
const pollEvery = 20 * time.Millisecond

// Defect is something broken on purpose. The zero value is none.
type Defect struct {
	// Proposals stands between transactions and the way into the log. What it does besides, it does with aside.
	Proposals func(p bridge.Proposals, aside func(func())) bridge.Proposals
	// StateMachine stands between the log and the state of a node.
	StateMachine func(id string, m replication.StateMachine) replication.StateMachine
	// StaleReads: strong reads do not ask whether they are.
	StaleReads bool
	// LostSyncs: the disks forget what was synced to these paths.
	LostSyncs func(path string) bool
}

// Cluster is a simulated cluster.
type Cluster struct {
	seed    uint64
	began   time.Time
	network *simnet.Network
	nodes   []*node
	defect  Defect
	faults  sync.WaitGroup
	running sync.WaitGroup // everything that ends by itself once all nodes are down

	tick atomic.Int64 // orders what clients begin and end

	mu       sync.Mutex
	problems []error
	events   []string
	fired    map[string]int
	history  []*Op
}

// newCluster makes a cluster whose nodes are down. images are their file systems.
func newCluster(seed uint64, images []*crashfs.FS, d Defect) *Cluster {
	c := &Cluster{seed: seed, began: time.Now(), network: simnet.New(seed), defect: d, fired: map[string]int{}}
	for i, fs := range images {
		fs.LoseSyncs(d.LostSyncs)
		id := fmt.Sprint("n", i+1)
		c.nodes = append(c.nodes, &node{cluster: c, index: i, id: id, addr: id + ":7000", fs: fs})
	}
	return c
}

// random gives a source of its own to a part of the simulation, so that what one part does changes nothing for the others.
func (c *Cluster) random(part uint64) *rand.Rand { return rand.New(rand.NewPCG(c.seed, part)) }

func (c *Cluster) servers() (list []replication.Server) {
	for _, n := range c.nodes {
		list = append(list, replication.Server{ID: n.id, Addr: n.addr})
	}
	return list
}

// problem notes something that must not be.
func (c *Cluster) problem(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.problems = append(c.problems, fmt.Errorf("after %s: %w", time.Since(c.began), err))
}

// note notes something that happened, for people.
func (c *Cluster) note(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, fmt.Sprintf("%10.6f ", time.Since(c.began).Seconds())+fmt.Sprintf(format, args...))
}

// pick gives a life that clients may use, nil if there is none.
func (c *Cluster) pick(random *rand.Rand) *life {
	for _, i := range random.Perm(len(c.nodes)) {
		if l := c.nodes[i].current(); l != nil && l.ready() {
			return l
		}
	}
	return nil
}

// startAll begins lives where there are none.
func (c *Cluster) startAll() error {
	var errs []error
	for _, n := range c.nodes {
		errs = append(errs, n.start())
	}
	return errors.Join(errs...)
}

// stopAll ends all lives cleanly.
func (c *Cluster) stopAll() error {
	errs := make([]error, len(c.nodes))
	var all sync.WaitGroup
	for i, n := range c.nodes {
		all.Go(func() { errs[i] = n.stop() })
	}
	all.Wait()
	return errors.Join(errs...)
}

// await waits for a condition, and gives up after a time in which it must have come.
func (c *Cluster) await(within time.Duration, what string, is func() (bool, string)) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	for {
		ok, why := is()
		if ok {
			return nil
		}
		select {
		case <-time.After(pollEvery):
		case <-ctx.Done():
			return fmt.Errorf("stuck: %s did not come within %s: %s", what, within, why)
		}
	}
}
