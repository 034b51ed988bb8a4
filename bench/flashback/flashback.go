package flashback

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"redoubt/bench/measure"
	"redoubt/bench/server"
)

// Config of one measurement.
type Config struct {
	System  string
	Binary  string // of Redoubt
	Dir     string // an empty directory
	Rows    int    // of the table
	Changes []int  // how many rows are changed, ascending, none more than Rows
	Times   int    // each way is taken so often; of a way of the others that takes more than a few seconds less often
}

// The systems.
const (
	Redoubt    = "redoubt"
	MariaDB    = "mariadb"
	PostgreSQL = "postgresql"
)

// insertRows is how many rows a statement inserts, updateRows how many it changes.
const (
	insertRows = 1000
	updateRows = 50_000
)

// Measure does a job.
func Measure(ctx context.Context, raw json.RawMessage) (measure.Figures, error) {
	var c Config
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	kinds := map[string]*server.Kind{Redoubt: server.Redoubt(c.Binary), MariaDB: server.MariaDB(), PostgreSQL: server.PostgreSQL()}
	kind, ok := kinds[c.System]
	if !ok {
		return nil, fmt.Errorf("there is no system %q here", c.System)
	}
	r, err := kind.StartNew(ctx, c.Dir)
	if err != nil {
		return nil, err
	}
	f, err := c.measure(ctx, r)
	return f, errors.Join(err, r.Stop())
}

func (c *Config) measure(ctx context.Context, r *server.Running) (measure.Figures, error) {
	s, err := r.Client()
	if err != nil {
		return nil, err
	}
	defer s.Close()
	w := &work{Config: c, ctx: ctx, client: s, figures: measure.Figures{}, data: r.Dir}
	if c.System == Redoubt {
		if w.db, err = server.Open(r.Address(), "", 1); err != nil {
			return nil, err
		}
		defer w.db.Close()
	}
	w.fill()
	for _, n := range c.Changes {
		w.round(n)
	}
	return w.figures, w.err
}

// work is a measurement on its way. After an error it does nothing more.
type work struct {
	*Config
	ctx     context.Context
	client  server.Client
	db      *sql.DB // redoubt's
	figures measure.Figures
	data    string // the server's directory
	sum     string // of the table, as it was filled
	err     error
}

// ask runs a statement and gives its first value.
func (w *work) ask(format string, args ...any) string {
	if w.err != nil {
		return ""
	}
	statement := fmt.Sprintf(format, args...)
	answer, err := w.client.Ask(w.ctx, statement)
	if err != nil {
		w.err = fmt.Errorf("%.100s: %w", statement, err)
	}
	return answer
}

func (w *work) fill() {
	w.ask("%s", map[string]string{Redoubt: "CREATE DATABASE bench", MariaDB: "CREATE DATABASE bench", PostgreSQL: "CREATE SCHEMA bench"}[w.System])
	columns := "(id INT PRIMARY KEY, v INT NOT NULL, k INT NOT NULL, c CHAR(60) NOT NULL)"
	if w.System == MariaDB {
		columns += " WITH SYSTEM VERSIONING"
	}
	w.ask("CREATE TABLE bench.t %s", columns)
	w.ask("CREATE INDEX k ON bench.t (k)")
	w.ask("CREATE TABLE bench.one (id INT PRIMARY KEY, v INT NOT NULL)")
	w.ask("INSERT INTO bench.one VALUES (1, 0)")
	if w.System == PostgreSQL {
		w.ask("INSERT INTO bench.t SELECT g, g, g, lpad(g::text, 60, '0') FROM generate_series(0, %d) g", w.Rows-1)
	} else {
		for first := 0; first < w.Rows; first += insertRows {
			var b strings.Builder
			for id := first; id < min(first+insertRows, w.Rows); id++ {
				fmt.Fprintf(&b, ",(%[1]d,%[1]d,%[1]d,'%060[1]d')", id)
			}
			w.ask("INSERT INTO bench.t VALUES %s", b.String()[1:])
		}
	}
	w.sum = w.ask("SELECT sum(v) FROM bench.t")
}

// change updates the first n rows.
func (w *work) change(n int) {
	for first := 0; first < n; first += updateRows {
		w.ask("UPDATE bench.t SET v = v + 1, k = k + 1 WHERE id >= %d AND id < %d", first, min(first+updateRows, n))
	}
}

