package acceptance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestObserve: the process that leads is killed under load, and nodes only observe. Nobody takes its place for as long as some elections take; its node
// leads on when it is started again. Then it is killed for good, another one starts again meanwhile, and redoubt switchover orders one that
// is there, by way of the other one. Every commit that was acknowledged is there.
func TestObserve(t *testing.T) {
	c := newTrio(t, "--failover", "observe")
	mustExec(t, conn(t, c.nodes[0].mysql, ""), "CREATE DATABASE ledger", "CREATE TABLE ledger.t (id BIGINT PRIMARY KEY)", "CREATE USER reader")
	c.whole()
	switchTo := func(through, node int) {
		t.Helper()
		out, err := command(t, time.Minute, "", binary, "switchover", c.names[node], "--addr", c.nodes[through].mysql)
		if err != nil {
			t.Fatalf("redoubt switchover: %v\n%s", err, out)
		}
	}
	if c.leader() != 0 {
		switchTo(1, 0)
	}
	w := &numbers{trio: c}
	w.start(t)
	w.some(t, 50)

	c.nodes[0].kill()
	due := func(i int) string {
		t.Helper()
		var why string
		eventually(t, 30*time.Second, "a failover is due", func() error {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			r, err := ask(ctx, c.pool(i), "SELECT message FROM redoubt.`V$FAILOVER_HISTORY` WHERE trigger_reason = 'OBSERVED' AND milliseconds > 4000")
			if err != nil || len(r.rows) != 1 {
				return fmt.Errorf("%v, %w", r.rows, err)
			}
			why = r.rows[0][0]
			return nil
		})
		return why
	}
	if why := due(1); !strings.Contains(why, c.names[0]+" led and does not answer") {
		t.Errorf("node2 says %s", why)
	}
	c.nodes[0].start()
	if got := c.leader(); got != 0 {
		t.Fatalf("%s leads and was not ordered to", c.names[got])
	}
	w.some(t, 50)

	c.nodes[0].kill()
	due(1)
	c.nodes[2].stop()
	c.nodes[2].start() // nobody leads
	if out, err := command(t, time.Minute, "", binary, "switchover", "nowhere", "--addr", c.nodes[2].mysql); err == nil || !strings.Contains(out, "nowhere") {
		t.Errorf("redoubt switchover nowhere: %v\n%s", err, out)
	}
	next := 1
	if out, err := command(t, time.Minute, "", binary, "switchover", c.names[next], "--addr", c.nodes[2].mysql); err != nil {
		if !strings.Contains(out, c.names[2]+" has more") { // the last entry of the one that was killed may have come to either of them
			t.Fatalf("redoubt switchover: %v\n%s", err, out)
		}
		next = 2
		switchTo(2, next)
	}
	w.some(t, 50)
	c.nodes[0].start()
	w.stop(t)
	c.whole()
	c.same()
	if got := c.leader(); got != next {
		t.Errorf("%s leads", c.names[got])
	}
	for i := range c.nodes {
		w.audit(t, i)
	}
	c.failures()
}

// numbers are inserted through all nodes; those that were acknowledged are kept.
type numbers struct {
	*trio
	cancel context.CancelFunc
	done   sync.WaitGroup
	next   atomic.Int64
	count  atomic.Int64
	mu     sync.Mutex
	acked  map[string]bool
}

func (w *numbers) start(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w.cancel, w.acked = cancel, map[string]bool{}
	for i := range 3 {
		w.done.Go(func() {
			for ctx.Err() == nil {
				id := fmt.Sprint(w.next.Add(1))
				limited, over := context.WithTimeout(ctx, 5*time.Second)
				_, err := w.pool(i).ExecContext(limited, "INSERT INTO ledger.t VALUES ("+id+")")
				over()
				if err != nil {
					rest(ctx)
					continue
				}
				w.mu.Lock()
				w.acked[id] = true
				w.mu.Unlock()
				w.count.Add(1)
			}
		})
	}
}

// some waits until so many more commits are acknowledged.
func (w *numbers) some(t *testing.T, n int64) {
	t.Helper()
	want := w.count.Load() + n
	eventually(t, time.Minute, "commits are acknowledged", func() error {
		if w.count.Load() < want {
			return errors.New("too few yet")
		}
		return nil
	})
}

func (w *numbers) stop(t *testing.T) {
	w.cancel()
	w.done.Wait()
	t.Logf("%d commits acknowledged", w.count.Load())
}

// audit looks whether a node has all that was acknowledged.
func (w *numbers) audit(t *testing.T, i int) {
	t.Helper()
	r, err := ask(t.Context(), w.pool(i), "SELECT id FROM ledger.t")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, row := range r.rows {
		there[row[0]] = true
	}
	for id := range w.acked {
		if !there[id] {
			t.Errorf("%s lacks %s, which was acknowledged", w.names[i], id)
		}
	}
}
