package awr

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"redoubt/telemetry"
	"redoubt/telemetry/frames"
)

// node is a Source that does what a test says.
type node struct {
	now        time.Time
	started    int64
	calls      float64
	statements map[uint64]*telemetry.WorkloadStatement
	changes    []telemetry.WorkloadChange
}

func newNode() *node {
	return &node{now: time.UnixMicro(1_700_000_000_000_000), started: 1_699_999_000_000_000, statements: map[uint64]*telemetry.WorkloadStatement{}}
}

func (n *node) Figures() telemetry.WorkloadSnapshot {
	return telemetry.WorkloadSnapshot{
		WorkloadHead: telemetry.WorkloadHead{Started: n.started, SCN: uint64(n.calls)},
		Values:       []telemetry.WorkloadValue{{Name: "user calls", Value: n.calls}, {Name: `redoubt_log_bytes{x="y"}`, Gauge: true, Value: -0.5}},
		Events:       []telemetry.WorkloadEvent{{Event: telemetry.LogFileSync, Waits: 3, Took: 5 * time.Millisecond, Sessions: time.Second}},
	}
}

func (n *node) Statements(yield func(*telemetry.WorkloadStatement)) {
	for _, s := range n.statements {
		c := *s
		yield(&c)
	}
}

func (n *node) Texts(s *telemetry.WorkloadStatement) {
	s.Text, s.Kind, s.PlanText = fmt.Sprint("select ", s.Digest), "select", "-> Table scan"
}

func (n *node) Changes(after int64) (out []telemetry.WorkloadChange) {
	for _, c := range n.changes {
		if c.Micros > after {
			out = append(out, c)
		}
	}
	return out
}

func (n *node) run(digest uint64, times uint64, took time.Duration) {
	s := n.statements[digest]
	if s == nil {
		s = &telemetry.WorkloadStatement{Digest: digest, Plan: digest + 1}
		n.statements[digest] = s
	}
	s.Executions, s.Took, s.RowsRead = s.Executions+times, s.Took+took, s.RowsRead+7*times
	s.Waits[telemetry.Commit] += took
	n.calls += float64(times)
	n.now = n.now.Add(took)
}

// forget folds a statement into the row of the forgotten, as package sqlstat does.
func (n *node) forget(digest uint64) {
	s := n.statements[digest]
	if s == nil {
		return
	}
	delete(n.statements, digest)
	rest := n.statements[0]
	if rest == nil {
		rest = &telemetry.WorkloadStatement{}
		n.statements[0] = rest
	}
	countsOf(rest).plus(countsOf(s)).put(rest)
}

