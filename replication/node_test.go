package replication

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	"github.com/rs/zerolog"
)

func TestOptionsAreChecked(t *testing.T) {
	_, transport := raft.NewInmemTransport("n1")
	good := func() Options {
		return Options{
			NodeID: "n1", Dir: "data", Log: &faultyLog{}, StateMachine: newLedger(), Transport: transport,
			OnFatal: func(error) {},
		}
	}
	o := good()
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	for word, spoil := range map[string]func(*Options){
		"NodeID":          func(o *Options) { o.NodeID = "" },
		"Dir":             func(o *Options) { o.Dir = "" },
		"Log":             func(o *Options) { o.Log = nil },
		"StateMachine":    func(o *Options) { o.StateMachine = nil },
		"OnFatal":         func(o *Options) { o.OnFatal = nil },
		"RaftAddr":        func(o *Options) { o.Transport = nil },
		"CheckpointBytes": func(o *Options) { o.CheckpointBytes = -1 },
		"too short":       func(o *Options) { o.HeartbeatTimeout = time.Microsecond },
		"LeaseTimeout":    func(o *Options) { o.LeaseTimeout = time.Hour },
	} {
		o := good()
		spoil(&o)
		if _, err := Open(o); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v", word, err)
		}
	}
}

// A cluster over TCP on the loopback, with the store of terms and votes on disk.
func TestClusterOverTCP(t *testing.T) {
	var transports []raft.Transport
	var servers []Server
	for i := range 3 {
		transport, err := listen(&Options{RaftAddr: "127.0.0.1:0", Logger: testLogger()}, func() bool { return false }, func(uint64) uint64 { return 0 })
		if err != nil {
			t.Fatal(err)
		}
		transports = append(transports, transport)
		servers = append(servers, Server{fmt.Sprintf("n%d", i+1), string(transport.LocalAddr())})
	}
	c := &cluster{t: t, down: map[*member]bool{}}
	for i, s := range servers {
		m := newMember(t, s.ID, servers)
		dir := t.TempDir()
		kv, err := openBolt(dir)
		if err != nil {
			t.Fatal(err)
		}
		m.tune = func(o *Options) { o.Transport, o.Stable = transports[i], kv }
		c.members = append(c.members, m)
		m.start()
		t.Cleanup(m.stop)
	}
	book := newOutcomes()
	for i := range 50 {
		c.commit(book, fmt.Sprintf("k%d=", i))
	}
	c.commit(book, "large="+strings.Repeat("x", 3<<20))
	book.audit(t, c.converge())
}

func TestListenErrorsAreClear(t *testing.T) {
	m := newMember(t, "n1", []Server{{"n1", "127.0.0.1:1"}})
	first, err := listen(&Options{RaftAddr: "127.0.0.1:0"}, func() bool { return false }, func(uint64) uint64 { return 0 })
	if err != nil {
		t.Fatal(err)
	}
	defer closeTransport(first)
	for _, addr := range []string{"0.0.0.0:0", string(first.LocalAddr()), "nonsense"} {
		m.tune = func(o *Options) { o.Transport, o.RaftAddr = nil, addr }
		if err := m.open(); err == nil || !strings.Contains(err.Error(), addr) {
			t.Errorf("%s: %v", addr, err)
		}
		m.node = nil
	}
	m.tune = func(o *Options) { o.Transport, o.RaftAddr = nil, "127.0.0.1:0" }
	m.start()
	defer m.stop()
	m.ready()
	m.mustPropose("a=")
}

// A follower that needs log which was released cannot be brought back yet. That must be said, and hurt nobody else.
func TestFollowerTooFarBehindIsReported(t *testing.T) {
	var out lockedBuffer
	c := newCluster(t, func(o *Options) {
		o.TrailingEntries = 1
		o.Logger = zerolog.New(&out)
	})
	book := newOutcomes()
	c.commit(book, "before=")
	c.converge()
	victim, _ := c.others(c.leader())
	c.down[victim] = true
	c.connect()
	for i := range 20 {
		c.commit(book, fmt.Sprintf("k%d=%s", i, strings.Repeat("x", 300<<10)))
	}
	a, b := c.others(victim)
	at := c.leader().sm.Position()
	for _, m := range []*member{a, b} {
		waitUntil(t, "it has applied all", func() bool { return m.sm.Position().SCN >= at.SCN })
		if err := m.node.Checkpoint(testContext(t)); err != nil {
			t.Fatal(err)
		}
		m.forgetCache()
	}
	delete(c.down, victim)
	c.connect()
	waitUntil(t, "it is reported", func() bool { return strings.Contains(out.String(), "transfer of a whole state") })
	c.commit(book, "still working=")
	if n := strings.Count(out.String(), "transfer of a whole state"); n > 20 {
		t.Errorf("reported %d times", n)
	}
}

func TestRaftMessagesArePassedOn(t *testing.T) {
	var out bytes.Buffer
	l := newRaftLogger(zerolog.New(&out)).With("node", "n1").Named("x")
	l.Error("bad thing", "peer", hclog.Fmt("%d of %d", 1, 2), "err", errors.New("why"))
	l.Error("bad thing", "peer", "again")
	l.Warn("a warning")
	l.Info("routine")
	l.Trace("detail")
	want := `{"level":"error","from":"raft","node":"n1","peer":"1 of 2","err":"why","message":"bad thing"}
{"level":"info","from":"raft","node":"n1","message":"a warning"}
{"level":"debug","from":"raft","node":"n1","message":"routine"}
{"level":"trace","from":"raft","node":"n1","message":"detail"}
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
	quiet := newRaftLogger(zerolog.New(&out).Level(zerolog.ErrorLevel))
	if quiet.IsWarn() || !quiet.IsError() || quiet.GetLevel() != hclog.Error {
		t.Error("levels")
	}
	out.Reset()
	quiet.Warn("not said")
	if out.Len() != 0 {
		t.Errorf("said %s", out.String())
	}
	r := &repeats{seen: map[string]*repeat{}}
	begin := time.Now()
	for i := range 5 {
		if _, ok := r.pass("m", begin.Add(time.Duration(i)*repeatEvery/10)); ok != (i == 0) {
			t.Errorf("repeat %d passes: %v", i, ok)
		}
	}
	if n, ok := r.pass("m", begin.Add(repeatEvery)); !ok || n != 4 {
		t.Errorf("%d left out, %v", n, ok)
	}
}

func TestNoSnapshotBelowTheState(t *testing.T) {
	sm := newLedger()
	sm.at = Position{Index: 10, Term: 1, SCN: 5}
	f := newFSM(t.Context(), sm, newGuard(), 1)
	f.ApplyBatch([]*raft.Log{noop(7, 1)})
	if _, err := f.Snapshot(); !errors.Is(err, errBehindState) {
		t.Errorf("a snapshot at index 7 of a state at index 10: %v", err)
	}
	f.ApplyBatch([]*raft.Log{noop(10, 1)})
	if _, err := f.Snapshot(); err != nil {
		t.Error(err)
	}
}
