package commit

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"syscall"
	"time"
)

// Open is a system that another package brings.
type Open interface {
	// Commit returns when the payload is durable. Called by all callers at once; it may keep the payload.
	Commit(ctx context.Context, payload []byte) error
	// Syncs of the log so far, of the node that leads.
	Syncs() uint64
	Close() error
}

// NewSystem makes a System of what open opens in an empty directory, with so many nodes.
func NewSystem(name string, open func(dir string, nodes int) (Open, error)) System {
	return System{name, func(dir string, nodes int) (system, error) {
		o, err := open(dir, nodes)
		if err != nil {
			return nil, err
		}
		return opened{o}, nil
	}}
}

type opened struct{ Open }

func (o opened) commit(ctx context.Context, payload []byte) error { return o.Commit(ctx, payload) }
func (o opened) syncs() uint64                                    { return o.Syncs() }
func (o opened) close() error                                     { return o.Close() }

// Job is one measurement as a process is told of it.
type Job struct {
	System       string
	Dir          string
	Nodes        int
	Callers      int
	PayloadBytes int
	Seconds      float64 // after the warm-up, which takes a third of it
}

// Measure gives the function that does jobs on one of the systems. It gives figures by name, with their units.
func Measure(systems ...System) func(context.Context, json.RawMessage) (map[string]float64, error) {
	return func(ctx context.Context, raw json.RawMessage) (map[string]float64, error) {
		var j Job
		if err := json.Unmarshal(raw, &j); err != nil {
			return nil, fmt.Errorf("configuration: %w", err)
		}
		i := slices.IndexFunc(systems, func(s System) bool { return s.Name == j.System })
		if i < 0 {
			return nil, fmt.Errorf("there is no system %q here", j.System)
		}
		duration := time.Duration(j.Seconds * float64(time.Second))
		timed := &processorTime{}
		m, err := Run(ctx, timed.of(systems[i]), Config{
			Dir: j.Dir, Nodes: j.Nodes, Callers: j.Callers, PayloadBytes: j.PayloadBytes, Warmup: duration / 3, Duration: duration,
		})
		if err != nil {
			return nil, err
		}
		figures := m.figures()
		figures["cpu_us"] = timed.spent().Seconds() * 1e6 / float64(max(m.Commits, 1))
		return figures, nil
	}
}

// processorTime is what the process used between the two looks at a system's syncs, with which the figures begin and end:
// of a busy machine it tells more than the time on the wall.
type processorTime struct {
	system
	looks []time.Duration
}

func (p *processorTime) of(s System) System {
	return System{s.Name, func(dir string, nodes int) (_ system, err error) {
		p.system, err = s.open(dir, nodes)
		return p, err
	}}
}

func (p *processorTime) syncs() uint64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) == nil {
		p.looks = append(p.looks, time.Duration(u.Utime.Nano()+u.Stime.Nano()))
	}
	return p.system.syncs()
}

func (p *processorTime) spent() time.Duration {
	if len(p.looks) < 2 {
		return 0
	}
	return p.looks[1] - p.looks[0]
}

func (m Measurement) figures() map[string]float64 {
	micros := func(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
	return map[string]float64{
		"per_second": m.PerSecond, "p50_us": micros(m.P50), "p99_us": micros(m.P99), "max_us": micros(m.Max), "per_sync": m.PerSync,
	}
}
