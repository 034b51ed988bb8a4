package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"redoubt/internal/shell"
)

// awrNode is a node whose workload a test provokes.
type awrNode struct {
	*testing.T
	address string
	look    *sql.Conn
}

func (n *awrNode) conn() *sql.Conn {
	n.Helper()
	c, done, err := shell.Connect(n.Context(), shell.Options{Addr: n.address, User: "root"})
	if err != nil {
		n.Fatal(err)
	}
	n.Cleanup(func() { done() })
	return c
}

func (n *awrNode) exec(c *sql.Conn, statements ...string) {
	n.Helper()
	for _, s := range statements {
		if _, err := c.ExecContext(context.Background(), s); err != nil {
			n.Fatalf("%s: %v", s, err)
		}
	}
}

// between gives the report of what work does, as a format.
func (n *awrNode) between(format string, work func()) string {
	n.Helper()
	take := func() (id string) {
		var scn, when string
		if err := n.look.QueryRowContext(context.Background(), "CALL DBMS_WORKLOAD_REPOSITORY.CREATE_SNAPSHOT()").Scan(&id, &scn, &when); err != nil {
			n.Fatal(err)
		}
		return id
	}
	first := take()
	work()
	return n.report("--from", first, "--to", take(), "--format", format)
}

func (n *awrNode) report(args ...string) string {
	n.Helper()
	var out bytes.Buffer
	if code := run(n.Context(), append([]string{"report", "awr", "--addr", n.address}, args...), strings.NewReader(""), &out, &out); code != 0 {
		n.Fatalf("report awr %v: exit %d\n%s", args, code, &out)
	}
	return out.String()
}

// busy repeats statements until the database time has grown by so much.
func (n *awrNode) busy(c *sql.Conn, least time.Duration, statement func(i int) string) {
	n.Helper()
	spent := func() (micros int64) {
		if err := n.look.QueryRowContext(context.Background(), "SELECT value FROM v$sysstat WHERE name = 'DB time'").Scan(&micros); err != nil {
			n.Fatal(err)
		}
		return micros
	}
	for i, start := 0, spent(); i%20 != 0 || spent()-start < least.Microseconds(); i++ {
		n.exec(c, statement(i))
	}
}

