package node

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"redoubt/backup/repository"
	"redoubt/pitr"
	"redoubt/scn"
	"redoubt/sql/transfer"
)

// hiddenNames lists what a copy that is not complete has left.
func hiddenNames(t *testing.T, db *sql.DB) string {
	t.Helper()
	return rowsOf(t, db, "SELECT table_schema, table_name FROM information_schema.tables WHERE table_name LIKE 'redoubt\\_rec%'") +
		rowsOf(t, db, "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'redoubt\\_rec%'") +
		rowsOf(t, db, "SELECT original_name FROM redoubt.DBA_RECYCLEBIN WHERE original_name LIKE 'redoubt\\_rec%'")
}

// TestRecoverIntoWhole: a copy that is stopped, loses its connection or finds what a crash left is there whole or not at all, and
// the next one makes it.
func TestRecoverIntoWhole(t *testing.T) {
	ctx := context.Background()
	f, repository := archived(t)
	n := start(t, f)
	t.Cleanup(func() { n.Close() })
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, v VARCHAR(20))", "CREATE TABLE app.u (id INT PRIMARY KEY, t INT, FOREIGN KEY (t) REFERENCES app.t (id))")
	for i := range 4 {
		var values []string
		for k := range 600 {
			values = append(values, fmt.Sprintf("(%d, 'v%d')", i*600+k, k))
		}
		run(t, db, "INSERT INTO app.t VALUES "+strings.Join(values, ", "))
	}
	run(t, db, "INSERT INTO app.u SELECT id, id FROM app.t")
	at := n.Engine().Applied()
	awaitArchived(t, n)
	table := [2]transfer.Name{{Schema: "app", Table: "t"}, {Schema: "app", Table: "back"}}
	schema := [2]transfer.Name{{Schema: "app"}, {Schema: "back"}}
	for _, c := range [][2]transfer.Name{table, schema} {
		// Who is killed leaves something with a hidden name, which the next one removes.
		if _, err := copyTo(ctx, t, n, repository, at, c, func(string, uint64, uint64) {
			for _, id := range strings.Fields(get(t, db, "SELECT COALESCE(GROUP_CONCAT(id SEPARATOR ' '), '') FROM information_schema.processlist WHERE id <> CONNECTION_ID()")) {
				_, _ = db.Exec("KILL " + id)
			}
		}); err == nil {
			t.Fatal("a copy whose connection was killed succeeded")
		}
		await(t, db, "SELECT COUNT(*) FROM information_schema.processlist WHERE id <> CONNECTION_ID()", "0") // with its locks
		if got, err := exists(db, c[1]); err != nil || got || hiddenNames(t, db) == "" {
			t.Errorf("%s is there: %v, %v; hidden is %q", c[1], got, err, hiddenNames(t, db))
		}
		for batches := 1; ; batches++ { // stopped after each batch in turn, until there are no more
			stopped, stop := context.WithCancel(ctx)
			left := batches
			_, err := copyTo(stopped, t, n, repository, at, c, func(string, uint64, uint64) {
				if left--; left == 0 {
					stop()
				}
			})
			stop()
			if err == nil {
				if batches < 4 {
					t.Errorf("%s has %d batches only", c[0], batches)
				}
				break
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("stopped: %v", err)
			}
			if got := hiddenNames(t, db); got != "" {
				t.Errorf("left behind after batch %d: %s", batches, got)
			}
			if got, err := exists(db, c[1]); err != nil || got {
				t.Errorf("%s is there after it was stopped: %v", c[1], err)
			}
		}
		if got, err := exists(db, c[1]); err != nil || !got {
			t.Errorf("%s is not there: %v", c[1], err)
		}
		if got := hiddenNames(t, db); got != "" {
			t.Errorf("left behind: %s", got)
		}
	}
	if got := get(t, db, "SELECT (SELECT COUNT(*) FROM app.back) + (SELECT COUNT(*) FROM back.t) + (SELECT COUNT(*) FROM back.u)"); got != "7200" {
		t.Errorf("%s rows are there", got)
	}
	// Somebody else makes the same just now.
	conn, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	c := transfer.Copier{Conn: conn}
	third := [2]transfer.Name{{Schema: "app", Table: "t"}, {Schema: "app", Table: "third"}}
	release, err := c.Reserve(ctx, third[1])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := copyTo(ctx, t, n, repository, at, third, nil); err == nil || !strings.Contains(err.Error(), "being recovered as app.third just now") {
		t.Errorf("two at the same time: %v", err)
	}
	if err := errors.Join(release(), conn.Close()); err != nil {
		t.Error(err)
	}
	if _, err := copyTo(ctx, t, n, repository, at, third, nil); err != nil {
		t.Error(err)
	}
}

