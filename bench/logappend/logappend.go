package logappend

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"redoubt/bench/measure"
)

// Config of one measurement.
type Config struct {
	System       string
	Dir          string // an empty directory on the disk to measure
	EntryBytes   int
	BatchEntries int
	Seconds      float64 // after the warm-up, which takes a fifth of it
	BytesMax     int64   // payload after which it ends, however much time is left
}

// System opens a log in an empty directory.
type System struct {
	Name string
	Open func(c Config, payloads [][]byte) (Log, error)
}

// Log appends the payloads it was opened with.
type Log interface {
	// Append makes all payloads durable under consecutive indexes from first on. The first call has 1.
	Append(first uint64) error
	Close() error
}

// Measure gives the function that measures one of the systems.
func Measure(systems ...System) func(context.Context, json.RawMessage) (measure.Figures, error) {
	return func(ctx context.Context, raw json.RawMessage) (measure.Figures, error) {
		var c Config
		if err := json.Unmarshal(raw, &c); err != nil {
			return nil, fmt.Errorf("configuration: %w", err)
		}
		i := slices.IndexFunc(systems, func(s System) bool { return s.Name == c.System })
		if i < 0 {
			return nil, fmt.Errorf("there is no log %q here", c.System)
		}
		return Run(ctx, systems[i], c)
	}
}

// Run measures one system: entries a second, and latencies of a batch.
func Run(ctx context.Context, s System, c Config) (f measure.Figures, err error) {
	if c.EntryBytes < 1 || c.BatchEntries < 1 {
		return nil, fmt.Errorf("%d entries of %d bytes: want 1 or more", c.BatchEntries, c.EntryBytes)
	}
	log, err := s.Open(c, payloads(c))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", s.Name, err)
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	a := &appender{log: log, config: c, next: 1}
	if _, _, err := a.run(ctx, c.Seconds/5); err != nil {
		return nil, fmt.Errorf("warm up %s: %w", s.Name, err)
	}
	took, elapsed, err := a.run(ctx, c.Seconds)
	if err != nil {
		return nil, fmt.Errorf("append to %s: %w", s.Name, err)
	}
	entries := float64(len(took) * c.BatchEntries)
	p50, p99 := measure.Latencies(took)
	return measure.Figures{"per_second": entries / elapsed.Seconds(), "p50_us": p50, "p99_us": p99}, nil
}

// payloads do not compress, and differ.
func payloads(c Config) [][]byte {
	r := rand.NewChaCha8([32]byte{1})
	out := make([][]byte, c.BatchEntries)
	for i := range out {
		out[i] = make([]byte, c.EntryBytes)
		_, _ = r.Read(out[i]) // never fails
	}
	return out
}

type appender struct {
	log    Log
	config Config
	next   uint64
	bytes  int64
}

// run appends for some seconds, at least one batch, and gives how long each took and all together.
func (a *appender) run(ctx context.Context, seconds float64) ([]time.Duration, time.Duration, error) {
	took := make([]time.Duration, 0, 1<<17)
	begin := time.Now()
	last := begin
	for len(took) == 0 || last.Sub(begin).Seconds() < seconds && a.bytes < a.config.BytesMax && ctx.Err() == nil {
		if err := a.log.Append(a.next); err != nil {
			return nil, 0, err
		}
		a.next += uint64(a.config.BatchEntries)
		a.bytes += int64(a.config.BatchEntries) * int64(a.config.EntryBytes)
		now := time.Now()
		took = append(took, now.Sub(last))
		last = now
	}
	return took, last.Sub(begin), ctx.Err()
}
