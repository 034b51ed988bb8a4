package node

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/rs/zerolog"

	"redoubt/backup/store"
)

// recoverAnswer is the row that a RECOVER statement answers, by column.
func recoverAnswer(t *testing.T, db *sql.DB, statement string) map[string]string {
	t.Helper()
	rows, err := db.Query(statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer rows.Close()
	columns, _ := rows.Columns()
	values, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	out := map[string]string{}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for i := range columns {
			out[columns[i]] = values[i].String
		}
	}
	if err := rows.Err(); err != nil || len(out) == 0 {
		t.Fatalf("%s: %v, %v", statement, out, err)
	}
	return out
}

// connectAs connects as a user, "NAME:PASSWORD@", with parameters.
func connectAs(t *testing.T, n *Node, user, parameters string) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", user+"tcp("+n.Addresses().MySQL+")/?"+parameters)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// TestRecoverStatement brings tables and a schema of the past back by SQL: to every kind of point, with a plan first, from an
// encrypted repository too, for a user whose privileges count.
func TestRecoverStatement(t *testing.T) {
	f, _ := archived(t)
	f["require-tls"] = "true" // for those from outside
	f["archive-key"] = newKey(t)
	n := start(t, f)
	t.Cleanup(func() { n.Close() })
	db := connectAs(t, n, "root@", "tls=skip-verify")
	run(t, db, append([]string{"CREATE DATABASE shop", "SET GLOBAL time_zone = '+00:00'"}, shopOf...)...)
	run(t, db, "CREATE RESTORE POINT good", "BACKUP DATABASE")
	at := uint64(n.Engine().Applied())
	when := get(t, db, fmt.Sprintf("SELECT SCN_TO_TIMESTAMP(%d)", at))
	every, orders := rowsOf(t, db, "SELECT * FROM shop.every"), rowsOf(t, db, "SELECT * FROM shop.orders")
	run(t, db, "DELETE FROM shop.orders WHERE id = 11")
	xid := get(t, db, fmt.Sprintf("SELECT xid FROM FLASHBACK_TRANSACTION_QUERY WHERE table_name = 'orders' AND operation = 'DELETE' AND start_scn >= %d", at))
	run(t, db, "DELETE FROM shop.every", "TRUNCATE shop.orders")
	awaitArchived(t, n)

	plan := recoverAnswer(t, db, fmt.Sprintf("EXPLAIN RECOVER TABLE shop.orders TO SCN %d AS planned", at))
	if plan["operation"] != "EXPLAIN RECOVER TABLE" || plan["scn"] != fmt.Sprint(at) || plan["recovered_as"] != "shop.planned" || plan["from_backup"] == "" || plan["rows"] != "" || !strings.Contains(plan["note"], "it would take so long, by ") {
		t.Errorf("plan: %v", plan)
	}
	if got := get(t, db, "SELECT COUNT(*) FROM information_schema.tables WHERE table_name = 'planned'"); got != "0" {
		t.Error("a plan made a table")
	}
	for i, point := range []string{
		fmt.Sprint("SCN ", at), "TIMESTAMP '" + when + "'", "RESTORE POINT good", "BEFORE TRANSACTION " + xid, "BEFORE STATEMENT " + xid,
	} {
		got := recoverAnswer(t, db, fmt.Sprintf("RECOVER TABLE shop.orders TO %s AS back%d", point, i))
		if got["operation"] != "RECOVER TABLE" || got["tables"] != "1" || got["rows"] != "2" || got["checksum"] == "" || got["object"] != "shop.orders" {
			t.Errorf("to %s: %v", point, got)
		}
		if got := rowsOf(t, db, fmt.Sprintf("SELECT * FROM shop.back%d", i)); got != orders {
			t.Errorf("to %s it has %s, it had %s", point, got, orders)
		}
	}
	if got := recoverAnswer(t, db, "RECOVER TABLE shop.orders TO TRANSACTION "+xid+" AS after_it"); got["rows"] != "1" {
		t.Errorf("to the transaction: %v", got)
	}
	if got := recoverAnswer(t, db, "RECOVER TABLE shop.orders TO LATEST AS newest"); got["rows"] != "0" {
		t.Errorf("to the newest commit: %v", got)
	}
	got := recoverAnswer(t, db, fmt.Sprintf("RECOVER SCHEMA shop TO SCN %d AS lab", at))
	if got["tables"] != "4" || rowsOf(t, db, "SELECT * FROM lab.every") != every {
		t.Errorf("the schema: %v", got)
	}

	for statement, want := range map[string]string{
		"RECOVER TABLE shop.orders TO LATEST":                                       "the server has a table or view shop.orders: choose another name with AS",
		"RECOVER SCHEMA shop TO LATEST":                                             "the server has a database shop: choose another name with AS",
		"RECOVER TABLE shop.nothing TO LATEST":                                      "there was no table shop.nothing at SCN",
		"RECOVER TABLE shop.orders TO SCN 999999999 AS x":                           "it ends at SCN",
		"RECOVER TABLE shop.orders TO SCN 0 AS x":                                   "SCN 1 or later",
		"RECOVER TABLE shop.orders TO RESTORE POINT never AS x":                     "restore point never",
		"RECOVER TABLE shop.orders TO LATEST FROM 'file:///nothing/here' AS x":      "/nothing",
		"RECOVER TABLE shop.orders TO LATEST FROM 'ftp://x' AS x":                   "this version knows file:///DIRECTORY",
		"RECOVER TABLE shop.orders TO LATEST ENCRYPT KEY '/nothing/key' AS x":       "/nothing/key",
		"RECOVER TABLE orders TO LATEST AS x":                                       "no database selected",
		"RECOVER TABLE shop.orders TO LATEST AS away.x":                             "the server has no database away",
		"RECOVER TABLE shop.orders TO TIMESTAMP '1970-01-01 00:00:00' AS x":         "there was no commit at 1970-01-01",
		"EXPLAIN RECOVER TABLE shop.orders TO TIMESTAMP '1980-01-01 00:00:00' AS x": "there was no commit at 1980-01-01",
	} {
		if _, err := db.Exec(statement); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", statement, err, want)
		}
	}
	if left, _ := os.ReadDir(filepath.Join(n.config.Data, recoverDir)); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if got := hiddenNames(t, db); got != "" {
		t.Errorf("left behind: %s", got)
	}
	t.Run("privileges", func(t *testing.T) { recoverPrivileges(t, n, db) })
}

