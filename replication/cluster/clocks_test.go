package cluster

import (
	"strings"
	"testing"
	"time"

	"redoubt/replication"
)

// TestAlone: a node that has joined, and has the log from before, has others; one that knows only itself has none.
func TestAlone(t *testing.T) {
	for _, c := range []struct {
		members string
		alone   bool
	}{{"", true}, {"a", true}, {"b", false}, {"a b", false}, {"b c", false}} {
		var members []replication.Member
		for _, id := range strings.Fields(c.members) {
			members = append(members, replication.Member{ID: id})
		}
		if got := alone(members, "a"); got != c.alone {
			t.Errorf("a among %q is alone: %v", c.members, got)
		}
	}
}

// TestClocks judges clocks: the one in the middle is right, and two tell nothing.
func TestClocks(t *testing.T) {
	for _, c := range []struct {
		ahead string        // of each node before the first one, which asks
		right time.Duration // before the first one
		off   string        // nodes that are told to be off
	}{
		{"0s", 0, ""},
		{"0s 400ms", 0, ""},
		{"0s 3s", 0, "b"},
		{"0s 10ms -20ms", 0, ""},
		{"0s 1h -10ms", 0, "b"},
		{"0s -1h 1h", 0, "b c"},
		{"0s 1h 1h10ms", time.Hour, "a"},
		{"0s -1h -1h", -time.Hour, "a"},
		{"0s 1h 1h 5ms 0s", 5 * time.Millisecond, "b c"},
	} {
		var nodes []Node
		for i, text := range strings.Fields(c.ahead) {
			ahead, err := time.ParseDuration(text)
			if err != nil {
				t.Fatal(err)
			}
			nodes = append(nodes, Node{Info: Info{ID: string(rune('a' + i))}, ClockAhead: ahead, ClockError: 50 * time.Millisecond})
		}
		right := medianClock(nodes)
		if right != c.right {
			t.Errorf("%s: the right one is %s ahead, want %s", c.ahead, right, c.right)
		}
		said := ""
		if err := clocksOff(nodes, right); err != nil {
			said = err.Error()
		}
		for i := range nodes {
			if told, want := strings.Contains(said, "that of "+nodes[i].ID+" "), strings.Contains(c.off, nodes[i].ID); told != want {
				t.Errorf("%s: node %s is told to be off: %v, by %q", c.ahead, nodes[i].ID, told, said)
			}
		}
	}
}
