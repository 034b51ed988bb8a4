package main

import (
	"bytes"
	"context"
	"database/sql"
	"regexp"
	"strings"
	"testing"
	"time"

	"redoubt/internal/shell"
)

// TestReportAndTop: a session that waits for a row is in the report, as text and as HTML, and in top while it waits.
func TestReportAndTop(t *testing.T) {
	n := startGuideNode(t)
	address := n.Addresses().MySQL
	conn := func() *sql.Conn {
		c, done, err := shell.Connect(t.Context(), shell.Options{Addr: address, User: "root"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { done() })
		return c
	}
	exec := func(c *sql.Conn, statements ...string) {
		t.Helper()
		for _, s := range statements {
			if _, err := c.ExecContext(context.Background(), s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
	}
	redoubt := func(args ...string) string {
		t.Helper()
		var out bytes.Buffer
		if code := run(t.Context(), append(args, "--addr", address), strings.NewReader(""), &out, &out); code != 0 {
			t.Fatalf("redoubt %v: exit %d\n%s", args, code, &out)
		}
		return out.String()
	}
	contains := func(text string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !regexp.MustCompile(want).MatchString(text) {
				t.Errorf("no %s in\n%s", want, text)
			}
		}
	}
	blocker, waiter, look := conn(), conn(), conn()
	exec(blocker, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, v INT)", "INSERT INTO app.t VALUES (1, 1)", "BEGIN", "UPDATE app.t SET v = 2 WHERE id = 1")
	done := make(chan error)
	go func() {
		_, err := waiter.ExecContext(context.Background(), "UPDATE app.t SET v = 3 WHERE id = 1")
		done <- err
	}()
	deadline := time.Now().Add(2 * time.Minute)
	for seen := 0; seen < 2; {
		if time.Now().After(deadline) {
			t.Fatal("no sample of the waiter")
		}
		if err := look.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM v$active_session_history WHERE event LIKE '%row lock%'").Scan(&seen); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	contains(redoubt("top", "--once"), `active sessions, average of 15s: 0\.`, `a Application`, `\d+ +root +\S+ +\S+ +update +enq: TX - row lock contention +\d+ +app\.t`, `update app.t set v = \? where id = \?`)
	exec(blocker, "COMMIT")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	text := redoubt("report", "ash", "--from", "-1m")
	contains(text, `Who blocked whom\n.*\n +\d+\.\d %`, `enq: TX - row lock contention +app\.t`, `update app.t set v = \? where id = \?`, `(?m)^samples +[2-9]`, `a Application`)
	html := redoubt("report", "ash", "--from", "-1m", "--format", "html")
	contains(html, `<!doctype html>`, `<h2>Who blocked whom</h2>`, `<rect x=`, `<td>enq: TX - row lock contention</td>`, `fill="#c62828"`)
	contains(redoubt("report", "ash", "--from", "scn:3"), `(?m)^SCNs`)
	var out bytes.Buffer
	for _, args := range [][]string{{"--from", "yesterday"}, {"--from", "now", "--to", "-5m"}, {"--from", "2001-01-01", "--to", "2001-01-02"}, {"--format", "pdf"}} {
		if run(t.Context(), append([]string{"report", "ash", "--addr", address}, args...), strings.NewReader(""), &out, &out) == 0 {
			t.Errorf("%v succeeded", args)
		}
	}
	contains(out.String(), "want a time in UTC", "before it begins", "no session was active", "want text or html")
}
