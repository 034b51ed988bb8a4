package node

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redoubt/backup"
	"redoubt/backup/repository"
	"redoubt/pitr"
	"redoubt/scn"
)

// newArchivedTrio is a cluster that archives to a repository.
func newArchivedTrio(t *testing.T, every string) (*trio, *repository.Repository) {
	t.Helper()
	s, err := repository.Open(context.Background(), "file://"+filepath.Join(t.TempDir(), "repository"), repository.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := newTrio(t, map[string]string{"archive": s.String(), "archive-every": every, "memtable-size": "64KiB"}, "", func(db *sql.DB) {
		run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, s VARCHAR(4000))", "INSERT INTO app.t VALUES (1, 'one')")
	})
	return c, s
}

// follower is a node that does not lead.
func (c *trio) follower() int { return (c.leader() + 1) % len(c.nodes) }

// newest is the newest backup of a repository.
func newest(t *testing.T, s *repository.Repository) *backup.Manifest {
	t.Helper()
	list, err := backup.List(context.Background(), s)
	if err != nil || len(list) == 0 {
		t.Fatalf("the backups are %v, %v", list, err)
	}
	return &list[len(list)-1]
}

// recoverTo recovers from a repository to an SCN, and compares the state hash.
func recoverTo(t *testing.T, s *repository.Repository, at scn.SCN, want string) Recovered {
	t.Helper()
	r, err := Recover(context.Background(), RecoverOptions{Repository: s, Data: filepath.Join(t.TempDir(), "again"), Target: pitr.Target{SCN: at}})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%016x", r.StateHash); got != want {
		t.Errorf("recovered to SCN %d from %q: hash %s, want %s", at, r.Backup, got, want)
	}
	return r
}

func hashAt(t *testing.T, n *Node, at scn.SCN) string {
	t.Helper()
	h, err := n.engine.StateHashAt(at)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%016x", h.Hash)
}

// TestBackupFromFollower makes backups of all kinds on a node that follows, beside the log that the leader archives, which does so only when
// it is asked to. Recoveries from them come to the states that there were; the leader goes on from them, too.
func TestBackupFromFollower(t *testing.T) {
	c, s := newArchivedTrio(t, "1h")
	i := c.follower()
	db, follower := c.dbs[i], c.nodes[i].identity.NodeID
	leading := c.dbs[c.leader()]
	var list []*backup.Manifest
	for n, kind := range []string{"FULL", "INCREMENTAL", "DIFFERENTIAL", "INCREMENTAL"} {
		run(t, db, fmt.Sprintf("INSERT INTO app.t VALUES (%d, 'x')", 10+n))
		if n == 3 {
			run(t, leading, "BACKUP DATABASE INCREMENTAL TAG 'leader'")
		}
		run(t, db, "BACKUP DATABASE "+kind+" TAG '"+kind+"'")
		m := newest(t, s)
		if m.Node != follower || m.Tag != kind || m.StateHash != hashAt(t, c.nodes[i], m.SCN) {
			t.Errorf("%s: the manifest says node %q, tag %q, hash %s", kind, m.Node, m.Tag, m.StateHash)
		}
		list = append(list, m)
	}
	if n := list[3].Base; n == "" || n == list[0].ID {
		t.Errorf("an incremental backup behind one of the leader is relative to %q", n)
	}
	if got := get(t, db, "SELECT COUNT(*) FROM V$BACKUP WHERE node = ? AND state = 'AVAILABLE'", follower); got != "4" {
		t.Errorf("V$BACKUP has %s backups of %s", got, follower)
	}
	run(t, db, "INSERT INTO app.t VALUES (99, 'x')", "BACKUP ARCHIVELOG")
	at := c.nodes[i].engine.Applied()
	for _, m := range list {
		recoverTo(t, s, m.SCN, m.StateHash)
		recoverTo(t, s, m.SCN-1, hashAt(t, c.nodes[i], m.SCN-1)) // the log is there, not only states
	}
	if r := recoverTo(t, s, at, hashAt(t, c.nodes[i], at)); r.Backup == "" {
		t.Error("the recovery did not begin from a backup")
	}
	v, err := backup.Verify(t.Context(), backup.VerifyOptions{Store: s, Level: backup.Whole, Dir: t.TempDir(), Now: time.Now})
	if err != nil || len(v.Damage) > 0 {
		t.Errorf("verification: %+v, %v", v.Damage, err)
	}
}

