package node

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// observation is what a node's history has of a failover that does not happen.
type observation struct {
	node, previous, message sql.NullString
	began, ended            sql.NullString
	millis                  float64
}

// observed reads it; false: there is none.
func observed(t *testing.T, db *sql.DB) (o observation, found bool) {
	t.Helper()
	err := db.QueryRow("SELECT node, previous_node, message, began, ended, milliseconds FROM V$FAILOVER_HISTORY WHERE trigger_reason = 'OBSERVED'").
		Scan(&o.node, &o.previous, &o.message, &o.began, &o.ended, &o.millis)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		t.Fatal(err)
	}
	return o, err == nil
}

// failoverCheck is what the health check says.
func failoverCheck(t *testing.T, db *sql.DB) string {
	t.Helper()
	var message sql.NullString
	if err := db.QueryRow("SELECT message FROM V$HEALTH WHERE name = 'failover'").Scan(&message); err != nil {
		t.Fatal(err)
	}
	return message.String
}

// newObservers is a cluster of three nodes that observe, with a table.
func newObservers(t *testing.T) *trio {
	t.Helper()
	c := newTrio(t, map[string]string{"failover": "observe"}, "", nil)
	run(t, c.dbs[0], "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)", "CREATE USER reader")
	return c
}

func (c *trio) name(i int) string { return c.nodes[i].identity.NodeID }

// lead lets a node lead, whoever does.
func (c *trio) lead(i int) {
	c.t.Helper()
	retried(c.t, c.dbs[i], "SWITCHOVER TO "+c.name(i))
	awaitThat(c.t, "the lead is handed over", c.nodes[i].leads)
}

// insert commits rows, through all nodes of a list.
func (c *trio) insert(from, to int, through ...int) {
	c.t.Helper()
	for i := from; i < to; i++ {
		retried(c.t, c.dbs[through[i%len(through)]], fmt.Sprintf("INSERT INTO app.t VALUES (%d)", i))
	}
}

// has waits until all nodes are the same, and counts the rows.
func (c *trio) has(rows int) {
	c.t.Helper()
	c.sameState()
	for i, n := range c.nodes {
		if n == nil {
			continue
		}
		if got := get(c.t, c.dbs[i], "SELECT COUNT(*) FROM app.t"); got != fmt.Sprint(rows) {
			c.t.Errorf("node %d has %s rows of %d that were acknowledged", i+1, got, rows)
		}
	}
}

// kill ends a node as kill -9 would.
func (c *trio) kill(i int) {
	c.t.Helper()
	if err := c.nodes[i].Kill(); err != nil {
		c.t.Log(err)
	}
	c.nodes[i] = nil
}

// open starts nodes at once: none comes up before enough of them do.
func (c *trio) open(which ...int) {
	c.t.Helper()
	var opening sync.WaitGroup
	errs := make([]error, len(c.nodes))
	for _, i := range which {
		opening.Go(func() {
			config, err := Load("", c.flags[i])
			if err == nil {
				c.nodes[i], err = Open(context.Background(), config, zerolog.Nop())
			}
			errs[i] = err
		})
	}
	opening.Wait()
	if err := errors.Join(errs...); err != nil {
		c.t.Fatal(err)
	}
	for _, i := range which {
		c.dbs[i] = connect(c.t, c.nodes[i])
	}
}

// awaitDue waits until a node says for a while that a failover is due since another one is lost.
func (c *trio) awaitDue(i int, previous string) (o observation) {
	c.t.Helper()
	awaitThat(c.t, "history says for a while that a failover is due", func() bool {
		var found bool
		o, found = observed(c.t, c.dbs[i])
		return found && o.millis > 4000
	})
	if o.previous.String != previous || o.ended.Valid || o.node.String != c.name(i) {
		c.t.Errorf("node %d observed %+v", i+1, o)
	}
	return o
}