// round changes n rows and gets them back in every way there is.
func (w *work) round(n int) {
	switch w.System {
	case Redoubt:
		w.redoubt(n)
	case MariaDB:
		w.mariadb(n)
	case PostgreSQL:
		w.postgres(n)
	}
}

// timed runs a statement and notes how long it took; its rows are read.
func (w *work) timed(into *[]float64, format string, args ...any) {
	begin := time.Now()
	w.ask(format, args...)
	*into = append(*into, measure.Micros(time.Since(begin)))
}

// note keeps the median of a way for n changed rows.
func (w *work) note(way string, n int, took []float64) {
	if w.err == nil {
		w.figures[fmt.Sprintf("%s_us_%d", way, n)] = measure.Median(took)
	}
}

// check wants the table as it was filled.
func (w *work) check(way string) {
	if got := w.ask("SELECT sum(v) FROM bench.t"); w.err == nil && got != w.sum {
		w.err = fmt.Errorf("after %s the sum is %s, it was %s", way, got, w.sum)
	}
}

// redoubt takes its own ways: each is undone by the one before it or by a drop.
func (w *work) redoubt(n int) {
	then := w.ask("SELECT current_scn()")
	w.change(n)
	var commit, table, read, undo, database, truncate, clone, cloneRead []float64
	for i := range w.Times {
		w.timed(&commit, "UPDATE bench.one SET v = v + 1 WHERE id = 1")
		w.timed(&table, "FLASHBACK TABLE bench.t TO SCN %s", then)
		w.timed(&read, "SELECT sum(v) FROM bench.t WHERE id >= %[1]d AND id < %[1]d + 10", i*7%max(n-10, 1))
		if i == 0 {
			w.check("FLASHBACK TABLE")
		}
		w.timed(&undo, "UNFLASHBACK TABLE bench.t")
		w.timed(&database, "FLASHBACK DATABASE TO SCN %s", then)
		w.ask("UNFLASHBACK DATABASE")
		w.timed(&truncate, "TRUNCATE TABLE bench.t")
		w.ask("UNFLASHBACK TABLE bench.t")
		w.timed(&clone, "CREATE TABLE bench.c CLONE bench.t AS OF SCN %s", then)
		w.timed(&cloneRead, "SELECT sum(v) FROM bench.c WHERE id >= %[1]d AND id < %[1]d + 10", i*7%max(n-10, 1))
		w.ask("DROP TABLE bench.c PURGE")
	}
	w.ask("FLASHBACK TABLE bench.t TO SCN %s", then)
	for way, took := range map[string][]float64{
		"commit": commit, "table": table, "read": read, "undo": undo, "database": database, "truncate": truncate, "clone": clone, "clone_read": cloneRead,
	} {
		w.note(way, n, took)
	}
}

// mariadb writes old rows of the versioned table back, and loads what was written to a file before.
func (w *work) mariadb(n int) {
	file := w.data + "/before." + fmt.Sprint(n)
	w.ask("SELECT * FROM bench.t INTO OUTFILE '%s'", file)
	var back, load []float64
	for range w.times(n) {
		then := w.ask("SELECT now(6)")
		w.change(n)
		w.timed(&back, "UPDATE bench.t t JOIN bench.t FOR SYSTEM_TIME AS OF TIMESTAMP '%s' o ON o.id = t.id SET t.v = o.v, t.k = o.k WHERE t.v <> o.v", then)
		w.check("UPDATE … AS OF")
		w.change(n)
		begin := time.Now()
		w.ask("DELETE FROM bench.t")
		w.ask("LOAD DATA INFILE '%s' INTO TABLE bench.t", file)
		load = append(load, measure.Micros(time.Since(begin)))
		w.check("LOAD DATA")
	}
	w.note("as_of", n, back)
	w.note("load", n, load)
}

// postgres loads what was copied out before.
func (w *work) postgres(n int) {
	file := w.data + "/before." + fmt.Sprint(n)
	w.ask("COPY bench.t TO '%s'", file)
	var load []float64
	for range w.times(n) {
		w.change(n)
		begin := time.Now()
		w.ask("BEGIN; TRUNCATE bench.t; COPY bench.t FROM '%s'; COMMIT", file)
		load = append(load, measure.Micros(time.Since(begin)))
		w.check("COPY")
	}
	w.note("load", n, load)
}

// times is how often a slow way is taken.
func (w *work) times(n int) int {
	if n >= 1_000_000 {
		return 1
	}
	return min(w.Times, 3)
}
