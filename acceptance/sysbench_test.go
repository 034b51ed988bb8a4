package acceptance

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"
)

// sysbenchWorkloads are those of Debian's sysbench that applications look like; writes tells whether they change rows.
var sysbenchWorkloads = []sysbenchWorkload{
	{"oltp_point_select", false},
	{"oltp_read_only", false},
	{"select_random_ranges", false},
	{"oltp_read_write", true},
	{"oltp_insert", true},
	{"oltp_update_index", true},
	{"oltp_update_non_index", true},
	{"oltp_delete", true},
}

type sysbenchWorkload struct {
	name   string
	writes bool
}

func (w sysbenchWorkload) tables() string {
	if w.name == "select_random_ranges" {
		return "1" // it refuses more
	}
	return "2"
}

// TestSysbench runs Debian's sysbench as its users do: prepare, run and cleanup. Under REPEATABLE READ transactions that write may
// be refused for a conflict, which sysbench runs again; no other error is let pass.
func TestSysbench(t *testing.T) {
	s := startServer(t)
	mustExec(t, open(t, s.mysql, ""), "CREATE DATABASE sbtest", "SET GLOBAL transaction_isolation = 'REPEATABLE-READ'")
	seconds, rows := 4, 10_000
	if testing.Short() {
		seconds, rows = 1, 1_000
	}
	for _, w := range sysbenchWorkloads {
		base := []string{
			w.name, "--db-driver=mysql", "--mysql-host=127.0.0.1", "--mysql-port=" + port(s.mysql), "--mysql-user=root", "--mysql-db=sbtest",
			"--mysql-ignore-errors=1213", "--tables=" + w.tables(), fmt.Sprintf("--table-size=%d", rows),
		}
		sysbench := func(t *testing.T, step string, more ...string) string {
			t.Helper()
			out, err := command(t, 10*time.Minute, "", tool(t, "sysbench"), append(append(slices.Clip(base), more...), step)...)
			if err != nil {
				t.Fatalf("%s: %v\n%s", step, err, out)
			}
			return out
		}
		sysbench(t, "prepare")
		for _, threads := range []int{1, 8, 32} {
			t.Run(fmt.Sprintf("%s/%d", w.name, threads), func(t *testing.T) {
				checkSysbench(t, sysbench(t, "run", fmt.Sprintf("--threads=%d", threads), fmt.Sprintf("--time=%d", seconds)), w.writes && threads > 1)
			})
		}
		sysbench(t, "cleanup")
	}
}

var (
	sysbenchQueries = regexp.MustCompile(`queries: +(\d+) +\(([0-9.]+) per sec`)
	sysbenchErrors  = regexp.MustCompile(`ignored errors: +(\d+)`)
	sysbenchAgain   = regexp.MustCompile(`reconnects: +(\d+)`)
)

// checkSysbench wants work to have been done without a lost connection, and without a conflict unless there may be some.
func checkSysbench(t *testing.T, out string, conflicts bool) {
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
	if figure(sysbenchErrors) != 0 && !conflicts || figure(sysbenchAgain) != 0 || figure(sysbenchQueries) <= 0 {
		t.Errorf("want queries, no reconnects, and conflicts only of those who write at once:\n%s", out)
	}
	t.Logf("%.0f queries a second, %.0f conflicts", figure(sysbenchQueries), figure(sysbenchErrors))
}
