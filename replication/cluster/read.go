package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"redoubt/replication"
	"redoubt/replication/peer"
)

// Current returns once this node's state has everything that was acknowledged anywhere before the call.
func (c *Cluster) Current(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, leaderWait)
	defer cancel()
	for {
		at, err := c.readIndex(ctx)
		if err == nil {
			return c.await(ctx, at)
		}
		if !errors.Is(err, replication.ErrNotLeader) && !errors.Is(err, peer.ErrNotSent) || pause(ctx) != nil {
			return err
		}
	}
}

// await waits for what a leader says is committed. A node that has left it out ends: it needs a copy.
func (c *Cluster) await(ctx context.Context, at replication.Notice) error {
	err := c.options.Log.WaitNoticed(ctx, at)
	c.noteSkipped(err)
	return err
}

func (c *Cluster) readIndex(ctx context.Context) (replication.Notice, error) {
	if _, _, ready := c.options.Log.Leader(); ready {
		return c.options.Log.ReadIndex(ctx)
	}
	return c.reading.Join(ctx, c.askReadIndex)
}

// askReadIndex asks the leader, once for everybody who waits.
func (c *Cluster) askReadIndex() (at replication.Notice, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), callingTimeout)
	defer cancel()
	addr, self, err := c.leader(ctx)
	if err != nil {
		return at, err
	}
	if self {
		return c.options.Log.ReadIndex(ctx)
	}
	var reply ReadIndexReply
	if err := c.callLeader(ctx, addr, service+".ReadIndex", &ReadIndexArgs{}, &reply); err != nil {
		c.caller.Forget(addr) // whoever leads next is asked
		return at, fmt.Errorf("%w: %w", replication.ErrNotLeader, err)
	}
	if !reply.Leads {
		return at, replication.ErrNotLeader
	}
	return reply.At, nil
}

// Fresh returns once this node's state has all that it knows to be committed, and fails if the node has not heard from the leader for
// longer than a time. late: what it has is enough, since it applies the log with a delay.
func (c *Cluster) Fresh(ctx context.Context, within time.Duration, late bool) error {
	if since := time.Since(c.options.Log.Contact()); since > within {
		return fmt.Errorf("this node has not heard from the leader for %s, and what is read may be %s old", since.Round(time.Millisecond), within)
	}
	if late {
		return nil
	}
	return c.options.Log.WaitCommitted(ctx)
}
