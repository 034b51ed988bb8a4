package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
	"redoubt/internal/clock"
	"redoubt/internal/reload"
	"redoubt/node/bridge"
	"redoubt/replication"
	"redoubt/replication/cluster"
	"redoubt/replication/peer"
	"redoubt/segments"
	"redoubt/segments/sealing"
	"redoubt/sql"
	"redoubt/telemetry"
	"redoubt/telemetry/ash"
	"redoubt/telemetry/awr"
	"redoubt/telemetry/dashboard"
	"redoubt/telemetry/health"
	"redoubt/telemetry/tap"
	"redoubt/wal"
)

// Version is the release that this tree will become.
const Version = "0.1.0"

// Times that a start and a stop may take.
const (
	readyTimeout = 5 * time.Minute // for replaying the log
	stopTimeout  = 4 * time.Second // for clients to finish

	httpStopTimeout = time.Second // for answers to be taken
)

// Node is a running Redoubt.
type Node struct {
	config     *Config
	identity   *Identity
	logger     zerolog.Logger
	checks     *telemetry.Checks
	metrics    *metrics.Set
	timings    *timings
	slots      *telemetry.Slots // what sessions and background work do now
	upkeepSlot *telemetry.Slot
	tap        *tap.Tap     // nil: nobody looks
	sampler    *ash.Sampler // nil: nobody looks
	workload   *awr.Keeper
	started    time.Time

	lock        io.Closer
	engine      *engine.Engine
	log         *wal.Log
	hub         *peer.Hub // where other nodes reach this one
	replication *replication.Node
	cluster     *cluster.Cluster
	segments    *segments.Catalog
	holds       segments.Holds
	sealer      *sealing.Sealer
	history     *bridge.History
	retainFrom  atomic.Uint64 // log entries before this are sealed and not needed; 0: nothing is
	partsFrom   uint64        // see replication.Options
	shelves     *shelves      // snapshots and clones
	sql         *sql.Server
	http        *http.Server
	httpAddr    string
	httpCert    *reload.Files[tls.Certificate]   // nil: http is in the clear
	others      atomic.Bool                      // there are other nodes
	settled     atomic.Bool                      // see cluster.Options
	copies      copyHolds                        // log that stays for nodes that take a copy
	bound       atomic.Pointer[Addresses]        // nil until clients are let in
	page        atomic.Pointer[http.Handler]     // the page; nil until clients are let in
	pages       atomic.Pointer[dashboard.Server] // whose page it is; so
	advance     advance                          // of the state
	logins      atomic.Pointer[sql.Server]       // who may log in; nil until clients are let in
	tailing     context.Context                  // ends streams of the log
	stopTails   context.CancelFunc
	tails       sync.WaitGroup

	verified []*verifications           // of followed, in its order
	drilled  []*drills                  // so
	followed []*destination             // repositories that the log goes to all the time, in the order of the setting
	backup   atomic.Pointer[backingUp]  // nil: none is being made
	recovery atomic.Pointer[recovering] // by statement; nil: none

	failOnce sync.Once
	failed   chan struct{}
	failure  error
	serving  sync.WaitGroup
	closers  []func() error // in the order of opening
}

// Open starts a node. It returns once the log is applied and clients are let in.
func Open(ctx context.Context, config *Config, logger zerolog.Logger) (*Node, error) {
	n, err := open(ctx, config, logger)
	if isDamage(err) {
		var tries bool
		if tries, err = mayCopy(config, err, logger); !tries {
			return nil, err
		}
	}
	if errors.Is(err, ErrNeedsCopy) {
		n, err = open(ctx, config, logger)
	}
	return n, err
}

