package replication

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/raft"
)

func (m *member) mustProposePart(body string) Result {
	m.t.Helper()
	r, err := m.node.Propose(testContext(m.t), &Proposal{XID: 1, Body: []byte(body), Part: true})
	if err != nil {
		m.t.Fatalf("part %q: %v", body, err)
	}
	return r
}

func (l *ledger) partsSeen() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.parts)
}

// TestPartsTakeNoSCN: parts lie between groups, are applied and read in the order of the log, and take no SCN.
func TestPartsTakeNoSCN(t *testing.T) {
	m := single(t, nil)
	var want []string
	for i := range 10 {
		if got := m.mustPropose(fmt.Sprintf("k%d=", i)); int(got.SCN) != i+1 {
			t.Fatalf("SCN %d after %d transactions", got.SCN, i)
		}
		body := fmt.Sprintf("part %d", i)
		got := m.mustProposePart(body)
		if got.SCN != 0 || got.Index == 0 {
			t.Fatalf("a part got %+v", got)
		}
		want = append(want, fmt.Sprintf("%d:%s", got.Index, body))
		b, err := m.node.Part(got.Index)
		if err != nil || string(b) != body {
			t.Fatalf("part %q reads as %q: %v", body, b, err)
		}
		if _, err := m.node.Part(got.Index - 1); err == nil {
			t.Fatal("a group reads as a part")
		}
	}
	if got := m.sm.partsSeen(); !slices.Equal(got, want) {
		t.Fatalf("applied %v, want %v", got, want)
	}
	m.check()
	var read []string
	r := m.node.CommittedFrom(m.sm.Position(), 1)
	for range want {
		g, err := r.Next(testContext(t))
		if err != nil || g.Part == nil {
			t.Fatalf("%+v: %v", g, err)
		}
		read = append(read, fmt.Sprintf("%d:%s", g.Index, g.Part))
	}
	if !slices.Equal(read, want) {
		t.Fatalf("read %v, want %v", read, want)
	}
}

// TestPartsAfterARestart: parts behind the snapshot are given again, and those before the state if it asks for them.
func TestPartsAfterARestart(t *testing.T) {
	m := single(t, nil)
	m.mustProposePart("first")
	m.mustPropose("k=")
	if err := m.node.Checkpoint(testContext(t)); err != nil {
		t.Fatal(err)
	}
	m.mustProposePart("second")
	for from, want := range []string{"[second]", "[first second]"} {
		m.crash()
		m.tune = func(o *Options) { o.PartsFrom = uint64(from) }
		m.start()
		m.ready()
		var got []string
		for _, p := range m.sm.partsSeen() {
			_, body, _ := strings.Cut(p, ":")
			got = append(got, body)
		}
		if fmt.Sprint(got) != want {
			t.Fatalf("with PartsFrom %d: %v, want %v", from, got, want)
		}
	}
}

// TestPartsOfAnotherTermAreSkipped: what a former leader certified and a later term appended does not count.
func TestPartsOfAnotherTermAreSkipped(t *testing.T) {
	m := single(t, nil)
	m.mustPropose("k=")
	term := m.node.Stats().Term
	m.crash()
	m.appendRaw(&raft.Log{Term: term, Type: raft.LogCommand, Extensions: partTag(term + 1), Data: []byte("of another term")})
	m.start()
	m.ready()
	m.mustProposePart("of this term")
	if got := m.sm.partsSeen(); len(got) != 1 {
		t.Fatalf("applied %v", got)
	}
	if got := m.node.Stats().SkippedGroups; got != 1 {
		t.Fatalf("%d entries were skipped", got)
	}
}
