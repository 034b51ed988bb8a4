package simcluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"redoubt/engine/txn"
	"redoubt/internal/history"
	"redoubt/scn"
)

// Op is a transaction as its client saw it.
type Op struct {
	Client int
	Node   string
	Begin  int64 // ticks of the cluster, as the others below
	Read   int64 // when it had read everything; 0: what it read is not known
	End    int64 // when its outcome was known; 0: never

	pause time.Duration // between its reads and its commit

	mu      sync.Mutex
	stage   stage
	xid     uint64
	ops     []history.Op
	outcome history.Outcome
	at      scn.SCN // of the commit, if it was told
	asked   answer  // what another node said of the outcome
	late    answer  // what its own node said when nobody waited any more
	why     error
}

// stage is how far a transaction is.
type stage int

const (
	running    stage = iota
	committing       // the commit was asked for
	abandoned        // the client has gone before that
	ended
)

// answer is what somebody says of an outcome.
type answer int

const (
	nothing answer = iota
	itCommitted
	itDidNot
)

// How clients are.
const (
	thinkMin, thinkMax       = 2 * time.Millisecond, 60 * time.Millisecond
	patienceMin, patienceMax = 30 * time.Millisecond, 4 * time.Second
	soonMax                  = 300 * time.Millisecond // the patience of every other one
	pauseMax                 = time.Second            // before the commit of a transaction, now and then
	outcomeTimeout           = 15 * time.Second
)

// client runs transactions.
type client struct {
	cluster *Cluster
	number  int
	random  *rand.Rand
	count   int64
}

// run goes on until ctx ends.
func (c *client) run(ctx context.Context) {
	for {
		t := time.NewTimer(between(c.random, thinkMin, thinkMax))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
		op, patience, cancels := c.plan()
		if l := c.cluster.pick(c.random); l != nil {
			c.cluster.perform(l, op, patience, cancels)
			c.cluster.settle(c.random, op, 1)
		}
	}
}

// plan makes up a transaction.
func (c *client) plan() (op *Op, patience time.Duration, cancels bool) {
	op = &Op{Client: c.number}
	key := c.random.IntN(keys)
	for range 1 + c.random.IntN(3) {
		o := history.Op{Key: key}
		if c.random.IntN(5) < 3 {
			c.count++
			o.Append = int64(c.number)<<32 | c.count
		}
		op.ops = append(op.ops, o)
		if c.random.IntN(2) == 0 {
			key = c.random.IntN(keys)
		}
	}
	if c.random.IntN(5) == 0 {
		op.pause = between(c.random, time.Millisecond, pauseMax)
	}
	patience = between(c.random, patienceMin, patienceMax)
	if c.number%2 == 0 {
		patience = between(c.random, patienceMin, soonMax)
	}
	return op, patience, c.random.IntN(2) == 0
}

// perform runs a transaction at a node, and returns when it has ended, when the node has crashed, or when the client's patience has.
// cancels: the node hears of that.
func (c *Cluster) perform(l *life, op *Op, patience time.Duration, cancels bool) {
	if !l.enter() {
		return
	}
	c.mu.Lock()
	c.history = append(c.history, op)
	c.mu.Unlock()
	op.Node, op.Begin, op.outcome = l.node.id, c.tick.Add(1), history.Unknown
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	c.running.Go(func() {
		defer l.users.Done()
		defer close(done)
		defer cancel()
		op.attempt(ctx, c, l)
	})
	timer := time.NewTimer(op.pause + patience)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	case <-l.crashed:
	}
	op.leave(l.over())
	if cancels {
		cancel()
	}
}

// attempt is what the node does for the client.
func (op *Op) attempt(ctx context.Context, c *Cluster, l *life) {
	ops := append([]history.Op(nil), op.ops...)
	if err := l.current(ctx); err != nil {
		op.end(c, l, 0, err)
		return
	}
	t := l.engine.Begin(txn.Options{Isolation: txn.RepeatableRead})
	t.StartStatement(1, "")
	for i := range ops {
		if err := do(t, &ops[i]); err != nil {
			t.Rollback()
			op.end(c, l, 0, err)
			return
		}
	}
	read := c.tick.Add(1)
	if op.pause > 0 {
		time.Sleep(op.pause)
	}
	if !op.commit(l, t.XID(), ops, read) {
		t.Rollback()
		return
	}
	at, err := t.Commit(ctx)
	op.end(c, l, at, err)
}

// commit marks that everything was read, and that the commit is asked for; false if the client has gone.
func (op *Op) commit(l *life, xid uint64, ops []history.Op, read int64) bool {
	op.mu.Lock()
	defer op.mu.Unlock()
	if op.stage != running || l.over() {
		return false
	}
	op.stage, op.xid, op.ops, op.Read = committing, xid, ops, read
	return true
}

// leave is what the client knows when it waits no longer.
func (op *Op) leave(crashed bool) {
	op.mu.Lock()
	defer op.mu.Unlock()
	if op.stage == running {
		op.stage, op.outcome, op.why = abandoned, history.RolledBack, errors.New("the client left before the commit")
	}
	if op.stage == committing {
		op.stage = abandoned
		op.why = fmt.Errorf("the client does not wait any longer; crashed %v", crashed)
	}
}

// end is what the node says in the end.
func (op *Op) end(c *Cluster, l *life, at scn.SCN, err error) {
	op.mu.Lock()
	defer op.mu.Unlock()
	if l.over() {
		return // nobody hears it
	}
	said := nothing
	switch {
	case err == nil:
		said = itCommitted
	case !errors.Is(err, txn.ErrOutcomeUnknown):
		said = itDidNot
	}
	if op.stage == abandoned {
		op.late = said
		return
	}
	op.stage, op.at, op.why = ended, at, err
	switch said {
	case itCommitted:
		op.outcome, op.End = history.Committed, c.tick.Add(1)
	case itDidNot:
		op.outcome, op.End = history.RolledBack, c.tick.Add(1)
	}
}

// settle finds out what became of a transaction, if that is unknown, by asking some node. It tells whether it is known.
func (c *Cluster) settle(random *rand.Rand, op *Op, tries int) bool {
	for range tries {
		op.mu.Lock()
		known, xid := op.outcome != history.Unknown || op.xid == 0, op.xid
		op.mu.Unlock()
		if known {
			return true
		}
		l := c.pick(random)
		if l == nil || !l.enter() {
			time.Sleep(pollEvery)
			continue
		}
		said := c.ask(l, xid)
		op.mu.Lock()
		if op.asked = said; said != nothing {
			op.End = c.tick.Add(1)
			if op.outcome = history.Committed; said == itDidNot {
				op.outcome = history.RolledBack
			}
		}
		op.mu.Unlock()
	}
	return op.outcome != history.Unknown
}

// ask asks a node for an outcome. The caller has entered the life.
func (c *Cluster) ask(l *life, xid uint64) answer {
	ctx, cancel := context.WithTimeout(context.Background(), outcomeTimeout)
	defer cancel()
	var said atomic.Int64
	done := make(chan struct{})
	c.running.Go(func() {
		defer l.users.Done()
		defer close(done)
		_, committed, err := l.cluster.Outcome(ctx, xid)
		switch {
		case err != nil || l.over():
		case committed:
			said.Store(int64(itCommitted))
		default:
			said.Store(int64(itDidNot))
		}
	})
	select {
	case <-done:
		return answer(said.Load())
	case <-l.crashed:
		return nothing
	}
}
