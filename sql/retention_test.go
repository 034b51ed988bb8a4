package sql

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	mysqldriver "github.com/go-sql-driver/mysql"

	"redoubt/engine"
	"redoubt/scn"
)

// upkeep is a round of what the node does from time to time.
func (r *running) upkeep() engine.Collected {
	r.t.Helper()
	e, ctx := r.database.Engine, context.Background()
	if _, err := e.Fold(ctx, engine.Pace{}); err != nil {
		r.t.Fatal(err)
	}
	if _, err := e.MoveFloors(ctx); err != nil {
		r.t.Fatal(err)
	}
	done, err := e.Collect(ctx, engine.Pace{})
	if err != nil {
		r.t.Fatal(err)
	}
	return done
}

// beforeFloor runs a statement that must be refused because of the floor, with some words in the message.
func (r *running) beforeFloor(statement string, words ...string) {
	r.t.Helper()
	rows, err := r.db.Query(statement)
	if err == nil {
		for rows.Next() {
		}
		err = rows.Err()
		rows.Close()
	}
	var known *mysqldriver.MySQLError
	if !errors.As(err, &known) || known.Number != 1105 {
		r.t.Fatalf("%s: got %v, want error 1105", statement, err)
	}
	for _, w := range append(words, "[RD-1102]") {
		if !strings.Contains(known.Message, w) {
			r.t.Fatalf("%s: %s, which does not say %q", statement, known.Message, w)
		}
	}
}

func (r *running) current() scn.SCN { return r.database.Engine.Applied() }

// churn changes every row some times.
func (r *running) churn(times int) {
	r.t.Helper()
	for range times {
		r.exec("UPDATE stock SET n = n + 1")
	}
}

// TestGuaranteedRestorePoint: what it keeps is there while clients write and history is dropped, under every way to the past; the
// error below it names it; once it is dropped, the floor moves.
func TestGuaranteedRestorePoint(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE stock (item INT PRIMARY KEY, n INT, KEY (n))", "INSERT INTO stock VALUES (1, 0), (2, 10), (3, 20)")
	r.exec("CREATE RESTORE POINT loose")
	loose := r.current() - 1
	r.churn(3)
	r.exec("CREATE RESTORE POINT safe GUARANTEE FLASHBACK DATABASE DESCRIPTION 'before the release'")
	safe := r.current() - 1
	r.exec("SET FLASHBACK RETENTION 1 VERSION")
	r.churn(10)
	if done := r.upkeep(); done.Versions == 0 {
		t.Fatal("nothing was dropped")
	}
	for range 3 {
		r.churn(3)
		r.upkeep()
	}
	want := []string{"1|3", "2|13", "3|23"}
	r.want("SELECT * FROM stock AS OF RESTORE POINT safe ORDER BY item", want...)
	r.want("SELECT item, n FROM stock AS OF RESTORE POINT safe WHERE n > 0 ORDER BY n", want...)
	r.want("SELECT * FROM stock AS OF RESTORE POINT safe WHERE item = 2", "2|13")
	floor := fmt.Sprintf("SCN %d of ", safe)
	r.beforeFloor("SELECT * FROM stock AS OF RESTORE POINT loose", floor, "restore point safe", "restore point loose is, which has no guarantee")
	r.beforeFloor(fmt.Sprintf("SELECT * FROM stock AS OF SCN %d WHERE item = 2", loose), floor, "kept by restore point safe", "table stock")
	r.beforeFloor(fmt.Sprintf("SELECT n FROM stock AS OF SCN %d WHERE n = 10", loose), floor)
	r.beforeFloor(fmt.Sprintf("SELECT * FROM stock VERSIONS BETWEEN SCN %d AND MAXVALUE", loose), floor)
	r.beforeFloor(fmt.Sprintf("FLASHBACK TABLE stock TO SCN %d", loose), floor)
	r.beforeFloor(fmt.Sprintf("CREATE TABLE other CLONE stock AS OF SCN %d", loose), floor)
	r.beforeFloor(fmt.Sprintf("CREATE RESTORE POINT late AS OF SCN %d GUARANTEE FLASHBACK DATABASE", loose), floor)
	r.want("SELECT count(*) FROM stock VERSIONS BETWEEN MINVALUE AND MAXVALUE WHERE item = 1", "20")
	r.want("SELECT kind, name, scn, owner, pins FROM v$hold WHERE kind = 'restore point'", fmt.Sprintf("restore point|safe|%d|root|rows, catalog, log", safe))
	r.want("SELECT name, guarantee_flashback_database FROM v$restore_point ORDER BY name", "loose|0", "safe|1")
	r.want("SELECT oldest_flashback_scn, kept_by, retention_target FROM v$flashback_database_log WHERE object = 'test.stock'",
		fmt.Sprintf("%d|restore point safe|1 VERSION", safe))
	if shown := r.rows("SHOW RESTORE POINTS"); len(shown) != 2 || !strings.Contains(shown[1], "|1|before the release") {
		t.Fatalf("shown are %v", shown)
	}
	r.exec("FLASHBACK TABLE stock TO RESTORE POINT safe")
	r.want("SELECT * FROM stock ORDER BY item", want...)
	r.restart()
	r.upkeep()
	r.want("SELECT * FROM stock AS OF RESTORE POINT safe ORDER BY item", want...)
	r.exec("DROP RESTORE POINT safe")
	r.churn(1)
	if done := r.upkeep(); done.Versions == 0 {
		t.Fatal("nothing was dropped though nothing keeps it")
	}
	r.beforeFloor(fmt.Sprintf("SELECT * FROM stock AS OF SCN %d", safe), "retention 1 VERSION")
	r.want("SELECT * FROM stock ORDER BY item", "1|4", "2|14", "3|24")
}

