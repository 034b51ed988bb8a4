package acceptance

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// TestSysbench runs Debian's sysbench as its users do: prepare, run and cleanup without one error.
func TestSysbench(t *testing.T) {
	s := startServer(t)
	mustExec(t, open(t, s.mysql, ""), "CREATE DATABASE sbtest")
	seconds, rows := 10, 10_000
	if testing.Short() {
		seconds, rows = 2, 1_000
	}
	for _, workload := range []string{"oltp_point_select", "oltp_read_only", "oltp_insert"} {
		for _, threads := range []int{1, 8, 32} {
			t.Run(fmt.Sprintf("%s/%d", workload, threads), func(t *testing.T) {
				base := []string{
					workload, "--db-driver=mysql", "--mysql-host=127.0.0.1", "--mysql-port=" + port(s.mysql), "--mysql-user=root",
					"--mysql-db=sbtest", "--tables=2", fmt.Sprintf("--table-size=%d", rows), fmt.Sprintf("--threads=%d", threads), fmt.Sprintf("--time=%d", seconds),
				}
				for _, step := range []string{"prepare", "run", "cleanup"} {
					out, err := command(t, 10*time.Minute, "", tool(t, "sysbench"), append(base, step)...)
					if err != nil {
						t.Fatalf("%s: %v\n%s", step, err, out)
					}
					if step == "run" {
						checkSysbench(t, out)
					}
				}
			})
		}
	}
}

var (
	sysbenchQueries = regexp.MustCompile(`queries: +(\d+) +\(([0-9.]+) per sec`)
	sysbenchErrors  = regexp.MustCompile(`ignored errors: +(\d+)`)
	sysbenchAgain   = regexp.MustCompile(`reconnects: +(\d+)`)
)

// checkSysbench wants work to have been done, without an error that was passed over and without a lost connection.
func checkSysbench(t *testing.T, out string) {
	t.Helper()
	figure := func(pattern *regexp.Regexp) float64 {
		found := pattern.FindStringSubmatch(out)
		if found == nil {
			t.Fatalf("sysbench says nothing like %s:\n%s", pattern, out)
		}
		n, err := strconv.ParseFloat(found[len(found)-1], 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if figure(sysbenchErrors) != 0 || figure(sysbenchAgain) != 0 || figure(sysbenchQueries) <= 0 {
		t.Errorf("want queries, no errors and no reconnects:\n%s", out)
	}
	t.Logf("%.0f queries a second", figure(sysbenchQueries))
}
