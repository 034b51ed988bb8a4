package node

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	_ "github.com/go-sql-driver/mysql"
	"github.com/rs/zerolog"

	"redoubt/engine"
	"redoubt/internal/freeport"
	"redoubt/scn"
	"redoubt/segments"
	"redoubt/sql/sqlcode"
	"redoubt/wal/redo"

	redoubtsql "redoubt/sql"
)

// flags gives settings for a node on free ports.
func flags(t *testing.T, dir string) map[string]string {
	t.Helper()
	f := map[string]string{"data": dir, "log-file-size": "1MiB", "segment-size": "64KiB", "segment-time": "50ms", "memtable-size": "1MiB", "checkpoint-size": "256KiB", "statistics-time": "24h", "archive-stop-timeout": "5m"}
	for _, name := range []string{"mysql", "http", "raft"} {
		f[name] = freeAddress(t)
	}
	return f
}

// freeAddress is one on loopback that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := freeport.Address()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func start(t *testing.T, f map[string]string) *Node {
	t.Helper()
	config, err := Load("", f)
	if err != nil {
		t.Fatal(err)
	}
	n, err := Open(context.Background(), config, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func connect(t *testing.T, n *Node) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", "root@tcp("+n.Addresses().MySQL+")/?interpolateParams=false")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// run executes statements. One that was refused since nobody led is done again, as a client does: on a busy machine an election may
// come in between anywhere.
func run(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for _, s := range statements {
		_, err := db.Exec(s)
		for err != nil && strings.Contains(err.Error(), sqlcode.IDNotLeader) && time.Now().Before(deadline) {
			_, err = db.Exec(s)
		}
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func get(t *testing.T, db *sql.DB, query string, args ...any) (out string) {
	t.Helper()
	if err := db.QueryRow(query, args...).Scan(&out); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return out
}

// TestNode takes a node through its life: SQL, AS OF by prepared statement, metrics, a restart, and then the law: what
// the sealed segments give, from the first SCN on, is the state that the node had.
func TestNode(t *testing.T) {
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	n := start(t, f)
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, v VARCHAR(2000), KEY (v(10)))")
	for i := range 200 {
		run(t, db, fmt.Sprintf("INSERT INTO app.t VALUES (%d, '%s')", i, strings.Repeat("x", 10*i)))
	}
	before := get(t, db, "SELECT current_scn()")
	run(t, db, "UPDATE app.t SET v = 'gone' WHERE id < 100", "DELETE FROM app.t WHERE id >= 190", "ALTER TABLE app.t ADD COLUMN n INT DEFAULT 5")
	if got := get(t, db, "SELECT count(*) FROM app.t AS OF SCN ? WHERE v <> 'gone'", before); got != "200" {
		t.Fatalf("%s rows before the mistake, want 200", got)
	}
	body := fetch(t, "http://"+n.Addresses().HTTP+"/metrics")
	for _, want := range []string{"redoubt_commits_total", "redoubt_log_sync_seconds_bucket", "redoubt_sql_", "redoubt_scn_sealed", "redoubt_lock_waits_total 0", "redoubt_lock_wait_seconds_total 0", "redoubt_parts_total 0", "# TYPE redoubt_commits_total counter"} {
		if !strings.Contains(body, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	table, _ := n.Engine().Catalog().Table("app", "t")
	sums := n.Engine().TableHash(table.ID)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}

	n = start(t, f)
	if again := n.Engine().TableHash(table.ID); again != sums || sums.Rows != 190 {
		t.Fatalf("sums before the restart %+v, after %+v", sums, again)
	}
	db = connect(t, n)
	if got := get(t, db, "SELECT count(*) FROM app.t AS OF SCN ? WHERE v <> 'gone'", before); got != "200" {
		t.Fatalf("after the restart %s rows before the mistake, want 200", got)
	}
	hash := n.Engine().StateHash()
	waitSealed(t, n, hash.SCN)
	checkSegmentsGiveState(t, n, hash)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func waitSealed(t *testing.T, n *Node, at scn.SCN) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for n.segments.Range().To < at {
		if time.Now().After(deadline) {
			t.Fatalf("sealed up to %v after 20 s, want %d (%v)", n.segments.Range(), at, n.sealer.Failure())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// checkSegmentsGiveState applies everything that is sealed to an empty state.
func checkSegmentsGiveState(t *testing.T, n *Node, want engine.StateHash) {
	t.Helper()
	fresh, err := engine.Open(engine.Options{FS: vfs.NewMem(), Dir: "state", Collator: redoubtsql.Collator(), NodeOrdinal: 1, StoreLogger: storeLogger{n}})
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	it := n.segments.Scan(segments.Filter{SCNs: scn.Range{To: want.SCN}})
	defer it.Close()
	for it.Next() {
		r := it.Record()
		body := bytes.Clone(r.Payload)
		c := engine.Commit{Index: uint64(r.SCN), Term: 1, Group: redo.Group{FirstSCN: r.SCN, Txns: []redo.GroupTxn{{TimeMicros: r.TimeMicros, Body: body}}}}
		if err := fresh.Apply([]engine.Commit{c}); err != nil {
			t.Fatal(err)
		}
	}
	if err := it.Err(); err != nil {
		t.Fatal(err)
	}
	if got := fresh.StateHash(); !got.Equal(want) {
		t.Fatalf("state from segments at %d differs from the node's at %d, in tables %v", got.SCN, want.SCN, got.Differing(want))
	}
}

// TestPortsInUse: each port that somebody else has is an error that names it and the flag.
func TestPortsInUse(t *testing.T) {
	for _, name := range []string{"mysql", "http", "raft"} {
		f := flags(t, filepath.Join(t.TempDir(), "data"))
		l, err := net.Listen("tcp", f[name])
		if err != nil {
			t.Fatal(err)
		}
		config, err := Load("", f)
		if err != nil {
			t.Fatal(err)
		}
		n, err := Open(context.Background(), config, zerolog.Nop())
		if err == nil {
			n.Close()
			t.Fatalf("%s: opened on a port in use", name)
		}
		if text := err.Error(); !strings.Contains(text, f[name]) || !strings.Contains(text, "--"+name) {
			t.Errorf("%s: %v", name, err)
		}
		l.Close()
	}
}

// TestInspect looks at every file of a data directory, and at damaged ones.
func TestInspect(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	n := start(t, flags(t, dir))
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)", "INSERT INTO app.t VALUES (1)")
	waitSealed(t, n, n.Engine().Applied())
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Base(filepath.Dir(path)) == tlsDir {
			return err
		}
		before, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasPrefix(entry.Name(), "spare-") || len(before) == 11 && strings.HasSuffix(path, ".log") {
			return nil
		}
		var out bytes.Buffer
		if err := Inspect(path, &out); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
			t.Errorf("%s: changed by looking at it", path)
		}
		kinds[strings.TrimLeft(filepath.Ext(path), ".")] = out.Len() > 0
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"json", "wal", "seg", "db", "sst"} {
		if !kinds[kind] {
			t.Errorf("nothing shown of a .%s file: %v", kind, kinds)
		}
	}
	if err := Inspect(filepath.Join(dir, logDir), io.Discard); err == nil {
		t.Error("a directory was inspected")
	}
	if err := Inspect(filepath.Join(dir, tlsDir, "server-cert.pem"), io.Discard); err == nil {
		t.Error("a file of no known kind was inspected")
	}
}

// TestStateLost: without its state, and with a log that no longer reaches back to the beginning, a node makes the state
// anew from sealed segments and log.
func TestStateLost(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	f := flags(t, dir)
	n := start(t, f)
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, v VARCHAR(4000), KEY (v(10)))")
	for i := range 1200 {
		run(t, db, fmt.Sprintf("REPLACE INTO app.t VALUES (%d, '%s')", i%300, strings.Repeat("x", 3500)))
	}
	table, _ := n.Engine().Catalog().Table("app", "t")
	waitSealed(t, n, n.Engine().Applied()-10)
	deadline := time.Now().Add(2 * time.Minute)
	for n.log.FirstIndex() == 1 {
		if time.Now().After(deadline) {
			t.Fatalf("after 20 s the log still begins at 1: %+v", n.replication.Stats())
		}
		run(t, db, "REPLACE INTO app.t VALUES (0, 'x')", fmt.Sprintf("REPLACE INTO app.t VALUES (0, '%s')", strings.Repeat("x", 3500)))
	}
	sums := n.Engine().TableHash(table.ID)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, stateDir)); err != nil {
		t.Fatal(err)
	}
	n = start(t, f)
	defer n.Close()
	if again := n.Engine().TableHash(table.ID); again != sums {
		t.Fatalf("sums with the old state %+v, made anew %+v", sums, again)
	}
	if got := get(t, connect(t, n), "SELECT count(*) FROM app.t FORCE INDEX (v) WHERE v LIKE 'x%'"); got != "300" {
		t.Fatalf("%s rows by the index, want 300", got)
	}
}
