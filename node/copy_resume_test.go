package node

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"redoubt/replication/peer"
)

// cutting stands before a node, and cuts a connection once so many bytes have come from there; 0: it does not. It counts them.
type cutting struct {
	net.Listener
	open  func(*cutting) // is called before anything comes
	to    atomic.Pointer[string]
	after atomic.Int64
	bytes atomic.Int64
}

func newCutting(t *testing.T, to string, open func(*cutting)) *cutting {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutting{Listener: l, open: open}
	c.to.Store(&to)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			go c.pass(near)
		}
	}()
	return c
}

func (c *cutting) pass(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", *c.to.Load())
	if err != nil {
		return
	}
	defer far.Close()
	go io.Copy(far, near)
	c.open(c)
	var from io.Reader = far
	if n := c.after.Load(); n > 0 {
		from = io.LimitReader(far, n)
	}
	n, _ := io.Copy(near, from)
	c.bytes.Add(n)
}

// TestCopyGoesOn cuts a copy in its middle: the next one sends what has not arrived, and a copy from another node begins anew. What is
// damaged meanwhile is sent again.
func TestCopyGoesOn(t *testing.T) {
	c := newTrio(t, map[string]string{"memtable-size": "1MiB", "segment-size": "256KiB"}, "", nil)
	leader := c.leader()
	run(t, c.dbs[leader], "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, s VARCHAR(4000))")
	for i := range 40 {
		var values []string
		for j := range 20 {
			values = append(values, "("+get(t, c.dbs[leader], "SELECT CONCAT(?, ', ''', REPEAT(HEX(RANDOM_BYTES(500)), 4), '''')", i*20+j)+")")
		}
		run(t, c.dbs[leader], "INSERT INTO app.t VALUES "+strings.Join(values, ","))
	}
	c.sameState()
	data := t.TempDir()
	proxy := newCutting(t, c.nodes[leader].hub.Addr(), func(*cutting) {})
	aim := func() {
		leader = c.leader()
		to := c.nodes[leader].hub.Addr()
		proxy.to.Store(&to)
	}
	take := func(cutAfter int64) (came int64, err error) {
		proxy.after.Store(cutAfter)
		proxy.bytes.Store(0)
		_, _, err = receiveCopy(t.Context(), data, proxy.Addr().String(), nil, peer.Hello{Node: "new"}, nil)
		return proxy.bytes.Load(), err
	}
	cut := func(all int64) error {
		if _, err := take(all * 3 / 4); err == nil {
			return errors.New("a copy that was cut is taken for whole")
		}
		return nil
	}
	var all int64
	c.inOneTerm(func() (err error) {
		aim()
		if all, err = take(0); err != nil {
			return err
		}
		if _, err := os.Stat(filepath.Join(data, copyJournalFile)); err == nil {
			return errors.New("a copy that is whole leaves its journal")
		}
		if again, err := take(0); err != nil || again < all*9/10 { // whole: a new copy owes nothing to the last one
			return fmt.Errorf("a second copy has %d of %d bytes; %w", again, all, err)
		}
		if err := cut(all); err != nil {
			return err
		}
		if rest, err := take(0); err != nil || rest > all/2 {
			return fmt.Errorf("after a cut at three quarters %d of %d bytes are sent; %w", rest, all, err)
		}
		return nil
	})
	c.inOneTerm(func() error {
		aim()
		if err := cut(all); err != nil {
			return err
		}
		tables, err := filepath.Glob(filepath.Join(data, stateDir, "*.sst"))
		if err != nil || len(tables) == 0 {
			return fmt.Errorf("no table has arrived: %w", err)
		}
		if err := os.Truncate(tables[0], 100); err != nil {
			return err
		}
		if _, err := take(0); err != nil {
			return fmt.Errorf("after a file that had arrived was cut: %w", err)
		}
		return nil
	})
	c.inOneTerm(func() error {
		aim()
		if err := cut(all); err != nil {
			return err
		}
		run(t, c.dbs[leader], "SWITCHOVER")
		aim()
		if rest, err := take(0); err != nil || rest < all/2 {
			return fmt.Errorf("from another node %d of %d bytes are sent; %w", rest, all, err)
		}
		return nil
	})
}

// TestCopyTakesLong takes a copy that comes once all patience is over, and breaks off at first.
func TestCopyTakesLong(t *testing.T) {
	n := start(t, flags(t, filepath.Join(t.TempDir(), "data")))
	t.Cleanup(func() { n.Close() })
	run(t, connect(t, n), "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)")
	patience := 50 * time.Millisecond
	over := time.After(2 * patience)
	var tries atomic.Int64
	proxy := newCutting(t, n.hub.Addr(), func(c *cutting) {
		if tries.Add(1) == 1 {
			<-over
			c.after.Store(6 << 10)
		} else {
			c.after.Store(0)
		}
	})
	note, err := copyFrom(t.Context(), t.TempDir(), []string{proxy.Addr().String()}, nil, peer.Hello{Node: "new"}, nil, patience, zerolog.Nop())
	if err != nil || note.DatabaseID != n.identity.DatabaseID {
		t.Errorf("%+v, %v", note, err)
	}
	if tries.Load() != 2 {
		t.Errorf("it came with try %d", tries.Load())
	}
}