// TestBackupFromStandby makes a backup on a standby that applies the log late: it is one of the late state, from which a recovery goes on to
// the newest commit.
func TestBackupFromStandby(t *testing.T) {
	c, s := newArchivedTrio(t, "1h")
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	f["join"], f["node-id"], f["standby"], f["apply-delay"], f["archive"] = c.flags[0]["raft"], "late", "true", "1h", s.String()
	late := start(t, f)
	t.Cleanup(func() { late.Close() })
	before := late.engine.Applied()
	run(t, c.dbs[0], "INSERT INTO app.t VALUES (2, 'two')")
	db := connect(t, late)
	if _, err := db.Exec("ALTER BACKUP LIMIT 'none'"); err == nil || !strings.Contains(err.Error(), "no backup is being made") {
		t.Errorf("the limit of no backup: %v", err)
	}
	run(t, db, "BACKUP DATABASE")
	m := newest(t, s)
	if m.Node != "late" || m.SCN != before || m.SCN >= c.nodes[0].engine.Applied() {
		t.Errorf("the backup is of node %q and SCN %d; the standby is at %d, the leader at %d", m.Node, m.SCN, before, c.nodes[0].engine.Applied())
	}
	if r := recoverTo(t, s, m.SCN, hashAt(t, c.nodes[0], m.SCN)); r.Backup != m.ID {
		t.Errorf("the recovery began from %q", r.Backup)
	}
	run(t, c.dbs[0], "BACKUP ARCHIVELOG")
	at := c.nodes[0].engine.Applied()
	if r := recoverTo(t, s, at, hashAt(t, c.nodes[0], at)); r.Backup != m.ID {
		t.Errorf("the recovery began from %q", r.Backup)
	}
}

// TestBackupFollowerStops: a backup on a follower that is stopped in its middle is not there, and is made after the restart from what was sent;
// one whose leader changes in its middle is made; without a leader it says so.
func TestBackupFollowerStops(t *testing.T) {
	c, s := newArchivedTrio(t, "1h")
	for i := range 100 {
		run(t, c.dbs[0], fmt.Sprintf("INSERT INTO app.t VALUES (%d, '%s')", 100+i, noise(t, 4000)))
	}
	c.sameState()
	i := c.follower()
	files := func() int {
		objects, err := s.List(context.Background(), "files/")
		if err != nil {
			t.Fatal(err)
		}
		return len(objects)
	}
	_, failed := takeSlowly(t, c.dbs[i], "BACKUP DATABASE LIMIT '100KiB/s'")
	awaitThat(t, "a file in the repository", func() bool { return files() > 0 })
	run(t, c.dbs[i], "ALTER BACKUP LIMIT '1KiB/s'") // so that it is not done before the node stops
	c.stop(i)
	if err := <-failed; err == nil {
		t.Fatal("a backup whose node was stopped succeeded")
	}
	if list, err := backup.List(context.Background(), s); err != nil || len(list) > 0 {
		t.Fatalf("after the stop there are backups %v, %v", list, err)
	}
	c.restart(i)
	sent := inodes(t, s)

	statement := "BACKUP DATABASE LIMIT '1KiB/s'"
	_, done := takeSlowly(t, c.dbs[i], statement)
	awaitThat(t, "a slow backup", func() bool { return c.nodes[i].backup.Load() != nil })
	old := c.leader()
	run(t, c.dbs[i], "SWITCHOVER TO "+c.nodes[3-i-old].identity.NodeID)
	run(t, c.dbs[i], "ALTER BACKUP LIMIT 'none'")
	if err := <-done; err != nil {
		t.Fatalf("a backup over which the leader changed: %v", err)
	}
	m := newest(t, s)
	recoverTo(t, s, m.SCN, hashAt(t, c.nodes[i], m.SCN))
	now := inodes(t, s)
	for name, inode := range sent {
		if strings.HasPrefix(name, "files/") && now[name] != inode {
			t.Errorf("%s was sent again", name)
		}
	}

	elsewhere := "file://" + filepath.Join(t.TempDir(), "elsewhere")
	if _, err := c.dbs[i].Exec("BACKUP DATABASE TO '" + elsewhere + "'"); err == nil || !strings.Contains(err.Error(), "setting archive names") {
		t.Errorf("a backup to where nobody archives: %v", err)
	}
	for j := range c.nodes {
		if j != i {
			c.stop(j)
		}
	}
	if _, err := c.dbs[i].Exec("BACKUP DATABASE"); err == nil || !strings.Contains(err.Error(), "no node leads") {
		t.Errorf("a backup without a leader: %v", err)
	}
	if list, err := backup.List(context.Background(), s); err != nil || len(list) != 1 {
		t.Errorf("after it there are backups %v, %v", list, err)
	}
	if left, err := filepath.Glob(filepath.Join(c.nodes[i].config.Data, backupDir)); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
