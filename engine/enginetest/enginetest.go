// Package enginetest runs an engine with a log in memory, for tests of what stands on the engine.
//
// The nouns:
//
//   - Database: an engine and its Log on file systems in memory.
//   - Log: certifies, numbers and applies each proposal at once, and remembers all groups.
//
// Life of a test: (1) Open; (2) work with Database.Engine; (3) Restart, as after a crash, whenever wanted; (4)
// CheckLaw: the state must be what the whole log gives. It is no substitute for tests on the real log: nothing here
// waits for a disk or a peer. All of it is safe for concurrent use.
package enginetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/mvcc"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// Log is a log in memory. It implements txn.Proposer.
type Log struct {
	mu      sync.Mutex
	engine  *engine.Engine
	entries []engine.Commit
	scn     scn.SCN // of the last transaction
	term    uint64  // of the next entry
	last    int64   // commit time
	now     func() time.Time
}

// Propose certifies a transaction, appends it as a group of its own, and applies it.
func (l *Log) Propose(_ context.Context, _ uint64, body []byte, prepared *txn.Prepared) (scn.SCN, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.scn + 1
	if err := l.engine.Certify(at, body, prepared); err != nil {
		return 0, err
	}
	l.last = max(l.last+1, l.now().UnixMicro())
	c := engine.Commit{
		Index: uint64(len(l.entries) + 1), Term: l.term,
		Group: redo.Group{FirstSCN: at, Txns: []redo.GroupTxn{{TimeMicros: l.last, Body: body}}},
	}
	l.entries, l.scn = append(l.entries, c), at
	return at, l.engine.Apply([]engine.Commit{c})
}

// ProposePart certifies a part, appends it and applies it.
func (l *Log) ProposePart(_ context.Context, body []byte, part *redo.Part) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.engine.CertifyPart(body, part); err != nil {
		return err
	}
	c := engine.Commit{Index: uint64(len(l.entries) + 1), Term: l.term, Part: body}
	l.entries = append(l.entries, c)
	return l.engine.Apply([]engine.Commit{c})
}

// Entries gives all groups and parts so far.
func (l *Log) Entries() []engine.Commit {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.entries[:len(l.entries):len(l.entries)]
}

// Database is an engine with a log in memory.
type Database struct {
	Engine  *engine.Engine
	Log     *Log
	options engine.Options
	fs      *vfs.MemFS
}

// Option changes how a Database is opened.
type Option func(*engine.Options, *Log)

// WithCollator sets the collator; without it, text sorts by its bytes.
func WithCollator(c catalog.Collator) Option {
	return func(o *engine.Options, _ *Log) { o.Collator = c }
}

// WithPartBytes sets how much redo of one transaction goes into one entry.
func WithPartBytes(n int) Option { return func(o *engine.Options, _ *Log) { o.PartBytes = n } }

// WithClock sets the clock that stamps commits.
func WithClock(now func() time.Time) Option { return func(_ *engine.Options, l *Log) { l.now = now } }

// Open makes an empty database; it is closed at the end of the test.
func Open(t testing.TB, options ...Option) *Database {
	t.Helper()
	d := &Database{fs: vfs.NewCrashableMem(), Log: &Log{now: time.Now}}
	d.options = engine.Options{
		FS: d.fs, Dir: "state", CacheBytes: 8 << 20, RowCacheBytes: 256 << 10, MemtableBytes: 4 << 20, NodeOrdinal: 1, StoreLogger: quiet{},
	}
	for _, option := range options {
		option(&d.options, d.Log)
	}
	d.start(t)
	t.Cleanup(func() {
		if err := d.Engine.Close(); err != nil {
			t.Errorf("close engine: %v", err)
		}
	})
	return d
}

func (d *Database) start(t testing.TB) {
	t.Helper()
	e, err := engine.Open(d.options)
	if err != nil {
		t.Fatalf("open engine: %v", err)
	}
	d.Engine, d.Log.engine = e, e
	d.Log.term++ // as every start of a node that leads begins a new one
	e.Propose(d.Log)
	from := int(e.Position().Index)
	if err := e.Apply(d.Log.entries[from:]); err != nil {
		t.Fatalf("replay log from entry %d: %v", from+1, err)
	}
	if err := e.CompleteIndexes(context.Background()); err != nil {
		t.Fatalf("complete indexes: %v", err)
	}
}

// Restart opens the database again as a crash would leave it: what was not flushed is lost and replayed from the log.
func (d *Database) Restart(t testing.TB) {
	t.Helper()
	crashed := d.fs.CrashClone(vfs.CrashCloneCfg{})
	if err := d.Engine.Close(); err != nil {
		t.Fatalf("close engine: %v", err)
	}
	d.fs, d.options.FS = crashed, crashed
	d.start(t)
}

