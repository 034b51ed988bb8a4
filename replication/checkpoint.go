package replication

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/raft"
)

// checkpointer asks raft for a snapshot whenever enough log was applied since the last, and on demand. Raft calls
// back: Snapshot on the goroutine that applies, Persist on its own, then it writes the snapshot file and drops log.
type checkpointer struct {
	node    *Node
	demands chan chan error
}

func newCheckpointer(n *Node) *checkpointer {
	return &checkpointer{node: n, demands: make(chan chan error)}
}

// run takes checkpoints until the node stops.
func (c *checkpointer) run() {
	for {
		select {
		case <-c.node.stopping:
			return
		case <-c.node.fsm.checkpoint:
			if c.node.fsm.sinceSnapshot.Load() < c.node.opts.CheckpointBytes {
				continue // poked while the last one was taken
			}
			if err := c.take(); err != nil {
				c.node.opts.Logger.Error().Err(err).Msg("checkpoint failed, the log keeps growing")
				// Try again after some more log, not at the very next entry.
				c.node.fsm.sinceSnapshot.Store(c.node.opts.CheckpointBytes * 15 / 16)
			}
		case demand := <-c.demands:
			demand <- c.take()
		}
	}
}

func (c *checkpointer) take() error {
	err := c.node.raft.Snapshot().Error()
	if errors.Is(err, raft.ErrNothingNewToSnapshot) {
		return nil
	}
	if err != nil && strings.Contains(err.Error(), errBehindState.Error()) { // raft does not wrap it
		return nil
	}
	if err != nil {
		c.node.counters.checkpointErrors.Add(1)
		return fmt.Errorf("checkpoint: %w", err)
	}
	c.node.counters.checkpoints.Add(1)
	return nil
}

// Checkpoint makes everything applied so far durable in the state machine and lets the log below it go, as far as
// Options.TrailingEntries and Options.Retain allow.
func (n *Node) Checkpoint(ctx context.Context) error {
	demand := make(chan error, 1)
	select {
	case n.checkpointer.demands <- demand:
	case <-ctx.Done():
		return ctx.Err()
	case <-n.stopping:
		return ErrClosed
	}
	select {
	case err := <-demand:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Persist makes the state durable at least up to the snapshot's position, and tells the sink.
func (s *fsmSnapshot) Persist(sink raft.SnapshotSink) error {
	k, ok := sink.(*snapshotSink)
	if !ok {
		return fmt.Errorf("snapshot into a %T", sink)
	}
	durable, err := s.fsm.sm.Persist(s.fsm.persistCtx)
	if err != nil {
		return fmt.Errorf("persist the state: %w", err)
	}
	if durable.Index < s.at.Index || durable.SCN < s.at.SCN {
		return fmt.Errorf("persist the state: durable up to %v, want %v", durable, s.at)
	}
	k.meta.State = s.at
	k.onDurable = func() { s.fsm.sinceSnapshot.Add(-s.bytes) }
	return nil
}

// Release has nothing to let go.
func (s *fsmSnapshot) Release() {}
