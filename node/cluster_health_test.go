package node

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"redoubt/node/bridge"
	"redoubt/replication/cluster"
)

// lastTakeover is how a node came to lead, as another one of the cluster knows it.
func lastTakeover(t *testing.T, n *Node) (last cluster.Takeover) {
	t.Helper()
	list, err := bridge.Nodes{Engine: n.Engine()}.Takeovers()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) > 0 {
		last = list[len(list)-1]
	}
	return last
}

// TestHealthGivesTheLeadAway: a node whose disk is too full for its settings does not keep the lead, and gets it only if nobody else is there.
func TestHealthGivesTheLeadAway(t *testing.T) {
	c := newTrio(t, nil, "", nil)
	run(t, c.dbs[0], "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)", "INSERT INTO app.t VALUES (1)")
	ill := c.leader()
	c.stop(ill)
	c.flags[ill]["disk-reserve"] = "100" // which no disk has that anything is on
	c.restart(ill)
	was := c.leader()
	retried(t, c.dbs[was], "SWITCHOVER TO "+c.nodes[ill].identity.NodeID)
	awaitThat(t, "another one leads since its disk is full", func() bool {
		last := lastTakeover(t, c.nodes[was])
		return last.Trigger == cluster.TriggerHealth && last.Previous == c.nodes[ill].identity.NodeID && !c.nodes[ill].leads()
	})
	retried(t, c.dbs[ill], "INSERT INTO app.t VALUES (2)")
	var message string
	if err := c.dbs[was].QueryRow("SELECT message FROM V$NODE WHERE node = ?", c.nodes[ill].identity.NodeID).Scan(&message); err != nil || message == "" {
		t.Errorf("V$NODE says of it %q (%v)", message, err)
	}
	c.sameState()
}

// TestStalledDisk: a write to the log of the leader hangs. Another one leads soon, and history says why; the commit that hung is there or is not,
// on all nodes alike.
func TestStalledDisk(t *testing.T) {
	hangingLeader(t, cluster.TriggerHealth, func(c *Config, gate func()) { c.appendGate = gate })
}

// TestLag: the same of a leader whose state does not come up with what is committed.
func TestLag(t *testing.T) {
	hangingLeader(t, cluster.TriggerLag, func(c *Config, gate func()) {
		c.applyGate, c.lagFarOff = func() bool { gate(); return true }, 2*time.Second
	})
}

// hangingLeader lets a part of the leader hang while it has a commit to do.
func hangingLeader(t *testing.T, why cluster.Trigger, hang func(*Config, func())) {
	c := newTrio(t, nil, "", nil)
	run(t, c.dbs[0], "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)", "INSERT INTO app.t VALUES (1)")
	const ill = 1
	c.stop(ill)
	config, err := Load("", c.flags[ill])
	if err != nil {
		t.Fatal(err)
	}
	var hangs atomic.Bool
	over := make(chan struct{})
	hang(config, func() {
		if hangs.Load() {
			<-over
		}
	})
	if c.nodes[ill], err = Open(context.Background(), config, zerolog.Nop()); err != nil {
		t.Fatal(err)
	}
	c.dbs[ill] = connect(t, c.nodes[ill])
	retried(t, c.dbs[c.leader()], "SWITCHOVER TO "+c.nodes[ill].identity.NodeID)
	awaitThat(t, "it leads", func() bool { return c.nodes[ill].leads() })
	hangs.Store(true)
	told := make(chan error, 1)
	go func() {
		_, err := c.dbs[ill].Exec("INSERT INTO app.t VALUES (2)")
		told <- err
	}()
	awaitThat(t, "another one leads", func() bool { return c.nodes[0].leads() || c.nodes[2].leads() })
	next := 0
	if c.nodes[2].leads() {
		next = 2
	}
	retried(t, c.dbs[2-next], "INSERT INTO app.t VALUES (3)")
	awaitThat(t, "history says why", func() bool { return lastTakeover(t, c.nodes[next]).Trigger == why })
	hangs.Store(false)
	close(over)
	said := <-told
	c.sameState()
	var there bool
	if err := c.dbs[next].QueryRow("SELECT COUNT(*) > 0 FROM app.t WHERE id = 2").Scan(&there); err != nil || there != (said == nil) {
		t.Errorf("the client heard %v of its commit, which is there: %v (%v)", said, there, err)
	}
	if last := lastTakeover(t, c.nodes[next]); last.Previous != fmt.Sprint(c.nodes[ill].identity.NodeID) {
		t.Errorf("who led before: %+v", last)
	}
}
