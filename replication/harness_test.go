package replication

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/hashicorp/raft"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"redoubt/scn"
	"redoubt/wal"
)

var (
	seedFlag    = flag.Uint64("seed", 0, "seed of the random tests; 0 takes a new one")
	secondsFlag = flag.Int("load-seconds", 3, "how long the tests under load run")
	verboseFlag = flag.Bool("log", false, "show the nodes' log")
)

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m)
}

func newRand(t *testing.T) *rand.Rand {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("replay with: go test ./replication -run '^%s$' -seed %d", t.Name(), seed)
	return rand.New(rand.NewPCG(seed, 1))
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func testLogger() zerolog.Logger {
	if *verboseFlag {
		return zerolog.New(os.Stderr).With().Timestamp().Logger()
	}
	return zerolog.Nop()
}

var errConflict = errors.New("key is being changed by another transaction")

// row is one applied transaction.
type row struct {
	scn    scn.SCN
	micros int64
	index  uint64
	body   string
}

// ledger is a state machine that remembers every transaction. A body is its key up to the first '=', then anything.
type ledger struct {
	mu        sync.Mutex
	rows      []row
	parts     []string
	at        Position
	durable   Position
	inFlight  map[string]scn.SCN
	abandons  int
	refuse    func(p *Proposal) error
	applyErr  error
	applyGate chan struct{} // if set, Apply waits for it
	persist   int
	broken    []string // violated promises of StateMachine
}

func newLedger() *ledger { return &ledger{inFlight: map[string]scn.SCN{}} }

func key(body []byte) string {
	k, _, _ := bytes.Cut(body, []byte("="))
	return string(k)
}

func (l *ledger) Certify(p *Proposal) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuse != nil {
		if err := l.refuse(p); err != nil {
			return err
		}
	}
	if p.Part != (p.SCN == 0) {
		l.broken = append(l.broken, fmt.Sprintf("part %v certified with SCN %d", p.Part, p.SCN))
	}
	if p.Part {
		return nil
	}
	if _, busy := l.inFlight[key(p.Body)]; busy {
		return errConflict
	}
	l.inFlight[key(p.Body)] = p.SCN
	return nil
}

func (l *ledger) Abandon() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.abandons++
	clear(l.inFlight)
}

func (l *ledger) Apply(groups []AppliedGroup) error {
	l.mu.Lock()
	gate := l.applyGate
	l.mu.Unlock()
	if gate != nil {
		<-gate
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.applyErr != nil {
		return l.applyErr
	}
	for _, g := range groups {
		if g.Part != nil {
			l.parts = append(l.parts, fmt.Sprintf("%d:%s", g.Index, g.Part))
			continue
		}
		if g.Index <= l.at.Index || g.Group.FirstSCN != l.at.SCN+1 || len(g.Group.Txns) == 0 {
			l.broken = append(l.broken, fmt.Sprintf("group %d at %d after %v", g.Group.FirstSCN, g.Index, l.at))
		}
		for i, t := range g.Group.Txns {
			if t.TimeMicros <= l.at.TimeMicros {
				l.broken = append(l.broken, fmt.Sprintf("time %d after %d", t.TimeMicros, l.at.TimeMicros))
			}
			s := g.Group.FirstSCN + scn.SCN(i)
			l.rows = append(l.rows, row{s, t.TimeMicros, g.Index, string(t.Body)})
			if l.inFlight[key(t.Body)] == s {
				delete(l.inFlight, key(t.Body))
			}
			l.at = Position{g.Index, g.Term, s, t.TimeMicros}
		}
	}
	return nil
}

func (l *ledger) Position() Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at
}

func (l *ledger) Durable() Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.durable
}

func (l *ledger) Persist(context.Context) (Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.persist++
	l.durable = l.at
	return l.durable, nil
}

// crash gives what a crash leaves: the durable part.
func (l *ledger) crash() *ledger {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.crashLocked()
}

func (l *ledger) crashLocked() *ledger {
	n := newLedger()
	n.at, n.durable = l.durable, l.durable
	for _, r := range l.rows {
		if r.scn <= l.durable.SCN {
			n.rows = append(n.rows, r)
		}
	}
	return n
}

func (l *ledger) snapshot() ([]row, []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]row(nil), l.rows...), append([]string(nil), l.broken...)
}

// memKV is a stable store whose writes can fail.
type memKV struct {
	mu     sync.Mutex
	values map[string][]byte
	fail   error
	sets   int
}

func newMemKV() *memKV { return &memKV{values: map[string][]byte{}} }

func (m *memKV) Set(k, v []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	m.sets++
	m.values[string(k)] = bytes.Clone(v)
	return nil
}

func (m *memKV) Get(k []byte) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.values[string(k)]
	if !ok {
		return nil, errors.New("not found")
	}
	return v, nil
}

func (m *memKV) Close() error { return nil }

func (m *memKV) setFail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

// faultyLog is a log whose writes and reads can fail.
type faultyLog struct {
	LogFile
	mu        sync.Mutex
	appendErr error
	partial   bool // the failing append writes nevertheless
	appends   int
	getErr    error
	gate      chan struct{} // if set, appends wait for it
}

