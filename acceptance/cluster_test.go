package acceptance

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

var (
	clusterTime   = flag.Duration("cluster-time", 0, "how long TestCluster makes faults; 0: it is left out")
	clusterFaults = flag.String("cluster-faults", "", "only faults of TestCluster with this in their names")
)

// chaos is a cluster under load, and what happens to it.
type chaos struct {
	*trio
	random *rand.Rand
	acked  atomic.Int64 // commits, of all clients
}

// fault breaks something, and mends it before it returns. What keeps it from happening, as an election that comes in between, is an error:
// then it does not count.
type fault struct {
	name    string
	network bool // it needs a network of its own
	fire    func(*chaos) error
}

var faults = []fault{
	{"kill -9 of the leader", false, func(c *chaos) error { return c.killed(c.leader()) }},
	{"kill -9 of a follower", false, func(c *chaos) error { return c.killed(c.follower()) }},
	{"kill -9 of all", false, func(c *chaos) error { return c.killed(0, 1, 2) }},
	{"the leader stopped", false, func(c *chaos) error { return c.paused(c.leader(), true) }},
	{"a follower stopped", false, func(c *chaos) error { return c.paused(c.follower(), false) }},
	{"the leader's disk slow", false, func(c *chaos) error { return c.diskSlow(c.leader()) }},
	{"a follower's disk slow", false, func(c *chaos) error { return c.diskSlow(c.follower()) }},
	{"the leader's clock an hour ahead", false, func(c *chaos) error { return c.clockOff(c.leader(), time.Hour, true) }},
	{"the leader's clock an hour back", false, func(c *chaos) error { return c.clockOff(c.leader(), -time.Hour, true) }},
	{"a follower's clock an hour ahead", false, func(c *chaos) error { return c.clockOff(c.follower(), time.Hour, false) }},
	{"switchover", false, (*chaos).switchover},
	{"a node replaced", false, (*chaos).replaced},
	{"a node away for longer than the log is kept", false, (*chaos).away},
	{"the leader cut off", true, func(c *chaos) error { l := c.leader(); return c.parted("cut", true, l, both(l)) }},
	{"a follower cut off", true, func(c *chaos) error { f := c.follower(); return c.parted("cut", false, f, both(f)) }},
	{"nobody hears the leader", true, func(c *chaos) error { l := c.leader(); return c.parted("cut", true, l, both(l)[:2]) }},
	{"the leader hears nobody", true, func(c *chaos) error { l := c.leader(); return c.parted("cut", true, l, both(l)[2:]) }},
	{"packets lost", true, func(c *chaos) error { return c.parted("lossy", false, 0, append(both(0), both(1)...)) }},
}

// kindsWanted is how many of them must have happened.
const kindsWanted = 10

// both are the ways from a node to the others, then those back.
func both(i int) [][2]int {
	a, b := (i+1)%3, (i+2)%3
	return [][2]int{{i, a}, {i, b}, {a, i}, {b, i}}
}

