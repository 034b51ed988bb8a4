package acceptance

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

var stepsFlag = flag.Int("steps", 0, "steps of TestAsOf; 0 takes 10,000, or 1,000 with -short")

// TestAsOf changes a database at random and remembers every state in a model. Reads at random points of the past must
// give what the model remembers.
func TestAsOf(t *testing.T) {
	steps := *stepsFlag
	switch {
	case steps > 0:
	case testing.Short():
		steps = 1_000
	default:
		steps = 10_000
	}
	start := seed(t, 0)
	t.Logf("%d steps; with -steps %d they are the same", steps, steps)
	h := newHistory(t, start)
	for i := range steps {
		h.step(i)
		h.read()
		if h.walk.random.IntN(400) == 0 {
			h.restart()
		}
	}
	h.restart()
	for range steps / 10 {
		h.read()
	}
	h.report(steps)
}

const inTransaction = "AS OF inside of a transaction"

// TestAsOfInTransaction reads the past, and views, between the statements of a transaction, which must not notice.
func TestAsOfInTransaction(t *testing.T) {
	s := startServer(t)
	c := conn(t, s.mysql, "")
	mustExec(t, c, "CREATE DATABASE d", "USE d", "CREATE TABLE t (id int PRIMARY KEY, v int)", "INSERT INTO t VALUES (1, 1)",
		"CREATE VIEW w AS SELECT id, v FROM t")
	then := one(t, c, "SELECT current_scn()")
	mustExec(t, c, "UPDATE t SET v = 2")
	for name, query := range map[string]string{
		"table":               "SELECT v FROM t AS OF SCN " + then,
		"view of the present": "SELECT v - 1 FROM w WHERE id = 1",
		"view":                "SELECT v FROM w AS OF SCN " + then,
		"join with now":       "SELECT o.v FROM t n JOIN t AS OF SCN " + then + " o ON o.id = n.id",
		"derived table":       "SELECT v FROM (SELECT v FROM t AS OF SCN " + then + ") x",
		"scalar subquery":     "SELECT (SELECT v FROM t AS OF SCN " + then + ")",
		"time":                "SELECT v FROM t AS OF TIMESTAMP scn_to_timestamp(" + then + ")",
		"common table":        "WITH x AS (SELECT v FROM t AS OF SCN " + then + ") SELECT v FROM x",
		"exists of the past":  "SELECT 1 FROM t WHERE EXISTS (SELECT 1 FROM t AS OF SCN " + then + " o WHERE o.v = 1) AND id = 1",
	} {
		known(t, inTransaction, name, func() error {
			mustExec(t, c, "START TRANSACTION", "INSERT INTO t VALUES (2, 2)", "SAVEPOINT here", "INSERT INTO t VALUES (3, 3)")
			got, err := ask(t.Context(), c, query)
			_, back := c.ExecContext(t.Context(), "ROLLBACK TO SAVEPOINT here")
			within := one(t, c, "SELECT group_concat(id ORDER BY id) FROM t")
			mustExec(t, c, "ROLLBACK")
			after := one(t, c, "SELECT group_concat(id ORDER BY id) FROM t")
			mustExec(t, c, "DELETE FROM t WHERE id > 1")
			if err != nil || len(got.rows) != 1 || got.rows[0][0] != "1" || back != nil || within != "1,2" || after != "1" {
				return fmt.Errorf("%s: got %v, %v; rollback to the savepoint: %v; rows inside %s, after the rollback %s", query, got.rows, err, back, within, after)
			}
			return nil
		})
	}
}

// history is a database, what it must remember, and how well it does.
type history struct {
	t      *testing.T
	server *server
	db     *sql.DB
	walk   *walk
	points []point

	reads, failures map[string]int
	first           map[string]error // failure of a kind of read
}

func newHistory(t *testing.T, start uint64) *history {
	s := startServer(t, "--log-file-size=1MiB", "--checkpoint-size=1MiB", "--memtable-size=1MiB", "--segment-size=1MiB", "--segment-time=1s")
	mustExec(t, conn(t, s.mysql, ""), "CREATE DATABASE model")
	utc := func(c *mysql.Config) { c.Params = map[string]string{"time_zone": "'+00:00'"} }
	h := &history{
		t: t, server: s, db: open(t, s.mysql, "model", utc),
		walk:  &walk{random: rand.New(rand.NewPCG(start, 6)), state: &modelState{map[string]*modelTable{}, map[string]modelView{}}},
		reads: map[string]int{}, failures: map[string]int{}, first: map[string]error{},
	}
	h.db.SetMaxOpenConns(1) // one session: SET and transactions stay on it
	h.record()
	return h
}

// record remembers the state that the database must be in now.
func (h *history) record() {
	h.t.Helper()
	at, err := strconv.ParseUint(one(h.t, h.db, "SELECT current_scn()"), 10, 64)
	if err != nil {
		h.t.Fatal(err)
	}
	if n := len(h.points); n > 0 && h.points[n-1].scn >= at {
		if h.points[n-1].scn > at || h.points[n-1].state != h.walk.state {
			h.points[n-1].state = h.walk.state
		}
		return
	}
	h.points = append(h.points, point{at, h.walk.state, time.Now().UnixMicro()})
}

