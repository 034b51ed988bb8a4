package simcluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"redoubt/engine/txn"
	"redoubt/internal/history"
)

// TestOutcomeIsFinal: a transaction that waits at a node which is cut off, and of which the others have said that it did not commit, never
// does, whoever leads when the node is back.
func TestOutcomeIsFinal(t *testing.T) {
	from := images(t, 3)
	for _, crash := range []bool{false, true} {
		t.Run(fmt.Sprint("crash ", crash), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := New(1, from, Defect{})
				err := errors.Join(c.outcomeIsFinal(crash), c.stopAll())
				c.end()
				if err := errors.Join(append(c.problems, err)...); err != nil {
					t.Errorf("%v\n%s", err, strings.Join(c.Events(), "\n"))
				}
			})
		})
	}
}

// leader waits until one leads, as the nodes of a side know it.
func (c *Cluster) leader(side []*node) (leader, other *node, err error) {
	err = c.await(recoverWithin, "a leader", func() (bool, string) {
		leader, other = nil, nil
		for _, n := range side {
			if _, _, self := n.current().raft.Leader(); self {
				leader = n
			} else {
				other = n
			}
		}
		return leader != nil, "nobody leads"
	})
	return leader, other, err
}

func (c *Cluster) outcomeIsFinal(crash bool) error {
	if err := errors.Join(c.startAll(), c.await(recoverWithin, "a node", c.allServe)); err != nil {
		return err
	}
	first, away, err := c.leader(c.nodes)
	if err != nil {
		return err
	}
	var rest []*node
	for _, n := range c.nodes {
		if n != away {
			rest = append(rest, n)
		}
	}
	c.cut([]*node{away}, rest)
	c.cut(rest, []*node{away})
	err = c.await(recoverWithin, "that it knows of no leader", func() (bool, string) {
		id, _, _ := away.current().raft.Leader()
		return id == "", id
	})
	if err != nil {
		return err
	}

	l := away.current()
	tx := l.engine.Begin(txn.Options{Isolation: txn.RepeatableRead})
	tx.StartStatement(1, "")
	if err := do(tx, &history.Op{Key: 1, Append: 77}); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() {
		_, err := tx.Commit(context.Background())
		ended <- err
	}()
	time.Sleep(100 * time.Millisecond) // it waits for somebody to lead

	ctx, cancel := context.WithTimeout(context.Background(), recoverWithin)
	defer cancel()
	if _, committed, err := first.current().cluster.Outcome(ctx, tx.XID()); err != nil || committed {
		return fmt.Errorf("asked in between: committed %v, %w", committed, err)
	}
	if crash {
		first.crash(true, 1)
	}
	c.mend()
	if err := <-ended; err == nil || errors.Is(err, txn.ErrOutcomeUnknown) {
		return fmt.Errorf("it was said not to have committed, and ends with: %w", err)
	}
	if err := errors.Join(c.startAll(), c.await(recoverWithin, "a node", c.allServe)); err != nil {
		return err
	}
	if err := c.await(recoverWithin, "one state on all nodes", c.allAgree); err != nil {
		return err
	}
	op, err := c.readAll(away)
	if err == nil && len(op.ops[1].Read) != 0 {
		err = fmt.Errorf("it was said not to have committed, and is there: %v", op.ops[1].Read)
	}
	return err
}