// TestCluster lets clients of all nodes write and read while nodes are killed, stopped, cut off and replaced. In the end every node has
// what the clients were told, all have the same state, and what the clients saw of each other fits what was promised.
func TestCluster(t *testing.T) {
	if *clusterTime == 0 {
		t.Skip("say -cluster-time 90s: it wants a machine that does nothing else")
	}
	if !ownNetwork(t) {
		return
	}
	random := rand.New(rand.NewPCG(seed(t, 0), 6))
	c := &chaos{
		trio:   newTrio(t, still, "--log-file-size=1MiB", "--checkpoint-size=256KiB", "--memtable-size=1MiB", "--segment-size=256KiB", "--segment-time=1s", "--log-keep=1MiB"),
		random: random,
	}
	if !c.own {
		t.Log("not root: no faults of the network")
	}
	prepareLedger(t, c.nodes[0])
	ledgers, lists, registers := newLedgers(random), newLists(c, random), newRegisters(c)
	mustExec(t, c.pool(0), listSchema, registerSchema, "CREATE TABLE away (id INT PRIMARY KEY, filler VARCHAR(4000))")
	c.whole()

	ctx, stop := context.WithCancel(t.Context())
	var working sync.WaitGroup
	errs := make(chan error, 100)
	work := func(f func() error) {
		working.Go(func() {
			if err := f(); err != nil {
				errs <- err
			}
		})
	}
	for i, l := range ledgers {
		work(func() error { return c.ledger(ctx, i, l) })
	}
	work(func() error {
		for i := 0; ctx.Err() == nil; i++ {
			if err := reindex(ctx, c.pool(i)); err != nil {
				return err
			}
			rest(ctx)
		}
		return nil
	})
	lists.start(ctx, work)
	registers.start(ctx, work)
	took := c.storm(errs)
	stop()
	working.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	c.whole()
	c.same()
	for i, s := range c.nodes {
		db := open(t, s.mysql, "ledger")
		if err := verify(t.Context(), db, ledgers); err != nil {
			t.Errorf("%s: %v", c.names[i], err)
		}
		checkTables(t, db, ledgerTables)
	}
	lists.check()
	registers.check()
	c.failures()
	c.times()
	c.law()
	rate := float64(c.acked.Load()) / took.Seconds()
	t.Logf("%d commits acknowledged, %.0f a second", c.acked.Load(), rate)
	if rate < 100 {
		t.Errorf("the run is void: %.0f acknowledgements a second, 100 are wanted", rate)
	}
	if t.Failed() {
		c.said()
	}
}

// said shows what the nodes wrote last.
func (c *chaos) said() {
	for i, s := range c.nodes {
		text := s.out.String()
		c.t.Logf("%s, process %d, said:\n%s", c.names[i], s.cmd.Process.Pid, text[max(0, len(text)-6000):])
	}
}

// rest lets a client that nobody answers wait a little.
func rest(ctx context.Context) {
	select {
	case <-time.After(20 * time.Millisecond):
	case <-ctx.Done():
	}
}

// ledger lets a writer work, on the next node whenever one is gone.
func (c *chaos) ledger(ctx context.Context, i int, l *ledger) error {
	for at := i; ctx.Err() == nil; at++ {
		if err := l.run(ctx, c.pool(at), &c.acked); err != nil {
			return err
		}
		rest(ctx)
	}
	return nil
}

// storm makes every fault at least once, in a random order, until the time is over. It tells for how long it had the clients work.
func (c *chaos) storm(errs <-chan error) time.Duration {
	begun := time.Now()
	fired := map[string]int{}
	for round := 0; round == 0 || time.Since(begun) < *clusterTime; round++ {
		for _, i := range c.random.Perm(len(faults)) {
			f := &faults[i]
			if !strings.Contains(f.name, *clusterFaults) || f.network && !c.own || round > 0 && time.Since(begun) > *clusterTime {
				continue
			}
			at := time.Now()
			err := f.fire(c)
			c.goOn(f.name, errs)
			c.t.Logf("%6.1f s: %s, %.1f s; %d acknowledgements, term %s", time.Since(begun).Seconds(), f.name, time.Since(at).Seconds(), c.acked.Load(), c.term())
			if err != nil {
				c.t.Logf("does not count: %s: %v", f.name, err)
				continue
			}
			fired[f.name]++
		}
	}
	var all []string
	for name, n := range fired {
		all = append(all, fmt.Sprintf("%d × %s", n, name))
	}
	slices.Sort(all)
	c.t.Logf("faults: %s", strings.Join(all, "; "))
	if len(fired) < kindsWanted && *clusterFaults == "" && c.own {
		c.t.Errorf("the run is void: %d kinds of faults happened, %d are wanted", len(fired), kindsWanted)
	}
	return time.Since(begun)
}

