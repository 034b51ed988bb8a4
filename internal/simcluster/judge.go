package simcluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"redoubt/engine/txn"
	"redoubt/internal/history"
)

// Within these times, virtual ones, a cluster that is whole again must have recovered.
const (
	recoverWithin = 40 * time.Second
	settleWithin  = 60 * time.Second
)

// recover waits until all nodes serve, agree, and know what became of every transaction.
func (c *Cluster) recover() error {
	if err := c.startAll(); err != nil {
		return err
	}
	if err := c.await(recoverWithin, "a node", c.allServe); err != nil {
		return err
	}
	random := c.random(4)
	deadline := time.Now().Add(settleWithin)
	for _, op := range c.history {
		for !c.settle(random, op, 1) {
			if time.Now().After(deadline) {
				return fmt.Errorf("stuck: nobody tells what became of %v", op)
			}
		}
	}
	return c.await(recoverWithin, "one state on all nodes", c.allAgree)
}

func (c *Cluster) allServe() (bool, string) {
	for _, n := range c.nodes {
		if l := n.current(); l == nil || !l.ready() {
			why := n.id + " does not serve"
			if l != nil {
				why += fmt.Sprintf(": %+v", l.raft.Stats())
			}
			return false, why
		}
	}
	return true, ""
}

func (c *Cluster) allAgree() (bool, string) {
	first := c.nodes[0].current().engine.StateHash()
	for _, n := range c.nodes[1:] {
		if h := n.current().engine.StateHash(); !h.Equal(first) {
			return false, fmt.Sprintf("%s has %d:%x, n1 has %d:%x", n.id, h.SCN, h.Hash, first.SCN, first.Hash)
		}
	}
	return true, ""
}

// readAll reads every list at a node, with the ticks that it took.
func (c *Cluster) readAll(n *node) (*Op, error) {
	ctx, cancel := context.WithTimeout(context.Background(), recoverWithin)
	defer cancel()
	l := n.current()
	op := &Op{Client: -1, Node: n.id, Begin: c.tick.Add(1), outcome: history.Committed}
	if err := l.current(ctx); err != nil {
		return nil, fmt.Errorf("stuck: %s does not read: %w", n.id, err)
	}
	t := l.engine.Begin(txn.Options{ReadOnly: true, Isolation: txn.RepeatableRead})
	defer t.Rollback()
	t.StartStatement(1, "")
	for key := range keys {
		values, _, err := list(t, key)
		if err != nil {
			return nil, err
		}
		op.ops = append(op.ops, history.Op{Key: key, Read: values})
	}
	op.Read = c.tick.Add(1)
	op.End = op.Read
	return op, nil
}

// judge looks at what the clients saw, once the nodes have recovered.
func (c *Cluster) judge() error {
	var last *Op
	ops := slices.Clone(c.history)
	for _, n := range c.nodes {
		op, err := c.readAll(n)
		if err != nil {
			return err
		}
		ops, last = append(ops, op), op
	}
	var errs []error
	for _, a := range history.Check(transactions(ops), history.SnapshotIsolation) {
		text := a.String()
		for _, i := range a.Txns[:min(len(a.Txns), 4)] {
			text += "\n\t" + ops[i].String()
		}
		errs = append(errs, errors.New(text))
	}
	for _, o := range last.ops {
		errs = append(errs, linearizable(o.Key, o.Read, ops))
	}
	return errors.Join(append(errs, c.answers())...)
}

// transactions is the history as its judge wants it.
func transactions(ops []*Op) []history.Txn {
	txns := make([]history.Txn, len(ops))
	for i, op := range ops {
		txns[i].Outcome = op.outcome
		for _, o := range op.ops {
			if o.Append != 0 || op.Read != 0 {
				txns[i].Ops = append(txns[i].Ops, o)
			}
		}
	}
	return txns
}

// answers looks whether everybody who tells of an outcome tells the same: the node that was asked, the one that ran the transaction when
// its client had left, and all nodes now.
func (c *Cluster) answers() error {
	var errs []error
	ids := map[uint64]*Op{}
	for _, op := range c.history {
		if other := ids[op.xid]; op.xid != 0 && other != nil {
			errs = append(errs, fmt.Errorf("two transactions have one id: %v and %v", other, op))
		}
		ids[op.xid] = op
		if op.asked != nothing && op.late != nothing && op.asked != op.late {
			errs = append(errs, fmt.Errorf("the node that was asked says %d, its own %d, of %v", op.asked, op.late, op))
		}
		if op.asked == nothing || op.xid == 0 {
			continue
		}
		for _, n := range c.nodes {
			l := n.current()
			if !l.enter() {
				return fmt.Errorf("%s has ended", n.id)
			}
			if now := c.ask(l, op.xid); now != op.asked {
				errs = append(errs, fmt.Errorf("%s says %d, and %d was said before, of %v", n.id, now, op.asked, op))
			}
		}
	}
	return errors.Join(errs...)
}
