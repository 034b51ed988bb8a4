package replication

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
)

// Node is one member of the cluster that keeps the log. All methods are safe for concurrent use.
type Node struct {
	opts         Options
	guard        *guard
	log          *logStore
	stable       *stableStore
	snapshots    *snapshotStore
	fsm          *fsm
	transport    raft.Transport
	raft         *raft.Raft
	leadership   *leadership
	batcher      *batcher
	checkpointer *checkpointer
	counters     counters
	verifying    Rounds[uint64] // the term in which this node is confirmed to lead
	confirmer    *confirmer
	silence      interval      // nothing is sent as the leader or a candidate
	standing     interval      // a node that observes may stand for election
	stint        atomic.Uint64 // changes with every gain and loss of leadership

	stopOnce   sync.Once
	stopping   chan struct{} // closed by Close and by a failure
	isStopping atomic.Bool   // just before stopping is closed
	closed     chan struct{} // closed by Close
	cancel     context.CancelFunc

	background sync.WaitGroup // everything but the batcher and the watch of leadership
	watching   sync.WaitGroup // the watch of leadership, which raft needs until it has ended
	raftOnce   sync.Once
	closeOnce  sync.Once
	closeErr   error
}

// Open checks that state, snapshot and log agree, joins the cluster, and begins to apply. It does not wait for a
// leader; WaitReady does.
func Open(opts Options) (*Node, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	n := &Node{
		opts: opts.withDefaults(), guard: newGuard(), leadership: newLeadership(),
		stopping: make(chan struct{}), closed: make(chan struct{}), cancel: cancel,
	}
	n.log = newLogStore(n.opts.Log, n.guard, n.opts.Retain)
	n.log.discard = n.opts.Discard
	n.fsm = newFSM(ctx, n.opts.StateMachine, n.guard, n.opts.CheckpointBytes)
	n.fsm.delay, n.fsm.now = n.opts.ApplyDelay, n.opts.Now
	n.batcher = newBatcher(n)
	n.log.durable, n.fsm.acknowledged = n.batcher.durable, n.batcher.acknowledged
	n.checkpointer = newCheckpointer(n)
	n.confirmer = newConfirmer(n)
	if err := n.open(); err != nil {
		n.abort()
		return nil, fmt.Errorf("open replication: %w", err)
	}
	return n, nil
}

func (n *Node) open() error {
	if err := n.openStores(); err != nil {
		return err
	}
	found, err := n.recover()
	if err != nil {
		return err
	}
	if n.transport = n.opts.Transport; n.transport == nil {
		if n.transport, err = listen(&n.opts, n.leads, n.EntryTerm); err != nil {
			return err
		}
	}
	if err := n.knowSelf(); err != nil {
		return err
	}
	if err := n.startRaft(found.alone()); err != nil {
		return err
	}
	n.start()
	return nil
}

func (n *Node) openStores() error {
	kv := n.opts.Stable
	var err error
	if kv == nil {
		if kv, err = openBolt(n.opts.Dir); err != nil {
			return err
		}
	}
	if n.stable, err = newStableStore(kv, n.guard); err != nil {
		return errors.Join(err, kv.Close())
	}
	n.snapshots, err = openSnapshotStore(n.opts.FS, n.opts.Dir, n.log)
	return err
}

// raftConfig never lets raft take snapshots on its own: checkpointer asks for them by bytes of log.
func (n *Node) raftConfig() *raft.Config {
	c := raft.DefaultConfig()
	c.LocalID = raft.ServerID(n.opts.NodeID)
	c.HeartbeatTimeout = n.opts.HeartbeatTimeout
	c.ElectionTimeout = n.opts.HeartbeatTimeout
	c.LeaderLeaseTimeout = n.opts.LeaseTimeout
	c.CommitTimeout = n.opts.CommitNotice
	c.MaxAppendEntries = appendEntriesMax
	c.BatchApplyCh = true
	c.TrailingLogs = n.opts.TrailingEntries
	c.SnapshotThreshold = math.MaxUint64
	c.SnapshotInterval = 365 * 24 * time.Hour
	c.NoSnapshotRestoreOnStart = true
	c.NoLegacyTelemetry = true
	c.ShutdownOnRemove = false
	c.NotifyCh = n.leadership.notify
	c.Logger = newRaftLogger(n.opts.Logger)
	return c
}