// term is the newest that any node tells.
func (c *chaos) term() (term string) {
	for i := range c.nodes {
		if m, err := c.view(i, "term"); err == nil {
			for _, v := range m {
				if len(v[0]) > len(term) || len(v[0]) == len(term) && v[0] > term {
					term = v[0]
				}
			}
		}
	}
	return term
}

// goOn waits until clients are served again.
func (c *chaos) goOn(after string, errs <-chan error) {
	c.t.Helper()
	want := c.acked.Load() + 100
	eventually(c.t, time.Minute, "clients go on after "+after, func() error {
		if len(errs) > 0 {
			c.t.Fatal(<-errs)
		}
		if n := c.acked.Load(); n < want {
			return fmt.Errorf("%d acknowledgements are missing", want-n)
		}
		return nil
	})
}

func (c *chaos) follower() int { return (c.leader() + 1 + c.random.IntN(2)) % 3 }

// whileAt is how long a fault lasts.
func (c *chaos) whileAt(least, most int) {
	time.Sleep(time.Duration(least+c.random.IntN(most-least)) * time.Millisecond)
}

func (c *chaos) killed(nodes ...int) error {
	for _, i := range nodes {
		c.nodes[i].kill()
	}
	c.whileAt(100, 1500)
	for _, i := range nodes {
		c.nodes[i].launch()
	}
	for _, i := range nodes {
		if _, err := c.nodes[i].awaitOutput("redoubt ready ", readyLimit); err != nil {
			return err
		}
	}
	return nil
}

// other waits until another node than one leads.
func (c *chaos) other(than int, limit time.Duration) error {
	for end := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		for i := range c.nodes {
			if i == than {
				continue
			}
			m, err := c.view(i, "role")
			if err != nil {
				continue
			}
			for j, name := range c.names {
				if j != than && len(m[name]) > 0 && m[name][0] == "LEADER" {
					return nil
				}
			}
		}
		if time.Now().After(end) {
			return errors.New("no other node leads")
		}
	}
}

func (c *chaos) paused(i int, leads bool) (err error) {
	c.nodes[i].signal(syscall.SIGSTOP)
	c.whileAt(700, 2500)
	if leads {
		err = c.other(i, 10*time.Second)
		c.whileAt(0+1, 500) // so that the new one has commits which the old one must not hide
	}
	c.nodes[i].signal(syscall.SIGCONT)
	return err
}

// clockOff lets a node's clock jump, and jump back. A leader gives the lead away.
func (c *chaos) clockOff(i int, by time.Duration, leads bool) (err error) {
	if err := c.setClock(i, by); err != nil {
		return err
	}
	if leads {
		err = c.other(i, 15*time.Second)
	}
	c.whileAt(500, 1500)
	return errors.Join(err, c.setClock(i, 0))
}

func (c *chaos) setClock(i int, by time.Duration) error {
	next := c.clock(i) + ".next"
	if err := os.WriteFile(next, []byte(by.String()), 0o644); err != nil {
		return err
	}
	return os.Rename(next, c.clock(i))
}

// times checks that the times of commits go up, whatever clocks did, and that the time of each commit leads back to it.
func (c *chaos) times() {
	ctx := c.t.Context()
	var newest uint64
	if err := c.pool(0).QueryRowContext(ctx, "SELECT CURRENT_SCN()").Scan(&newest); err != nil {
		c.t.Fatal(err)
	}
	last := ""
	for at := max(1, newest-2000); at <= newest; at += 1 + uint64(c.random.IntN(20)) {
		var when string
		var back uint64
		err := c.pool(int(at)).QueryRowContext(ctx, "SELECT CAST(SCN_TO_TIMESTAMP(?) AS CHAR), TIMESTAMP_TO_SCN(SCN_TO_TIMESTAMP(?))", at, at).Scan(&when, &back)
		if err != nil || when <= last || back != at {
			c.t.Errorf("SCN %d was committed at %s, the one before at %s; of that time is SCN %d; %v", at, when, last, back, err)
		}
		last = when
	}
}

