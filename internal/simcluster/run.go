package simcluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"redoubt/internal/crashfs"
	"redoubt/internal/history"
	"redoubt/node/bridge"
)

// How much happens in a simulation.
const (
	loadMin, loadMax       = 3 * time.Second, 6 * time.Second
	clientsMin, clientsMax = 3, 6
)

// callsEndWithin is how long a call to another node may go on after the node that made it has closed.
const callsEndWithin = 15 * time.Second

// Report is what a simulation came to.
type Report struct {
	Nodes     int
	Committed int            // transactions whose client knows it
	Refused   int            // that certainly did not commit
	Asked     int            // whose outcome another node told
	Fired     map[string]int // faults, by kind
	Events    []string       // what happened when
	Took      time.Duration  // of virtual time
}

// Images makes the file systems of a new cluster's nodes, with the table that clients use. It must run in a bubble.
func Images(nodes int) ([]*crashfs.FS, error) {
	var images []*crashfs.FS
	for range nodes {
		fs := crashfs.New()
		if err := fs.MkdirAll("raft", 0o755); err != nil {
			return nil, err
		}
		images = append(images, fs)
	}
	c := newCluster(1, images, Defect{})
	err := c.startAll()
	if err == nil {
		err = c.await(recoverWithin, "the first leader", c.allServe)
	}
	if err == nil {
		err = c.found()
	}
	err = errors.Join(err, c.stopAll())
	c.end()
	for i, fs := range images {
		images[i] = fs.Clone()
	}
	return images, errors.Join(append(c.problems, err)...)
}

// found makes what is in the database from the beginning.
func (c *Cluster) found() error {
	ctx, cancel := context.WithTimeout(context.Background(), recoverWithin)
	defer cancel()
	l := c.pick(rand.New(rand.NewPCG(1, 1)))
	registry := bridge.Nodes{Engine: l.engine}
	for _, n := range c.nodes {
		if err := registry.Put(ctx, n.info()); err != nil {
			return err
		}
	}
	if err := createLists(ctx, l.engine); err != nil {
		return err
	}
	return c.await(recoverWithin, "one state on all nodes", c.allAgree)
}

// New makes a cluster whose nodes begin with copies of images.
func New(seed uint64, images []*crashfs.FS, d Defect) *Cluster {
	copies := make([]*crashfs.FS, len(images))
	for i, fs := range images {
		copies[i] = fs.Clone()
	}
	return newCluster(seed, copies, d)
}

// Run simulates it, once, in the bubble in which it was made. The error is what must not have happened.
func (c *Cluster) Run() (*Report, error) {
	err := c.startAll()
	if err == nil {
		c.load()
		c.mend()
		err = c.recover()
	}
	if err == nil {
		err = c.judge()
	}
	err = errors.Join(err, c.stopAll())
	c.end()
	return c.report(), errors.Join(append(c.problems, err)...)
}

// end waits until everything has ended once all nodes are down.
func (c *Cluster) end() {
	c.network.Close()
	c.running.Wait()
	time.Sleep(callsEndWithin)
}

// Events tells what happened until now. It may be called from anywhere.
func (c *Cluster) Events() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.events)
}

// load lets clients and faults loose.
func (c *Cluster) load() {
	random := c.random(1)
	ctx, cancel := context.WithTimeout(context.Background(), between(random, loadMin, loadMax))
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() { c.disturb(ctx) })
	for i := range clientsMin + random.IntN(clientsMax-clientsMin+1) {
		k := client{cluster: c, number: i + 1, random: c.random(uint64(100 + i))}
		all.Go(func() { k.run(ctx) })
	}
	all.Wait()
}

func (c *Cluster) report() *Report {
	r := &Report{Nodes: len(c.nodes), Fired: c.fired, Events: c.Events(), Took: time.Since(c.began)}
	for _, op := range c.history {
		switch {
		case op.outcome == history.Committed:
			r.Committed++
		case op.outcome == history.RolledBack:
			r.Refused++
		}
		if op.asked != nothing {
			r.Asked++
		}
	}
	return r
}

// String sums it up.
func (r *Report) String() string {
	return fmt.Sprintf("%d nodes, %s of virtual time: %d transactions committed, %d refused, of %d another node told; faults: %v",
		r.Nodes, r.Took, r.Committed, r.Refused, r.Asked, r.Fired)
}
