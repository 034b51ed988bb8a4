package node

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/go-sql-driver/mysql"
	"github.com/rs/zerolog"

	"redoubt/backup/repository"
	"redoubt/backup/store"
	"redoubt/engine"
	"redoubt/engine/txn"
	"redoubt/replication"
	"redoubt/replication/cluster"
	"redoubt/replication/peer"
	"redoubt/scn"
	"redoubt/wal/redo"

	redoubtsql "redoubt/sql"
)

// trio is a cluster of nodes in this process.
type trio struct {
	t     *testing.T
	flags []map[string]string
	nodes []*Node
	dbs   []*sql.DB
}

// certified gives the settings of a node of a cluster whose authority is in a directory.
func certified(t *testing.T, authority, node string) map[string]string {
	t.Helper()
	cert, key, err := peer.Issue(authority, node, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"node-id": node, "cluster-cert": cert, "cluster-key": key, "cluster-ca": filepath.Join(authority, peer.AuthorityFile)}
}

// newTrio makes a database on one node, and lets others join. authority, if it is not empty, is the directory of the one that gives them
// certificates.
func newTrio(t *testing.T, settings map[string]string, authority string, prepare func(db *sql.DB)) *trio {
	c := &trio{t: t}
	for i := range 3 {
		f := flags(t, filepath.Join(t.TempDir(), "data"))
		if authority != "" {
			maps.Copy(f, certified(t, authority, fmt.Sprint("node", i+1)))
		}
		for name, value := range settings {
			f[name] = value
		}
		if i > 0 {
			f["join"] = c.flags[0]["raft"]
		}
		c.flags = append(c.flags, f)
		c.nodes = append(c.nodes, start(t, f))
		c.dbs = append(c.dbs, connect(t, c.nodes[i]))
		if i == 0 && prepare != nil {
			prepare(c.dbs[0])
		}
	}
	t.Cleanup(c.close)
	c.awaitVoters(3)
	return c
}

func (c *trio) close() {
	for i, n := range c.nodes {
		if n != nil {
			if err := n.Close(); err != nil {
				c.t.Errorf("close node %d: %v", i+1, err)
			}
		}
	}
}

// stop closes a node.
func (c *trio) stop(i int) {
	c.t.Helper()
	if err := c.nodes[i].Close(); err != nil {
		c.t.Fatalf("close node %d: %v", i+1, err)
	}
	c.nodes[i] = nil
}

// restart opens a node again.
func (c *trio) restart(i int) {
	c.t.Helper()
	c.nodes[i] = start(c.t, c.flags[i])
	c.dbs[i] = connect(c.t, c.nodes[i])
}

func (c *trio) awaitVoters(want int) {
	c.t.Helper()
	awaitThat(c.t, fmt.Sprint(want, " voters"), func() bool {
		for _, n := range c.nodes {
			if n == nil {
				continue
			}
			voters := 0
			for _, m := range n.replication.Members() {
				if m.Voter {
					voters++
				}
			}
			if voters != want {
				return false
			}
		}
		return true
	})
}

// leader is the index of the node that leads.
func (c *trio) leader() (leader int) {
	c.t.Helper()
	awaitThat(c.t, "a leader", func() bool {
		for i, n := range c.nodes {
			if n != nil && n.leads() {
				leader = i
				return true
			}
		}
		return false
	})
	return leader
}

// inOneTerm tries something that an election may disturb, on a machine that has much else to do: what fails over one is tried again.
func (c *trio) inOneTerm(try func() error) {
	c.t.Helper()
	for left := 5; ; left-- {
		before := c.nodes[c.leader()].replication.Term()
		err := try()
		if err == nil {
			return
		}
		if left == 0 || c.nodes[c.leader()].replication.Term() == before {
			c.t.Fatal(err)
		}
		c.t.Logf("an election came in between: %v", err)
	}
}

