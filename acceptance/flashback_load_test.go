package acceptance

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"
)

// TestFlashbackUnderSysbench flashes one of sysbench's tables back, again and again, while its threads write: no session is
// cut, no error but retryable ones is met, each time the table has the rows that it had, and the log says the same.
func TestFlashbackUnderSysbench(t *testing.T) {
	threads, flashbacks, seconds, rows := 32, 100, 40, 10_000
	if testing.Short() {
		threads, flashbacks, seconds, rows = 8, 15, 8, 1_000
	}
	random := rand.New(rand.NewPCG(seed(t, 0), 11))
	s := startServer(t, "--segment-size=4MiB", "--segment-time=2s")
	db := open(t, s.mysql, "")
	mustExec(t, db, "CREATE DATABASE sbtest")
	base := []string{
		"oltp_write_only", "--db-driver=mysql", "--mysql-host=127.0.0.1", "--mysql-port=" + port(s.mysql), "--mysql-user=root",
		"--mysql-db=sbtest", "--tables=2", fmt.Sprintf("--table-size=%d", rows), fmt.Sprintf("--threads=%d", threads), fmt.Sprintf("--time=%d", seconds),
	}
	if out, err := command(t, 5*time.Minute, "", tool(t, "sysbench"), append(base, "prepare")...); err != nil {
		t.Fatalf("prepare: %v\n%s", err, out)
	}
	first, err := strconv.ParseUint(one(t, db, "SELECT current_scn()"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	type ended struct {
		out string
		err error
	}
	running := make(chan ended, 1)
	go func() {
		out, err := command(t, 5*time.Minute, "", tool(t, "sysbench"), append(base, "run")...)
		running <- ended{out, err}
	}()
	began, gap := time.Now(), time.Duration(seconds)*time.Second*9/10/time.Duration(flashbacks)
	for n := range flashbacks {
		if wait := time.Until(began.Add(time.Duration(n) * gap)); wait > 0 {
			time.Sleep(wait) // the load goes on meanwhile
		}
		flashUnderLoad(t, s, random, first, n)
	}
	end := <-running
	if end.err != nil {
		t.Fatalf("sysbench: %v\n%s", end.err, end.out)
	}
	if again := sysbenchAgain.FindStringSubmatch(end.out); again == nil || again[1] != "0" {
		t.Errorf("sessions were cut:\n%s", end.out)
	}
	t.Logf("%d flashbacks in %s\n%s", flashbacks, time.Since(began).Round(time.Second), end.out)
	checkTables(t, open(t, s.mysql, "sbtest"), "sbtest1, sbtest2")
	sameAfterReplay(t, s, db)
}

// flashUnderLoad takes sbtest1 back to a random SCN, of the last few thousand, and compares it with what it was.
func flashUnderLoad(t *testing.T, s *server, random *rand.Rand, first uint64, n int) {
	t.Helper()
	db := open(t, s.mysql, "sbtest")
	now, err := strconv.ParseUint(one(t, db, "SELECT current_scn()"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	to := now - random.Uint64N(min(now-first+1, 3000))
	rows, err := ask(t.Context(), db, "FLASHBACK TABLE sbtest1 TO SCN ?", to)
	if err != nil {
		t.Fatalf("flashback %d to SCN %d: %v", n, to, err)
	}
	at := fmt.Sprint(rows.rows[0][2])
	content := "SELECT CONCAT(COUNT(*), ' ', SUM(id), ' ', SUM(k), ' ', SUM(CRC32(c)), ' ', SUM(CRC32(pad))) FROM sbtest1 AS OF SCN %v"
	if was, is := one(t, db, fmt.Sprintf(content, to)), one(t, db, fmt.Sprintf(content, at)); was != is {
		t.Fatalf("flashback %d at SCN %s to SCN %d: the table is %s, it was %s", n, at, to, is, was)
	}
}
