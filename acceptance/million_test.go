package acceptance

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

const (
	million   = 1_000_000
	bigSchema = "(id INT NOT NULL PRIMARY KEY, k INT NOT NULL, c CHAR(120) NOT NULL, pad CHAR(60) NOT NULL, KEY k (k))"
)

// TestMillionRows writes a million rows in one transaction: it commits whole while others commit, and is there after the
// server was killed behind the answer; it is rolled back whole; and nothing of it is there after the server was killed in
// its middle.
func TestMillionRows(t *testing.T) {
	s := startServer(t)
	db := open(t, s.mysql, "")
	mustExec(t, db, "CREATE DATABASE big")
	c := conn(t, s.mysql, "big")
	mustExec(t, c, "CREATE TABLE a "+bigSchema, "CREATE TABLE b "+bigSchema, "CREATE TABLE small (id INT AUTO_INCREMENT PRIMARY KEY)")
	step := stopwatch(t)

	stop := commitSmall(t, s)
	loadMillion(t, c)
	step("LOAD DATA; the slowest commit of another took " + stop().String() + "; " + peakMemory(t, s))
	want := position(t, db)
	s.kill()
	s.start()
	step("killed behind the answer, started")
	if got := position(t, db); got != want {
		t.Fatalf("SCN and state hash after the kill: %s, want %s", got, want)
	}
	c = conn(t, s.mysql, "big")
	expectRows(t, c, "a", million)

	mustExec(t, c, "BEGIN", "INSERT INTO b SELECT * FROM a", "ROLLBACK")
	expectRows(t, c, "b", 0)
	step("INSERT … SELECT, rolled back")

	want = position(t, db)
	killWhileCommitting(t, s, c)
	step("INSERT … SELECT, killed in the middle")
	s.start()
	step("started")
	if got := position(t, db); got != want {
		t.Fatalf("SCN and state hash after the kill: %s, want %s", got, want)
	}
}

// stopwatch tells how long each step took.
func stopwatch(t *testing.T) func(what string) {
	last := time.Now()
	return func(what string) {
		t.Logf("%6.2f s  %s", time.Since(last).Seconds(), what)
		last = time.Now()
	}
}

// peakMemory is the most memory that a server has had.
func peakMemory(t *testing.T, s *server) string {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return err.Error() // not on Linux
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return "at most " + strings.TrimSpace(value) + " of memory"
		}
	}
	return "memory unknown"
}

func expectRows(t *testing.T, e executor, table string, want int) {
	t.Helper()
	if got := one(t, e, "SELECT count(*) FROM "+table); got != strconv.Itoa(want) {
		t.Fatalf("%s rows in %s, want %d", got, table, want)
	}
}

// loadMillion is one statement, and so one transaction.
func loadMillion(t *testing.T, c *sql.Conn) {
	t.Helper()
	r, w := io.Pipe()
	go func() {
		line := []byte{}
		for i := range million {
			line = fmt.Appendf(line[:0], "%d\t%d\t%0119d\t%059d\n", i, i*7919%million, i, i)
			if _, err := w.Write(line); err != nil {
				return
			}
		}
		w.Close()
	}()
	mysql.RegisterReaderHandler("million", func() io.Reader { return r })
	defer mysql.DeregisterReaderHandler("million")
	mustExec(t, c, "LOAD DATA LOCAL INFILE 'Reader::million' INTO TABLE a FIELDS TERMINATED BY '\t'")
}

// commitSmall commits small transactions until the function that it gives is called, which tells how long the slowest took.
func commitSmall(t *testing.T, s *server) func() time.Duration {
	t.Helper()
	c := conn(t, s.mysql, "big")
	var stop atomic.Bool
	slowest := make(chan time.Duration, 1)
	go func() {
		var worst time.Duration
		for !stop.Load() {
			start := time.Now()
			if _, err := c.ExecContext(context.Background(), "INSERT INTO small VALUES ()"); err != nil {
				t.Error(err)
				break
			}
			worst = max(worst, time.Since(start))
		}
		slowest <- worst
	}()
	return func() time.Duration { stop.Store(true); return <-slowest }
}

// killWhileCommitting kills the server when some parts of a transaction are in the log.
func killWhileCommitting(t *testing.T, s *server, c *sql.Conn) {
	t.Helper()
	mustExec(t, c, "BEGIN", "INSERT INTO b SELECT * FROM a")
	logged := func() float64 { return metric(t, s, "redoubt_log_payload_bytes_total") }
	before, done := logged(), make(chan error, 1)
	go func() {
		_, err := c.ExecContext(context.Background(), "COMMIT")
		done <- err
	}()
	for logged() < before+30<<20 { // of more than 200
		select {
		case err := <-done:
			t.Fatalf("the commit was over before its parts were seen: %v", err)
		default:
		}
	}
	s.kill()
	if err := <-done; err == nil {
		t.Fatal("the commit was acknowledged")
	}
}

func metric(t *testing.T, s *server, name string) float64 {
	t.Helper()
	r, err := http.Get("http://" + s.http + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(body)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok {
			f, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}
