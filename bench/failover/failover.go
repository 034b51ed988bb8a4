package failover

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"redoubt/bench/measure"
)

// Faults.
const (
	Kill       = "kill -9"
	Stop       = "SIGSTOP"
	Partition  = "partition"
	Switchover = "switchover"
)

// Config of one measurement.
type Config struct {
	Binary string // of Redoubt
	Dir    string // an empty directory
	Fault  string
	Rounds int
}

// calm is how long the client commits before a fault, so that it comes at any moment of the nodes' own rhythm.
const calm = 300 * time.Millisecond

// Measure does a job.
func Measure(ctx context.Context, raw json.RawMessage) (f measure.Figures, err error) {
	var c Config
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	own := c.Fault == Partition
	if own && os.Getenv(insideNetwork) == "" {
		return inOwnNetwork(ctx)
	}
	t, err := startTrio(ctx, c.Binary, c.Dir, own)
	defer func() { err = errors.Join(err, t.close()) }()
	if err != nil {
		return nil, err
	}
	if err := t.createTable(ctx); err != nil {
		return nil, err
	}
	working, cancel := context.WithCancel(ctx)
	l := &clients{trio: t, committed: make(chan commit, 1<<20)}
	var work sync.WaitGroup
	for _, m := range l.members {
		work.Go(func() { l.run(working, m) })
	}
	defer work.Wait()
	defer cancel()
	var took, handed []time.Duration
	for range c.Rounds {
		d, h, err := l.round(ctx, c.Fault)
		if err != nil {
			return nil, err
		}
		took, handed = append(took, d), append(handed, h)
	}
	cancel()
	work.Wait()
	lost, err := l.lost(ctx)
	if err != nil {
		return nil, err
	}
	slices.Sort(took)
	slices.Sort(handed)
	milliseconds := func(d time.Duration) float64 { return measure.Micros(d) / 1000 }
	f = measure.Figures{
		"rounds": float64(len(took)), "lost": float64(lost), "acknowledged": float64(len(l.told)),
		"p50_ms": milliseconds(measure.Percentile(took, 50)), "p99_ms": milliseconds(measure.Percentile(took, 99)), "max_ms": milliseconds(took[len(took)-1]),
	}
	if c.Fault == Switchover {
		f["handed_p50_ms"], f["handed_max_ms"] = milliseconds(measure.Percentile(handed, 50)), milliseconds(handed[len(handed)-1])
	}
	return f, nil
}

// commit is one that was acknowledged.
type commit struct{ begun, told time.Time }

// clients are one for each node.
type clients struct {
	*trio
	next      atomic.Int64
	committed chan commit

	mu   sync.Mutex
	told []int64 // numbers that were acknowledged
}

// run commits at one node until the context ends. A number is tried once: what became of it if nobody answered is seen at the end.
func (l *clients) run(ctx context.Context, at *member) {
	for ctx.Err() == nil {
		n, begun := l.next.Add(1), time.Now()
		if _, err := at.db.ExecContext(ctx, "INSERT INTO bench.t VALUES (?)", n); err != nil {
			select {
			case <-time.After(lookEvery):
			case <-ctx.Done():
			}
			continue
		}
		l.mu.Lock()
		l.told = append(l.told, n)
		l.mu.Unlock()
		select {
		case l.committed <- commit{begun, time.Now()}:
		default: // nobody waits for it
		}
	}
}

// round makes a fault, and gives the time until a commit that was begun after it was acknowledged; of a switchover also what the
// statement said.
func (l *clients) round(ctx context.Context, fault string) (took, handed time.Duration, err error) {
	if err := l.whole(ctx); err != nil {
		return 0, 0, err
	}
	leader, err := l.leader(ctx)
	if err != nil {
		return 0, 0, err
	}
	time.Sleep(calm)
	for len(l.committed) > 0 {
		<-l.committed
	}
	at := time.Now()
	switch fault {
	case Kill:
		err = leader.kill()
	case Stop:
		err = leader.cmd.Process.Signal(syscall.SIGSTOP)
	case Partition:
		err = leader.cutOff()
		at = time.Now() // to drop packets takes a program, which takes milliseconds
	case Switchover:
		handed, err = l.switchover(ctx, leader)
	default:
		err = fmt.Errorf("there is no fault %q", fault)
	}
	if err != nil {
		return 0, 0, err
	}
	limit := time.After(readyLimit)
	for took == 0 {
		select {
		case c := <-l.committed:
			if c.begun.After(at) {
				took = c.told.Sub(at)
			}
		case <-limit:
			return 0, 0, fmt.Errorf("nothing is committed within %s after %s of %s", readyLimit, fault, leader.name)
		}
	}
	switch fault {
	case Kill:
		err = errors.Join(leader.start(), leader.ready(ctx))
	case Stop:
		err = leader.cmd.Process.Signal(syscall.SIGCONT)
	case Partition:
		err = leader.joinUp()
	}
	return took, handed, err
}

// switchover lets another node lead, and gives how long the statement took.
func (l *clients) switchover(ctx context.Context, leader *member) (time.Duration, error) {
	i := slices.Index(l.members, leader)
	at := time.Now()
	if _, err := l.members[(i+1)%3].ask.ExecContext(ctx, "SWITCHOVER TO "+l.members[(i+2)%3].name); err != nil {
		return 0, err
	}
	return time.Since(at), nil
}

// lost counts acknowledged commits that some node does not have.
func (l *clients) lost(ctx context.Context) (int, error) {
	if err := l.whole(ctx); err != nil {
		return 0, err
	}
	worst := 0
	for _, m := range l.members {
		rows, err := m.ask.QueryContext(ctx, "SELECT n FROM bench.t")
		if err != nil {
			return 0, err
		}
		there := map[int64]bool{}
		for rows.Next() {
			var n int64
			if err := rows.Scan(&n); err != nil {
				return 0, errors.Join(err, rows.Close())
			}
			there[n] = true
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return 0, err
		}
		missing := 0
		for _, n := range l.told {
			if !there[n] {
				missing++
			}
		}
		worst = max(worst, missing)
	}
	return worst, nil
}

// Figure gives a figure that a job may not have measured.
func Figure(f measure.Figures, name string) float64 {
	if v, ok := f[name]; ok {
		return v
	}
	return math.NaN()
}
