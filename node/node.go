package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/rs/zerolog"

	"redoubt/engine"
	"redoubt/node/bridge"
	"redoubt/replication"
	"redoubt/segments"
	"redoubt/segments/sealing"
	"redoubt/sql"
	"redoubt/telemetry"
	"redoubt/telemetry/health"
	"redoubt/wal"
)

// Version is the release that this tree will become.
const Version = "0.1.0"

// Times that a start and a stop may take.
const (
	readyTimeout = 5 * time.Minute // for replaying the log
	stopTimeout  = 4 * time.Second // for clients to finish
)

// Node is a running Redoubt.
type Node struct {
	config   *Config
	identity *Identity
	logger   zerolog.Logger
	checks   *telemetry.Checks
	metrics  *metrics.Set
	timings  *timings

	lock        io.Closer
	engine      *engine.Engine
	log         *wal.Log
	replication *replication.Node
	segments    *segments.Catalog
	holds       segments.Holds
	sealer      *sealing.Sealer
	retainFrom  atomic.Uint64 // log entries before this are sealed and not needed; 0: nothing is
	partsFrom   uint64        // see replication.Options
	sql         *sql.Server
	http        *http.Server
	httpAddr    string

	failOnce sync.Once
	failed   chan struct{}
	failure  error
	serving  sync.WaitGroup
	closers  []func() error // in the order of opening
}

// Open starts a node. It returns once the log is applied and clients are let in.
func Open(ctx context.Context, config *Config, logger zerolog.Logger) (*Node, error) {
	set := telemetry.NewSet()
	n := &Node{
		config: config, logger: logger, checks: &telemetry.Checks{}, metrics: set, timings: newTimings(set),
		failed: make(chan struct{}),
	}
	steps := []struct {
		name string
		run  func(context.Context) error
	}{
		{"data directory", n.openDirectory},
		{"state", n.openEngine},
		{"log", n.openLog},
		{"segments", n.openSegments},
		{"rebuild", n.rebuild},
		{"replication", n.openReplication},
		{"replay", n.waitReady},
		{"sealing", n.startSealing},
		{"metrics", n.openMetrics},
		{"http", n.openHTTP},
		{"sql", n.openSQL},
	}
	for _, step := range steps {
		if err := step.run(ctx); err != nil {
			return nil, errors.Join(err, n.Close())
		}
		logger.Debug().Str("step", step.name).Msg("started")
	}
	return n, nil
}

func (n *Node) openDirectory(context.Context) (err error) {
	n.identity, n.lock, err = claimDirectory(n.config.Data, n.config.NodeID)
	if err == nil {
		n.closers = append(n.closers, n.lock.Close)
	}
	return err
}

func (n *Node) openEngine(context.Context) (err error) {
	n.engine, err = engine.Open(engine.Options{
		FS: vfs.Default, Dir: filepath.Join(n.config.Data, stateDir),
		CacheBytes: n.config.CacheBytes, MemtableBytes: uint64(n.config.MemtableBytes),
		StoreLogger: storeLogger{n}, OnStoreError: n.fail, Collator: sql.Collator(), NodeOrdinal: n.identity.Ordinal, PartBytes: n.config.partBytes,
	})
	if err == nil {
		n.closers = append(n.closers, n.engine.Close)
	}
	return err
}

func (n *Node) openLog(context.Context) error {
	id, err := n.identity.Database()
	if err != nil {
		return err
	}
	n.log, err = wal.Open(wal.Options{
		Dir: filepath.Join(n.config.Data, logDir), DatabaseID: id,
		SegmentBytes: n.config.LogFileBytes, SpareFiles: n.config.LogSpareFiles,
		OnSync: seconds(n.timings.sync),
	})
	if err == nil {
		n.closers = append(n.closers, n.log.Close)
	}
	return n.explainLog(err)
}

// explainLog adds to damage of the log what the state knows: how far it has it already.
func (n *Node) explainLog(err error) error {
	var damage *wal.CorruptionError
	if !errors.As(err, &damage) {
		return err
	}
	durable, stateErr := n.engine.Durable()
	if stateErr != nil {
		return errors.Join(err, stateErr)
	}
	return fmt.Errorf("the redo log is damaged inside what was acknowledged: %w; the state holds everything up to SCN %d (log entry %d). "+
		"Nothing was changed. Look at the file with redoubt inspect; restore the file or the directory from a copy", err, durable.SCN, durable.Index)
}

