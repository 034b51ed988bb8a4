package failover

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"redoubt/bench/measure"
)

// LoadConfig of a measurement of how calm a cluster is under full load.
type LoadConfig struct {
	Binary  string // of Redoubt
	Dir     string // an empty directory
	Clients int    // spread over the nodes
	Seconds int
}

// MeasureLoad lets clients of all nodes insert as fast as they can, and counts how often another node was elected: each time is a false
// alarm, since nothing is wrong.
func MeasureLoad(ctx context.Context, raw json.RawMessage) (f measure.Figures, err error) {
	var c LoadConfig
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	t, err := startTrio(ctx, c.Binary, c.Dir, false)
	defer func() { err = errors.Join(err, t.close()) }()
	if err != nil {
		return nil, err
	}
	if err := t.createTable(ctx); err != nil {
		return nil, err
	}
	before, err := t.term(ctx)
	if err != nil {
		return nil, err
	}
	var next, acknowledged, failed, last, gap atomic.Int64
	working, cancel := context.WithTimeout(ctx, time.Duration(c.Seconds)*time.Second)
	defer cancel()
	began := time.Now()
	var work sync.WaitGroup
	for i := range c.Clients {
		work.Go(func() {
			for working.Err() == nil {
				_, err := t.members[i%3].ask.ExecContext(working, "INSERT INTO bench.t VALUES (?)", next.Add(1))
				if err != nil {
					if working.Err() == nil {
						failed.Add(1)
					}
					continue
				}
				acknowledged.Add(1)
				now := time.Since(began).Microseconds()
				raise(&gap, now-last.Swap(now))
			}
		})
	}
	work.Wait()
	took := time.Since(began)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	after, err := t.term(ctx)
	if err != nil {
		return nil, err
	}
	return measure.Figures{
		"elections": float64(after - before), "seconds": took.Seconds(), "commits_per_s": float64(acknowledged.Load()) / took.Seconds(),
		"errors": float64(failed.Load()), "longest_gap_ms": float64(gap.Load()) / 1000,
	}, nil
}

// raise makes a figure the larger one of itself and another.
func raise(figure *atomic.Int64, to int64) {
	for {
		now := figure.Load()
		if to <= now || figure.CompareAndSwap(now, to) {
			return
		}
	}
}

// term is the newest that a node tells.
func (t *trio) term(ctx context.Context) (term uint64, err error) {
	err = t.members[0].ask.QueryRowContext(ctx, "SELECT MAX(term) FROM redoubt.`V$NODE`").Scan(&term)
	return term, err
}