// TestRetentionStatements: how much is kept is said and shown, by text and prepared, for the database, a schema and a table.
func TestRetentionStatements(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE stock (item INT PRIMARY KEY, n INT)")
	r.want("SHOW FLASHBACK RETENTION", "DATABASE|7 DAY|0|NULL")
	r.want("SET FLASHBACK RETENTION 36 HOURS", "DATABASE|36 HOUR|0|NULL")
	r.wantArgs("SET FLASHBACK RETENTION ? WEEK FOR TABLE stock", []any{2}, "TABLE test.stock|14 DAY|0|NULL")
	r.wantArgs("SET FLASHBACK RETENTION ? VERSIONS FOR SCHEMA test", []any{"100"}, "SCHEMA test|100 VERSIONS|0|NULL")
	r.want("SHOW FLASHBACK RETENTION", "DATABASE|36 HOUR|0|NULL", "SCHEMA test|100 VERSIONS|0|NULL", "TABLE test.stock|14 DAY|0|NULL")
	r.exec("SET FLASHBACK RETENTION ALL FOR TABLE test.stock", "SET FLASHBACK RETENTION DEFAULT FOR DATABASE test", "SET FLASHBACK RETENTION DEFAULT FOR DATABASE test")
	r.restart()
	r.want("SHOW FLASHBACK RETENTION", "DATABASE|36 HOUR|0|NULL", "TABLE test.stock|ALL|0|NULL")
	r.exec("SET FLASHBACK RETENTION DEFAULT", "DROP TABLE stock")
	r.want("SHOW FLASHBACK RETENTION", "DATABASE|7 DAY|0|NULL")
	for _, wrong := range []string{
		"SET FLASHBACK RETENTION", "SET FLASHBACK RETENTION 7", "SET FLASHBACK RETENTION DAY", "SET FLASHBACK RETENTION 7 YEARS",
		"SET FLASHBACK RETENTION 7 DAY FOR", "SET FLASHBACK RETENTION 7 DAY FOR VIEW v", "SET FLASHBACK RETENTION 0 DAY",
		"SET FLASHBACK RETENTION 1.5 DAY", "SET FLASHBACK RETENTION -1 DAY", "SHOW FLASHBACK RETENTION now", "SET FLASHBACK RETENTION 99999999999999 DAY",
	} {
		r.fails(1064, wrong)
	}
	r.fails(1064, "SET FLASHBACK RETENTION ? DAY", "many")
	r.fails(1064, "SET FLASHBACK RETENTION ? DAY", nil)
	r.fails(1146, "SET FLASHBACK RETENTION 7 DAY FOR TABLE nowhere")
	r.fails(1049, "SET FLASHBACK RETENTION 7 DAY FOR SCHEMA nowhere")
	r.exec("CREATE USER ann", "GRANT ALL ON test.* TO ann")
	ann := r.connectAs("ann", "test")
	defer ann.Close()
	var refused *mysqldriver.MySQLError
	if _, err := ann.Exec("SET FLASHBACK RETENTION 1 SECOND"); !errors.As(err, &refused) || refused.Number != 1142 {
		t.Fatalf("somebody without privileges: %v", err)
	}
}
