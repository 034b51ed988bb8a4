package node

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"redoubt/replication/cluster"
)

// cable is what a node is connected to the others by. It can be pulled.
type cable struct {
	mu     sync.Mutex
	pulled bool
	open   map[net.Conn]struct{}
}

// errPulled: there is no way to the other node.
var errPulled = errors.New("the cable is pulled")

// set pulls it or puts it back.
func (c *cable) set(pulled bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pulled = pulled
	for conn := range c.open {
		if pulled {
			_ = conn.Close()
		}
	}
	if pulled {
		clear(c.open)
	}
}

func (c *cable) track(conn net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pulled {
		return nil, errors.Join(errPulled, conn.Close())
	}
	if c.open == nil {
		c.open = map[net.Conn]struct{}{}
	}
	c.open[conn] = struct{}{}
	return conn, nil
}

// Dial implements peer.Network.
func (c *cable) Dial(ctx context.Context, addr string) (net.Conn, error) {
	var d net.Dialer
	return c.track(d.DialContext(ctx, "tcp", addr))
}

// Listen implements peer.Network.
func (c *cable) Listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	return &cableEnd{l, c}, err
}

type cableEnd struct {
	net.Listener
	cable *cable
}

func (e *cableEnd) Accept() (net.Conn, error) {
	for {
		conn, err := e.cable.track(e.Listener.Accept())
		if !errors.Is(err, errPulled) {
			return conn, err
		}
	}
}

// onCable opens a node anew, on a cable.
func (c *trio) onCable(i int, tune func(*Config)) *cable {
	c.t.Helper()
	if c.nodes[i] != nil {
		c.stop(i)
	}
	config, err := Load("", c.flags[i])
	if err != nil {
		c.t.Fatal(err)
	}
	wire := &cable{}
	config.network = wire
	if tune != nil {
		tune(config)
	}
	if c.nodes[i], err = Open(context.Background(), config, zerolog.Nop()); err != nil {
		c.t.Fatal(err)
	}
	c.dbs[i] = connect(c.t, c.nodes[i])
	return wire
}

// TestPartitionIsTold: a leader that was cut off says so when it is back, and history has it. If all were cut off from each other, and the same
// one leads again, a quorum was lost. Whether a process had no processor for a while is not known: then it is tried again.
func TestPartitionIsTold(t *testing.T) {
	c := newTrio(t, nil, "", func(db *sql.DB) {
		run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)")
	})
	var wires []*cable
	for i := range c.nodes {
		wires = append(wires, c.onCable(i, nil))
	}
	for tries := 10; ; tries-- {
		old := c.leader()
		name, term := c.nodes[old].identity.NodeID, c.nodes[old].replication.Term()
		retried(t, c.dbs[old], fmt.Sprintf("INSERT INTO app.t VALUES (%d)", tries))
		wires[old].set(true)
		awaitThat(t, "another one leads", func() bool {
			for i, n := range c.nodes {
				if i != old && n.leads() && n.replication.Term() > term {
					return true
				}
			}
			return false
		})
		awaitThat(t, "the old one gives up", func() bool { return !c.nodes[old].leads() })
		wires[old].set(false)
		var row cluster.Takeover
		awaitThat(t, "it follows and has told", func() bool {
			row = lastTakeover(t, c.nodes[old])
			loss, halted := c.nodes[old].replication.Loss(), c.nodes[old].cluster.Halted()
			return row.Term > term && (row.Trigger != cluster.TriggerLost || !loss.Severed || !halted.Before(loss.At.Add(-2e9)))
		})
		if row.Trigger == cluster.TriggerPartition && row.Previous == name {
			break
		}
		if tries == 0 {
			t.Fatalf("after a partition history has %+v", row)
		}
	}
	c.quorumLost(wires)
	c.sameState()
}

// quorumLost cuts all off from each other until the same one leads again.
func (c *trio) quorumLost(wires []*cable) {
	c.t.Helper()
	for tries := 20; ; tries-- {
		old := c.leader()
		name, term := c.nodes[old].identity.NodeID, c.nodes[old].replication.Term()
		for _, w := range wires {
			w.set(true)
		}
		awaitThat(c.t, "nobody leads", func() bool {
			for _, n := range c.nodes {
				if n.leads() {
					return false
				}
			}
			return true
		})
		for _, w := range wires {
			w.set(false)
		}
		next := c.leader()
		var row cluster.Takeover
		awaitThat(c.t, "history has it", func() bool {
			row = lastTakeover(c.t, c.nodes[next])
			return row.Term > term
		})
		again := row.Node == name && row.Previous == name
		if again && row.Trigger == cluster.TriggerQuorum {
			return
		}
		if again || tries == 0 {
			c.t.Fatalf("after the loss of the quorum of %s history has %+v", name, row)
		}
	}
}
