package history

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"

	"redoubt/bench/measure"
	"redoubt/bench/server"
)

// Config of one measurement.
type Config struct {
	System  string
	Binary  string // of Redoubt
	Dir     string // an empty directory
	Clients int
	Seconds float64 // of updates that are timed
	Ahead   int     // updates of every row before the files are weighed for the first time
	Passes  int     // updates of every row, whose versions are weighed
	Still   float64 // seconds without a change of its files after which a server is taken to be at rest
}

// The systems.
const (
	Redoubt   = "redoubt"
	Without   = "redoubt-without" // which lets go of old versions at once
	Plain     = "mariadb"
	Versioned = "mariadb-versioned"
)

const (
	// Rows of the table.
	Rows          = 10_000
	fillerColumns = 9
	fillerBytes   = 110 // of each, which makes a row of about 1 KB
	insertRows    = 500
)

// Measure does a job.
func Measure(ctx context.Context, raw json.RawMessage) (measure.Figures, error) {
	var c Config
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	kind, options := server.MariaDB("--innodb-fast-shutdown=0"), "" // so that nothing waits to be purged when it has stopped
	first := []string{"CREATE DATABASE bench"}
	switch c.System {
	case Redoubt:
		kind = server.Redoubt(c.Binary)
	case Without:
		kind = server.Redoubt(c.Binary, "--upkeep-time=1s", "--upkeep-rate=1GiB")
		first = append(first, "SET FLASHBACK RETENTION 1 VERSIONS")
	case Versioned:
		options = " WITH SYSTEM VERSIONING"
	case Plain:
	default:
		return nil, fmt.Errorf("there is no system %q here", c.System)
	}
	r, err := kind.StartNew(ctx, c.Dir)
	if err != nil {
		return nil, err
	}
	f := measure.Figures{}
	if err := c.rate(ctx, r, first, options, f); err != nil {
		return nil, errors.Join(err, r.Kill())
	}
	if c.System == Without {
		return f, r.Kill()
	}
	return f, c.weigh(ctx, r, f)
}

// rate fills the table and times updates.
func (c *Config) rate(ctx context.Context, r *server.Running, first []string, options string, f measure.Figures) (err error) {
	db, err := server.Open(r.Address(), "", c.Clients)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := fill(ctx, db, first, options); err != nil {
		return err
	}
	before, err := r.ProcessorTime()
	if err != nil {
		return err
	}
	begin := time.Now()
	took, err := c.update(ctx, db)
	if err != nil {
		return err
	}
	seconds := time.Since(begin).Seconds()
	after, err := r.ProcessorTime()
	if err != nil {
		return err
	}
	f["per_second"] = float64(len(took)) / seconds
	f["cpu_us"] = measure.Micros(after-before) / float64(len(took))
	f["p50_us"], f["p99_us"] = measure.Latencies(took)
	return nil
}

func fill(ctx context.Context, db *sql.DB, statements []string, options string) error {
	var columns strings.Builder
	for i := range fillerColumns {
		fmt.Fprintf(&columns, ", c%d VARCHAR(120) NOT NULL", i+1)
	}
	statements = append(statements, "CREATE TABLE bench.t (id INT PRIMARY KEY, changed INT NOT NULL"+columns.String()+")"+options)
	text := measure.NewText()
	for first := 0; first < Rows; first += insertRows {
		var b strings.Builder
		b.WriteString("INSERT INTO bench.t VALUES ")
		for id := first; id < first+insertRows; id++ {
			if id > first {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "(%d,0", id)
			for i := range fillerColumns {
				fmt.Fprintf(&b, ",'%s'", text.At(uint64(id*fillerColumns+i), fillerBytes))
			}
			b.WriteByte(')')
		}
		statements = append(statements, b.String())
	}
	for _, s := range statements {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%.80s: %w", s, err)
		}
	}
	return nil
}

// update has clients change random rows, each change a transaction of its own, and gives how long each took, with the times that it was run
// in vain: MariaDB's versioned table meets deadlocks.
func (c *Config) update(ctx context.Context, db *sql.DB) ([]time.Duration, error) {
	change, err := db.PrepareContext(ctx, "UPDATE bench.t SET changed = changed + 1 WHERE id = ?")
	if err != nil {
		return nil, err
	}
	defer change.Close()
	end := time.Now().Add(time.Duration(c.Seconds * float64(time.Second)))
	took, errs := make([][]time.Duration, c.Clients), make([]error, c.Clients)
	var all sync.WaitGroup
	for client := range c.Clients {
		all.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(client)))
			for begin := time.Now(); begin.Before(end); {
				id := random.IntN(Rows)
				err := once(ctx, change, id)
				for isDeadlock(err) {
					err = once(ctx, change, id)
				}
				if err != nil {
					errs[client] = err
					return
				}
				now := time.Now()
				took[client] = append(took[client], now.Sub(begin))
				begin = now
			}
		})
	}
	all.Wait()
	var out []time.Duration
	for _, t := range took {
		out = append(out, t...)
	}
	return out, errors.Join(errs...)
}

func once(ctx context.Context, change *sql.Stmt, id int) error {
	result, err := change.ExecContext(ctx, id)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return errors.Join(err, fmt.Errorf("the update of row %d changed %d rows", id, n))
	}
	return nil
}

func isDeadlock(err error) bool {
	var e *mysql.MySQLError
	return errors.As(err, &e) && e.Number == deadlock
}

const deadlock = 1213
