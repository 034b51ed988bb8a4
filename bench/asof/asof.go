package asof

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"redoubt/bench/measure"
)

// Config of one measurement.
type Config struct {
	System         string // redoubt or mariadb
	Dir            string // an empty directory for the data
	SpreadVersions int    // later versions of all rows together; a multiple of Rows
	HotVersions    int    // later versions of the one row
	Rounds         int
	Seconds        float64 // for each case in each round
}

// Rows of each table.
const Rows = 10_000

// rangeRows are read by a case of a range.
const rangeRows = 100

// hotID is the row of hot that was changed.
const hotID = 5_000

// slice is how long one side reads before the other takes its turn.
const slice = 20 * time.Millisecond

// read asks once for rows from first on, now or as of the moment, and gives the value of the last one: how often it had
// been changed.
type read func(past bool, table string, first, rows int) (version int, err error)

// reader is one way to read.
type reader struct {
	name string
	read read
}

// readCase is what is read.
type readCase struct {
	name  string
	table string
	first func() int
	rows  int
}

func cases() []readCase {
	random := rand.New(rand.NewPCG(1, 2))
	return []readCase{
		{"spread_row", "spread", func() int { return 1 + random.IntN(Rows) }, 1},
		{"spread_range", "spread", func() int { return 1 + random.IntN(Rows-rangeRows) }, rangeRows},
		{"hot_row", "hot", func() int { return hotID }, 1},
		{"hot_range", "hot", func() int { return hotID - rangeRows + 1 }, rangeRows},
	}
}

// Measure does a job.
func Measure(ctx context.Context, raw json.RawMessage) (measure.Figures, error) {
	var c Config
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	switch c.System {
	case "redoubt":
		return measureRedoubt(ctx, c)
	case "mariadb":
		return measureMariaDB(ctx, c)
	}
	return nil, fmt.Errorf("there is no system %q here", c.System)
}

// compare reads all cases in all rounds.
func (c *Config) compare(ctx context.Context, readers []reader) (measure.Figures, error) {
	s := &measure.Samples{Rounds: map[string][]measure.Figures{}}
	for range c.Rounds {
		for _, r := range readers {
			for _, rc := range cases() {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				if err := c.check(r, rc); err != nil {
					return nil, fmt.Errorf("%s %s: %w", r.name, rc.name, err)
				}
				f, err := c.round(r, rc)
				if err != nil {
					return nil, fmt.Errorf("%s %s: %w", r.name, rc.name, err)
				}
				name := r.name + "_" + rc.name
				s.Rounds[name] = append(s.Rounds[name], f)
			}
		}
	}
	out := measure.Figures{}
	for name, rounds := range s.Rounds {
		for figure := range rounds[0] {
			out[name+"_"+figure] = s.Median(name, figure)
		}
	}
	return out, nil
}

// check tells whether now and the past are what was written.
func (c *Config) check(r reader, rc readCase) error {
	want := c.HotVersions
	if rc.table == "spread" {
		want = c.SpreadVersions / Rows
	}
	first := rc.first()
	for past, want := range map[bool]int{false: want, true: 0} {
		got, err := r.read(past, rc.table, first, rc.rows)
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("version %d, want %d (as of the moment: %v)", got, want, past)
		}
	}
	return nil
}

// round reads one case for Seconds, in slices that take turns.
func (c *Config) round(r reader, rc readCase) (measure.Figures, error) {
	var took [2]time.Duration
	var reads [2]int
	for (took[0] + took[1]).Seconds() < c.Seconds {
		for side, past := range []bool{false, true} {
			begin := time.Now()
			for n := 0; n == 0 || time.Since(begin) < slice; n++ {
				if _, err := r.read(past, rc.table, rc.first(), rc.rows); err != nil {
					return nil, err
				}
				reads[side]++
			}
			took[side] += time.Since(begin)
		}
	}
	now := measure.Micros(took[0]) / float64(reads[0])
	past := measure.Micros(took[1]) / float64(reads[1])
	return measure.Figures{"now_us": now, "past_us": past, "ratio": past / now}, nil
}
