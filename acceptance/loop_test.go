package acceptance

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// retry
var again = map[uint16]bool{1213: true, 1205: true, 1290: true, 1053: true} // a conflict, no leader, a node that stops

func retry(nodes []*sql.DB, run func(tx *sql.Tx) error) error {
	for i := 0; ; i++ {
		tx, err := nodes[i%len(nodes)].Begin()
		if err == nil {
			if err = run(tx); err == nil { // what it does again does no harm
				err = tx.Commit()
			} else {
				_ = tx.Rollback()
			}
		}
		var code *mysql.MySQLError
		if err == nil || errors.As(err, &code) && !again[code.Number] {
			return err // else a node is gone, or busy: the next one
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// end

// TestRetryLoops takes clients in four languages, with the loops of the guide, through the loss of the node that leads, and of another one.
func TestRetryLoops(t *testing.T) {
	nodes := startNodes(t, 3)
	ports := make([]string, len(nodes))
	pools := make([]*sql.DB, len(nodes))
	for i, n := range nodes {
		ports[i] = port(n.mysql)
		pools[i] = open(t, n.mysql, "")
	}
	mustExec(t, conn(t, nodes[0].mysql, ""), "CREATE DATABASE app", "CREATE TABLE app.row_of (name VARCHAR(20), i INT, PRIMARY KEY (name, i))")
	const rows = 150
	all := strings.Join(ports, ",")
	clients := map[string]*process{
		"python": start(t, "python", exec.Command(debianPython, filepath.Join("testdata", "loop.py"), all, "python", fmt.Sprint(rows))),
		"node":   start(t, "node", exec.Command(tool(t, "node"), nodeProgram(t, "loop.mjs", "mysql2@"+mysql2Version), all, "node", fmt.Sprint(rows))),
		"java":   start(t, "java", exec.Command(tool(t, "java"), "-cp", connectorJ, filepath.Join("testdata", "Loop.java"), all, "java", fmt.Sprint(rows))),
	}
	inGo := make(chan error, 1)
	go func() {
		var err error
		for i := 0; i < rows && err == nil; i++ {
			err = retry(pools, func(tx *sql.Tx) error {
				_, err := tx.Exec("INSERT INTO app.row_of (name, i) VALUES ('go', ?) ON DUPLICATE KEY UPDATE i = i", i)
				return err
			})
		}
		inGo <- err
	}()
	for name, c := range clients {
		if _, err := c.awaitOutput("row 10\n", 2*time.Minute); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	leader := leaderOf(t, nodes)
	nodes[leader].kill()
	nodes[leader].start()
	awaitNodes(t, nodes)
	other := (leaderOf(t, nodes) + 1) % len(nodes)
	nodes[other].kill()
	for name, c := range clients {
		if err := c.wait(3 * time.Minute); err != nil || !strings.HasSuffix(c.out.String(), "all well\n") {
			t.Errorf("%s: %v\n%s", name, err, c.out)
		}
	}
	if err := <-inGo; err != nil {
		t.Errorf("go: %v", err)
	}
	nodes[other].start()
	if got := one(t, pools[leader], "SELECT count(*) FROM app.row_of"); got != fmt.Sprint(rows*4) {
		t.Errorf("%s rows, want %d", got, rows*4)
	}
}

// TestLoopsOfTheGuide holds the page of the guide to the programs that are run here.
func TestLoopsOfTheGuide(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "guide", "cluster.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"loop_test.go", "testdata/loop.py", "testdata/loop.mjs", "testdata/Loop.java"} {
		program, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, loop, found := strings.Cut(string(program), " retry\n")
		if !found {
			t.Fatalf("%s has no loop", file)
		}
		end := max(strings.Index(loop, "// end\n"), strings.Index(loop, "# end\n"))
		loop = strings.TrimSpace(loop[:end])
		if strings.HasSuffix(file, ".java") {
			loop = strings.TrimSpace(strings.ReplaceAll("    "+loop, "\n    ", "\n"))
		}
		if !strings.Contains(string(page), loop) {
			t.Errorf("the loop of %s is not on the page", file)
		}
	}
}

// startNodes starts a cluster of processes.
func startNodes(t *testing.T, count int) []*server {
	t.Helper()
	return startNodesOn(t, "", -1, count)
}

// startNodesOn starts nodes of which one has its data on a disk of its own.
func startNodesOn(t *testing.T, disk string, whose, count int, extra ...string) []*server {
	t.Helper()
	var nodes []*server
	for i := range count {
		s := newServer(t, append([]string{"--node-id", fmt.Sprint("n", i+1)}, extra...)...)
		if i == whose {
			s.dir = filepath.Join(disk, "data")
		}
		if i > 0 {
			s.extra = append(s.extra, "--join", nodes[0].raft)
		}
		s.start()
		nodes = append(nodes, s)
	}
	awaitNodes(t, nodes)
	return nodes
}

// awaitNodes waits until all nodes vote.
func awaitNodes(t *testing.T, nodes []*server) {
	t.Helper()
	for i := range nodes {
		db := open(t, nodes[i].mysql, "")
		eventually(t, time.Minute, "all nodes vote", func() error {
			var voters int
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			err := db.QueryRowContext(ctx, "SELECT count(*) FROM redoubt.`V$NODE` WHERE voter AND up").Scan(&voters)
			if err == nil && voters != len(nodes) {
				err = fmt.Errorf("%d of them do", voters)
			}
			return err
		})
		db.Close()
	}
}

// leaderOf is the index of the node that leads.
func leaderOf(t *testing.T, nodes []*server) (leader int) {
	t.Helper()
	db := open(t, nodes[0].mysql, "")
	defer db.Close()
	eventually(t, time.Minute, "a leader", func() error {
		var address string
		if err := db.QueryRow("SELECT mysql_address FROM redoubt.`V$NODE` WHERE role = 'LEADER'").Scan(&address); err != nil {
			return err
		}
		for i := range nodes {
			if _, p, err := net.SplitHostPort(nodes[i].mysql); err == nil && strings.HasSuffix(address, ":"+p) {
				leader = i
			}
		}
		return nil
	})
	return leader
}

// TestRollingRestart stops and starts every node in turn while clients commit by the loop: none of them hears of it, and nothing is lost
// or done twice.
func TestRollingRestart(t *testing.T) {
	nodes := startNodes(t, 3)
	pools := make([]*sql.DB, len(nodes))
	for i, n := range nodes {
		pools[i] = open(t, n.mysql, "")
	}
	mustExec(t, conn(t, nodes[0].mysql, ""), "CREATE DATABASE app", "CREATE TABLE app.done (client INT, i INT, PRIMARY KEY (client, i))", "CREATE TABLE app.total (client INT PRIMARY KEY, n INT)")
	const clients = 6
	done := make([]int, clients)
	errs := make([]error, clients)
	ctx, stop := context.WithCancel(t.Context())
	var working sync.WaitGroup
	for c := range clients {
		working.Go(func() {
			own := []*sql.DB{pools[c%3], pools[(c+1)%3], pools[(c+2)%3]}
			for i := 0; ctx.Err() == nil && errs[c] == nil; i++ {
				if errs[c] = retry(own, func(tx *sql.Tx) error { return countOnce(tx, c, i) }); errs[c] == nil {
					done[c]++
				}
			}
		})
	}
	for range 2 {
		for _, n := range nodes {
			n.stop()
			n.start()
			awaitNodes(t, nodes)
		}
	}
	stop()
	working.Wait()
	for c := range clients {
		if errs[c] != nil {
			t.Errorf("client %d: %v", c, errs[c])
		}
		if got := one(t, pools[0], fmt.Sprintf("SELECT concat((SELECT count(*) FROM app.done WHERE client = %d), ' ', (SELECT n FROM app.total WHERE client = %d))", c, c)); got != fmt.Sprintf("%d %d", done[c], done[c]) {
			t.Errorf("client %d did %d, the database has %s", c, done[c], got)
		}
	}
	t.Logf("done by the clients: %v", done)
}

// countOnce counts a piece of work once, however often it is done.
func countOnce(tx *sql.Tx, client, i int) error {
	r, err := tx.Exec("INSERT IGNORE INTO app.done VALUES (?, ?)", client, i)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return err
	}
	_, err = tx.Exec("INSERT INTO app.total VALUES (?, 1) ON DUPLICATE KEY UPDATE n = n + 1", client)
	return err
}