// refused runs an order that fails, and looks why.
func refused(t *testing.T, db *sql.DB, statement, why string) {
	t.Helper()
	if _, err := db.Exec(statement); err == nil || !strings.Contains(err.Error(), why) {
		t.Errorf("%s: %v, want %q", statement, err, why)
	}
}

// TestObserveOnly: the leader of nodes that observe is killed, after commits that one of the others has not got. Nobody leads, and the others say so
// everywhere, until one is ordered to: not just any, and not one that lacks commits. Nothing that was acknowledged is lost.
func TestObserveOnly(t *testing.T) {
	c := newObservers(t)
	const lost, next, behind = 0, 1, 2
	standby := flags(t, filepath.Join(t.TempDir(), "data"))
	standby["join"], standby["node-id"], standby["standby"], standby["failover"] = c.flags[lost]["raft"], "late", "true", "observe"
	follower := start(t, standby)
	t.Cleanup(func() { follower.Close() })
	wire := c.onCable(behind, nil)
	c.lead(lost)
	c.insert(0, 10, 0, 1, 2)
	name := c.name(lost)
	wire.set(true)
	c.insert(10, 20, lost, next)
	c.kill(lost)
	term := c.nodes[next].replication.Term()
	wire.set(false)
	for _, i := range []int{next, behind} {
		o := c.awaitDue(i, name)
		if !strings.Contains(o.message.String, fmt.Sprintf("node %s led and does not answer; 2 of the 3 nodes that count answer, they could elect one", name)) {
			t.Errorf("node %d says why: %s", i+1, o.message.String)
		}
		if said := failoverCheck(t, c.dbs[i]); !strings.Contains(said, "a failover is due since") {
			t.Errorf("node %d: the check says %q", i+1, said)
		}
		if got := get(t, c.dbs[i], "SELECT CONCAT(failover, ' ', message) FROM redoubt.V$NODE WHERE self"); !strings.Contains(got, "observe failover is observe: node") {
			t.Errorf("V$NODE says %q", got)
		}
		if now := c.nodes[i].replication.Term(); now != term || c.nodes[i].leads() {
			t.Errorf("node %d is in term %d, it was %d", i+1, now, term)
		}
		if figures := fetch(t, "http://"+c.nodes[i].Addresses().HTTP+"/metrics"); !strings.Contains(figures, "redoubt_failover_observed 1") {
			t.Error("the metric does not say so")
		}
	}
	run(t, c.dbs[next], "SHOW VARIABLES LIKE 'version%'", "SHOW PROCESSLIST")
	refused(t, c.dbs[next], "SWITCHOVER", "say which node shall")
	refused(t, c.dbs[next], "SWITCHOVER TO nowhere", "nowhere")
	refused(t, c.dbs[next], "SWITCHOVER TO late", "only follows")
	refused(t, c.dbs[next], "SWITCHOVER TO "+name, "does not answer")
	refused(t, c.dbs[next], "SWITCHOVER TO "+c.name(behind), c.name(next)+" has more")
	if _, err := c.dbs[behind].Exec("SWITCHOVER TO " + c.name(next)); err != nil {
		t.Fatal(err)
	}
	c.insert(20, 21, behind)
	awaitThat(t, "history has the order, and no observation any more", func() bool {
		_, found := observed(t, c.dbs[behind])
		return !found && lastTakeover(t, c.nodes[behind]).Trigger == "ORDERED" && failoverCheck(t, c.dbs[next]) == ""
	})
	if last := lastTakeover(t, c.nodes[next]); last.Previous != name || last.Node != c.name(next) || last.Ended.Sub(last.Began) < 3*time.Second {
		t.Errorf("history has %+v", last)
	}
	c.restart(lost)
	c.has(21)
	if c.nodes[lost].leads() {
		t.Error("the old leader leads")
	}
	c.lead(behind) // a switchover as ever
	c.has(21)
}

