package sysbench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"redoubt/bench/measure"
	"redoubt/bench/server"
)

// PairConfig is of a measurement of two systems with one number of threads.
type PairConfig struct {
	Config
	Against string // the other system
	Turns   int    // how often each runs for Seconds
}

// Figures of a pair beside those of each system's runs, which are medians under PairFigure.
const (
	PairRatio    = "ratio" // median over the turns of statements/s of System divided by those of Against
	PairCPURatio = "cpu_ratio"
)

// PairFigure names a figure of one of the two systems.
func PairFigure(system, name string) string { return system + "_" + name }

// MeasurePair does a job: System and Against take turns on servers that both run all the time, so that a machine whose speed
// changes from one second to the next changes it for both.
func MeasurePair(ctx context.Context, raw json.RawMessage) (f measure.Figures, err error) {
	var c PairConfig
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	if len(c.Threads) != 1 || c.Turns < 1 || c.System == c.Against {
		return nil, errors.New("a pair is measured with one number of threads, in one turn or more, and of two systems")
	}
	systems := []string{c.System, c.Against}
	configs, running := make([]Config, 2), make([]*server.Running, 2)
	for i, system := range systems {
		configs[i] = c.Config
		configs[i].System, configs[i].Dir = system, filepath.Join(c.Dir, system)
		if err := os.Mkdir(configs[i].Dir, 0o755); err != nil {
			return nil, err
		}
		t, err := configs[i].begin(ctx)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, t.Kill()) }()
		running[i] = t
	}
	turns := make([][]measure.Figures, 2)
	for turn := range c.Turns {
		for k := range systems {
			i := (turn + k) % 2
			f := measure.Figures{}
			if err := configs[i].run(ctx, running[i], c.Threads[0], f); err != nil {
				return nil, err
			}
			turns[i] = append(turns[i], f)
		}
	}
	return c.figures(systems, turns), nil
}

// figures sums turns up.
func (c *PairConfig) figures(systems []string, turns [][]measure.Figures) measure.Figures {
	out := measure.Figures{}
	all := measure.Samples{Rounds: map[string][]measure.Figures{}}
	for i, system := range systems {
		all.Rounds[system] = turns[i]
		for _, name := range []string{"per_second", "p95_ms", "cpu_us"} {
			out[PairFigure(system, name)] = all.Median(system, Figure(c.Threads[0], name))
		}
	}
	out[PairRatio] = all.Ratio(c.System, c.Against, Figure(c.Threads[0], "per_second"))
	out[PairCPURatio] = all.Ratio(c.System, c.Against, Figure(c.Threads[0], "cpu_us"))
	return out
}