// TestReportAWR: each workload gives the findings that it provokes, and one that does not does not.
func TestReportAWR(t *testing.T) {
	n := &awrNode{T: t, address: startGuideNode(t).Addresses().MySQL}
	n.look = n.conn()
	c := n.conn()
	n.exec(c, "SET SESSION cte_max_recursion_depth = 100000", "CREATE DATABASE app", "USE app", "CREATE TABLE big (id INT PRIMARY KEY, a INT, b INT)",
		"INSERT INTO big WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, i % 1000, i FROM n", "CREATE TABLE hot (id INT PRIMARY KEY, v INT)", "INSERT INTO hot VALUES (1, 0), (2, 0)")
	check := func(name, text string, wants []string, not ...string) {
		t.Helper()
		findings, _, _ := strings.Cut(text, "Active sessions over time")
		for _, want := range wants {
			if !regexp.MustCompile(want).MatchString(text) {
				t.Errorf("%s: no %s in\n%s", name, want, text)
			}
		}
		for _, bad := range not {
			if strings.Contains(findings, bad) {
				t.Errorf("%s: %s in\n%s", name, bad, findings)
			}
		}
	}
	lookup := func(i int) string { return fmt.Sprintf("SELECT SUM(LENGTH(b)) FROM big WHERE a = %d", i%1000) }
	quiet := n.between("text", func() { n.exec(c, "SELECT SLEEP(1.2)") })
	check("quiet", quiet, []string{`Findings\n  None: nothing`, `database time +[1-9]\.\d s`, `(?m)^  transactions committed +0`})

	n.exec(c, "ALTER TABLE big ADD INDEX ba (a)")
	indexed := n.between("text", func() { n.busy(c, 1200*time.Millisecond, lookup) })
	check("by an index", indexed, nil, "full scan", "slower plan", "lock waits", "conflicts")
	n.exec(c, "ALTER TABLE big DROP INDEX ba")
	scan := n.between("text", func() { n.busy(c, 2*time.Second, lookup) })
	check("no index any more", scan, []string{
		`\d\. full scan: \d+\.\d s`, `read 5000 rows each from the whole of big`, `CREATE INDEX by_a ON big \(a\)`, `slower plan`, `(?s)Changes of plans.*5 rows.*5,000 rows`, `Index range scan on big using ba`,
	}, "lock waits", "conflicts", "log sync")

	blocker, waiter := n.conn(), n.conn()
	locks := n.between("text", func() {
		n.exec(blocker, "BEGIN", "UPDATE app.hot SET v = 1 WHERE id = 1")
		done := make(chan error)
		go func() {
			_, err := waiter.ExecContext(context.Background(), "UPDATE app.hot SET v = 2 WHERE id = 1")
			done <- err
		}()
		for seen := 0; seen < 3; {
			if err := n.look.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM v$active_session_history WHERE event LIKE '%row lock%'").Scan(&seen); err != nil {
				t.Fatal(err)
			}
		}
		n.exec(blocker, "COMMIT")
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
	check("locks", locks, []string{`\d\. lock waits: `, `for locks on app\.hot`, `Waits for locks\n`}, "full scan", "conflicts")

	commits := n.between("text", func() {
		n.exec(c, "CREATE TABLE log (id INT PRIMARY KEY AUTO_INCREMENT, v INT)")
		n.busy(c, 1500*time.Millisecond, func(int) string { return "INSERT INTO log (v) VALUES (1)" })
	})
	check("commits", commits, []string{`\d\. log sync: `, `change 1\.\d rows each`, `1(\.\d)? commits share one`}, "full scan", "lock waits", "conflicts")

	n.exec(blocker, "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE")
	conflicts := n.between("text", func() {
		for range 40 {
			n.exec(blocker, "BEGIN", "SELECT v FROM app.hot WHERE id = 2")
			n.exec(waiter, "UPDATE app.hot SET v = v + 1 WHERE id = 2")
			if _, err := blocker.ExecContext(context.Background(), "UPDATE app.hot SET v = v + 1 WHERE id = 2"); err == nil {
				n.exec(blocker, "COMMIT")
			} else {
				n.exec(blocker, "ROLLBACK")
			}
		}
		n.exec(c, "SELECT SLEEP(1.2)")
	})
	check("conflicts", conflicts, []string{`\d\. conflicts: `, `(?m)^Statements by conflicts\n`, `SELECT … FOR UPDATE`}, "full scan", "lock waits")

	html := n.between("html", func() { n.busy(c, 3*time.Second, lookup) })
	check("html", html, []string{`<!doctype html>`, `<h2>Findings</h2>`, `<b>full scan</b>`, `<rect x=`, `prefers-color-scheme:dark`, `<td class="n">\d`, `<text x=`})
	if strings.Contains(html, "http://") || strings.Contains(html, "https://") || strings.Contains(html, "<script") {
		t.Error("the page does not stand alone")
	}
	if keep := os.Getenv("REDOUBT_KEEP_REPORT"); keep != "" { // to be looked at
		if err := os.WriteFile(keep, []byte(n.report("--from", "1", "--format", "html")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check("by time", n.report("--from", "-10m", "--to", "now"), []string{`snapshots +1 \(start\) to \d+ \(hand\)`, `lock waits`, `Waits for locks`, `note +the oldest snapshot is \d+m?\d*s younger than the beginning`})
	check("by SCN", n.report("--from", "scn:3", "--to", "scn:10"), []string{`(?m)^SCNs +\d+ to \d+`})
	var out bytes.Buffer
	for _, args := range [][]string{{"--from", "99"}, {"--from", "3", "--to", "2"}, {"--format", "pdf"}, {"--from", "yesterday"}} {
		if run(t.Context(), append([]string{"report", "awr", "--addr", n.address}, args...), strings.NewReader(""), &out, &out) == 0 {
			t.Errorf("%v succeeded", args)
		}
	}
	check("errors", out.String(), []string{"there is no snapshot 99", "there are not two snapshots", "want text or html", "or the number of a snapshot"})
}