// startRaft starts raft's goroutines. A node that is alone stands for election at once instead of waiting for a
// leader: a follower's timer fires immediately when its timeout is made shorter.
func (n *Node) startRaft(alone bool) error {
	config := n.raftConfig()
	final := raft.ReloadableConfig{
		TrailingLogs: config.TrailingLogs, SnapshotInterval: config.SnapshotInterval,
		SnapshotThreshold: config.SnapshotThreshold,
		HeartbeatTimeout:  config.HeartbeatTimeout, ElectionTimeout: config.ElectionTimeout,
	}
	if alone {
		config.HeartbeatTimeout += time.Millisecond
		config.ElectionTimeout += time.Millisecond
	}
	r, err := raft.NewRaft(config, n.fsm, n.log, n.stable, n.snapshots, govern(n))
	if err != nil {
		return fmt.Errorf("start raft: %w", err)
	}
	n.raft = r
	n.guard.started.Store(true)
	n.log.scanning.Store(nil) // in case raft did not look at all of it
	r.RegisterObserver(n.leadership.observer)
	if alone {
		if err := r.ReloadConfig(final); err != nil {
			return fmt.Errorf("start raft: %w", err)
		}
	}
	return nil
}

func (n *Node) start() {
	n.watching.Go(func() { n.watchLeadership(n.closed) })
	go n.batcher.run()  // joined through drained
	go n.batcher.land() // joined through landed
	n.background.Go(n.checkpointer.run)
	n.background.Go(n.watchFailure)
}

// watchFailure ends the node's work after a failure and tells the owner, once.
func (n *Node) watchFailure() {
	select {
	case <-n.guard.failed:
	case <-n.batcher.drained: // by Close
		if n.guard.failure() == nil {
			return
		}
	}
	n.stop()
	<-n.batcher.drained // everybody has been answered
	n.opts.Logger.Error().Err(n.guard.err).Msg("replication stopped")
	n.opts.OnFatal(n.guard.err)
	n.shutdownRaft()
}

func (n *Node) stop() {
	n.stopOnce.Do(func() {
		n.isStopping.Store(true)
		close(n.stopping)
	})
}

func (n *Node) stopped() bool { return n.isStopping.Load() }

// closedError tells why nothing is taken any more.
func (n *Node) closedError() error {
	if err := n.guard.failure(); err != nil {
		return fmt.Errorf("%w after a failure: %w", ErrClosed, err)
	}
	return ErrClosed
}

// shutdownRaft ends raft's goroutines, after raft has answered all flights if it still can.
func (n *Node) shutdownRaft() {
	n.raftOnce.Do(func() {
		select {
		case <-n.batcher.landed:
		case <-n.guard.halted:
		}
		future := n.raft.Shutdown()
		close(n.guard.release)
		_ = future.Error() // always nil
	})
}

// Close lets transactions in flight finish, refuses new ones, and ends everything but the log and the state machine,
// which belong to the caller. It is idempotent. After a term could not be stored, the one goroutine that waits for
// answers from raft may stay behind, since raft's own goroutine ended before it gave them.
func (n *Node) Close() error {
	n.closeOnce.Do(func() {
		n.stop()
		<-n.batcher.drained
		n.cancel()
		n.shutdownRaft()
		close(n.closed)
		n.watching.Wait()
		n.background.Wait()
		n.closeErr = errors.Join(closeTransport(n.transport), n.stable.kv.Close())
	})
	return n.closeErr
}

// abort undoes a failed open.
func (n *Node) abort() {
	n.cancel()
	if n.raft != nil {
		future := n.raft.Shutdown()
		close(n.guard.release)
		_ = future.Error()
	}
	if n.transport != nil {
		_ = closeTransport(n.transport)
	} else if n.opts.Transport != nil {
		_ = closeTransport(n.opts.Transport)
	}
	if n.stable != nil {
		_ = n.stable.kv.Close()
	}
}

// WaitApplied blocks until the data entry at index, and so all before it, was applied here.
func (n *Node) WaitApplied(ctx context.Context, index uint64) error {
	return n.fsm.applied.wait(ctx, index, n.stopping)
}

// WaitCommitted blocks until all that this node knows to be committed was applied here.
func (n *Node) WaitCommitted(ctx context.Context) error {
	index := n.raft.CommitIndex()
	// The entries with which a leader begins are not applied by anybody, and one that did not last may have left nothing behind them.
	for ; index > n.fsm.applied.index.Load(); index-- {
		var l raft.Log
		if err := n.log.read(index, &l); err != nil {
			return fmt.Errorf("read log entry %d: %w", index, err)
		}
		if l.Type == raft.LogCommand || l.Type == raft.LogConfiguration {
			break
		}
	}
	return n.WaitApplied(ctx, index)
}

// ReleaseLog drops log that raft no longer needs and Options.Retain has kept until now. Call it when Retain rises.
func (n *Node) ReleaseLog() error { return n.log.releaseFront() }
