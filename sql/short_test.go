package sql

import (
	"context"
	gosql "database/sql"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	mysqldriver "github.com/go-sql-driver/mysql"

	"redoubt/engine"
	"redoubt/scn"
)

var (
	shortSeed  = flag.Uint64("short-seed", 0, "seed of TestShortAgrees; 0 takes one by chance")
	shortSteps = flag.Int("short-steps", 4000, "statements of TestShortAgrees")
)

// mark is the comment that sends a statement the full way.
const mark = " /* fully */"

// bothWays are two databases of the same definitions, on one connection each: one whose statements may take the short
// path, and one whose statements carry a comment, which sends them the full way.
type bothWays struct {
	t           *testing.T
	short, full *gosql.Conn
	statement   string
	engine      *engine.Engine
}

func newBothWays(t *testing.T, r *running, parameters string, definitions ...string) *bothWays {
	t.Helper()
	b := &bothWays{t: t, engine: r.database.Engine}
	for i, name := range []string{"shortly", "fully"} {
		r.exec("CREATE DATABASE " + name)
		db := r.connect(name, parameters)
		t.Cleanup(func() { db.Close() })
		conn, err := db.Conn(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range definitions {
			if i == 1 {
				d += mark
			}
			if _, err := conn.ExecContext(context.Background(), d); err != nil {
				t.Fatalf("%s: %v", d, err)
			}
		}
		if i == 0 {
			b.short = conn
		} else {
			b.full = conn
		}
	}
	return b
}

// run runs a statement both ways, twice if it only reads: the first time teaches the short path its columns.
func (b *bothWays) run(statement string, args ...any) string {
	b.t.Helper()
	b.statement = statement
	if testing.Verbose() {
		b.t.Log(statement, args)
	}
	full, short := b.outcomes(statement, args)
	b.same(full, short, args)
	if strings.HasPrefix(statement, "SELECT") {
		fullAgain, again := b.outcomes(statement, args)
		b.same(fullAgain, again, args)
	}
	if strings.HasPrefix(statement, "INSERT INTO one") && (strings.HasPrefix(short, "error") || strings.Contains(statement, "ON DUP")) {
		b.renumber()
		const set = "SELECT LAST_INSERT_ID(5) + 0"
		full, short := b.outcomes(set, nil)
		b.same(full, short, args)
	}
	const after = "SELECT ROW_COUNT(), LAST_INSERT_ID()"
	fullAfter, shortAfter := b.outcomes(after, nil)
	b.same(fullAfter, shortAfter, args)
	return short
}

// outcomes runs a statement once each way.
func (b *bothWays) outcomes(statement string, args []any) (full, short string) {
	return outcome(b.full, statement, mark, args), outcome(b.short, statement, "", args)
}

// renumber makes both databases go on with the same AUTO_INCREMENT value: how many numbers a statement that fails leaves
// unused is not the same both ways.
func (b *bothWays) renumber() {
	b.t.Helper()
	var next uint64
	for _, set := range []bool{false, true} {
		for _, name := range []string{"shortly", "fully"} {
			table, _ := b.engine.Catalog().Table(name, "one")
			var err error
			if set {
				err = b.engine.SetAutoIncrement(context.Background(), table.ID, next)
			} else {
				var n uint64
				n, err = b.engine.PeekAutoIncrement(table.ID)
				next = max(n, next)
			}
			if err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

func (b *bothWays) same(full, short string, args []any) {
	b.t.Helper()
	full = strings.ReplaceAll(strings.ReplaceAll(full, "fully.", "shortly."), mark, "")
	if full != short {
		b.t.Fatalf("%s %v\nthe full way:   %s\nthe short path: %s", b.statement, args, full, short)
	}
}

// outcome tells all that a client sees of a statement: columns and rows, or counts, or the error, and the warnings. mark is put
// behind each statement.
func outcome(c *gosql.Conn, statement, mark string, args []any) string {
	ctx := context.Background()
	statement += mark
	if !strings.HasPrefix(statement, "SELECT") {
		result, err := c.ExecContext(ctx, statement, args...)
		if err != nil {
			return "error " + errorText(err)
		}
		affected, _ := result.RowsAffected()
		id, _ := result.LastInsertId()
		return fmt.Sprintf("%d affected, id %d, %s", affected, id, warnings(c, mark))
	}
	rows, err := c.QueryContext(ctx, statement, args...)
	if err != nil {
		return "error " + errorText(err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return err.Error()
	}
	var out strings.Builder
	for _, t := range types {
		nullable, _ := t.Nullable()
		precision, scale, _ := t.DecimalSize()
		fmt.Fprintf(&out, "%s %s null=%v %d,%d; ", t.Name(), t.DatabaseTypeName(), nullable, precision, scale)
	}
	for rows.Next() {
		values := make([]any, len(types))
		into := make([]any, len(types))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err.Error()
		}
		for _, v := range values {
			if b, ok := v.([]byte); ok {
				fmt.Fprintf(&out, "|%q", b)
				continue
			}
			fmt.Fprintf(&out, "|%T %v", v, v)
		}
		out.WriteString("\n")
	}
	if err := rows.Err(); err != nil {
		return "error " + errorText(err)
	}
	return out.String()
}

func errorText(err error) string {
	var known *mysqldriver.MySQLError
	if errors.As(err, &known) {
		return fmt.Sprintf("%d %s %s", known.Number, known.SQLState, known.Message)
	}
	return err.Error()
}

func warnings(c *gosql.Conn, mark string) string {
	rows, err := c.QueryContext(context.Background(), "SHOW WARNINGS"+mark)
	if err != nil {
		return err.Error()
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var level, code, text string
		if err := rows.Scan(&level, &code, &text); err != nil {
			return err.Error()
		}
		out = append(out, level+" "+code+" "+text)
	}
	return fmt.Sprint(out)
}

var shortTables = []string{
	`CREATE TABLE one (id INT PRIMARY KEY AUTO_INCREMENT, k INT NOT NULL DEFAULT 7, u BIGINT UNSIGNED, s VARCHAR(10),
		c CHAR(5) NOT NULL DEFAULT '', d DECIMAL(8,2), t DATETIME, KEY (k, s), KEY (t), UNIQUE KEY uq (u))`,
	`CREATE TABLE two (a SMALLINT, b VARCHAR(20) COLLATE utf8mb4_bin, c TINYINT UNSIGNED NOT NULL, f DOUBLE, x TEXT,
		e DATE NOT NULL DEFAULT '2020-02-02', PRIMARY KEY (a, b), KEY (c), KEY (e, c))`,
	`CREATE TABLE four (a INT, m DECIMAL(12,2) NOT NULL DEFAULT 0, w VARCHAR(9), KEY (a))`,
	`CREATE TABLE three (n BIGINT PRIMARY KEY, j JSON, ts TIMESTAMP NULL, y YEAR, en ENUM('x','y'), bin VARBINARY(8), v DATETIME(3))`,
}

// wildcard makes random statements.
type wildcard struct {
	*rand.Rand
	args     []any
	prepared bool
	past     []scn.SCN // at which both databases had the same rows
}

func (w *wildcard) pick(from ...string) string { return from[w.IntN(len(from))] }

// value writes a literal, or a parameter.
func (w *wildcard) value(kind string) string {
	if w.IntN(25) == 0 {
		kind = w.pick("int", "text", "decimal", "date", "null", "large", "float")
	}
	var v any
	switch kind {
	case "int":
		v = w.IntN(12) - 2
	case "large":
		v = []any{127, 128, 255, 256, 32767, 32768, 65536, 2147483647, 2147483648, -2147483649, int64(9223372036854775807), uint64(9223372036854775808)}[w.IntN(12)]
	case "decimal":
		v = []string{"1.5", "-2.25", "3.00", "1.005", "999999.99", "1000000", "0.1"}[w.IntN(7)]
		if !w.prepared {
			return v.(string)
		}
	case "float":
		v = []float64{1.5, -0.25, 1e10, 3}[w.IntN(4)]
	case "date":
		v = []string{"2020-02-02", "2020-02-03", "1999-12-31", "2020-02-30", "0000-00-00", "2020-2-3", "20200203"}[w.IntN(7)]
	case "time":
		v = []string{"2020-02-02 00:00:00", "2020-02-02", "2020-02-03 12:30:45", "2020-02-03 12:30:45.6789", "2020-02-03 12:30:45.5", "2020-13-01 00:00:00"}[w.IntN(6)]
	case "null":
		if !w.prepared || w.IntN(2) == 0 {
			return "NULL"
		}
		v = nil
	default:
		v = []string{"a", "A", "b", "ab", "abc ", "", "5", "05", "3", "ä", "😀", "O'Neil", `back\slash`, "much too long for a column", "1e1", " 4"}[w.IntN(16)]
	}
	if w.prepared && w.IntN(4) > 0 {
		w.args = append(w.args, v)
		return "?"
	}
	switch v := v.(type) {
	case nil:
		return "NULL"
	case string:
		return "'" + strings.NewReplacer(`\`, `\\`, "'", "''").Replace(v) + "'"
	}
	return fmt.Sprint(v)
}

// columns of the tables, with the kind of value that fits.
var shortColumns = map[string][][2]string{
	"one":   {{"id", "int"}, {"k", "int"}, {"u", "int"}, {"s", "text"}, {"c", "text"}, {"d", "decimal"}, {"t", "time"}},
	"two":   {{"a", "int"}, {"b", "text"}, {"c", "int"}, {"f", "float"}, {"x", "text"}, {"e", "date"}},
	"four":  {{"a", "int"}, {"m", "decimal"}, {"w", "text"}},
	"three": {{"n", "int"}, {"bin", "text"}, {"y", "int"}, {"en", "text"}, {"v", "time"}},
}

func (w *wildcard) column(table string) [2]string {
	all := shortColumns[table]
	if w.IntN(2) == 0 {
		return all[w.IntN(2)]
	}
	return all[w.IntN(len(all))]
}

func (w *wildcard) comparison(table string) string {
	c := w.column(table)
	name, kind := c[0], c[1]
	switch w.IntN(9) {
	case 0:
		return fmt.Sprintf("%s BETWEEN %s AND %s", name, w.value(kind), w.value(kind))
	case 1:
		return fmt.Sprintf("%s IN (%s, %s, %s)", name, w.value(kind), w.value(kind), w.value(kind))
	case 2:
		return fmt.Sprintf("%s %s %s", name, w.pick("<", "<=", ">", ">=", "<>", "<=>"), w.value(kind))
	case 3:
		return fmt.Sprintf("(%s BETWEEN %s AND %s OR %s = %s)", name, w.value(kind), w.value(kind), name, w.value(kind))
	case 4:
		return fmt.Sprintf("%s < %s", w.value(kind), name)
	}
	return fmt.Sprintf("%s = %s", name, w.value(kind))
}

func (w *wildcard) where(table string) string {
	var parts []string
	for _, c := range shortColumns[table][:1+w.IntN(2)] {
		if w.IntN(3) > 0 {
			parts = append(parts, c[0]+" = "+w.value(c[1]))
		}
	}
	for range 1 + w.IntN(2) {
		parts = append(parts, w.comparison(table))
	}
	return " WHERE " + strings.Join(parts, " AND ")
}

func (w *wildcard) statement() string {
	w.args, w.prepared = nil, w.IntN(2) == 0
	table := w.pick("one", "one", "two", "three", "four")
	switch w.IntN(10) {
	case 0, 1, 2:
		return w.insert(table)
	case 3, 4:
		return w.update(table)
	case 5:
		return "DELETE FROM " + table + w.where(table)
	}
	return w.query(table)
}

func (w *wildcard) query(table string) string {
	if w.IntN(4) == 0 {
		c := shortColumns[table][w.IntN(3)][0]
		return fmt.Sprintf("SELECT COUNT(*), %s(%s), COUNT(%s) FROM %s", w.pick("SUM", "MIN", "MAX", "COUNT"), c, c, table) + w.where(table)
	}
	c, d := w.column(table)[0], w.column(table)[0]
	if w.IntN(6) == 0 {
		return fmt.Sprintf("SELECT DISTINCT %s FROM %s", c, table) + w.where(table) + " ORDER BY " + c + w.pick("", " DESC", " LIMIT 2")
	}
	out := "SELECT " + w.pick("*", c, c+", "+d, "x."+c+", "+d) + " FROM " + table + w.asOf() + " x" + w.where(table)
	if w.IntN(2) == 0 {
		return out + " ORDER BY " + key(table, w) + w.pick("", "", " LIMIT 2") + w.lock()
	}
	return out + " ORDER BY " + c + w.pick("", " DESC") + ", " + key(table, w) + w.pick("", " LIMIT 3", " LIMIT 2 OFFSET 1", " LIMIT 0")
}

// asOf is, now and then, a clause that reads the past.
func (w *wildcard) asOf() string {
	if len(w.past) == 0 || w.IntN(5) > 0 {
		return ""
	}
	at := w.past[w.IntN(len(w.past))]
	if w.prepared && w.IntN(2) == 0 {
		w.args = append(w.args, uint64(at))
		return " AS OF SCN ?"
	}
	return fmt.Sprintf(" AS OF SCN %d", at)
}

// lock is, every other time, a clause that locks the rows that are read. There is one session in each database: none waits.
func (w *wildcard) lock() string {
	if w.IntN(2) == 0 {
		return ""
	}
	return w.pick(" FOR UPDATE", " FOR SHARE", " LOCK IN SHARE MODE", " FOR UPDATE SKIP LOCKED", " FOR UPDATE NOWAIT", " FOR SHARE SKIP LOCKED", " FOR SHARE NOWAIT")
}

// key gives the columns of the primary key, so that the order of rows is one only.
func key(table string, w *wildcard) string {
	switch table {
	case "one":
		return "id" + w.pick("", " DESC")
	case "two":
		return w.pick("a, b", "a DESC, b DESC", "b, a DESC")
	}
	if table == "four" {
		return "a, m, w"
	}
	return "n"
}

func (w *wildcard) insert(table string) string {
	all := shortColumns[table]
	var names []string
	var kinds []string
	for i, c := range all {
		if i < 2 && table == "two" || w.IntN(3) > 0 || table == "three" && i == 0 {
			names, kinds = append(names, c[0]), append(kinds, c[1])
		}
	}
	if len(names) == 0 {
		names, kinds = []string{"k"}, []string{"int"}
	}
	var rows []string
	for range 1 + w.IntN(3)*w.IntN(2) {
		var values []string
		for _, k := range kinds {
			values = append(values, w.value(k))
		}
		rows = append(rows, "("+strings.Join(values, ", ")+")")
	}
	out := fmt.Sprintf("INSERT INTO %s (%s) VALUES %s", table, strings.Join(names, ", "), strings.Join(rows, ", "))
	if w.IntN(3) > 0 {
		return out
	}
	last := all[len(all)-1]
	return out + " ON DUPLICATE KEY UPDATE " + w.pick(
		fmt.Sprintf("%s = VALUES(%s)", last[0], last[0]), fmt.Sprintf("%s = %s", last[0], w.value(last[1])))
}

func (w *wildcard) update(table string) string {
	c := w.column(table)
	set := fmt.Sprintf("%s = %s", c[0], w.value(c[1]))
	if w.IntN(3) == 0 {
		n := w.pick("k", "d", "u")
		if table == "two" {
			n = "c"
		} else if table == "four" {
			n = "m"
		}
		if table != "three" {
			set = fmt.Sprintf("%s = %s %s %s", n, n, w.pick("+", "-"), w.value(w.pick("int", "decimal", "large")))
		}
	}
	return "UPDATE " + table + " SET " + set + w.where(table)
}

// The short path and the full way give the same answers, errors and warnings, and leave the same rows.
func TestShortAgrees(t *testing.T) {
	seed := *shortSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	if testing.Short() {
		*shortSteps = min(*shortSteps, 600)
	}
	t.Logf("replay with: go test ./sql -run '^TestShortAgrees$' -short-seed %d -short-steps %d", seed, *shortSteps)
	r := startWith(t, func(o *Options) { o.StatementDigests = 200_000 }) // none is evicted: they are compared at the end
	b := newBothWays(t, r, "", shortTables...)
	w := &wildcard{Rand: rand.New(rand.NewPCG(seed, 1))}
	before := shortCount(r)
	for n := range *shortSteps {
		if n%50 == 0 {
			b.transition(w)
			w.past = append(w.past[max(0, len(w.past)-20):], b.engine.Applied()) // what is not committed is seen in neither
		}
		statement := w.statement()
		b.run(statement, w.args...)
	}
	b.run("COMMIT")
	for _, table := range []string{"one", "two", "three", "four"} {
		b.run("SELECT * FROM " + table + " ORDER BY 1, 2")
	}
	taken := shortCount(r) - before
	b.sameFigures(r)
	for _, clause := range []string{"as of scn", "for share", "skip locked", "nowait"} {
		done := r.rows("SELECT COALESCE(SUM(executions - errors), 0), COALESCE(SUM(short_path_executions), 0) FROM v$sql WHERE schema_name = 'shortly' AND sql_text LIKE '%" + clause + "%'")
		if t.Logf("%s: executions and those of the short path: %s", clause, done); strings.HasPrefix(done[0], "0|") {
			t.Errorf("no statement with %s succeeded", clause)
		}
	}
	t.Logf("%d statements took the short path", taken)
	if taken < uint64(*shortSteps)/4 {
		t.Errorf("only %d of %d statements took the short path", taken, *shortSteps)
	}
}

// Queries use the memory of those before them: each of several clients gets its own rows all the same.
func TestShortAtOnce(t *testing.T) {
	r := start(t)
	const clients, rows = 8, 60
	r.exec("CREATE TABLE rows_of (client INT, n INT, k INT, text VARCHAR(200), PRIMARY KEY (client, n))")
	text := func(client, n int) string { return strings.Repeat(fmt.Sprintf("%d-%d ", client, n), 1+n%20) }
	for c := range clients {
		for n := range rows {
			if _, err := r.db.Exec("INSERT INTO rows_of VALUES (?, ?, ?, ?)", c, n, n*7%rows, text(c, n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := shortCount(r)
	var all sync.WaitGroup
	for c := range clients {
		all.Go(func() {
			for turn := range 100 {
				from := turn % rows
				order, step := "n", 1
				if turn%2 == 1 {
					order, step = "k", 7
				}
				result, err := r.db.Query("SELECT n, text FROM rows_of WHERE client = ? AND n >= ? ORDER BY "+order, c, from)
				if err != nil {
					t.Error(err)
					return
				}
				var want []string
				numbers := make([]int, rows)
				for n := range rows {
					numbers[n*step%rows] = n
				}
				for _, n := range numbers {
					if n >= from {
						want = append(want, text(c, n))
					}
				}
				var got []string
				for result.Next() {
					var n int
					var s string
					if err := result.Scan(&n, &s); err != nil {
						t.Error(err)
					}
					got = append(got, s)
				}
				if err := result.Err(); err != nil || !slices.Equal(got, want) {
					t.Errorf("client %d from %d by %s: %v\ngot  %q\nwant %q", c, from, order, err, got, want)
					return
				}
			}
		})
	}
	all.Wait()
	if taken := shortCount(r) - before; taken < clients*50 {
		t.Errorf("%d statements took the short path", taken)
	}
}

// Columns that take the present time have it, and ON UPDATE sets it only in rows of which something changes.
func TestShortClock(t *testing.T) {
	r := start(t)
	r.exec(`CREATE TABLE clock (id INT PRIMARY KEY, k INT, made DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3),
		changed TIMESTAMP(6) NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP(6), UNIQUE (k))`)
	before := shortCount(r)
	r.exec("INSERT INTO clock (id, k) VALUES (1, 1), (2, 2)")
	const fresh = "SELECT id, made BETWEEN NOW(3) - INTERVAL 1 MINUTE AND NOW(3), changed IS NULL, changed BETWEEN NOW(6) - INTERVAL 1 MINUTE AND NOW(6) FROM clock ORDER BY id"
	r.want(fresh, "1|1|1|NULL", "2|1|1|NULL")
	r.exec("UPDATE clock SET k = 1 WHERE id = 1")
	r.want(fresh, "1|1|1|NULL", "2|1|1|NULL")
	r.exec("UPDATE clock SET k = 10 WHERE id = 1", "INSERT INTO clock (id, k) VALUES (2, 9) ON DUPLICATE KEY UPDATE k = VALUES(k)")
	r.want(fresh, "1|1|0|1", "2|1|0|1")
	r.exec("UPDATE clock SET changed = NULL WHERE id = 1")
	r.want(fresh, "1|1|1|NULL", "2|1|0|1")
	if n := shortCount(r) - before; n != 4 {
		t.Errorf("%d statements took the short path, want 4", n)
	}
}

// Foreign keys, checks and triggers hold whichever way a statement goes.
func TestShortKeepsRules(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE parent (id INT PRIMARY KEY, code INT UNIQUE, name VARCHAR(9))",
		"CREATE TABLE child (id INT PRIMARY KEY, parent INT, code INT, note VARCHAR(9), FOREIGN KEY (parent) REFERENCES parent (id), FOREIGN KEY (code) REFERENCES parent (code))",
		"CREATE TABLE checked (id INT PRIMARY KEY, k INT CHECK (k > 0))",
		"CREATE TABLE seen (id INT PRIMARY KEY AUTO_INCREMENT, what VARCHAR(9))",
		"CREATE TABLE watched (id INT PRIMARY KEY, k INT)", "CREATE TABLE beside (id INT PRIMARY KEY, k INT)",
		"CREATE TRIGGER watch AFTER INSERT ON watched FOR EACH ROW INSERT INTO seen (what) VALUES ('insert')")
	before := shortCount(r)
	r.exec("INSERT INTO parent VALUES (1, 10, 'a'), (2, 20, 'b')") // short: nothing depends on new parents
	r.exec("INSERT INTO child VALUES (1, 1, 10, 'x')")
	r.fails(1452, "INSERT INTO child VALUES (2, 3, 10, 'x')")
	r.fails(1452, "UPDATE child SET parent = 7 WHERE id = 1")
	r.fails(1451, "DELETE FROM parent WHERE id = 1")
	r.fails(1451, "UPDATE parent SET code = 11 WHERE id = 1")
	r.exec("UPDATE child SET note = 'y' WHERE id = 1", "UPDATE parent SET name = 'c' WHERE id = 1") // short, both
	r.exec("DELETE FROM child WHERE id = 1")                                                        // short
	r.fails(3819, "INSERT INTO checked VALUES (1, 0)")
	r.exec("INSERT INTO watched VALUES (1, 1)", "INSERT INTO beside VALUES (1, 1)") // the second is short
	r.want("SELECT what FROM seen", "insert")
	if n := shortCount(r) - before; n != 5 {
		t.Errorf("%d statements took the short path, want 5", n)
	}
	r.exec("ALTER TABLE beside ADD COLUMN d INT DEFAULT 3", "INSERT INTO beside (id) VALUES (2)", "CREATE TRIGGER later BEFORE UPDATE ON beside FOR EACH ROW SET NEW.k = 9",
		"UPDATE beside SET k = 1 WHERE id = 2")
	r.want("SELECT * FROM beside WHERE id <= 2", "1|1|3", "2|9|3")
}

// A user without the privilege is refused, also when others have made the path learn the statement.
func TestShortPrivileges(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE secret (id INT PRIMARY KEY, k INT)", "INSERT INTO secret VALUES (1, 1)", "CREATE TABLE open (id INT PRIMARY KEY)",
		"CREATE USER u IDENTIFIED BY 'p'", "GRANT SELECT ON test.open TO u")
	const query = "SELECT k FROM secret WHERE id = 1"
	r.want(query, "1")
	r.want(query, "1")
	db := r.connectAs("u:p", "test")
	defer db.Close()
	for _, s := range []string{query, "UPDATE secret SET k = 2 WHERE id = 1", "DELETE FROM secret WHERE id = 1", "INSERT INTO secret VALUES (2, 2)"} {
		if _, err := db.Exec(s); err == nil || !strings.Contains(err.Error(), "command denied") && !strings.Contains(err.Error(), "denied") {
			t.Errorf("%s: %v, want a refusal", s, err)
		}
	}
	r.exec("GRANT SELECT, UPDATE ON test.secret TO u")
	if _, err := db.Exec("UPDATE secret SET k = 3 WHERE id = 1"); err != nil {
		t.Error(err)
	}
	r.exec("REVOKE SELECT ON test.secret FROM u")
	if _, err := db.Exec(query); err == nil {
		t.Error("a query succeeded after its privilege was taken away")
	}
	r.want(query, "3")
}

// The past is read as it was, and a change of definition is seen at once.
func TestShortReadsThePast(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE p (id INT PRIMARY KEY, k INT)", "INSERT INTO p VALUES (1, 1), (2, 2)")
	at := r.rows("SELECT current_scn()")[0]
	r.exec("UPDATE p SET k = 5 WHERE id = 1", "DELETE FROM p WHERE id = 2")
	past, now := "SELECT k FROM p AS OF SCN "+at+" WHERE id BETWEEN 1 AND 2", "SELECT k FROM p WHERE id BETWEEN 1 AND 2"
	before := shortCount(r)
	for range 3 {
		r.want(past, "1", "2")
		r.want(now, "5")
		r.wantArgs("SELECT k FROM p AS OF SCN ? WHERE id = ?", []any{at, 2}, "2")
	}
	if n := shortCount(r) - before; n < 6 {
		t.Errorf("%d statements took the short path, want 6 or more", n)
	}
	r.exec("ALTER TABLE p ADD COLUMN j INT DEFAULT 7", "ALTER TABLE p DROP COLUMN k")
	r.want("SELECT * FROM p WHERE id = 1", "1|7")
	r.want("SELECT * FROM p WHERE id = 1", "1|7")
	r.want(past, "1", "2")
	r.fails(1054, now)
	r.fails(1525, "SELECT k FROM p AS OF SCN 99999999 WHERE id BETWEEN 1 AND 2")
}

// What the full way says of columns at one definition is not taken for another: of the past, or of an old snapshot.
func TestShortLearnsByDefinition(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE p (id INT PRIMARY KEY, k INT)", "INSERT INTO p VALUES (1, 11)")
	old := r.rows("SELECT current_scn()")[0]
	c, err := r.db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const now = "SELECT k FROM p WHERE id = ?"
	for _, s := range []string{"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT"} {
		if _, err := c.ExecContext(context.Background(), s); err != nil {
			t.Fatal(err)
		}
	}
	r.exec("ALTER TABLE p MODIFY k VARCHAR(20)", "UPDATE p SET k = 'a text' WHERE id = 1")
	later := r.rows("SELECT current_scn()")[0]
	const past = "SELECT k FROM p AS OF SCN ? WHERE id = ?"
	for range 3 {
		if got := outcome(c, now, "", []any{1}); !strings.HasPrefix(got, "k INT") || !strings.HasSuffix(got, "|int64 11\n") {
			t.Errorf("the old snapshot: %s", got)
		}
		r.wantArgs(now, []any{1}, "a text")
		r.wantArgs(past, []any{old, 1}, "11")
		r.wantArgs(past, []any{later, 1}, "a text")
	}
}

// wantArgs is want with arguments.
func (r *running) wantArgs(query string, args []any, want ...string) {
	r.t.Helper()
	if got := r.rows(query, args...); strings.Join(got, "\n") != strings.Join(want, "\n") {
		r.t.Fatalf("%s %v: got %q, want %q", query, args, got, want)
	}
}

// transition begins or ends a transaction, at random.
func (b *bothWays) transition(w *wildcard) {
	statement := w.pick("BEGIN", "COMMIT", "ROLLBACK", "SET autocommit = 0", "SET autocommit = 1",
		"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
		"SET SESSION TRANSACTION ISOLATION LEVEL "+w.pick(readCommitted, repeatableRead, serializable), "START TRANSACTION")
	b.run(statement)
}

// shortCount is the number of statements that took the short path.
func shortCount(r *running) uint64 {
	return r.server.figures.set.GetOrCreateCounter("redoubt_sql_short_statements_total").Get()
}