// TestObserveRestarts: nodes that observe are stopped and started again. Who led last leads on, without an order. If that one is lost, the others let
// clients in who order, and read nothing else.
func TestObserveRestarts(t *testing.T) {
	c := newObservers(t)
	c.lead(0)
	c.insert(0, 10, 0, 1, 2)
	leader := c.name(0)
	for _, i := range []int{1, 2, 0} {
		c.kill(i)
	}
	c.open(0, 1, 2)
	awaitThat(t, "the same one leads", func() bool { return c.nodes[0].leads() })
	c.insert(10, 11, 0, 1, 2)

	for _, i := range []int{0, 1, 2} { // each hands over
		c.stop(i)
	}
	c.open(0, 1, 2)
	c.leader()
	c.insert(11, 12, 0, 1, 2)
	c.has(12)

	c.lead(0)
	c.kill(0)
	c.awaitDue(1, leader)
	c.stop(1)
	c.stop(2)
	c.open(1, 2)
	if got := get(t, c.dbs[1], "SELECT COUNT(*) FROM redoubt.V$NODE WHERE up"); got != "2" {
		t.Errorf("%s nodes are up", got)
	}
	refused(t, c.dbs[1], "SELECT COUNT(*) FROM app.t", "1290")
	if _, err := c.dbs[2].Exec("SWITCHOVER TO " + c.name(1)); err != nil {
		t.Fatal(err)
	}
	c.insert(12, 13, 1, 2)
	c.restart(0)
	c.has(13)
}

// TestObserveHealth: a node that is ill leads on and says who would lead, until a switchover.
func TestObserveHealth(t *testing.T) {
	c := newObservers(t)
	const ill = 0
	c.stop(ill)
	c.flags[ill]["disk-reserve"] = "100" // which no disk has that anything is on
	c.restart(ill)
	c.lead(ill)
	var o observation
	awaitThat(t, "history says for a while that another one should lead", func() bool {
		var found bool
		o, found = observed(t, c.dbs[ill])
		return found && o.millis > 3000
	})
	if o.previous.String != c.name(ill) || !slices.Contains([]string{c.name(1), c.name(2)}, o.node.String) || !strings.HasPrefix(o.message.String, "HEALTH: node ") {
		t.Errorf("it observed %+v", o)
	}
	awaitThat(t, "it leads on", c.nodes[ill].leads) // maybe again: a busy machine costs it its lease
	if last := lastTakeover(t, c.nodes[ill]); last.Node != c.name(ill) || last.Trigger == "HEALTH" {
		t.Errorf("the lead was given away: %+v", last)
	}
	c.insert(0, 3, 0, 1, 2)
	c.lead(1)
	awaitThat(t, "no failover is due", func() bool { _, found := observed(t, c.dbs[ill]); return !found })
	c.has(3)
}

// TestObserveCutOff: a leader that was cut off from the others, and whom nobody has replaced, leads on when it is back.
func TestObserveCutOff(t *testing.T) {
	c := newObservers(t)
	wire := c.onCable(0, nil)
	c.lead(0)
	c.insert(0, 3, 0, 1, 2)
	wire.set(true)
	awaitThat(t, "it gives up", func() bool { return !c.nodes[0].leads() })
	c.awaitDue(1, c.name(0))
	if o, found := observed(t, c.dbs[0]); !found || !strings.Contains(o.message.String, "this node led and lost touch with a quorum; 1 of the 3 nodes that count answer, too few") {
		t.Errorf("it observed %+v (%t)", o, found)
	}
	refused(t, c.dbs[0], "SWITCHOVER TO "+c.name(0), "would not be elected: 1 of the 3")
	wire.set(false)
	awaitThat(t, "it leads again", c.nodes[0].leads)
	c.insert(3, 6, 0, 1, 2)
	awaitThat(t, "history has it", func() bool { return lastTakeover(t, c.nodes[1]).Trigger == "QUORUM LOST" })
	c.has(6)
}