// sameState waits until all nodes have the same SCN, and compares their hashes.
func (c *trio) sameState() {
	c.t.Helper()
	var hashes map[string]bool
	awaitThat(c.t, "one SCN on all nodes", func() bool {
		at := map[uint64]bool{}
		hashes = map[string]bool{}
		for _, n := range c.nodes {
			if n != nil {
				h := n.Engine().StateHash()
				at[uint64(h.SCN)] = true
				hashes[fmt.Sprintf("%x", h.Hash)] = true
			}
		}
		return len(at) == 1
	})
	if len(hashes) != 1 {
		c.t.Fatalf("state hashes at one SCN: %v", hashes)
	}
}

// retried runs a statement until it succeeds, as the guide's loop does.
func retried(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; {
		_, err := db.Exec(statement)
		var code *mysql.MySQLError
		var broken net.Error
		switch {
		case err == nil:
			return
		case errors.As(err, &code) && (code.Number == 1213 || code.Number == 1205 || code.Number == 1290), errors.As(err, &broken), errors.Is(err, mysql.ErrInvalidConn):
		default:
			t.Fatalf("%s: %v", statement, err)
		}
		if time.Now().After(end) {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// TestCluster takes three nodes through their life: all write, definitions and users made on one are there on all, indexes too, another
// one leads, one stops and comes back, one is taken out and another one joins.
func TestCluster(t *testing.T) {
	home := plainRepository(t)
	c := newTrio(t, map[string]string{"archive": home.String(), "archive-every": "20ms"}, "", func(db *sql.DB) {
		run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT AUTO_INCREMENT PRIMARY KEY, v INT, s VARCHAR(100))", "CREATE TABLE app.counter (id INT PRIMARY KEY, n INT)", "INSERT INTO app.counter VALUES (1, 0)")
		for i := range 300 {
			run(t, db, fmt.Sprintf("INSERT INTO app.t (v, s) VALUES (%d, repeat('x', %d))", i, i%90))
		}
	})
	run(t, c.dbs[1], "CREATE INDEX by_v ON app.t (v)", "CREATE USER bob IDENTIFIED BY 'secret'", "GRANT SELECT ON app.* TO bob")
	for i, db := range c.dbs {
		if got := get(t, db, "SELECT count(*) FROM app.t FORCE INDEX (by_v) WHERE v BETWEEN 10 AND 19"); got != "10" {
			t.Errorf("node %d finds %s rows by the index, want 10", i+1, got)
		}
		bob, err := sql.Open("mysql", "bob:secret@tcp("+c.nodes[i].Addresses().MySQL+")/app")
		if err != nil {
			t.Fatal(err)
		}
		if got := get(t, bob, "SELECT count(*) FROM t"); got != "300" {
			t.Errorf("bob counts %s at node %d", got, i+1)
		}
		bob.Close()
	}
	term := c.nodes[0].replication.Stats().Term
	c.countTogether(12, 25)
	c.sameState()
	if now := c.nodes[0].replication.Stats().Term; now > term+3 { // a busy machine may be late once
		t.Errorf("%d elections under load", now-term)
	}

	before := c.leader()
	to := (before + 1) % 3
	run(t, c.dbs[(before+2)%3], "SWITCHOVER TO "+c.nodes[to].identity.NodeID)
	if after := c.leader(); after != to {
		t.Errorf("node %d leads, not %d", after+1, to+1)
	}
	awaitThat(t, "the switchover in the history", func() bool {
		return get(t, c.dbs[to], "SELECT count(*) FROM redoubt.V$FAILOVER_HISTORY WHERE trigger_reason = 'SWITCHOVER' AND node = ? AND previous_node = ?", c.nodes[to].identity.NodeID, c.nodes[before].identity.NodeID) == "1"
	})
	c.stop(to)
	other := (to + 1) % 3
	retried(t, c.dbs[other], "UPDATE app.counter SET n = n + 1")
	awaitThat(t, "the stop in the history", func() bool {
		return get(t, c.dbs[other], "SELECT count(*) FROM redoubt.V$FAILOVER_HISTORY WHERE trigger_reason = 'NODE STOP'") == "1"
	})
	c.restart(to)
	if got, want := get(t, c.dbs[to], "SELECT n FROM app.counter"), "301"; got != want {
		t.Errorf("the node that was away counts %s, want %s", got, want)
	}
	c.sameState()

	leader := c.leader()
	gone := (leader + 1) % 3
	run(t, c.dbs[leader], "ALTER CLUSTER REMOVE NODE "+c.nodes[gone].identity.NodeID)
	select {
	case <-c.nodes[gone].Done():
	case <-time.After(2 * time.Minute):
		t.Fatal("a node that was taken out goes on")
	}
	c.stop(gone)
	c.awaitVoters(2)
	c.flags[gone] = flags(t, filepath.Join(t.TempDir(), "data"))
	c.flags[gone]["join"], c.flags[gone]["node-id"] = c.flags[leader]["raft"], "fresh"
	c.restart(gone)
	c.awaitVoters(3)
	run(t, c.dbs[gone], "UPDATE app.counter SET n = n + 1")
	if got := get(t, c.dbs[leader], "SELECT n FROM app.counter"); got != "302" {
		t.Errorf("after a write on the new node: %s", got)
	}
	c.sameState()
	c.recovers(home)
}

// plainRepository is an empty directory for the log and backups.
func plainRepository(t *testing.T) *repository.Repository {
	t.Helper()
	s, err := store.Open("file://"+t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return repository.In(s, repository.Options{})
}

// recovers makes the database again from the repository, whichever nodes have archived there.
func (c *trio) recovers(from *repository.Repository) {
	c.t.Helper()
	want := c.nodes[c.leader()].Engine().StateHash()
	awaitThat(c.t, "everything is archived", func() bool {
		a, err := c.nodes[c.leader()].archives()
		if err != nil {
			c.t.Fatal(err)
		}
		return a[0].Archived >= want.SCN && a[0].Error == nil && a[0].Status == "OK"
	})
	r, err := Recover(c.t.Context(), RecoverOptions{Repository: from, Data: filepath.Join(c.t.TempDir(), "again"), Target: targetSCN(want.SCN)})
	if err != nil || r.StateHash != want.Hash {
		c.t.Errorf("recovered from the repository: %+v, %v; the hash was %x", r, err, want.Hash)
	}
}

// countTogether lets clients of all nodes count in one row: nothing is lost, and no client hears of the others.
func (c *trio) countTogether(clients, times int) {
	c.t.Helper()
	var counting sync.WaitGroup
	var counted atomic.Int64
	for i := range clients {
		counting.Go(func() {
			for range times {
				retried(c.t, c.dbs[i%3], "UPDATE app.counter SET n = n + 1 WHERE id = 1")
				counted.Add(1)
			}
		})
	}
	counting.Wait()
	if got, want := get(c.t, c.dbs[0], "SELECT n FROM app.counter"), fmt.Sprint(counted.Load()); got != want {
		c.t.Errorf("the counter is %s, want %s", got, want)
	}
}

// TestClusterReads reads on a node that follows: strongly, what a session names, and what is there.
func TestClusterReads(t *testing.T) {
	c := newTrio(t, nil, "", func(db *sql.DB) {
		run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)")
	})
	leader := c.leader()
	follower := (leader + 1) % 3
	for i := range 50 {
		run(t, c.dbs[leader], fmt.Sprint("INSERT INTO app.t VALUES (", i, ")"))
		if got := get(t, c.dbs[follower], "SELECT count(*) FROM app.t"); got != fmt.Sprint(i+1) {
			t.Fatalf("%s rows after %d were acknowledged elsewhere", got, i+1)
		}
	}
	for i := range 20 { // what is made on one node is there on another: for a statement that is prepared, and a client that names a schema
		schema := fmt.Sprint("made", i)
		run(t, c.dbs[leader], "CREATE DATABASE "+schema, "CREATE TABLE "+schema+".t (id INT PRIMARY KEY)")
		var err error
		if i%2 == 0 {
			_, err = c.dbs[follower].ExecContext(t.Context(), "INSERT INTO "+schema+".t VALUES (?)", i)
		} else {
			var db *sql.DB
			if db, err = sql.Open("mysql", "root@tcp("+c.nodes[follower].Addresses().MySQL+")/"+schema); err == nil {
				_, err = db.ExecContext(t.Context(), "INSERT INTO t VALUES (1)")
				db.Close()
			}
		}
		if err != nil {
			t.Fatalf("%s: %v", schema, err)
		}
	}
	one, err := c.dbs[follower].Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	at := get(t, c.dbs[leader], "SELECT current_scn()")
	for _, statement := range []string{"SET redoubt_read_mode = 'session'", "SET redoubt_read_scn = " + at, "SELECT count(*) FROM app.t", "SET redoubt_read_mode = 'stale'", "SELECT count(*) FROM app.t"} {
		if _, err := one.ExecContext(t.Context(), statement); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
	// Cut off from the others, a node answers only who wants no more than what it has.
	for i := range c.nodes {
		if i != follower {
			c.stop(i)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var count int
	if err := one.QueryRowContext(ctx, "SELECT count(*) FROM app.t").Scan(&count); err != nil || count != 50 {
		t.Errorf("a stale read without the others: %d, %v", count, err)
	}
	var code *mysql.MySQLError
	if err := c.dbs[follower].QueryRowContext(ctx, "SELECT count(*) FROM app.t").Scan(&count); !errors.As(err, &code) || code.Number != 1290 {
		t.Errorf("a strong read without the others: %v", err)
	}
	if _, err := c.dbs[follower].ExecContext(ctx, "INSERT INTO app.t VALUES (1000)"); !errors.As(err, &code) || code.Number != 1290 {
		t.Errorf("a commit without the others: %v", err)
	}
	for _, query := range []string{"SELECT CONNECTION_ID()", "SELECT @@max_allowed_packet", "/* a driver */ SELECT @@session.auto_increment_increment AS a, @@version_comment AS `b` LIMIT 1"} {
		rows, err := c.dbs[follower].QueryContext(ctx, query) // as drivers ask when they connect
		if err != nil {
			t.Errorf("%s without the others: %v", query, err)
			continue
		}
		rows.Close()
	}
	if got := get(t, c.dbs[follower], "SELECT count(*) FROM redoubt.V$NODE WHERE up"); got != "1" {
		t.Errorf("%s nodes are up", got)
	}
	for i := range c.nodes {
		if i != follower {
			c.restart(i)
		}
	}
	retried(t, c.dbs[follower], "INSERT INTO app.t VALUES (1000)")
}

// TestClusterBehind stops a node for longer than the others keep their log: it comes back by a copy. The nodes talk by TLS.
func TestClusterBehind(t *testing.T) {
	authority := t.TempDir()
	if err := peer.CreateAuthority(authority, time.Hour); err != nil {
		t.Fatal(err)
	}
	c := newTrio(t, map[string]string{"checkpoint-size": "64KiB", "log-keep": "64KiB"}, authority, func(db *sql.DB) {
		run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, s VARCHAR(4000))")
	})
	away := c.leaveBehind()
	c.restart(away)
	c.sameState()
	if got := get(t, c.dbs[away], "SELECT count(*) FROM app.t"); got != "50" {
		t.Errorf("the node that was away has %s rows", got)
	}
}

// leaveBehind stops a node that follows until the others have none of the log that it lacks. They write to app.t for that.
func (c *trio) leaveBehind() (away int) {
	t := c.t
	t.Helper()
	leader := c.leader()
	away = (leader + 1) % 3
	awaitThat(t, "no log to be kept for copies: their nodes follow", func() bool {
		_, held := c.nodes[leader].copies.floor(time.Now())
		return !held
	})
	last := c.nodes[away].log.LastIndex()
	c.stop(away)
	for i := 0; c.nodes[c.leader()].log.FirstIndex() <= last+1; i++ {
		if i == 20_000 {
			t.Fatalf("the log is kept: %+v", c.nodes[c.leader()].replication.Stats())
		}
		retried(t, c.dbs[leader], fmt.Sprintf("REPLACE INTO app.t VALUES (%d, concat(%d, repeat('x', 1000)))", i%50, i))
	}
	return away
}

// TestJoinRefused names what keeps a node out.
func TestJoinRefused(t *testing.T) {
	c := newTrio(t, nil, "", nil)
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	f["join"], f["node-id"] = c.flags[0]["raft"], c.nodes[1].identity.NodeID
	config, err := Load("", f)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := Open(t.Context(), config, zerolog.Nop()); err == nil {
		n.Close()
		t.Error("a second node of a name joins")
	} else {
		t.Log(err)
	}
	f["raft"] = "0.0.0.0:0"
	if config, err = Load("", f); err != nil {
		t.Fatal(err)
	}
	if n, err := Open(t.Context(), config, zerolog.Nop()); err == nil {
		n.Close()
		t.Error("nodes talk in the clear")
	} else {
		t.Log(err)
	}
}

// TestClusterDiverged gives a node a state that its log does not make: the others notice, and it takes a copy of theirs, and keeps what
// it had.
func TestClusterDiverged(t *testing.T) {
	c, bad := newDiverged(t)
	c.nodes[bad] = start(t, c.flags[bad])
	c.leavesForCopy(bad, cluster.ErrDiverged)
}

// TestClusterSkipped lets a node leave out what is committed, with its log whole and its state that of the others at its SCN: a strong read
// there fails, a node that nobody asks finds it out as well, and it takes a copy.
func TestClusterSkipped(t *testing.T) {
	t.Run("read", func(t *testing.T) { testClusterSkipped(t, true) })
	t.Run("idle", func(t *testing.T) { testClusterSkipped(t, false) })
}

func testClusterSkipped(t *testing.T, reads bool) {
	c := newTrio(t, nil, "", func(db *sql.DB) {
		run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, v INT)", "INSERT INTO app.t VALUES (1, 1)")
	})
	leader := c.leader()
	bad := (leader + 1) % 3
	c.stop(bad)
	config, err := Load("", c.flags[bad])
	if err != nil {
		t.Fatal(err)
	}
	var skips atomic.Bool
	config.applyGate = func() bool { return !skips.Load() }
	if c.nodes[bad], err = Open(t.Context(), config, zerolog.Nop()); err != nil {
		t.Fatal(err)
	}
	db := connect(t, c.nodes[bad])
	defer db.Close()
	if got := get(t, db, "SELECT v FROM app.t"); got != "1" {
		t.Fatalf("v is %s", got)
	}
	skips.Store(true)
	run(t, c.dbs[leader], "UPDATE app.t SET v = 2")
	if reads {
		var v string
		if err := db.QueryRow("SELECT v FROM app.t").Scan(&v); err == nil {
			t.Errorf("a node that leaves out what is committed reads v = %s", v)
		}
	}
	c.leavesForCopy(bad, replication.ErrSkipped)
}

// newDiverged makes three nodes and stops one, which follows, with a state that its log does not make.
func newDiverged(t *testing.T) (c *trio, bad int) {
	t.Helper()
	c = newTrio(t, nil, "", func(db *sql.DB) {
		run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, v INT)", "INSERT INTO app.t VALUES (1, 1)")
	})
	leader := c.leader()
	bad = (leader + 1) % 3
	table, _ := c.nodes[bad].Engine().Catalog().Table("app", "t")
	c.sameState()
	c.stop(bad)
	state := filepath.Join(c.flags[bad]["data"], stateDir)
	if err := os.CopyFS(state+".before", os.DirFS(state)); err != nil {
		t.Fatal(err)
	}
	c.restart(bad)
	run(t, c.dbs[leader], "UPDATE app.t SET v = 2")
	c.sameState()
	position := c.nodes[bad].Engine().Position()
	c.stop(bad)
	if err := errors.Join(os.RemoveAll(state), os.Rename(state+".before", state)); err != nil {
		t.Fatal(err)
	}
	damageState(t, state, table.ID, position)
	return c, bad
}

// leavesForCopy waits until a node ends for a reason, and lets it take a copy when it is started again.
func (c *trio) leavesForCopy(bad int, reason error) {
	t := c.t
	t.Helper()
	select {
	case <-c.nodes[bad].Done():
	case <-time.After(time.Minute):
		t.Fatal("nobody notices")
	}
	if err := c.nodes[bad].Failure(); !errors.Is(err, ErrNeedsCopy) || !errors.Is(err, reason) {
		t.Errorf("the node fails with %v, want %v", err, reason)
	}
	c.nodes[bad].Close()
	c.restart(bad)
	c.sameState()
	if got := get(t, c.dbs[bad], "SELECT v FROM app.t"); got != "2" {
		t.Errorf("v is %s after the copy", got)
	}
	if _, err := os.Stat(filepath.Join(c.flags[bad]["data"], quarantineDir, stateDir)); err != nil {
		t.Errorf("what it had is gone: %v", err)
	}
}

// damageState brings a state to a position by another commit than the log's.
func damageState(t *testing.T, dir string, table scn.Space, to engine.Position) {
	t.Helper()
	e, err := engine.Open(engine.Options{FS: vfs.Default, Dir: dir, Collator: redoubtsql.Collator(), NodeOrdinal: 9})
	if err != nil {
		t.Fatal(err)
	}
	at := e.Position()
	for at.SCN < to.SCN {
		x := e.Begin(txn.Options{})
		x.StartStatement(0, "")
		own, _ := x.Catalog().TableByID(table)
		rows := x.Scan(own, txn.Range{})
		rows.Next()
		key, before := rows.Key(), rows.Row()
		if rows.Err() != nil {
			t.Fatal(rows.Err())
		}
		body := redo.AppendTransaction(nil, &redo.Transaction{XID: uint64(to.SCN), Changes: []redo.Change{{Table: table, Op: redo.Delete, Key: key, Before: before, Replaced: rows.SCN()}}})
		rows.Close()
		x.Rollback()
		at.SCN++
		at.Index = to.Index - uint64(to.SCN-at.SCN)
		group := redo.Group{FirstSCN: at.SCN, Txns: []redo.GroupTxn{{TimeMicros: to.TimeMicros - int64(to.SCN-at.SCN), Body: body}}}
		if err := e.Apply([]engine.Commit{{Index: at.Index, Term: to.Term, Group: group}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.Persist(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestStandby reads on a standby that applies the log late, which takes no writes and does not count for the quorum, not even after a
// restart in the middle of its delay.
func TestStandby(t *testing.T) {
	const delay = 3 * time.Second
	c := newTrio(t, nil, "", func(db *sql.DB) {
		run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)")
	})
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	f["join"], f["node-id"], f["standby"], f["apply-delay"] = c.flags[0]["raft"], "late", "true", delay.String()
	late := start(t, f)
	t.Cleanup(func() { late.Close() })
	began := time.Now()
	run(t, c.dbs[0], "INSERT INTO app.t VALUES (1)")
	stale := func() *sql.DB {
		db, err := sql.Open("mysql", "root@tcp("+late.Addresses().MySQL+")/app?redoubt_read_mode='stale'")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
	db := stale()
	if got := get(t, db, "SELECT count(*) FROM t"); got != "0" && time.Since(began) < delay {
		t.Errorf("the standby has %s rows at once", got)
	}
	if err := late.Close(); err != nil {
		t.Fatal(err)
	}
	late = start(t, f)
	db = stale()
	if got := get(t, db, "SELECT count(*) FROM t"); got != "0" && time.Since(began) < delay {
		t.Errorf("the standby has %s rows after a restart", got)
	}
	awaitThat(t, "the delay to be over", func() bool { return get(t, db, "SELECT count(*) FROM t") == "1" })
	if took := time.Since(began); took < delay {
		t.Errorf("the standby has the row after %s", took)
	}
	var code *mysql.MySQLError
	for _, statement := range []string{"INSERT INTO t VALUES (2)", "CREATE TABLE u (id INT)", "CREATE RESTORE POINT p"} {
		if _, err := db.Exec(statement); !errors.As(err, &code) || code.Number != 1290 && code.Number != 1792 {
			t.Errorf("%s on a standby: %v", statement, err)
		}
	}
	if _, err := connect(t, late).Exec("SELECT * FROM app.t"); !errors.As(err, &code) || code.Number != 1290 {
		t.Errorf("a strong read on a standby that is late: %v", err)
	}
	if got := get(t, c.dbs[0], "SELECT concat(role, voter) FROM redoubt.V$NODE WHERE node = 'late'"); got != "STANDBY0" {
		t.Errorf("the standby is %s", got)
	}
}

// TestClusterDamage damages files of a stopped node: it notices when it starts, keeps what it had, and takes a copy of another one.
func TestClusterDamage(t *testing.T) {
	c := newTrio(t, nil, "", func(db *sql.DB) {
		run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, s VARCHAR(2000))")
		for i := range 100 {
			run(t, db, fmt.Sprintf("INSERT INTO app.t VALUES (%d, repeat('x', 2000))", i))
		}
	})
	flip := func(b []byte) []byte {
		used := len(bytes.TrimRight(b, "\x00"))
		b[used/2] ^= 0x40
		return b
	}
	half := func(b []byte) []byte { return b[:len(b)/2] }
	for _, damage := range []struct {
		what, files string
		to          func([]byte) []byte // nil: it is removed
		heals       bool                // the node may make it good from its own log
	}{
		{"a flipped bit in the log", logDir + "/log-*.wal", flip, true},
		{"a log that is gone", logDir + "/log-*.wal", nil, false},
		{"half a manifest of the state", stateDir + "/MANIFEST-*", half, true},
		{"a table of the state that is gone", stateDir + "/*.sst", nil, false},
		{"half a sealed segment", segmentsDir + "/*.seg", half, false},
		{"a sealed segment that is gone", segmentsDir + "/*.seg", nil, false},
		{"a flipped bit in the snapshot's file", raftDir + "/snapshot.meta", flip, false},
	} {
		leader := c.leader()
		bad := (leader + 1) % 3
		retried(t, c.dbs[leader], "REPLACE INTO app.t VALUES (0, now(6))")
		c.sameState()
		awaitThat(t, "the node to know the others", func() bool {
			_, err := os.Stat(filepath.Join(c.flags[bad]["data"], peersFile))
			return err == nil
		})
		c.stop(bad)
		files, err := filepath.Glob(filepath.Join(c.flags[bad]["data"], damage.files))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no files %s, %v", damage.what, damage.files, err)
		}
		if damage.to == nil {
			err = os.Remove(files[0])
		} else {
			var content []byte
			if content, err = os.ReadFile(files[0]); err == nil {
				err = os.WriteFile(files[0], damage.to(content), 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		config, err := Load("", c.flags[bad])
		if err != nil {
			t.Fatal(err)
		}
		if c.nodes[bad], err = Open(t.Context(), config, zerolog.Nop()); err != nil {
			t.Fatalf("%s: %v", damage.what, err)
		}
		c.dbs[bad] = connect(t, c.nodes[bad])
		c.sameState()
		if got := get(t, c.dbs[bad], "SELECT count(*) FROM app.t"); got != "100" {
			t.Errorf("%s: %s rows", damage.what, got)
		}
		aside := filepath.Join(c.flags[bad]["data"], quarantineDir)
		if _, err := os.Stat(aside); err != nil && !damage.heals {
			t.Errorf("%s: nothing is in quarantine", damage.what)
		}
		if err := os.RemoveAll(aside); err != nil {
			t.Fatal(err)
		}
	}
}

// TestProtection lets commits wait for a standby: with semi-sync they go on without it, and wait again once it is back; with sync nothing
// is committed while it is away.
func TestProtection(t *testing.T) {
	for _, mode := range []string{"semi-sync", "sync"} {
		t.Run(mode, func(t *testing.T) {
			f := flags(t, filepath.Join(t.TempDir(), "data"))
			f["protection"], f["protection-timeout"] = mode, "1s"
			n := start(t, f)
			defer n.Kill()
			db := connect(t, n)
			var code *mysql.MySQLError
			if _, err := db.Exec("CREATE DATABASE app"); (err == nil) != (mode == "semi-sync") {
				t.Errorf("without a standby: %v", err)
			} else if err != nil && (!errors.As(err, &code) || code.Number != 1290) {
				t.Errorf("without a standby: %v", err)
			}
			g := flags(t, filepath.Join(t.TempDir(), "data"))
			g["join"], g["node-id"], g["standby"] = f["raft"], "far", "true"
			far := start(t, g)
			synchronized := func() bool {
				var is bool
				err := db.QueryRow("SELECT count(*) = 1 FROM redoubt.V$STANDBY WHERE status = 'SYNCHRONIZED' AND lag_entries = 0").Scan(&is)
				return err == nil && is
			}
			awaitThat(t, "the standby to be there", synchronized)
			run(t, db, "CREATE DATABASE IF NOT EXISTS app", "CREATE TABLE app.t (id INT PRIMARY KEY)", "INSERT INTO app.t VALUES (1)")
			if got, want := far.log.LastIndex(), n.log.LastIndex(); got < want {
				t.Errorf("the standby has the log up to %d, an acknowledged commit is in %d", got, want)
			}
			far.Kill()
			began := time.Now()
			_, first := db.Exec("INSERT INTO app.t VALUES (2)")
			took := time.Since(began)
			_, second := db.Exec("INSERT INTO app.t VALUES (3)")
			if mode == "semi-sync" {
				if first != nil || second != nil || took < time.Second || time.Since(began) > took+500*time.Millisecond {
					t.Errorf("without the standby: %v after %s, then %v", first, took, second)
				}
			} else if !errors.As(first, &code) || code.Number != 1180 || !errors.As(second, &code) || code.Number != 1290 {
				t.Errorf("without the standby: %v, then %v", first, second)
			}
			far = start(t, g)
			defer far.Kill()
			awaitThat(t, "the standby to be back", synchronized)
			run(t, db, "INSERT INTO app.t VALUES (4)")
			if got, want := far.log.LastIndex(), n.log.LastIndex(); got < want {
				t.Errorf("the standby that is back has the log up to %d, an acknowledged commit is in %d", got, want)
			}
		})
	}
}

// TestAddNode keeps places for nodes before they are there: one that counts, and a standby. The names are taken, also after a restart.
func TestAddNode(t *testing.T) {
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	n := start(t, f)
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)", "ALTER CLUSTER ADD NODE b", "ALTER CLUSTER ADD NODE b", "ALTER CLUSTER ADD NODE c STANDBY")
	if _, err := db.Exec("ALTER CLUSTER ADD NODE b STANDBY"); err == nil || !strings.Contains(err.Error(), "has a node b already") {
		t.Errorf("a place that is kept for a voter is made one for a standby: %v", err)
	}
	awaited := "SELECT GROUP_CONCAT(CONCAT(node, ' ', role, ' ', up) ORDER BY node) FROM redoubt.`V$NODE` WHERE up = 0"
	if got := get(t, db, awaited); got != "b JOINING 0,c JOINING 0" {
		t.Errorf("V$NODE has %s", got)
	}
	run(t, db, "INSERT INTO app.t VALUES (1)") // nobody waits for them
	if err := errors.Join(db.Close(), n.Close()); err != nil {
		t.Fatal(err)
	}
	n = start(t, f)
	defer func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	}()
	db = connect(t, n)
	if got := get(t, db, awaited); got != "b JOINING 0,c JOINING 0" {
		t.Errorf("after a restart V$NODE has %s", got)
	}
	for _, name := range []string{"b", "c"} {
		joined := flags(t, filepath.Join(t.TempDir(), "data"))
		joined["node-id"], joined["join"] = name, n.Addresses().Raft
		other := start(t, joined)
		defer func() {
			if err := other.Close(); err != nil {
				t.Error(err)
			}
		}()
	}
	want := "a:LEADER,b:FOLLOWER,c:STANDBY"
	roles := strings.Replace("SELECT GROUP_CONCAT(CONCAT(IF(node = 'SELF', 'a', node), ':', role) ORDER BY role = 'LEADER' DESC, node) FROM redoubt.`V$NODE`", "SELF", n.identity.NodeID, 1)
	awaitThat(t, "roles are "+want, func() bool { return get(t, db, roles) == want })
	taken := flags(t, filepath.Join(t.TempDir(), "data"))
	taken["node-id"], taken["join"] = "b", n.Addresses().Raft
	config, err := Load("", taken)
	if err != nil {
		t.Fatal(err)
	}
	if other, err := Open(t.Context(), config, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), "has a node b already") {
		t.Errorf("a second node b: %v, %v", other, err)
	}
}