// Checkpoint copies the state as it is now into a directory, and gives the number of log entries up to here.
func (d *Database) Checkpoint(t testing.TB, dir string) (entries int) {
	t.Helper()
	if err := d.Engine.Checkpoint(dir); err != nil {
		t.Fatalf("checkpoint: %v", err)
	}
	return len(d.Log.Entries())
}

// CheckLawFrom compares the state with that of a checkpoint to which the log after it was applied.
func (d *Database) CheckLawFrom(t testing.TB, dir string, entries int) {
	t.Helper()
	options := d.options
	options.Dir = dir
	d.checkLaw(t, options, d.Log.Entries()[entries:])
}

// CheckLaw compares the state with that of an engine to which the whole log was applied anew.
func (d *Database) CheckLaw(t testing.TB) {
	t.Helper()
	options := d.options
	options.FS = vfs.NewMem()
	d.checkLaw(t, options, d.Log.Entries())
	checkStretches(t, options, d.Log.Entries()) // with the state that was just made
}

// checkStretches compares a state to which a whole log was applied with the one that the same log gives when it is applied in
// long stretches: every byte must be the same.
func checkStretches(t testing.TB, options engine.Options, entries []engine.Commit) {
	t.Helper()
	want := contents(t, options)
	for _, stretch := range []int{7, len(entries) + 1} {
		options.FS = vfs.NewMem()
		e, err := engine.Open(options)
		if err != nil {
			t.Fatalf("open engine: %v", err)
		}
		for rest := entries; len(rest) > 0; {
			n := min(stretch, len(rest))
			if err := e.ApplyStretch(context.Background(), rest[:n], engine.StretchOptions{FileFrom: 3}); err != nil {
				t.Fatalf("apply the log in stretches of %d: %v", stretch, err)
			}
			rest = rest[n:]
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		got := contents(t, options)
		for key, value := range want {
			if got[key] != value {
				t.Fatalf("applied in stretches of %d: %x is %x, want %x", stretch, key, got[key], value)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("applied in stretches of %d: %d entries, want %d", stretch, len(got), len(want))
		}
	}
}

// contents is all that a state store has.
func contents(t testing.TB, options engine.Options) map[string]string {
	t.Helper()
	s, err := mvcc.Open(mvcc.Options{FS: options.FS, Dir: options.Dir, ReadOnly: true, Logger: quiet{}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	all := map[string]string{}
	if err := s.Each(func(key, value []byte) error {
		all[string(key)] = string(value)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func (d *Database) checkLaw(t testing.TB, options engine.Options, entries []engine.Commit) {
	t.Helper()
	fresh, err := engine.Open(options)
	if err != nil {
		t.Fatalf("open engine: %v", err)
	}
	defer func() {
		if err := fresh.Close(); err != nil {
			t.Fatal(err)
		}
	}()
	if err := fresh.Apply(entries); err != nil {
		t.Fatalf("apply the log: %v", err)
	}
	if got, want := d.Engine.StateHash(), fresh.StateHash(); !got.Equal(want) {
		t.Fatalf("state at SCN %d differs from that of its log, in tables %v", got.SCN, got.Differing(want))
	}
}

// CheckIndexes compares every index of every table with the rows of the table.
func (d *Database) CheckIndexes(t testing.TB) {
	t.Helper()
	view, err := d.Engine.View(d.Engine.Applied())
	if err != nil {
		t.Fatal(err)
	}
	defer view.Rollback()
	for _, table := range view.Catalog().AllTables() {
		rows := count(t, view.Scan(table, txn.Range{}))
		for i := range table.Indexes {
			if got := count(t, view.ScanIndex(table, &table.Indexes[i], txn.Range{})); got != rows {
				t.Fatalf("table %s has %d rows, its index %s %d", table.Name, rows, table.Indexes[i].Name, got)
			}
		}
		if sum := d.Engine.TableHash(table.ID); sum.Rows != uint64(rows) {
			t.Fatalf("table %s has %d rows, its sums say %d", table.Name, rows, sum.Rows)
		}
	}
}

func count(t testing.TB, rows *txn.Rows) (n int) {
	t.Helper()
	defer rows.Close()
	for rows.Next() {
		n++
	}
	if err := rows.Err(); err != nil && !errors.Is(err, txn.ErrFinished) {
		t.Fatal(err)
	}
	return n
}

// quiet drops what the state store tells about its work, but for what ends it.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf("state store: "+format, args...))
}

var _ pebble.Logger = quiet{}