// recoverPrivileges: what BACKUP needs, SELECT on what comes back, and where it goes the privileges to make it by hand.
func recoverPrivileges(t *testing.T, n *Node, db *sql.DB) {
	run(t, db, "CREATE DATABASE mine", "CREATE USER u IDENTIFIED BY 'p'", "GRANT CREATE, ALTER, DROP, INSERT, SELECT ON mine.* TO u")
	u := connectAs(t, n, "u:p@", "tls=skip-verify")
	statement := "RECOVER TABLE shop.customer TO RESTORE POINT good AS mine.customer"
	for i, grant := range []string{"GRANT RELOAD ON *.* TO u", "GRANT SELECT ON shop.* TO u", ""} {
		_, err := u.Exec(statement)
		switch {
		case grant != "" && (err == nil || !strings.Contains(err.Error(), "denied")):
			t.Errorf("with %d grants: %v", i, err)
		case grant == "" && err != nil:
			t.Error(err)
		}
		if grant != "" {
			run(t, db, grant)
		}
	}
	if _, err := u.Exec("RECOVER TABLE shop.customer TO RESTORE POINT good AS shop.mine"); err == nil || !strings.Contains(err.Error(), "denied") {
		t.Errorf("a user made a table where they may not: %v", err)
	}
}

// gatedS3 is a bucket whose pieces of the log are not given away until the gate is opened, or whoever asks goes away.
func gatedS3(t *testing.T) (address string, open func()) {
	t.Helper()
	backend, gate := s3mem.New(), make(chan struct{})
	if err := backend.CreateBucket("bucket"); err != nil {
		t.Fatal(err)
	}
	inner := gofakes3.New(backend).Server()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, ".seg") {
			select {
			case <-gate:
			case <-r.Context().Done():
				return
			}
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return "s3://bucket/repository?endpoint=" + s.URL + "&region=here", func() { close(gate) }
}

// TestRecoverStatementKilled: one that is killed leaves nothing, is seen while it runs, and keeps a second one out.
func TestRecoverStatementKilled(t *testing.T) {
	ctx := context.Background()
	address, open := gatedS3(t)
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	f["archive"], f["archive-every"] = address, "20ms"
	config, err := Load("", f)
	if err != nil {
		t.Fatal(err)
	}
	config.S3 = store.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}
	n, err := Open(ctx, config, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, v VARCHAR(20))", "INSERT INTO app.t VALUES (1, 'one'), (2, 'two')")
	awaitArchived(t, n)
	id, failed := takeSlowly(t, db, "RECOVER SCHEMA app TO LATEST AS back")
	awaitThat(t, "the recovery", func() bool { return len(recoveries{n}.Progress()) > 0 })
	if got := get(t, db, "SELECT CONCAT_WS(' ', object, recovered_as, target, step) FROM redoubt.V$RECOVERY_PROGRESS"); got != "app back the newest commit plan" {
		t.Errorf("V$RECOVERY_PROGRESS says %s", got)
	}
	if _, err := db.Exec("RECOVER SCHEMA app TO LATEST AS second"); err == nil || !strings.Contains(err.Error(), "another RECOVER runs") {
		t.Errorf("a second one: %v", err)
	}
	run(t, db, "KILL QUERY "+id)
	if err := <-failed; err == nil {
		t.Error("a recovery that was killed succeeded")
	}
	if got := hiddenNames(t, db) + rowsOf(t, db, "SELECT schema_name FROM information_schema.schemata WHERE schema_name IN ('back', 'second')"); got != "" {
		t.Errorf("left behind: %s", got)
	}
	if _, err := os.Stat(filepath.Join(n.config.Data, recoverDir)); err == nil {
		t.Error("what was fetched is left")
	}
	if got := rowsOf(t, db, "SELECT * FROM redoubt.V$RECOVERY_PROGRESS"); got != "" {
		t.Errorf("it is still under way: %s", got)
	}
	open()
	run(t, db, "RECOVER SCHEMA app TO LATEST AS back")
	if got := get(t, db, "SELECT COUNT(*) FROM back.t"); got != "2" {
		t.Errorf("%s rows", got)
	}
}