func (h *history) step(i int) {
	h.t.Helper()
	s := h.walk.next()
	for n, statement := range s.statements {
		if rest, ok := strings.CutPrefix(statement, "DROP INDEX OF "); ok {
			statement = h.dropIndex(rest)
		}
		_, err := h.db.ExecContext(h.t.Context(), statement)
		want := uint16(0)
		if n == len(s.statements)-1 {
			want = s.fails
		}
		if !isError(err, want) {
			h.t.Fatalf("step %d: want error number %d, got %v: %s", i, want, err, statement)
		}
		if n < len(s.statements)-1 { // inside of a transaction the past is the same
			h.readPast(knownBy(inTransaction, "view") == nil)
		}
	}
	h.walk.state = s.after
	h.record()
}

// dropIndex finds the name of the index on a column.
func (h *history) dropIndex(of string) string {
	h.t.Helper()
	table, column, _ := strings.Cut(of, " ")
	name := one(h.t, h.db, "SELECT index_name FROM information_schema.statistics WHERE table_schema = 'model' AND table_name = '"+table+
		"' AND column_name = '"+column+"' AND index_name <> 'PRIMARY'")
	return "DROP INDEX " + name + " ON " + table
}

// restart ends the server, cleanly or not, and starts it again.
func (h *history) restart() {
	h.t.Helper()
	if h.walk.random.IntN(2) == 0 {
		h.server.stop()
	} else {
		h.server.kill()
	}
	h.server.start()
}

// moment is a point of the past, and the words that name it.
type moment struct {
	point
	words string
}

// somewhere chooses a point: any of the past, more often a late one, and a way to name it.
func (h *history) somewhere() moment {
	r, n := h.walk.random, len(h.points)
	at := r.IntN(n)
	if r.IntN(3) == 0 {
		at = n - 1 - r.IntN(min(n, 20))
	}
	p := h.points[at]
	switch r.IntN(4) {
	case 0:
		return moment{p, " AS OF TIMESTAMP '" + time.UnixMicro(p.heard).UTC().Format("2006-01-02 15:04:05.000000") + "'"}
	case 1:
		stamp := one(h.t, h.db, fmt.Sprintf("SELECT cast(scn_to_timestamp(%d) AS char)", p.scn))
		return moment{p, " AS OF TIMESTAMP '" + stamp + "'"}
	default:
		return moment{p, fmt.Sprintf(" AS OF SCN %d", p.scn)}
	}
}

// read asks one question, mostly about the past.
func (h *history) read() {
	h.t.Helper()
	if h.walk.random.IntN(9) == 0 {
		h.readPresent()
		return
	}
	h.readPast(true)
}

// readPast asks for something at a random point of the past; views may be left out.
func (h *history) readPast(views bool) {
	h.t.Helper()
	r, at := h.walk.random, h.somewhere()
	name := fmt.Sprintf("t%d", r.IntN(modelTables))
	if r.IntN(5) == 0 && views {
		h.readView(at)
		return
	}
	t := at.state.tables[name]
	if t == nil {
		h.expect("table that was not there", 1146, nil, "SELECT * FROM "+name+at.words)
		return
	}
	switch r.IntN(7) {
	case 0:
		h.readKey(at, name, t)
	case 1:
		h.readRange(at, name, t)
	case 2:
		h.readJoin(at, name, t)
	case 3:
		h.readCount(at, name, t)
	case 4:
		h.readLostColumn(at, name, t)
	default:
		h.expect("whole table", 0, t.selectAll(func(int, []string) bool { return true }), "SELECT * FROM "+name+at.words+" ORDER BY id")
	}
}

// readKey uses a prepared statement.
func (h *history) readKey(at moment, name string, t *modelTable) {
	id := h.walk.someID(t)
	want := t.selectAll(func(i int, _ []string) bool { return i == id })
	h.expect("key, prepared", 0, want, "SELECT * FROM "+name+" AS OF SCN ? WHERE id = ?", at.scn, id)
}

// readRange asks by the value of a column, indexed if one is.
func (h *history) readRange(at moment, name string, t *modelTable) {
	r := h.walk.random
	c := r.IntN(len(t.columns))
	if indexed := slices.IndexFunc(t.columns, func(c modelColumn) bool { return c.indexed }); indexed >= 0 && r.IntN(3) > 0 {
		c = indexed
	}
	column := t.columns[c]
	kind := "column"
	if column.indexed {
		kind = "index"
	}
	low, high := column.kind.value(r), column.kind.value(r)
	if column.kind == text || low == null || high == null {
		where, keep := " = "+sqlValue(low), func(v string) bool { return v == low && low != null }
		if low == null {
			where, keep = " IS NULL", func(v string) bool { return v == null }
		}
		h.expect(kind+", one value", 0, t.selectAll(func(_ int, row []string) bool { return keep(row[c]) }),
			"SELECT * FROM "+name+at.words+" WHERE "+column.name+where+" ORDER BY id")
		return
	}
	want := t.selectAll(func(_ int, row []string) bool {
		return row[c] != null && number64(row[c]) >= number64(low) && number64(row[c]) < number64(high)
	})
	h.expect(kind+", range", 0, want, fmt.Sprintf("SELECT * FROM %s%s WHERE %s >= %s AND %s < %s ORDER BY id", name, at.words, column.name, low, column.name, high))
}