func (n *Node) openReplication(context.Context) error {
	dir := filepath.Join(n.config.Data, raftDir)
	if err := vfs.Default.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make directory of replication: %w", err)
	}
	var err error
	n.replication, err = replication.Open(replication.Options{
		NodeID: n.identity.NodeID, Dir: dir, Log: timedLog{n.log, n.timings.append}, StateMachine: bridge.StateMachine{Engine: n.engine, Applied: seconds(n.timings.apply)},
		Bootstrap: []replication.Server{{ID: n.identity.NodeID, Addr: n.config.Raft}},
		RaftAddr:  n.config.Raft, CheckpointBytes: n.config.CheckpointBytes, Retain: n.retain, PartsFrom: n.partsFrom,
		Logger: n.logger.With().Str("part", "replication").Logger(), OnFatal: n.fail,
	})
	if err != nil {
		return explainAddress(err, "raft", n.config.Raft)
	}
	n.closers = append(n.closers, n.replication.Close)
	n.engine.Propose(bridge.Proposer{Log: n.replication, Committed: seconds(n.timings.commit)})
	return nil
}

// waitReady waits until all that is in the log is applied, and completes what a crash left undone.
func (n *Node) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if err := n.replication.WaitReady(ctx); err != nil {
		return fmt.Errorf("wait until the log is applied: %w", err)
	}
	return n.engine.CompleteIndexes(ctx)
}

func (n *Node) openHTTP(context.Context) error {
	listener, err := net.Listen("tcp", n.config.HTTP)
	if err != nil {
		return explainAddress(err, "http", n.config.HTTP)
	}
	n.httpAddr = listener.Addr().String()
	n.http = &http.Server{Handler: health.WithProfiles(health.Handler(n.checks, n.metrics), n.httpAddr), ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 64 << 10}
	n.serving.Go(func() {
		if err := n.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			n.fail(fmt.Errorf("serve http: %w", err))
		}
	})
	n.closers = append(n.closers, n.http.Close)
	return nil
}

// explainAddress says what to do about an address that cannot be listened on.
func explainAddress(err error, flag, address string) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("address %s is in use by another process: stop it, or choose another address with --%s (%w)", address, flag, err)
	}
	var network *net.OpError
	if errors.As(err, &network) {
		return fmt.Errorf("listen on %s (--%s): %w", address, flag, err)
	}
	return err
}

// fail ends the node: what cannot be made durable must not be served. Only the first failure counts.
func (n *Node) fail(err error) {
	n.failOnce.Do(func() {
		n.failure = err
		close(n.failed)
	})
}

// Done is closed when the node has failed and must be closed.
func (n *Node) Done() <-chan struct{} { return n.failed }

// Failure is why Done is closed.
func (n *Node) Failure() error {
	select {
	case <-n.failed:
		return n.failure
	default:
		return nil
	}
}

// Addresses of a running node, as they were bound.
type Addresses struct{ MySQL, HTTP, Raft string }

// Addresses tells where the node listens.
func (n *Node) Addresses() Addresses {
	return Addresses{MySQL: n.sql.Addr(), HTTP: n.httpAddr, Raft: n.config.Raft}
}

// Engine is the node's state; for the demo, tools and tests.
func (n *Node) Engine() *engine.Engine { return n.engine }

// Close stops the node's parts in the opposite order of their start. It may be called more than once.
func (n *Node) Close() error {
	var errs []error
	for i := len(n.closers) - 1; i >= 0; i-- {
		errs = append(errs, n.closers[i]())
	}
	n.closers = nil
	n.serving.Wait()
	return errors.Join(errs...)
}

// storeLogger carries what the state store says into the node's log. Its Fatalf, by contract, does not return.
type storeLogger struct{ node *Node }

func (l storeLogger) Infof(format string, args ...any) {
	l.node.logger.Debug().Str("part", "state").Msgf(format, args...)
}

func (l storeLogger) Errorf(format string, args ...any) {
	l.node.logger.Error().Str("part", "state").Msgf(format, args...)
}

func (l storeLogger) Fatalf(format string, args ...any) {
	l.node.logger.Fatal().Str("part", "state").Msgf(format, args...)
}
