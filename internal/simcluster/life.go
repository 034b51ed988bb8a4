package simcluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"redoubt/engine"
	"redoubt/internal/sim"
	"redoubt/internal/simnet"
	"redoubt/node/bridge"
	"redoubt/replication"
	"redoubt/replication/cluster"
	"redoubt/replication/peer"
	"redoubt/wal"
)

// Sizes are small, so that short runs fill files, flush and checkpoint.
const (
	cacheBytes      = 1 << 20
	memtableBytes   = 256 << 10
	logFileBytes    = 32 << 10
	checkpointBytes = 24 << 10
)

// life is one run of a node.
type life struct {
	node    *node
	host    *simnet.Host
	hub     *peer.Hub
	engine  *engine.Engine
	log     *wal.Log
	raft    *replication.Node
	cluster *cluster.Cluster

	crashed chan struct{} // closed by a crash
	serving chan struct{} // closed when it has all that was acknowledged before it began

	mu     sync.Mutex
	closed bool
	users  sync.WaitGroup // of the engine
}

// open begins a life as package node does, from bottom to top.
func (n *node) open() (*life, error) {
	l := &life{node: n, host: n.cluster.network.Host(n.addr), crashed: make(chan struct{}), serving: make(chan struct{})}
	if err := l.open(); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

func (l *life) open() (err error) {
	n := l.node
	if l.hub, err = peer.Listen(peer.Options{Addr: n.addr, Node: n.id, Network: l.host}); err != nil {
		return err
	}
	l.engine, err = engine.Open(engine.Options{
		FS: n.fs, Dir: "state", CacheBytes: cacheBytes, RowCacheBytes: 256 << 10, MemtableBytes: memtableBytes, NodeOrdinal: uint16(n.index + 1), Now: n.now, XIDFile: "xids",
		StoreLogger: storeLogger{l}, OnStoreError: l.fail,
	})
	if err != nil {
		return err
	}
	if l.log, err = wal.Open(wal.Options{FS: n.fs, Dir: "log", SegmentBytes: logFileBytes, SpareFiles: 1, SpareFilesMax: 2}); err != nil {
		return err
	}
	var machine replication.StateMachine = bridge.StateMachine{Engine: l.engine}
	if wrap := n.cluster.defect.StateMachine; wrap != nil {
		machine = wrap(n.id, machine)
	}
	l.raft, err = replication.Open(replication.Options{
		NodeID: n.id, Dir: "raft", FS: n.fs, Stable: sim.NewStable(n.fs), Log: stallingLog{l.log, n}, StateMachine: machine,
		Bootstrap: n.cluster.servers(), Stream: l.hub.LogStream(), CheckpointBytes: checkpointBytes, Now: n.now, OnFatal: l.fail,
	})
	if err != nil {
		return err
	}
	l.cluster, err = cluster.New(cluster.Options{
		ID: n.id, Self: n.info, Log: l.raft, Hub: l.hub, State: bridge.ClusterState{Engine: l.engine}, Registry: bridge.Nodes{Engine: l.engine},
		Refusals: bridge.Refusals{}, Protection: cluster.Protection{Mode: cluster.Async}, Logger: zerolog.Nop(), Now: n.now, Lost: l.fail,
		Follows: func(string, uint64) {}, Peers: func([]string) {},
	})
	if err != nil {
		return err
	}
	var proposals bridge.Proposals = l.cluster
	if wrap := n.cluster.defect.Proposals; wrap != nil {
		proposals = wrap(l.cluster, n.cluster.running.Go)
	}
	l.engine.Propose(bridge.Proposer{Log: proposals})
	return nil
}

// info is the node as the database has it.
func (n *node) info() cluster.Info {
	return cluster.Info{ID: n.id, Ordinal: uint16(n.index + 1), Raft: n.addr, MySQL: n.id + ":3306", HTTP: n.id + ":8080"}
}

func (l *life) fail(err error) { l.node.failed(l, err) }

// over tells whether it has crashed.
func (l *life) over() bool {
	select {
	case <-l.crashed:
		return true
	default:
		return false
	}
}

// serve lets clients in once the node has all that was acknowledged before it began.
func (l *life) serve() {
	for l.enter() {
		err := l.current(context.Background())
		l.users.Done()
		if err == nil {
			close(l.serving)
			return
		}
		time.Sleep(pollEvery)
	}
}

// ready tells whether clients may use it.
func (l *life) ready() bool {
	select {
	case <-l.serving:
		return true
	default:
		return false
	}
}

// current waits until a strong read may begin.
func (l *life) current(ctx context.Context) error {
	if l.node.cluster.defect.StaleReads {
		return nil
	}
	return l.cluster.Current(ctx)
}

// enter counts a user, who calls users.Done. False: the life is over.
func (l *life) enter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.users.Add(1)
	}
	return !l.closed
}

// close stops everything, from top to bottom.
func (l *life) close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	var errs []error
	if l.cluster != nil {
		errs = append(errs, l.cluster.Close())
	}
	if l.raft != nil {
		errs = append(errs, l.raft.Close())
	}
	if l.hub != nil {
		errs = append(errs, l.hub.Close())
	}
	l.users.Wait()
	if l.log != nil {
		errs = append(errs, l.log.Close())
	}
	if l.engine != nil {
		errs = append(errs, l.engine.Close())
	}
	return errors.Join(errs...)
}

// stallingLog is a log on a disk that is slow at times. The waiting is done before the log is entered: whoever holds a lock must not wait
// for virtual time.
type stallingLog struct {
	*wal.Log
	node *node
}

// Append implements replication.LogFile.
func (s stallingLog) Append(batch []wal.Entry) error {
	s.node.stall()
	return s.Log.Append(batch)
}

// storeLogger hears the state store.
type storeLogger struct{ life *life }

func (storeLogger) Infof(string, ...any)  {}
func (storeLogger) Errorf(string, ...any) {}
func (s storeLogger) Fatalf(format string, args ...any) {
	panic(fmt.Errorf("state store of %s: "+format, append([]any{s.life.node.id}, args...)...))
}