func number64(v string) float64 {
	f, err := strconv.ParseFloat(v, 64)
	if err != nil {
		return 0
	}
	return f
}

// readJoin joins two tables of two points of the past.
func (h *history) readJoin(at moment, name string, t *modelTable) {
	other, than := h.somewhere(), fmt.Sprintf("t%d", h.walk.random.IntN(modelTables))
	u := other.state.tables[than]
	if u == nil {
		return
	}
	a, b := t.columns[0].name, u.columns[len(u.columns)-1].name
	var want [][]string
	for _, id := range t.ids() {
		value := null
		if row, there := u.rows[id]; there {
			value = row[len(u.columns)-1]
		}
		want = append(want, []string{strconv.Itoa(id), t.rows[id][0], value})
	}
	h.expect("join", 0, want, fmt.Sprintf("SELECT a.id, a.%s, b.%s FROM %s%s a LEFT JOIN %s%s b ON b.id = a.id ORDER BY a.id", a, b, name, at.words, than, other.words))
}

func (h *history) readCount(at moment, name string, t *modelTable) {
	values := map[string]bool{}
	for _, row := range t.rows {
		if row[0] != null {
			values[row[0]] = true
		}
	}
	want := [][]string{{strconv.Itoa(len(t.rows)), strconv.Itoa(len(values))}}
	h.expect("counts", 0, want, fmt.Sprintf("SELECT count(*), count(DISTINCT %s) FROM %s%s", t.columns[0].name, name, at.words))
	h.expect("count alone", 0, [][]string{{strconv.Itoa(len(t.rows))}}, "SELECT count(*) FROM "+name+at.words)
}

// readLostColumn asks for a column that today's table has and that of the point has not.
func (h *history) readLostColumn(at moment, name string, t *modelTable) {
	now := h.walk.state.tables[name]
	if now == nil {
		return
	}
	for _, c := range now.columns {
		if t.column(c.name) < 0 {
			h.expect("column that was not there", 1054, nil, "SELECT "+c.name+" FROM "+name+at.words)
			return
		}
	}
}

func (h *history) readView(at moment) {
	name := fmt.Sprintf("v%d", h.walk.random.IntN(modelViews))
	query := "SELECT * FROM " + name + at.words + " ORDER BY id"
	v, there := at.state.views[name]
	if !there {
		h.expect("view that was not there", 1146, nil, query)
		return
	}
	want, valid := at.state.selectView(v)
	if !valid {
		return // which error a broken view gives is MySQL's matter
	}
	h.expect("view", 0, want, query)
}

// readPresent asks without AS OF.
func (h *history) readPresent() {
	tables := h.walk.state.tables
	if len(tables) == 0 {
		return
	}
	names := slices.Sorted(maps.Keys(tables))
	name := names[h.walk.random.IntN(len(names))]
	h.expect("present", 0, tables[name].selectAll(func(int, []string) bool { return true }), "SELECT * FROM "+name+" ORDER BY id")
}

// expect compares an answer with the model's.
func (h *history) expect(kind string, fails uint16, want [][]string, query string, args ...any) {
	h.t.Helper()
	h.reads[kind]++
	ctx, cancel := context.WithTimeout(h.t.Context(), time.Minute)
	defer cancel()
	got, err := ask(ctx, h.db, query, args...)
	switch {
	case !isError(err, fails):
		err = fmt.Errorf("want error number %d, got %v", fails, err)
	case fails != 0:
		err = nil
	default:
		wanted := result{got.columns, want}
		if len(want) > 0 && len(want[0]) != len(got.columns) {
			err = fmt.Errorf("want %d columns, got %v", len(want[0]), got.columns)
		} else if d := difference(wanted, got); d != "" {
			err = fmt.Errorf("%s", d)
		}
	}
	if err != nil {
		if h.failures[kind]++; h.first[kind] == nil {
			h.first[kind] = fmt.Errorf("%w\n%s %v at SCN %d", err, query, args, h.points[len(h.points)-1].scn)
		}
	}
}

// report ends the test: which kinds of read were asked, how often, and what was wrong.
func (h *history) report(steps int) {
	h.t.Helper()
	total := 0
	for _, kind := range slices.Sorted(maps.Keys(h.reads)) {
		total += h.reads[kind]
		known(h.t, "AS OF model", kind, func() error {
			if h.failures[kind] == 0 {
				return nil
			}
			return fmt.Errorf("%d of %d reads were wrong; the first: %w", h.failures[kind], h.reads[kind], h.first[kind])
		})
	}
	h.t.Logf("%d steps, %d points, %d reads: %v", steps, len(h.points), total, h.reads)
}
