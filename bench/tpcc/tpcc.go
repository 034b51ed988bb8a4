package tpcc

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"redoubt/bench/measure"
	"redoubt/bench/server"
)

// Config of one measurement.
type Config struct {
	System  string // redoubt or mariadb
	Binary  string // of Redoubt
	Dir     string // an empty directory
	Scale   Scale
	Clients int
	Warm    float64 // seconds that do not count
	Seconds float64 // that count
}

// Measure does a job.
func Measure(ctx context.Context, raw json.RawMessage) (f measure.Figures, err error) {
	var c Config
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	var kind *server.Kind
	switch c.System {
	case "redoubt":
		kind = server.Redoubt(c.Binary)
	case "mariadb":
		kind = server.MariaDB()
	default:
		return nil, fmt.Errorf("there is no system %q here", c.System)
	}
	r, err := kind.StartNew(ctx, c.Dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Kill()) }()
	return c.measure(ctx, r.Address(), r.ProcessorTime)
}

// measure loads, runs and checks. processor is what the server has spent so far.
func (c *Config) measure(ctx context.Context, address string, processor func() (time.Duration, error)) (f measure.Figures, err error) {
	if err := create(ctx, address); err != nil {
		return nil, err
	}
	db, err := server.Open(address, "tpcc", c.Clients)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	begin := time.Now()
	if err := load(ctx, db, c.Scale); err != nil {
		return nil, err
	}
	f = measure.Figures{"load_seconds": time.Since(begin).Seconds()}
	ahead, err := c.run(ctx, db, c.Warm)
	if err != nil {
		return nil, err
	}
	before, err := processor()
	if err != nil {
		return nil, err
	}
	done, err := c.run(ctx, db, c.Seconds)
	if err != nil {
		return nil, err
	}
	after, err := processor()
	if err != nil {
		return nil, err
	}
	done.figures(f, c.Seconds, after-before)
	return f, check(ctx, db, c.Scale, ahead.newOrders+done.newOrders)
}

func create(ctx context.Context, address string) (err error) {
	db, err := server.Open(address, "", 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, "CREATE DATABASE tpcc")
	return err
}

// run has all clients work for some seconds and gives what they did together.
func (c *Config) run(ctx context.Context, db *sql.DB, seconds float64) (tally, error) {
	text := measure.NewText()
	clients := make([]*client, c.Clients)
	for i := range clients {
		var err error
		if clients[i], err = newClient(ctx, db, c.Scale, i, text); err != nil {
			return tally{}, err
		}
		defer clients[i].close()
	}
	until := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	errs := make([]error, len(clients))
	var all sync.WaitGroup
	for i, client := range clients {
		all.Go(func() { errs[i] = client.work(ctx, until) })
	}
	all.Wait()
	sum := newTally()
	for _, client := range clients {
		sum.add(client.tally)
	}
	return sum, errors.Join(errs...)
}

func (t *tally) add(other tally) {
	t.newOrders += other.newOrders
	for name, took := range other.took {
		t.took[name] = append(t.took[name], took...)
	}
	for number, times := range other.again {
		t.again[number] += times
	}
}

// figures says what was done in so many seconds, for which the server spent processor time.
func (t *tally) figures(f measure.Figures, seconds float64, spent time.Duration) {
	transactions := 0
	for _, name := range slices.Sorted(maps.Keys(t.took)) {
		took := t.took[name]
		transactions += len(took)
		slices.Sort(took)
		f[name+"_p95_ms"] = measure.Micros(measure.Percentile(took, 95)) / 1000
	}
	f["new_orders_per_minute"] = float64(t.newOrders) * 60 / seconds
	f["per_second"] = float64(transactions) / seconds
	if transactions > 0 {
		f["cpu_us"] = measure.Micros(spent) / float64(transactions)
		f["again_1213_percent"] = 100 * float64(t.again[1213]) / float64(transactions)
		f["again_1205_percent"] = 100 * float64(t.again[1205]) / float64(transactions)
	}
}