func open(ctx context.Context, config *Config, logger zerolog.Logger) (*Node, error) {
	set := telemetry.NewSet()
	n := &Node{
		config: config, logger: logger, checks: &telemetry.Checks{}, metrics: set, timings: newTimings(set), slots: telemetry.NewSlots(),
		failed: make(chan struct{}),
	}
	n.tailing, n.stopTails = context.WithCancel(context.Background())
	steps := []struct {
		name string
		run  func(context.Context) error
	}{
		{"join", func(ctx context.Context) error { return join(ctx, config, logger) }},
		{"data directory", n.openDirectory},
		{"history of sessions", n.openSampler},
		{"state", n.openEngine},
		{"log", n.openLog},
		{"segments", n.openSegments},
		{"rebuild", n.rebuild},
		{"peers", n.openHub},
		{"replication", n.openReplication},
		{"cluster", n.openCluster},
		{"replay", n.waitReady},
		{"recovery", n.noteRecovery},
		{"failover", n.forgetOthers},
		{"indexes", n.startIndexes},
		{"sealing", n.startSealing},
		{"archive", n.startArchive},
		{"log tap", n.startTap},
		{"snapshots", n.openShelves},
		{"upkeep", n.startUpkeep},
		{"metrics", n.openMetrics},
		{"workload", n.openWorkload},
		{"http", n.openHTTP},
		{"sql", n.openSQL},
		{"page", n.openPage},
		{"workload snapshots", n.startWorkload},
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
		FS: n.watchedFiles(), Dir: filepath.Join(n.config.Data, stateDir), XIDFile: filepath.Join(n.config.Data, xidFile), OnStoreStall: n.storeStalled(),
		CacheBytes: n.config.CacheBytes, RowCacheBytes: n.config.RowCacheBytes, MemtableBytes: uint64(n.config.MemtableBytes),
		StoreLogger: storeLogger{n}, OnStoreError: n.fail, Collator: sql.Collator(), NodeOrdinal: n.identity.Ordinal, PartBytes: n.config.partBytes,
		Retention: n.retention(), Now: clock.Now,
	})
	if err == nil {
		n.closers = append(n.closers, n.engine.Close)
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %w", errFilesGone, err)
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
		NodeID: n.identity.NodeID, Dir: dir, Log: timedLog{n.log, n.timings.append, n.slots.Background("LGWR", "writes commits to the log and syncs it"), n.config.appendGate}, StateMachine: gatedState{n.stateMachine(), n.config.applyGate},
		Bootstrap: []replication.Server{{ID: n.identity.NodeID, Addr: n.hub.Addr()}},
		Stream:    n.hub.LogStream(), ApplyDelay: n.config.ApplyDelay, CheckpointBytes: n.config.CheckpointBytes, Retain: n.retain, Discard: n.keepDiscarded, Observe: n.config.Failover == cluster.Observe, PartsFrom: n.partsFrom,
		Logger: n.logger.With().Str("part", "replication").Logger(), OnFatal: n.fail, Now: clock.Now,
	})
	if err != nil {
		return err
	}
	n.closers = append(n.closers, n.replication.Close)
	return nil
}

// waitReady waits until all that is in the log is applied, and completes what a crash left undone.
func (n *Node) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	go func() { // ends with ctx
		select {
		case <-n.failed:
			cancel()
		case <-ctx.Done():
		}
	}()
	waiting, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	if n.config.Failover == cluster.Observe {
		go n.letInAnyway(waiting, giveUp) // ends with waiting
	}
	err := n.replication.WaitReady(waiting)
	if err == nil {
		err = n.current(waiting)
	}
	switch {
	case errors.Is(context.Cause(waiting), errLetIn) && n.Failure() == nil:
		n.logger.Warn().Msg("nobody leads, and failover is observe: clients are let in so that one may order a node to lead; they read nothing else")
		return nil // startIndexes completes the rest
	case err != nil:
		return fmt.Errorf("wait until the log is applied: %w", errors.Join(err, n.Failure()))
	}
	return n.engine.CompleteIndexes(ctx)
}

func (n *Node) openHTTP(context.Context) error {
	listener, err := net.Listen("tcp", n.config.HTTP)
	if err != nil {
		return explainAddress(err, "http", n.config.HTTP)
	}
	n.httpAddr = listener.Addr().String()
	if listener, err = n.encrypted(listener); err != nil {
		return err
	}
	n.http = &http.Server{
		Handler:           n.withPage(n.withLogTail(health.WithProfiles(health.Handler(n.checks, n.metrics), n.httpAddr), n.httpAddr)),
		ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 64 << 10, ErrorLog: n.httpErrors(),
	}
	n.serving.Go(func() {
		if err := n.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			n.fail(fmt.Errorf("serve http: %w", err))
		}
	})
	n.closers = append(n.closers, n.closeHTTP)
	return nil
}

// closeHTTP ends streams of the log, each with a last line, then all that is open.
func (n *Node) closeHTTP() error {
	n.stopTails()
	ctx, cancel := context.WithTimeout(context.Background(), httpStopTimeout)
	defer cancel()
	err := n.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = n.http.Close()
	}
	n.tails.Wait()
	return err
}

// applied is told how long each batch of groups took to apply.
func (n *Node) applied(took time.Duration) {
	n.timings.apply.Update(took.Seconds())
	n.slots.Measured(telemetry.ApplyWait, took)
	n.advance.happened()
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
	return Addresses{MySQL: n.sql.Addr(), HTTP: n.httpAddr, Raft: n.hub.Addr()}
}

// Engine is the node's state; for the demo, tools and tests.
func (n *Node) Engine() *engine.Engine { return n.engine }

// background runs parts of the node side by side until it is closed, which waits for them.
func (n *Node) background(parts ...func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, part := range parts {
		running.Go(func() { part(ctx) })
	}
	n.closers = append(n.closers, func() error { cancel(); running.Wait(); return nil })
}

// Close stops the node's parts in the opposite order of their start. It may be called more than once.
func (n *Node) Close() error {
	if n.cluster != nil && n.Failure() != nil {
		n.cluster.GiveUp()
	}
	var errs []error
	for i := len(n.closers) - 1; i >= 0; i-- {
		errs = append(errs, n.closers[i]())
	}
	n.closers = nil
	n.serving.Wait()
	return errors.Join(errs...)
}

// Kill ends a node as the loss of its machine would look to others: they and its clients are cut off first, in the middle of whatever
// there is. It is for tests and the demo; nothing that was acknowledged is lost by it.
func (n *Node) Kill() error {
	n.fail(errKilled)
	return errors.Join(n.hub.Close(), n.Close())
}

var errKilled = errors.New("killed")

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
