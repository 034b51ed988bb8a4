package sql

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
	"github.com/rs/zerolog"

	"github.com/VictoriaMetrics/metrics"
)

func TestFirstSteps(t *testing.T) {
	r := start(t)
	r.exec(
		"CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20), KEY(name))",
		"INSERT INTO t VALUES (1,'one'),(2,'two'),(3,NULL)",
		"UPDATE t SET name='deux' WHERE id=2",
		"DELETE FROM t WHERE id=1",
	)
	r.want("SELECT id, name FROM t ORDER BY id", "2|deux", "3|NULL")
	r.want("SELECT id FROM t WHERE name = 'deux'", "2")
	r.fails(1062, "INSERT INTO t VALUES (2,'x')")
	r.exec("INSERT IGNORE INTO t VALUES (2,'x')", "REPLACE INTO t VALUES (3,'trois')", "INSERT INTO t VALUES (2,'y') ON DUPLICATE KEY UPDATE name='z'")
	r.want("SELECT id, name FROM t ORDER BY id", "2|z", "3|trois")
	r.restart()
	r.want("SELECT id, name FROM t ORDER BY id", "2|z", "3|trois")
	r.database.CheckLaw(t)
	r.database.CheckIndexes(t)
}

func TestExplainAndStatistics(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, a INT, b VARCHAR(20), KEY ab (a, b))")
	for i := range 20 {
		r.exec("INSERT INTO t VALUES " + strings.TrimSuffix(strings.Repeat("("+itoa(i)+", 1, 'x'),", 1), ","))
	}
	r.exec("ANALYZE TABLE t")
	plan := strings.Join(r.rows("EXPLAIN SELECT b FROM t WHERE a = 1 AND b > 'a'"), "\n")
	if !strings.Contains(plan, "using ab") || !strings.Contains(plan, "rows=20") {
		t.Errorf("plan names neither index nor rows:\n%s", plan)
	}
	plan = strings.Join(r.rows("EXPLAIN ANALYZE SELECT COUNT(*) FROM t WHERE id < 5"), "\n")
	if !strings.Contains(plan, "actual rows=5") {
		t.Errorf("analyzed plan does not count rows:\n%s", plan)
	}
	if got := r.rows("EXPLAIN FORMAT=JSON SELECT * FROM t WHERE id = ?", 3); !strings.Contains(got[0], `"operation"`) {
		t.Errorf("JSON plan: %s", got)
	}
	r.fails(1235, "EXPLAIN ANALYZE DELETE FROM t")
	r.want("SELECT COUNT(*) FROM t", "20")
	r.restart()
	r.exec("DELETE FROM t WHERE id >= 10")
	r.want("SELECT table_rows FROM information_schema.tables WHERE table_name = 't'", "10")
	r.want("CHECK TABLE t", "test.t|check|status|OK")
	if got := r.rows("CHECKSUM TABLE t, nothere"); len(got) != 2 || !strings.HasSuffix(got[1], "|NULL") {
		t.Errorf("checksums: %v", got)
	}
}

func itoa(n int) string { return string(rune('0'+n/10)) + string(rune('0'+n%10)) }

func TestPersistedVariables(t *testing.T) {
	r := start(t)
	r.exec("SET PERSIST max_execution_time = 4321")
	r.restart()
	r.want("SELECT @@global.max_execution_time", "4321")
	r.exec("SET GLOBAL max_execution_time = 0")
}

