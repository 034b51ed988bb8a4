package acceptance

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// smallDisk mounts a file system of a few megabytes and returns where, and how to make it larger.
func smallDisk(t *testing.T, megabytes int) (string, func(megabytes int)) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root may mount the small file system that this test fills")
	}
	dir := t.TempDir()
	mount := func(args ...string) {
		t.Helper()
		if out, err := command(t, time.Minute, "", tool(t, "mount"), args...); err != nil {
			t.Fatalf("mount: %v\n%s", err, out)
		}
	}
	mount("-t", "tmpfs", "-o", fmt.Sprintf("size=%dm", megabytes), "redoubt-acceptance", dir)
	t.Cleanup(func() {
		if out, err := runProgram(context.Background(), time.Minute, "", "umount", dir); err != nil {
			t.Errorf("umount: %v\n%s", err, out)
		}
	})
	return dir, func(megabytes int) { mount("-o", fmt.Sprintf("remount,size=%dm", megabytes), dir) }
}

// TestFullDisk fills the disk: the client hears an error, the node stops with one, and when there is room again
// everything that was acknowledged is there.
func TestFullDisk(t *testing.T) {
	disk, enlarge := smallDisk(t, 24)
	s := newServer(t, "--log-file-size=1MiB", "--memtable-size=1MiB", "--checkpoint-size=2MiB", "--cache-size=8MiB")
	s.dir = filepath.Join(disk, "data")
	s.start()
	heard, failure := fill(t, s)
	t.Logf("%d rows, then: %v", len(heard)-1, failure)
	if err := s.wait(time.Minute); err == nil {
		t.Error("the server ended with status 0")
	}
	if number(failure) == 0 {
		t.Errorf("the client should hear what is wrong, it heard: %v; the server said:\n%s", failure, s.out)
	}
	if text := strings.ToLower(s.out.String()); !strings.Contains(text, "no space left") && !strings.Contains(text, "disk is full") {
		t.Errorf("the server does not say that the disk is full:\n%s", s.out)
	}
	mentions(t, s.out.String())

	enlarge(200)
	s.start()
	db := open(t, s.mysql, "d")
	r, err := ask(t.Context(), db, "SELECT id FROM t ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	present := map[string]bool{}
	for _, row := range r.rows {
		present[row[0]] = true
	}
	for id, o := range heard {
		if there := present[fmt.Sprint(id)]; o == acknowledged && !there || o == refused && there {
			t.Errorf("row %d is %s, but it is there: %t", id, outcomeNames[o], there)
		}
	}
	mustExec(t, db, "INSERT INTO t VALUES (1000000, 'room')")
}

// fill inserts rows until that fails. It returns what the client heard of each, and the failure.
func fill(t *testing.T, s *server) (heard []outcome, failure error) {
	t.Helper()
	c := conn(t, s.mysql, "")
	mustExec(t, c, "CREATE DATABASE d", "USE d", "CREATE TABLE t (id int PRIMARY KEY, v mediumblob)")
	blob := make([]byte, 8000)
	for id := range 100_000 {
		for i := range blob {
			blob[i] = byte((i*id + i>>3) % 251) // does not compress to nothing
		}
		_, err := c.ExecContext(t.Context(), "INSERT INTO t VALUES (?, ?)", id, blob)
		if heard = append(heard, told(err)); err != nil {
			return heard, err
		}
	}
	t.Fatal("the disk never became full")
	return nil, nil
}