func (f *faultyLog) Append(batch []wal.Entry) error {
	f.mu.Lock()
	f.appends++
	err, partial, gate := f.appendErr, f.partial, f.gate
	f.mu.Unlock()
	if gate != nil {
		<-gate
	}
	if err != nil {
		if partial {
			_ = f.LogFile.Append(batch)
		}
		return err
	}
	return f.LogFile.Append(batch)
}

func (f *faultyLog) Get(index uint64, dst []byte) ([]byte, error) {
	f.mu.Lock()
	err := f.getErr
	f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return f.LogFile.Get(index, dst)
}

func (f *faultyLog) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// member is a node with what it stands on, which survives stop and start.
type member struct {
	t         *testing.T
	id        string
	fs        *vfs.MemFS
	kv        *memKV
	sm        *ledger
	log       *wal.Log
	faulty    *faultyLog
	node      *Node
	addr      raft.ServerAddress
	transport *raft.InmemTransport
	tune      func(*Options)
	servers   []Server
	fatal     chan error
}

func newMember(t *testing.T, id string, servers []Server) *member {
	m := &member{t: t, id: id, fs: vfs.NewMem(), kv: newMemKV(), sm: newLedger(), servers: servers}
	m.addr = raft.ServerAddress(id)
	if err := m.fs.MkdirAll("data", 0o755); err != nil {
		t.Fatal(err)
	}
	return m
}

// single starts a cluster of one.
func single(t *testing.T, tune func(*Options)) *member {
	m := newMember(t, "n1", []Server{{"n1", "n1"}})
	m.tune = tune
	m.start()
	t.Cleanup(m.stop)
	m.ready()
	return m
}

func (m *member) options() Options {
	o := Options{
		NodeID: m.id, Dir: "data", FS: m.fs, Stable: m.kv, Log: m.faulty, StateMachine: m.sm, Bootstrap: m.servers,
		Transport: m.transport, Logger: testLogger(),
		// The machine that runs the tests may be busy: leadership should move only where a test wants it to.
		HeartbeatTimeout: 500 * time.Millisecond, LeaseTimeout: 400 * time.Millisecond,
		OnFatal: func(err error) {
			select {
			case m.fatal <- err:
			default:
				m.t.Errorf("OnFatal was called again: %v", err)
			}
		},
	}
	if m.tune != nil {
		m.tune(&o)
	}
	return o
}

func (m *member) openLog() {
	m.t.Helper()
	log, err := wal.Open(wal.Options{FS: m.fs, Dir: "data/wal", SegmentBytes: 1 << 20, SpareFiles: wal.NoSpareFiles})
	if err != nil {
		m.t.Fatal(err)
	}
	m.log, m.faulty, m.fatal = log, &faultyLog{LogFile: log}, make(chan error, 1)
}

func (m *member) start() {
	m.t.Helper()
	if err := m.open(); err != nil {
		m.t.Fatal(err)
	}
}

func (m *member) open() error {
	m.t.Helper()
	m.openLog()
	_, m.transport = raft.NewInmemTransportWithTimeout(m.addr, 200*time.Millisecond)
	var err error
	if m.node, err = Open(m.options()); err != nil {
		_ = m.log.Close()
	}
	return err
}

// forgetCache makes every read of the log go to the file.
func (m *member) forgetCache() {
	m.node.log.cache.mu.Lock()
	defer m.node.log.cache.mu.Unlock()
	m.node.log.cache.clear()
}

// stop closes node and log. It may be called again.
func (m *member) stop() {
	m.t.Helper()
	if m.node == nil {
		return
	}
	if err := m.node.Close(); err != nil {
		m.t.Errorf("close node %s: %v", m.id, err)
	}
	_ = m.log.Close()
	m.node = nil
}

// crash stops and loses what the state machine did not persist.
func (m *member) crash() {
	m.stop()
	m.sm = m.sm.crash()
}

func (m *member) ready() {
	m.t.Helper()
	if err := m.node.WaitReady(testContext(m.t)); err != nil {
		m.t.Fatalf("%s is not ready: %v", m.id, err)
	}
}

func (m *member) propose(body string) (Result, error) {
	return m.node.Propose(testContext(m.t), &Proposal{XID: uint64(len(body)), Body: []byte(body)})
}

func (m *member) mustPropose(body string) Result {
	m.t.Helper()
	r, err := m.propose(body)
	if err != nil {
		m.t.Errorf("propose %.40q: %v", body, err)
	}
	return r
}

// check asserts the promises of StateMachine and that SCNs are dense from 1.
func (m *member) check() []row {
	m.t.Helper()
	return checkLedger(m.t, m.id, m.sm)
}

func checkLedger(t *testing.T, id string, l *ledger) []row {
	t.Helper()
	rows, broken := l.snapshot()
	for _, b := range broken {
		t.Errorf("%s: %s", id, b)
	}
	for i, r := range rows {
		if r.scn != scn.SCN(i+1) {
			t.Fatalf("%s: row %d has SCN %d", id, i, r.scn)
		}
	}
	return rows
}

func waitUntil(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("gave up waiting until %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func number(n uint64) string {
	return fmt.Sprintf("%x", binary.BigEndian.AppendUint64(nil, n))
}

// forgetful says that nothing is durable.
type forgetful struct{ *ledger }

func (f forgetful) Persist(context.Context) (Position, error) { return Position{}, nil }

// lockedBuffer takes log lines from many goroutines.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
