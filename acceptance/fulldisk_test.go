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

// TestFullDiskInCluster fills the disk of a node that follows, and of the one that leads: it stops, the others go on, and when there is room
// again it comes back and has everything.
func TestFullDiskInCluster(t *testing.T) {
	for name, whose := range map[string]int{"of a follower": 2, "of the leader": 0} {
		t.Run(name, func(t *testing.T) {
			disk, enlarge := smallDisk(t, 32)
			nodes := startNodesOn(t, disk, whose, 3, "--log-file-size=1MiB", "--memtable-size=1MiB", "--checkpoint-size=2MiB", "--cache-size=8MiB")
			if leaderOf(t, nodes) != 0 {
				mustExec(t, conn(t, nodes[0].mysql, ""), "SWITCHOVER TO n1")
			}
			full := nodes[whose]
			db := open(t, nodes[1].mysql, "")
			mustExec(t, db, "CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v MEDIUMBLOB)")
			rows, after := 0, 0
			for blob := make([]byte, 8000); after < 50; rows++ {
				if rows == 100_000 {
					t.Fatal("the disk never became full")
				}
				for i := range blob {
					blob[i] = byte((i*rows + i>>3) % 251) // does not compress to nothing
				}
				eventually(t, 30*time.Second, "a row is taken", func() error {
					_, err := db.ExecContext(t.Context(), "REPLACE INTO d.t VALUES (?, ?)", rows, blob)
					return err
				})
				select {
				case <-full.exited:
					after++
				default:
				}
			}
			if text := strings.ToLower(full.out.String()); full.err == nil || !strings.Contains(text, "no space left") && !strings.Contains(text, "disk is full") {
				t.Errorf("the node ended: %v; it said:\n%s", full.err, full.out)
			}
			enlarge(400)
			full.start()
			awaitNodes(t, nodes)
			if got := one(t, open(t, full.mysql, ""), "SELECT COUNT(*) FROM d.t"); got != fmt.Sprint(rows) {
				t.Errorf("the node that was full has %s rows, want %d", got, rows)
			}
		})
	}
}
