package cluster

import (
	"context"
	"errors"
	"time"
)

// watchEvery bounds how late a change of the leader is seen, should the news of it be lost.
const watchEvery = 100 * time.Millisecond

// errDeposed ends calls to a node that this one does not take for the leader any more.
var errDeposed = errors.New("the node that was asked does not lead any more")

// tenure is the time in which this node takes one other for the leader.
type tenure struct {
	addr string // empty: nobody, or this node
	over context.Context
	end  context.CancelCauseFunc
}

// watch ends tenures.
func (c *Cluster) watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		change := c.options.Log.LeaderChange()
		c.look()
		began := time.Now()
		select {
		case <-change:
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if now := time.Now(); now.Sub(began) > watchEvery+haltedAfter {
			c.halted.Store(&now)
		}
	}
}

// look notes who leads. Calls to who did are on their way to nowhere: that node may have stopped with its connections open.
func (c *Cluster) look() tenure {
	_, addr, self := c.options.Log.Leader()
	if self {
		addr = ""
	}
	c.mu.Lock()
	old := c.tenure
	if old.over == nil || old.addr != addr {
		c.tenure.addr = addr
		c.tenure.over, c.tenure.end = context.WithCancelCause(context.Background())
	}
	now := c.tenure
	c.mu.Unlock()
	if now.over != old.over && old.over != nil {
		old.end(errDeposed)
		if old.addr != "" {
			c.caller.Forget(old.addr)
		}
	}
	return now
}

// callLeader calls the node at an address for as long as this node takes it for the leader: if that ends first, so does the call, and
// what it did is unknown.
func (c *Cluster) callLeader(ctx context.Context, addr, method string, args, reply any) error {
	c.mu.Lock()
	t := c.tenure
	c.mu.Unlock()
	if t.addr != addr {
		t = c.look()
	}
	if t.addr == addr {
		calling, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		defer context.AfterFunc(t.over, func() { cancel(errDeposed) })()
		ctx = calling
	}
	return c.caller.Call(ctx, addr, method, args, reply)
}