func TestLoadData(t *testing.T) {
	r := start(t)
	file := filepath.Join(t.TempDir(), "rows.tsv")
	if err := os.WriteFile(file, []byte("1\tone\n2\ttwo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mysqldriver.RegisterLocalFile(file)
	r.exec("CREATE TABLE l (id INT PRIMARY KEY, v VARCHAR(10))", "LOAD DATA LOCAL INFILE '"+file+"' INTO TABLE l")
	r.want("SELECT * FROM l ORDER BY id", "1|one", "2|two")
	if _, err := r.db.Exec("LOAD DATA INFILE '" + file + "' INTO TABLE l"); err == nil {
		t.Error("a file of the server was read without leave")
	}
}

func TestProceduresAndTriggers(t *testing.T) {
	r := start(t)
	r.exec(
		"CREATE TABLE t (id INT PRIMARY KEY, v INT, KEY (v))", "CREATE TABLE log (id INT PRIMARY KEY AUTO_INCREMENT, v INT)",
		"CREATE PROCEDURE note(IN x INT) BEGIN INSERT INTO log (v) VALUES (x); INSERT INTO log (v) VALUES (x * 10); END",
		"CREATE TRIGGER after_t AFTER INSERT ON t FOR EACH ROW CALL note(NEW.v)",
		"INSERT INTO t VALUES (1, 1), (2, 2)",
	)
	r.want("SELECT v FROM log ORDER BY id", "1", "10", "2", "20")
	r.fails(1062, "INSERT INTO t VALUES (3, 3), (1, 4)") // what the trigger did goes, too
	r.want("SELECT COUNT(*) FROM log", "4")
	r.want("SELECT COUNT(*) FROM t", "2")
	c := on{r.connection(), t}
	c.exec("BEGIN", "INSERT INTO t VALUES (5, 5)", "CALL note(6)", "ROLLBACK")
	r.want("SELECT COUNT(*) FROM log", "4")
	c.exec("BEGIN", "INSERT INTO t VALUES (5, 5)", "CALL note(6)", "COMMIT")
	r.want("SELECT COUNT(*) FROM log", "8")
	// A row that an update moves along the index by which it is read is updated once.
	r.exec("UPDATE t SET v = v + 10 WHERE v <> 2")
	r.want("SELECT id, v FROM t ORDER BY id", "1|11", "2|2", "5|15")
	r.exec("UPDATE t SET v = v + 100 WHERE v IN (2, 102, 11, 111)")
	r.want("SELECT id, v FROM t ORDER BY id", "1|111", "2|102", "5|15")
}

func TestKill(t *testing.T) {
	r := start(t)
	c := on{r.connection(), t}
	id, err := queryRows(c, "SELECT CONNECTION_ID()")
	if err != nil {
		t.Fatal(err)
	}
	failure := make(chan error, 1)
	go func() {
		_, err := queryRows(c, "SELECT SLEEP(30)")
		failure <- err
	}()
	deadline := time.Now().Add(2 * time.Minute)
	for len(r.rows("SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%' AND id = "+id[0])) == 0 {
		if time.Now().After(deadline) {
			t.Fatal("the statement never showed in the process list")
		}
	}
	r.exec("KILL QUERY " + id[0])
	if err := <-failure; err == nil || !strings.Contains(err.Error(), "1317") {
		t.Fatalf("killed statement gave %v, want error 1317", err)
	}
}

func TestAddressInUse(t *testing.T) {
	r := start(t)
	_, err := New(Options{Engine: r.database.Engine, Log: r.database.Log, Addr: r.server.Addr(), Logger: zerolog.Nop()})
	if err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Fatalf("second server on the same address: %v", err)
	}
}

// TestShutdown lets a running statement finish and closes idle connections.
func TestShutdown(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY)")
	idle := on{r.connection(), t}
	idle.exec("BEGIN", "INSERT INTO t VALUES (1)")
	busy := on{r.connection(), t}
	done := make(chan error, 1)
	go func() {
		_, err := queryRows(busy, "SELECT SLEEP(1)")
		done <- err
	}()
	for len(r.rows("SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'")) == 0 {
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := r.server.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("the running statement was broken off: %v", err)
	}
	if err := idle.PingContext(context.Background()); err == nil {
		t.Error("an idle connection outlived the server")
	}
	r.restart()
	r.want("SELECT COUNT(*) FROM t", "0")
}

func TestMetrics(t *testing.T) {
	set := metrics.NewSet()
	f := newFigures(set)
	f.record("select", time.Microsecond, nil)
	f.record("insert", time.Microsecond, context.Canceled)
	var out bytes.Buffer
	set.WritePrometheus(&out)
	for _, want := range []string{`redoubt_sql_statements_total{kind="select"} 1`, `redoubt_sql_statement_errors_total{kind="insert"} 1`, `redoubt_sql_statement_seconds_bucket{kind="select"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
	for text, want := range map[string]string{"/* c */ SELECT 1": "select", "with x as (select 1) select * from x": "select", "ALTER TABLE t ADD c INT": "ddl", "create temporary table t (a int)": "other", "(SELECT 1)": "select", "/*!40000 ALTER TABLE t DISABLE KEYS */": "ddl", "vacuum": "other"} {
		if got := kindOf(text); got != want {
			t.Errorf("kind of %q is %s, want %s", text, got, want)
		}
	}
}
