package sql

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
	"github.com/rs/zerolog"

	"redoubt/engine/enginetest"
)

func TestUsers(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)", "CREATE TABLE secret (id INT PRIMARY KEY)", "INSERT INTO secret VALUES (1)")
	s := r.scn()
	r.exec("CREATE USER reader@localhost IDENTIFIED BY 'pass'", "GRANT SELECT ON test.t TO reader@localhost")
	check := func() {
		t.Helper()
		db := r.connectAs("reader:pass", "test")
		defer db.Close()
		if got, err := queryRows(db, "SELECT id FROM t"); err != nil || len(got) != 1 {
			t.Fatalf("granted table: %v, %v", got, err)
		}
		if got, err := queryRows(db, "SELECT id FROM t AS OF SCN ?", s); err != nil || len(got) != 1 {
			t.Fatalf("granted table in the past: %v, %v", got, err)
		}
		for _, refused := range []string{"SELECT id FROM secret", "INSERT INTO t VALUES (2)", "CREATE RESTORE POINT p", "DROP TABLE t"} {
			if _, err := db.Exec(refused); err == nil {
				t.Errorf("%s: no error for a user without the privilege", refused)
			}
		}
	}
	check()
	r.restart()
	check()
	if err := r.connectAs("reader:wrong", "test").Ping(); err == nil {
		t.Error("a wrong password was taken")
	}
	// Reading the past needs today's privilege.
	r.exec("REVOKE SELECT ON test.t FROM reader@localhost")
	db := r.connectAs("reader:pass", "")
	defer db.Close()
	if _, err := queryRows(db, "SELECT id FROM test.t AS OF SCN ?", s); err == nil {
		t.Error("the past was read without today's privilege")
	}
}

// TestPrivilegesOfViews: V$ tables are granted as tables of redoubt, wherever a session is.
func TestPrivilegesOfViews(t *testing.T) {
	r := start(t)
	r.exec("CREATE USER reader@localhost", "GRANT SELECT ON redoubt.* TO reader@localhost", "CREATE USER other@localhost", "GRANT SELECT ON test.* TO other@localhost")
	const query = "SELECT p.name FROM V$PARAMETER p JOIN v$database ON version = 'test' WHERE p.name = 'mysql'"
	for _, database := range []string{"", "redoubt"} {
		db := r.connectAs("reader", database)
		defer db.Close()
		for _, q := range []string{query, "SELECT name FROM redoubt.v$parameter"} {
			if got, err := queryRows(db, q); err != nil || len(got) != 1 {
				t.Errorf("in %q: %s: got %v, %v", database, q, got, err)
			}
		}
	}
	db := r.connectAs("other", "test")
	defer db.Close()
	if got, err := queryRows(db, query); err == nil {
		t.Errorf("without the privilege: got %v", got)
	}
	r.exec("GRANT SELECT ON test.* TO reader@localhost")
	both := r.connectAs("reader", "test")
	defer both.Close()
	if got, err := queryRows(both, query); err != nil || len(got) != 1 {
		t.Errorf("in another database: got %v, %v", got, err)
	}
}

// TestSchemaIsDatabase: the words mean the same, without a current database, too.
func TestSchemaIsDatabase(t *testing.T) {
	r := start(t)
	db := r.connectAs("root", "")
	defer db.Close()
	for _, s := range []string{"CREATE SCHEMA other", "CREATE SCHEMA IF NOT EXISTS other", "CREATE TABLE other.t (id INT)", "DROP SCHEMA other", "DROP SCHEMA IF EXISTS other"} {
		if _, err := db.Exec(s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
}

// TestRootPassword demands a password where other machines can connect.
func TestRootPassword(t *testing.T) {
	d := enginetest.Open(t, enginetest.WithCollator(Collator()))
	o := Options{Engine: d.Engine, Log: d.Log, Addr: "0.0.0.0:0", Logger: zerolog.Nop()}
	if _, err := New(o); err == nil || !strings.Contains(err.Error(), "root has no password") {
		t.Fatalf("root without a password on every address: got %v", err)
	}
	o.RootPassword = "long and secret"
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	stop(t, s)
	o.RootPassword = "" // it is kept in the database
	if s, err = New(o); err != nil {
		t.Fatalf("second start, the password is known: %v", err)
	}
	stop(t, s)
}

func stop(t *testing.T, s *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
}

// TestGlobalsNeedAdmin: what all sessions begin with is set by administrators only, directly and prepared.
func TestGlobalsNeedAdmin(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY)", "CREATE USER plain@localhost", "GRANT SELECT ON test.* TO plain@localhost", "CREATE USER chief@localhost", "GRANT SUPER ON *.* TO chief@localhost")
	before := r.rows("SELECT @@GLOBAL.innodb_lock_wait_timeout, @@GLOBAL.max_connections")
	plain := r.connectAs("plain", "test")
	defer plain.Close()
	plain.SetMaxOpenConns(1)
	if _, err := plain.Exec("PREPARE p FROM 'SET GLOBAL innodb_lock_wait_timeout = 3'"); err != nil && errorNumber(err) != 1227 {
		t.Fatal(err)
	} else if err == nil {
		if _, err := plain.Exec("EXECUTE p"); errorNumber(err) != 1227 {
			t.Errorf("EXECUTE: %v", err)
		}
	}
	for _, s := range []string{
		"SET GLOBAL max_connections = 777", "SET @@GLOBAL.max_connections = 777", "SET PERSIST max_connections = 777", "SET PERSIST_ONLY max_connections = 777",
		"SET @a = 1, GLOBAL innodb_lock_wait_timeout = 3", "SET GLOBAL innodb_lock_wait_timeout = DEFAULT", "SET GLOBAL TRANSACTION ISOLATION LEVEL READ COMMITTED",
	} {
		if _, err := plain.Exec(s); errorNumber(err) != 1227 {
			t.Errorf("%s: %v", s, err)
		}
	}
	if _, err := plain.Exec("SET GLOBAL innodb_lock_wait_timeout = ?", 3); errorNumber(err) != 1227 {
		t.Errorf("prepared: %v", err)
	}
	if _, err := plain.Exec("SET SESSION innodb_lock_wait_timeout = 3, @a = 1"); err != nil {
		t.Errorf("of the session: %v", err)
	}
	r.want("SELECT @@GLOBAL.innodb_lock_wait_timeout, @@GLOBAL.max_connections", before...)
	chief := r.connectAs("chief", "")
	defer chief.Close()
	if _, err := chief.Exec("SET GLOBAL innodb_lock_wait_timeout = 50"); err != nil {
		t.Errorf("by an administrator: %v", err)
	}
}

// errorNumber gives MySQL's number of an error; 0 for none.
func errorNumber(err error) uint16 {
	var known *mysqldriver.MySQLError
	if errors.As(err, &known) {
		return known.Number
	}
	return 0
}