func open(t *testing.T, n *node, change func(*Options)) *Keeper {
	t.Helper()
	o := Options{Source: n, Dir: t.TempDir(), Now: func() time.Time { return n.now }}
	change(&o)
	k, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

func take(t *testing.T, k *Keeper) telemetry.WorkloadHead {
	t.Helper()
	h, err := k.Take(telemetry.WorkloadByHand)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func all(t *testing.T, k *Keeper) (out []telemetry.WorkloadSnapshot) {
	t.Helper()
	if err := k.Read(0, 1<<62, func(s *telemetry.WorkloadSnapshot) bool { out = append(out, *s); return true }); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSnapshots: what is taken is read again, after a restart too, with what statements did since the one before.
func TestSnapshots(t *testing.T) {
	n := newNode()
	k := open(t, n, func(*Options) {})
	n.run(5, 10, time.Second)
	first := take(t, k)
	n.run(5, 2, time.Second)
	n.run(6, 1, 3*time.Second)
	n.changes = []telemetry.WorkloadChange{{Digest: 5, Text: "select 5", Micros: n.now.UnixMicro(), SCN: 9, OldPlan: 1, NewPlan: 2, OldText: "a", NewText: "b", OldRuns: 3, NewRuns: 4, OldTook: time.Second, NewTook: time.Minute, OldReads: 5, NewReads: 6}}
	n.now = n.now.Add(time.Second)
	take(t, k)
	n.now = n.now.Add(-time.Hour) // a clock that goes back
	third := take(t, k)
	got := all(t, k)
	if len(got) != 3 || got[0].ID != 1 || got[2].ID != 3 || got[2].Micros <= got[1].Micros || got[1].Before != first.Micros || got[2].WorkloadHead != third {
		t.Fatalf("%+v", got)
	}
	if s := got[1].Statements; len(s) != 2 || s[0].Digest != 6 || s[0].Executions != 1 || s[1].Executions != 2 || s[1].Took != time.Second || s[1].RowsRead != 14 || s[1].Text != "select 5" || s[1].PlanText == "" || s[1].Waits[telemetry.Commit] != time.Second {
		t.Errorf("statements %+v", s)
	}
	if !reflect.DeepEqual(got[1].Changes, n.changes) || len(got[2].Changes) != 0 || !reflect.DeepEqual(got[0].Values[1], n.Figures().Values[1]) || !reflect.DeepEqual(got[0].Events, n.Figures().Events) {
		t.Errorf("%+v", got)
	}
	dir := k.options.Dir
	k.Close()
	n.statements = map[uint64]*telemetry.WorkloadStatement{}
	n.run(5, 1, time.Second)
	again := open(t, n, func(o *Options) { o.Dir = dir })
	if now := all(t, again); !reflect.DeepEqual(now, got) {
		t.Errorf("after a restart:\n%+v\nwant\n%+v", now, got)
	}
	if h := take(t, again); h.ID != 4 || len(all(t, again)[3].Statements) != 1 || all(t, again)[3].Statements[0].Executions != 1 {
		t.Errorf("%+v", all(t, again)[3])
	}
	var shown bytes.Buffer
	if err := Inspect(filepath.Join(dir, "awr-1"), &shown); err != nil || !strings.Contains(shown.String(), "snapshot 2 (hand), SCN 13: 2 values, 1 events, 2 statements, 1 changes") {
		t.Errorf("%v\n%s", err, &shown)
	}
}

// TestSumsStayRight: whatever statements are forgotten and come again, and however many there are, the sums over snapshots are what was done.
func TestSumsStayRight(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	n := newNode()
	k := open(t, n, func(*Options) {})
	done, took := uint64(0), time.Duration(0)
	for range 30 {
		for range 200 {
			times, each := 1+random.Uint64N(5), time.Duration(random.IntN(1000))*time.Millisecond
			n.run(1+random.Uint64N(400), times, each)
			done, took = done+times, took+each
			if random.IntN(4) == 0 {
				n.forget(1 + random.Uint64N(400))
			}
		}
		take(t, k)
	}
	var sum uint64
	var spent time.Duration
	for _, s := range all(t, k) {
		if len(s.Statements) > byTime+byRows+byConflicts+1 {
			t.Errorf("%d statements in a snapshot", len(s.Statements))
		}
		for _, x := range s.Statements {
			sum, spent = sum+x.Executions, spent+x.Took
		}
	}
	// A statement that was forgotten and ran more often again within one interval than before cannot be told from one that was not.
	if off := float64(sum)/float64(done) - 1; off > 0.02 || off < -0.02 {
		t.Errorf("seed %d: %d executions and %v, want %d and %v", seed, sum, spent, done, took)
	}
}

// TestLimits: old snapshots go by size and by age, the newest stay, and damage is passed over.
func TestLimits(t *testing.T) {
	n := newNode()
	const limit = 1 << 20
	k := open(t, n, func(o *Options) { o.Bytes, o.Keep = limit, 1000*time.Hour })
	random := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		for range 50 {
			n.run(random.Uint64(), random.Uint64N(1<<40), time.Second)
		}
		take(t, k)
		n.statements = map[uint64]*telemetry.WorkloadStatement{}
	}
	st := k.Stats()
	if st.Bytes > limit || st.Dropped == 0 || st.Taken != 2000 {
		t.Errorf("%+v", st)
	}
	heads := k.Heads()
	if got := all(t, k); len(got) != len(heads) || len(got) < 20 || got[len(got)-1].ID != 2000 || got[0].ID != heads[0].ID {
		t.Errorf("%d snapshots, %d heads, the first %+v", len(got), len(heads), heads[0])
	}
	k.Close()
	files, _ := filepath.Glob(filepath.Join(k.options.Dir, "awr-*"))
	slices.Sort(files)
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(files[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	again := open(t, n, func(o *Options) { o.Dir, o.Bytes, o.Keep = k.options.Dir, limit, 1000*time.Hour })
	if got := all(t, again); len(got) != len(heads)-1 || again.Stats().Damaged == 0 {
		t.Errorf("%d of %d snapshots after damage, %+v", len(got), len(heads), again.Stats())
	}
	if err := Inspect(files[0], &bytes.Buffer{}); !errors.Is(err, frames.ErrDamaged) {
		t.Errorf("inspect says %v", err)
	}
	n.now = n.now.Add(1001 * time.Hour)
	if h := take(t, again); len(again.Heads()) != 1 || again.Heads()[0] != h {
		t.Errorf("after the retention: %d snapshots", len(again.Heads()))
	}
}

func FuzzBody(f *testing.F) {
	n := newNode()
	s := n.Figures()
	s.Statements = []telemetry.WorkloadStatement{{Digest: 1, Text: "x"}}
	f.Add(appendBody(nil, &s))
	f.Fuzz(func(t *testing.T, b []byte) { _, _ = decodeBody(1, b) })
}

// BenchmarkTake takes a snapshot with 100,000 statements known, all of which ran since the one before.
func BenchmarkTake(b *testing.B) {
	n := newNode()
	for i := range uint64(100_000) {
		n.run(i*0x9e3779b97f4a7c15+1, 1, time.Millisecond)
	}
	k, err := Open(Options{Source: n, Dir: b.TempDir(), Now: func() time.Time { return n.now }})
	if err != nil {
		b.Fatal(err)
	}
	defer k.Close()
	b.ReportAllocs()
	for b.Loop() {
		for _, s := range n.statements {
			s.Executions++
			s.Took += time.Millisecond
		}
		if _, err := k.Take(telemetry.WorkloadScheduled); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(k.Stats().Bytes)/float64(k.Stats().Snapshots), "disk-bytes/op")
}
