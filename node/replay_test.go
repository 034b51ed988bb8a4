package node

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"redoubt/scn"
	"redoubt/sql/replay"
)

// again replays the log of a directory onto a node.
func again(ctx context.Context, t *testing.T, dir string, onto *Node, change func(o *replay.Options)) (replay.Result, error) {
	t.Helper()
	log, err := OpenOffline(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	conn, err := connect(t, onto).Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	m := log.Miner()
	o := replay.Options{Log: m.Log, Past: m.Engine, Differ: log, Conn: conn, SCNs: scn.Range{To: scn.SCN(log.End())}}
	if change != nil {
		change(&o)
	}
	return replay.Run(ctx, o)
}

// contents are the definitions and rows of all tables of schemas.
func contents(t *testing.T, n *Node, schemas ...string) string {
	t.Helper()
	db := connect(t, n)
	var out strings.Builder
	for _, s := range schemas {
		for _, def := range n.Engine().Catalog().Tables(s) {
			name := s + "." + def.Name
			definition, _, _ := strings.Cut(tableOf(t, db, name), "AUTO_INCREMENT=")
			fmt.Fprintf(&out, "%s\n%s\n%s\n", name, definition, rowsOf(t, db, "SELECT * FROM "+name+" ORDER BY 1, 2"))
		}
	}
	return out.String()
}

// TestReplay replays a random life, with DDL, all types, cascades, triggers, unique keys that move, and texts without schema.
func TestReplay(t *testing.T) {
	ctx := context.Background()
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	n := start(t, f)
	db := connect(t, n)
	run(t, db, append([]string{"CREATE DATABASE shop"}, shopOf...)...)
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	exec := func(statements ...string) {
		t.Helper()
		for _, s := range statements {
			if _, err := conn.ExecContext(context.Background(), s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
	}
	exec("USE shop", "CREATE TABLE u (id INT PRIMARY KEY, n INT, s VARCHAR(20), UNIQUE KEY (n))", "CREATE TABLE audit (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(30))",
		"CREATE TRIGGER noted AFTER INSERT ON u FOR EACH ROW INSERT INTO audit (what) VALUES (CONCAT('u ', NEW.id))", "CREATE VIEW names AS SELECT name FROM customer")
	random := rand.New(rand.NewPCG(10, 10))
	for range 120 {
		id, n := random.IntN(20), random.IntN(40)
		switch random.IntN(9) {
		case 0:
			exec("BEGIN", fmt.Sprintf("DELETE FROM u WHERE n = %d", n), fmt.Sprintf("REPLACE INTO u VALUES (%d, %d, 'r')", id, n), "COMMIT")
		case 1:
			exec(fmt.Sprintf("DELETE FROM customer WHERE id = %d", id), fmt.Sprintf("REPLACE INTO customer (id, name) VALUES (%d, 'c%d')", id, n))
		case 2:
			exec(fmt.Sprintf("INSERT IGNORE INTO orders VALUES (%d, %d, NULL, %d)", 100+n, id, n))
		case 3:
			exec("BEGIN", fmt.Sprintf("INSERT INTO keyless VALUES (%d, 'k')", n), "UPDATE keyless SET b = 'z' WHERE b = 'k' LIMIT 1", fmt.Sprintf("DELETE FROM keyless WHERE a = %d LIMIT 1", id), "COMMIT")
		case 4:
			exec("UPDATE u SET n = n + 100 ORDER BY n DESC", "UPDATE u SET n = n - 100 ORDER BY n")
		case 5:
			exec(fmt.Sprintf("UPDATE every SET ti = %d, v = CONCAT(COALESCE(v, ''), '%d'), d = %d / 3, dec2 = %d, e = 'x,y', j = JSON_OBJECT('n', %d) WHERE id < 3", n, id, n, id, n))
		default:
			exec(fmt.Sprintf("REPLACE INTO u VALUES (%d, %d, 'it''s %d')", id, n, n))
		}
	}
	at := n.Engine().Applied()
	exec("UPDATE u SET s = 'wrong'", "DELETE FROM u WHERE id > 10", "REPLACE INTO u VALUES (30, 30, 'new')", fmt.Sprintf("/* now */ FLASHBACK TABLE u TO SCN %d", at), "UPDATE u SET s = CONCAT(s, '!')",
		fmt.Sprintf("FLASHBACK TABLE u TO SCN %d", at), "UNFLASHBACK TABLE u", "DROP TABLE keyless", "FLASHBACK TABLE keyless TO BEFORE DROP")
	exec("ALTER TABLE u ADD COLUMN late INT DEFAULT 3", "UPDATE u SET late = 4 WHERE id < 5", "CREATE TABLE second SELECT * FROM u", "TRUNCATE TABLE keyless", "CREATE TABLE first (id INT PRIMARY KEY, n INT)", "INSERT INTO first VALUES (1, 1)", "ALTER TABLE first RENAME TO renamed", "UPDATE renamed SET n = 2",
		"DROP TABLE second", "BEGIN", "UPDATE u SET n = NULL WHERE id = 3", "COMMIT",
		"REPLACE INTO u VALUES (50, 500, 'a', 1), (51, 501, 'b', 1), (52, 502, 'c', 1)", "BEGIN", "UPDATE u SET n = 1000 WHERE id = 50", "UPDATE u SET n = 500 WHERE id = 51", "UPDATE u SET n = 501 WHERE id = 52",
		"UPDATE u SET n = 502 WHERE id = 50", "COMMIT", "DELETE FROM every WHERE id = 40")
	conn.Close()
	want := contents(t, n, "shop")
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	b := start(t, flags(t, filepath.Join(t.TempDir(), "b")))
	defer b.Close()
	r, err := again(ctx, t, f["data"], b, nil)
	if err != nil {
		t.Fatalf("%+v, %v", r, err)
	}
	if got := contents(t, b, "shop"); got != want {
		t.Errorf("after the replay it has\n%s\nit was\n%s", got, want)
	}
	if r.Conflicts != 0 || r.Rows < 120 || r.Definitions < 10 || r.Transactions < 100 {
		t.Errorf("%+v", r)
	}
	other := connect(t, b)
	other.SetMaxOpenConns(1)
	run(t, other, "USE shop", "INSERT INTO shop.u (id, n) VALUES (1000, 1000)")
	if got := get(t, other, "SELECT COUNT(*) FROM shop.audit WHERE what = 'u 1000'"); got != "1" {
		t.Errorf("the trigger made %s rows", got)
	}
	if _, err := again(ctx, t, f["data"], b, nil); err == nil || !strings.Contains(err.Error(), "the server has triggers") || !strings.Contains(err.Error(), "shop.noted") {
		t.Errorf("onto triggers: %v", err)
	}
}

// TestReplayConflicts: rows that are not as the log says are named, or counted; what is left out is left out.
func TestReplayConflicts(t *testing.T) {
	ctx := context.Background()
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	n := start(t, f)
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, v VARCHAR(10))", "CREATE TABLE app.other (id INT PRIMARY KEY)", "INSERT INTO app.t VALUES (1, 'a'), (2, 'b'), (3, 'c')")
	base := n.Engine().Applied()
	run(t, db, "UPDATE app.t SET v = 'x' WHERE id = 1", "INSERT INTO app.other VALUES (1)", "DELETE FROM app.t WHERE id = 2", "INSERT INTO app.t VALUES (4, 'd')", "UPDATE app.t SET v = 'z' WHERE id = 3")
	xid := uint64(0)
	fmt.Sscan(get(t, db, "SELECT xid FROM FLASHBACK_TRANSACTION_QUERY WHERE scn = ? LIMIT 1", uint64(base)+1), &xid)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	b := start(t, flags(t, filepath.Join(t.TempDir(), "b")))
	defer b.Close()
	other := connect(t, b)
	fresh := func(change string) {
		run(t, other, "DROP DATABASE IF EXISTS app PURGE", "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, v VARCHAR(10))", "CREATE TABLE app.other (id INT PRIMARY KEY)",
			"INSERT INTO app.t VALUES (1, 'a'), (2, 'b'), (3, 'c')")
		if change != "" {
			run(t, other, change)
		}
	}
	from := func(o *replay.Options) { o.SCNs.After = base }
	forced := func(o *replay.Options) { o.SCNs.After, o.Force = base, true }
	for change, c := range map[string]struct {
		at     scn.SCN
		reason string
	}{
		"UPDATE app.t SET v = 'A' WHERE id = 1": {base + 1, "table `app`.`t`, key {\"id\": 1}: the row has other values than the log says"},
		"DELETE FROM app.t WHERE id = 2":        {base + 3, "key {\"id\": 2}: there is no such row"},
		"INSERT INTO app.t VALUES (4, 'mine')":  {base + 4, "key {\"id\": 4}: the key is taken"},
		"DROP TABLE app.other":                  {base + 2, "the server refuses it"},
	} {
		fresh(change)
		r, err := again(ctx, t, f["data"], b, from)
		var conflict *replay.Conflict
		if !errors.As(err, &conflict) || conflict.SCN != c.at || !strings.Contains(err.Error(), c.reason) || r.Last != c.at-1 {
			t.Errorf("%s: %v, last %d; want %s at %d", change, err, r.Last, c.reason, c.at)
		}
		if strings.HasPrefix(change, "DROP") {
			continue
		}
		fresh(change)
		if r, err = again(ctx, t, f["data"], b, forced); err != nil || r.Conflicts != 1 || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], c.reason) {
			t.Errorf("%s by force: %+v, %v", change, r, err)
		}
		if got := get(t, other, "SELECT v FROM app.t WHERE id = 3"); got != "z" {
			t.Errorf("%s by force: what came later is not there", change)
		}
	}
	fresh("")
	if _, err := again(ctx, t, f["data"], b, func(o *replay.Options) {
		from(o)
		o.Only = []replay.Name{{Schema: "APP", Table: "T"}}
		o.Except = []uint64{xid}
	}); err != nil {
		t.Fatal(err)
	}
	if got := rowsOf(t, other, "SELECT GROUP_CONCAT(CONCAT(id, v) ORDER BY id), (SELECT COUNT(*) FROM app.other) FROM app.t"); got != "\"1a,3z,4d\" \"0\" \n" {
		t.Errorf("one table without a transaction: %s", got)
	}
	fresh("")
	// At a billionth of the speed the second commit is due in years.
	stopped, stop := context.WithCancel(ctx)
	defer stop()
	r, err := again(stopped, t, f["data"], b, func(o *replay.Options) { from(o); o.Speed, o.Progress = 1e-9, func(scn.SCN) { stop() } })
	if !errors.Is(err, context.Canceled) || r.Last != base+1 {
		t.Errorf("slowly: %+v, %v", r, err)
	}
}
