package node

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"redoubt/backup"
	"redoubt/backup/store"
)

// inodes tells the objects of a repository, as the storage made them: one that is sent again is another.
func inodes(t *testing.T, s store.Store) map[string]uint64 {
	t.Helper()
	objects, err := s.List(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]uint64{}
	for _, o := range objects {
		info, err := os.Stat(filepath.Join(strings.TrimPrefix(s.String(), "file://"), filepath.FromSlash(o.Name)))
		if err != nil {
			t.Fatal(err)
		}
		out[o.Name] = info.Sys().(*syscall.Stat_t).Ino
	}
	return out
}

// await waits for a condition.
func awaitThat(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s does not come", what)
		}
	}
}

// TestBackupStops: a backup is slowed down, looked at, killed, and made again: what was sent is not sent again. One that is slow
// gets fast when its limit goes.
func TestBackupStops(t *testing.T) {
	f, _ := archived(t)
	f["memtable-size"], f["backup-parallel"] = "64KiB", "2"
	n := start(t, f)
	defer func() { n.Close() }()
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, v VARCHAR(4000))")
	for i := range 400 {
		run(t, db, fmt.Sprintf("INSERT INTO app.t VALUES (%d, '%s')", i, noise(t, 4000)))
	}
	elsewhere, err := store.OpenDir(filepath.Join(t.TempDir(), "elsewhere"))
	if err != nil {
		t.Fatal(err)
	}
	statement := "BACKUP DATABASE TO '" + elsewhere.String() + "'"
	id, failed := takeSlowly(t, db, statement+" LIMIT '100KiB/s'")
	awaitThat(t, "a file in the repository", func() bool {
		objects, err := elsewhere.List(context.Background(), "files/")
		return err == nil && len(objects) > 0
	})
	run(t, db, "ALTER BACKUP LIMIT '1KiB/s'") // so that it is not done before it is killed
	if got := get(t, db, "SELECT CONCAT_WS(' ', kind, step, limit_bytes_per_second, bytes_sent > 0) FROM V$BACKUP_PROGRESS"); got != "full send 1024 1" {
		t.Errorf("V$BACKUP_PROGRESS says %s", got)
	}
	if _, err := db.Exec(statement); err == nil || !strings.Contains(err.Error(), "another backup") {
		t.Errorf("a second backup at the same time: %v", err)
	}
	run(t, db, "KILL QUERY "+id)
	if err := <-failed; err == nil {
		t.Fatal("a backup that was killed succeeded")
	}
	if list, err := backup.List(context.Background(), elsewhere); err != nil || len(list) != 0 {
		t.Errorf("after the kill there are backups %v, %v", list, err)
	}
	if _, err := os.Stat(filepath.Join(n.config.Data, backupDir)); err == nil {
		t.Error("the checkpoint of the killed backup is left")
	}
	if _, err := db.Exec("ALTER BACKUP LIMIT 'none'"); err == nil || !strings.Contains(err.Error(), "no backup is being made") {
		t.Errorf("the limit of no backup: %v", err)
	}
	before := inodes(t, elsewhere)
	run(t, db, statement)
	after := inodes(t, elsewhere)
	for name, inode := range before {
		if after[name] != inode && !strings.HasPrefix(name, "tail/") {
			t.Errorf("%s was sent again", name)
		}
	}
	if len(after) <= len(before) {
		t.Errorf("%d objects after the kill, %d after the next backup", len(before), len(after))
	}

	third := "BACKUP DATABASE TO '" + elsewhere.String() + "-2'"
	_, done := takeSlowly(t, db, third+" LIMIT '1KiB/s'") // it would take half an hour
	awaitThat(t, "a slow backup", func() bool {
		var sent int
		return db.QueryRow("SELECT bytes_sent FROM V$BACKUP_PROGRESS").Scan(&sent) == nil && sent > 0
	})
	run(t, db, "ALTER BACKUP LIMIT 'none'")
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Minute):
		t.Error("the backup is slow though its limit went")
	}
}

// takeSlowly runs a backup on a connection of its own, whose id it gives.
func takeSlowly(t *testing.T, db *sql.DB, statement string) (id string, done chan error) {
	t.Helper()
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.QueryRowContext(context.Background(), "SELECT CONNECTION_ID()").Scan(&id); err != nil {
		t.Fatal(err)
	}
	done = make(chan error, 1)
	go func() {
		_, err := conn.ExecContext(context.Background(), statement)
		done <- err
		conn.Close()
	}()
	return id, done
}

// TestArchives: a node archives to several repositories, each on its own: what one of them refuses, the others have.
func TestArchives(t *testing.T) {
	f, first := archived(t)
	second, err := store.OpenDir(filepath.Join(t.TempDir(), "second"))
	if err != nil {
		t.Fatal(err)
	}
	third := filepath.Join(t.TempDir(), "third")
	f["archive"] = strings.Join([]string{first.String(), second.String(), "file://" + third}, ",")
	n := start(t, f)
	defer func() { n.Close() }()
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)")
	follows := func(s string) bool {
		return get(t, db, "SELECT status = 'OK' AND gap_scn = 0 FROM V$ARCHIVE WHERE destination = ?", s) == "1"
	}
	for _, s := range []string{first.String(), second.String(), "file://" + third} {
		awaitThat(t, "the log in "+s, func() bool { return follows(s) })
	}
	// The third goes: a file is where its folder was.
	if err := os.Rename(third, third+"-away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(third, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, db, "INSERT INTO app.t VALUES (1)")
	for _, s := range []string{first.String(), second.String()} {
		awaitThat(t, "the log in "+s, func() bool { return follows(s) })
	}
	awaitThat(t, "the third's failure", func() bool {
		return get(t, db, "SELECT status FROM V$ARCHIVE WHERE destination = ?", "file://"+third) == "FAILED"
	})
	awaitThat(t, "only the third's illness", func() bool {
		return get(t, db, "SELECT GROUP_CONCAT(name ORDER BY name) FROM V$HEALTH WHERE name LIKE 'archive%' AND healthy = 0") == "archive-3"
	})
	for _, s := range []string{first.String(), second.String()} {
		awaitThat(t, "the metrics of "+s, func() bool {
			return strings.Contains(fetch(t, "http://"+n.Addresses().HTTP+"/metrics"), fmt.Sprintf("redoubt_archive_gap_scn{destination=%q} 0", s))
		})
	}
	// It comes back, and catches up.
	if err := os.Remove(third); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(third+"-away", third); err != nil {
		t.Fatal(err)
	}
	awaitThat(t, "the log in the third", func() bool { return follows("file://" + third) })
	last := uint64(n.Engine().Applied())
	for _, s := range []string{first.String(), second.String(), "file://" + third} {
		if got := get(t, db, "SELECT COUNT(*) > 0 AND MIN(first_scn) = 1 AND MAX(last_scn) >= ? AND MAX(last_time) IS NOT NULL FROM V$ARCHIVED_LOG WHERE destination = ?", last, s); got != "1" {
			t.Errorf("V$ARCHIVED_LOG does not have the log of %s up to SCN %d", s, last)
		}
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	f["archive"] = first.String() + "," + first.String()
	config, err := Load("", f)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), config, n.logger); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("one repository twice: %v", err)
	}
}
