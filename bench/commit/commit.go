package commit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Config of one measurement.
type Config struct {
	Dir          string        // an existing directory on the disk to measure; each run makes its own below it
	Nodes        int           // of the cluster, all in this process, connected by loopback
	Callers      int           // goroutines that commit one payload after the other
	PayloadBytes int           // bytes of each payload
	Warmup       time.Duration // before the figures
	Duration     time.Duration // of the figures
}

// Measurement is what one system did in one round.
type Measurement struct {
	System    string
	Callers   int
	Commits   int
	PerSecond float64
	P50       time.Duration // latencies of a commit
	P99       time.Duration
	Max       time.Duration
	PerSync   float64 // commits for each sync of the log
}

// String is one line of a table.
func (m Measurement) String() string {
	return fmt.Sprintf("%-12s %5d callers %9.0f commits/s  p50 %8v  p99 %8v  max %8v  %6.1f a sync",
		m.System, m.Callers, m.PerSecond, m.P50.Round(time.Microsecond), m.P99.Round(time.Microsecond),
		m.Max.Round(time.Microsecond), m.PerSync)
}

// system is something that can be measured.
type system interface {
	commit(ctx context.Context, payload []byte) error
	syncs() uint64 // of the log so far
	close() error
}

// System opens one of the things to compare, with so many nodes, below dir.
type System struct {
	Name string
	open func(dir string, nodes int) (system, error)
}

// Systems are those that can be compared, Redoubt first.
func Systems() []System { return []System{Redoubt(), BoltDB()} }

// Comparison is what several systems did, taken in turns.
type Comparison struct {
	Runs [][]Measurement // for each system, one for each round
}

// Medians gives each system's medians of all figures.
func (c *Comparison) Medians() []Measurement {
	var medians []Measurement
	for _, runs := range c.Runs {
		medians = append(medians, median(runs))
	}
	return medians
}

// Ratio compares system i with system j: the medians over all rounds of commits divided by commits, and p99 by p99.
// The two sides of a round ran next to each other, so this suffers less than Medians from what else the machine did.
func (c *Comparison) Ratio(i, j int) (commits, p99 float64) {
	var faster, slower []float64
	for round, a := range c.Runs[i] {
		b := c.Runs[j][round]
		faster = append(faster, a.PerSecond/b.PerSecond)
		slower = append(slower, float64(a.P99)/float64(b.P99))
	}
	slices.Sort(faster)
	slices.Sort(slower)
	return faster[len(faster)/2], slower[len(slower)/2]
}

// Run measures one system, in a new directory.
func Run(ctx context.Context, s System, c Config) (Measurement, error) {
	got, err := Compare(ctx, []System{s}, c, 1)
	if err != nil {
		return Measurement{}, err
	}
	return got.Runs[0][0], nil
}

// Compare opens all systems, each in a new directory, and measures them in turns, rounds times with the order
// reversed every time.
func Compare(ctx context.Context, systems []System, c Config, rounds int) (_ *Comparison, err error) {
	open := make([]system, len(systems))
	for i, s := range systems {
		dir, e := os.MkdirTemp(c.Dir, "commit-")
		if e != nil {
			return nil, e
		}
		defer os.RemoveAll(dir)
		if open[i], e = s.open(dir, c.Nodes); e != nil {
			return nil, fmt.Errorf("open %s: %w", s.Name, e)
		}
		defer func() { err = errors.Join(err, open[i].close()) }()
	}
	got := &Comparison{Runs: make([][]Measurement, len(systems))}
	for round := range rounds {
		for turn := range systems {
			i := turn
			if round%2 == 1 {
				i = len(systems) - 1 - turn
			}
			l := &loop{sys: open[i], config: c}
			if err := l.run(ctx); err != nil {
				return nil, fmt.Errorf("measure %s: %w", systems[i].Name, err)
			}
			got.Runs[i] = append(got.Runs[i], l.measurement(systems[i].Name))
		}
	}
	return got, nil
}

// loop is the callers of one measurement.
type loop struct {
	sys    system
	config Config

	phase     atomic.Int32 // 0 warming up, 1 measuring, 2 over
	latencies [][]time.Duration
	elapsed   time.Duration
	syncs     uint64
}

func (l *loop) run(ctx context.Context) error {
	l.latencies = make([][]time.Duration, l.config.Callers)
	errs := make(chan error, l.config.Callers)
	var wg sync.WaitGroup
	for c := range l.config.Callers {
		wg.Go(func() {
			if err := l.call(ctx, c); err != nil {
				errs <- err
				l.phase.Store(2)
			}
		})
	}
	sleep(ctx, l.config.Warmup)
	before, begin := l.sys.syncs(), time.Now()
	l.phase.CompareAndSwap(0, 1)
	sleep(ctx, l.config.Duration)
	l.phase.Store(2)
	l.elapsed, l.syncs = time.Since(begin), l.sys.syncs()-before
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return ctx.Err()
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// call commits until the loop is over. Only commits that began and ended while measuring count.
func (l *loop) call(ctx context.Context, caller int) error {
	payload := make([]byte, l.config.PayloadBytes)
	for i := range payload {
		payload[i] = byte(i*31 + caller)
	}
	var latencies []time.Duration
	for {
		phase, begin := l.phase.Load(), time.Now()
		if phase == 2 {
			l.latencies[caller] = latencies
			return nil
		}
		if err := l.sys.commit(ctx, payload); err != nil { // which may keep it: it never changes
			return err
		}
		if phase == 1 && l.phase.Load() == 1 {
			latencies = append(latencies, time.Since(begin))
		}
	}
}

func (l *loop) measurement(name string) Measurement {
	all := slices.Concat(l.latencies...)
	slices.Sort(all)
	m := Measurement{System: name, Callers: l.config.Callers, Commits: len(all)}
	if len(all) == 0 {
		return m
	}
	m.PerSecond = float64(len(all)) / l.elapsed.Seconds()
	m.P50, m.P99, m.Max = all[len(all)/2], all[len(all)*99/100], all[len(all)-1]
	m.PerSync = float64(len(all)) / float64(max(l.syncs, 1))
	return m
}

func median(runs []Measurement) Measurement {
	m := runs[0]
	m.Commits = int(middle(runs, func(r Measurement) float64 { return float64(r.Commits) }))
	m.PerSecond = middle(runs, func(r Measurement) float64 { return r.PerSecond })
	m.PerSync = middle(runs, func(r Measurement) float64 { return r.PerSync })
	m.P50 = time.Duration(middle(runs, func(r Measurement) float64 { return float64(r.P50) }))
	m.P99 = time.Duration(middle(runs, func(r Measurement) float64 { return float64(r.P99) }))
	m.Max = time.Duration(middle(runs, func(r Measurement) float64 { return float64(r.Max) }))
	return m
}

func middle(runs []Measurement, of func(Measurement) float64) float64 {
	values := make([]float64, len(runs))
	for i, r := range runs {
		values[i] = of(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