func (c *chaos) switchover() error {
	_, err := c.pool(c.random.IntN(3)).ExecContext(c.t.Context(), "SWITCHOVER TO "+c.names[c.follower()])
	return err
}

// ended waits until a node has ended. One that does not says what it waits for.
func (c *chaos) ended(i int, limit time.Duration) error {
	s := c.nodes[i]
	select {
	case <-s.exited:
		return s.err
	case <-time.After(limit):
	}
	s.signal(syscall.SIGQUIT)
	<-s.exited
	return fmt.Errorf("it still runs after %s:\n%s", limit, s.out)
}

func (c *chaos) replaced() error {
	leader := c.leader()
	gone := (leader + 1 + c.random.IntN(2)) % 3
	if _, err := c.pool(leader).ExecContext(c.t.Context(), "ALTER CLUSTER REMOVE NODE "+c.names[gone]); err != nil {
		return err
	}
	if err := c.ended(gone, 30*time.Second); err == nil || !strings.Contains(c.nodes[gone].out.String(), "taken out of the cluster") {
		return fmt.Errorf("%s was taken out: %v", c.names[gone], err)
	}
	c.add(gone)
	c.whole()
	return nil
}

// away stops a node until the others have let go of the log that it would need.
func (c *chaos) away() error {
	i := c.follower()
	c.nodes[i].signal(syscall.SIGTERM)
	if err := c.ended(i, 3*stopLimit); err != nil { // its clients may be waiting for a leader
		return fmt.Errorf("clean stop: %w", err)
	}
	var at uint64
	if err := c.pool(c.leader()).QueryRowContext(c.t.Context(), "SELECT CURRENT_SCN()").Scan(&at); err != nil {
		return err
	}
	kept := error(nil)
	for end, n := time.Now().Add(2*time.Minute), 0; ; n++ { // log for a copy is kept for a minute
		other := (i + 1 + c.random.IntN(2)) % 3
		_, err := c.pool(other).ExecContext(c.t.Context(), fmt.Sprintf("REPLACE INTO away VALUES (%d, repeat('x', 4000))", n%50))
		if number(err) != 0 && !retryable(err) {
			return err
		}
		if n%100 == 0 && c.letGo(i, at) {
			break
		}
		if time.Now().After(end) {
			kept = errors.New("the others kept their log")
			break
		}
	}
	c.nodes[i].start()
	c.whole()
	if kept == nil && !strings.Contains(c.nodes[i].out.String(), "copied the state") {
		return fmt.Errorf("%s came back without a copy", c.names[i])
	}
	return kept
}

// letGo tells whether the log of all nodes but one begins behind an SCN.
func (c *chaos) letGo(but int, at uint64) bool {
	for i := range c.nodes {
		if i == but {
			continue
		}
		var first uint64
		row := c.pool(i).QueryRowContext(c.t.Context(), "SELECT MIN(first_scn) FROM redoubt.`V$LOG` WHERE kind = 'log' AND first_scn > 0")
		if err := row.Scan(&first); err != nil || first <= at+1 {
			return false
		}
	}
	return true
}

func (c *chaos) parted(set string, elsewhere bool, node int, ways [][2]int) (err error) {
	for _, w := range ways {
		c.cut(set, w[0], w[1])
	}
	if elsewhere {
		err = c.other(node, 15*time.Second)
	}
	c.whileAt(1000, 3000)
	if dropped := c.heal(); dropped == 0 {
		return errors.Join(err, errors.New("no packet was dropped"))
	}
	return err
}

// law starts each node anew from its log: its state is that of the others, which went on.
func (c *chaos) law() {
	for i, s := range c.nodes {
		s.kill()
		s.start()
		c.same()
		r, err := ask(c.t.Context(), c.pool(i), "SELECT COUNT(*) FROM ledger.entry")
		if err != nil {
			c.t.Error(err)
		} else if _, err := strconv.Atoi(r.rows[0][0]); err != nil {
			c.t.Error(err)
		}
	}
}
