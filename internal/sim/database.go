package sim

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/hashicorp/raft"

	"redoubt/engine"
	"redoubt/node/bridge"
	"redoubt/replication"
	"redoubt/wal"
	"redoubt/wal/redo"
)

// Sizes are small, so that a short workload fills files, flushes and checkpoints.
const (
	memtableBytes   = 256 << 10
	logFileBytes    = 32 << 10
	checkpointBytes = 48 << 10
	partBytes       = 4 << 10
	readyTimeout    = 20 * time.Second
)

// Options of a Database.
type Options struct {
	FS vfs.FS
	// KeepLog keeps all of the log, so that the state can be made from it anew.
	KeepLog bool
	// OnFatal is called when the state store wants to end the process. The goroutine that it happened on goes no further.
	OnFatal func(error)
}

// Database is a node without SQL.
type Database struct {
	Engine *engine.Engine
	Log    *wal.Log
	Node   *replication.Node
	Failed chan struct{} // closed when the node or its state store has failed

	// Between, if it is not nil, is called when a part of a transaction is in the log. Its error ends the transaction.
	Between func() error

	onFatal  func(error)
	failOnce sync.Once
	failure  error
}

// Open opens a database, making an empty one if there is none, and waits until its log is applied.
func Open(o Options) (*Database, error) {
	d := &Database{Failed: make(chan struct{}), onFatal: o.OnFatal}
	if err := d.open(o); err != nil {
		d.Abandon()
		return nil, err
	}
	return d, nil
}

func (d *Database) open(o Options) (err error) {
	if err := o.FS.MkdirAll("raft", 0o755); err != nil {
		return err
	}
	d.Engine, err = engine.Open(engine.Options{
		FS: o.FS, Dir: "state", CacheBytes: 4 << 20, RowCacheBytes: 256 << 10, MemtableBytes: memtableBytes, NodeOrdinal: 1, StoreLogger: storeLogger{d}, OnStoreError: d.fatal,
		PartBytes: partBytes,
	})
	if err != nil {
		return err
	}
	d.Log, err = wal.Open(wal.Options{FS: o.FS, Dir: "log", SegmentBytes: logFileBytes, SpareFiles: 1})
	if err != nil {
		return err
	}
	address, transport := raft.NewInmemTransport("n1")
	retain := func() uint64 { return 0 }
	if o.KeepLog {
		retain = func() uint64 { return 1 }
	}
	d.Node, err = replication.Open(replication.Options{
		NodeID: "n1", Dir: "raft", FS: o.FS, Stable: NewStable(o.FS), Log: d.Log,
		StateMachine: bridge.StateMachine{Engine: d.Engine}, Transport: transport,
		Bootstrap:       []replication.Server{{ID: "n1", Addr: string(address)}},
		CheckpointBytes: checkpointBytes, TrailingEntries: 8, Retain: retain, OnFatal: d.fail,
		HeartbeatTimeout: 10 * time.Millisecond, LeaseTimeout: 5 * time.Millisecond,
	})
	if err != nil {
		return err
	}
	d.Engine.Propose(proposer{bridge.Proposer{Log: d.Node}, d})
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	if err := d.Node.WaitReady(ctx); err != nil {
		return err
	}
	return d.Engine.CompleteIndexes(ctx)
}

// proposer lets others in between the parts of a transaction.
type proposer struct {
	bridge.Proposer
	database *Database
}

// ProposePart implements txn.Proposer.
func (p proposer) ProposePart(ctx context.Context, body []byte, part *redo.Part) error {
	err := p.Proposer.ProposePart(ctx, body, part)
	if err == nil && part.Number > 0 && p.database.Between != nil {
		err = p.database.Between()
	}
	return err
}

func (d *Database) fail(err error) {
	d.failOnce.Do(func() {
		d.failure = err
		close(d.Failed)
	})
}

// fatal is the end of the process, as far as the test goes.
func (d *Database) fatal(err error) {
	d.fail(err)
	if d.onFatal != nil {
		d.onFatal(err)
	}
}

// Close stops the database cleanly.
func (d *Database) Close() error {
	return errors.Join(d.Node.Close(), d.Log.Close(), d.Engine.Close())
}

// Abandon stops what can be stopped of a database that has failed. The state store is left as it is: one that has met
// an error may not come to an end.
func (d *Database) Abandon() {
	if d.Node != nil {
		d.Node.Close()
	}
	if d.Log != nil {
		d.Log.Close()
	}
}

// storeLogger ends the goroutine that the state store wants to end the process with.
type storeLogger struct{ database *Database }

func (storeLogger) Infof(string, ...any)  {}
func (storeLogger) Errorf(string, ...any) {}
func (l storeLogger) Fatalf(format string, args ...any) {
	l.database.fatal(fmt.Errorf("state store: "+format, args...))
	select {} // a process would have ended here
}