func exists(db *sql.DB, n transfer.Name) (bool, error) {
	query, count := "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = ? AND (table_name = ? OR ? = '')", 0
	err := db.QueryRow(query, n.Schema, n.Table, n.Table).Scan(&count)
	return count > 0, err
}

// copyTo is what redoubt recover --into does, on a connection of its own.
func copyTo(ctx context.Context, t *testing.T, n *Node, repository *repository.Repository, at scn.SCN, names [2]transfer.Name, progress func(string, uint64, uint64)) (transfer.Result, error) {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	s, err := RecoverState(context.WithoutCancel(ctx), RecoverOptions{Repository: repository, Target: pitr.Target{SCN: at}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	conn, err := connect(t, n).Conn(context.WithoutCancel(ctx))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return s.CopyTo(ctx, &transfer.Copier{Conn: conn, Progress: progress}, names[0], names[1])
}

// TestRecoverIntoLarge copies rows that are larger than a statement may be as text, and character sets of all kinds.
func TestRecoverIntoLarge(t *testing.T) {
	f, repository := archived(t)
	f["max-allowed-packet"] = "24MiB"
	n := start(t, f)
	t.Cleanup(func() { n.Close() })
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, b LONGBLOB, s LONGTEXT, j JSON, twice INT AS (id * 2) STORED)",
		"INSERT INTO app.t (id, b, s, j) VALUES (1, UNHEX(REPEAT('00ff', 8000000)), NULL, '[1]'), (2, x'', REPEAT('ü\\\\''', 2000000), NULL)")
	sets := []string{"utf8mb4", "utf8mb3", "latin1", "ascii", "binary", "utf16", "ucs2", "utf32", "latin2", "cp1251", "koi8r", "greek", "gbk", "big5", "sjis", "euckr", "tis620", "hebrew"}
	var made []string
	for _, set := range sets {
		if _, err := db.Exec("CREATE TABLE app.c_" + set + " (id INT PRIMARY KEY, v VARCHAR(40), t TEXT, e ENUM('x', 'y')) CHARACTER SET " + set); err != nil {
			continue
		}
		if _, err := db.Exec("INSERT INTO app.c_" + set + " VALUES (1, 'plain', 'plain ''text''', 'y'), (2, '', NULL, NULL)"); err != nil {
			t.Logf("%s: %v", set, err)
			continue
		}
		for i, word := range []string{"äöü", "łódź", "привет", "ελλ", "日本語", "한국", "ภาษา", "שלום"} {
			_, _ = db.Exec("INSERT INTO app.c_"+set+" VALUES (?, ?, ?, 'x')", 10+i, word, word)
		}
		made = append(made, "c_"+set)
	}
	if len(made) < 7 {
		t.Fatalf("character sets: %v", made)
	}
	at := n.Engine().Applied()
	awaitArchived(t, n)
	r, err := into(t, n, repository, at, transfer.Name{Schema: "app"}, transfer.Name{Schema: "back"})
	if err != nil || len(r.Tables) < len(made)+1 {
		t.Fatalf("%+v, %v", r, err)
	}
	if got := get(t, db, "SELECT COUNT(*) FROM app.t a JOIN back.t b ON a.id = b.id AND a.b <=> b.b AND a.s <=> b.s AND a.twice = b.twice"); got != "2" {
		t.Errorf("%s rows are the same", got)
	}
	for _, table := range made {
		if a, b := rowsOf(t, db, "SELECT * FROM app."+table), rowsOf(t, db, "SELECT * FROM back."+table); a != b {
			t.Errorf("%s: %s, was %s", table, b, a)
		}
		if a, b := tableOf(t, db, "app."+table), tableOf(t, db, "back."+table); a != b {
			t.Errorf("%s: %s, was %s", table, b, a)
		}
	}
	t.Log(made)
}
