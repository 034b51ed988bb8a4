package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"redoubt/node"
)

// TestReportCompare: a statement that lost its index between two windows is the slower one, with both plans; one that is only in one
// window is new or gone; what cannot be compared is refused with the reason.
func TestReportCompare(t *testing.T) {
	n := &awrNode{T: t, address: startGuideNode(t).Addresses().MySQL}
	n.look = n.conn()
	c := n.conn()
	n.exec(c, "SET SESSION cte_max_recursion_depth = 100000", "CREATE DATABASE app", "USE app", "CREATE TABLE big (id INT PRIMARY KEY, a INT, b INT, KEY ba (a))", "CREATE TABLE log (id INT PRIMARY KEY)",
		"INSERT INTO big WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) SELECT i, i % 1000, i FROM n")
	lookup := func(i int) string { return fmt.Sprintf("SELECT SUM(LENGTH(b)) FROM big WHERE a = %d", i%1000) }
	first := n.snapshot()
	n.busy(c, 300*time.Millisecond, lookup)
	n.exec(c, "SELECT COUNT(*) AS only_then FROM big", "INSERT INTO log VALUES (1)")
	second := n.snapshot()
	n.exec(c, "ALTER TABLE big DROP INDEX ba")
	third := n.snapshot()
	n.busy(c, 600*time.Millisecond, lookup)
	n.exec(c, "SELECT COUNT(*) AS only_now FROM big", "INSERT INTO log VALUES (2)")
	fourth := n.snapshot()

	text := n.report("--from", third, "--to", fourth, "--against-from", first, "--against-to", second)
	matches(t, text,
		fmt.Sprintf(`(?m)^against +snapshots %s \(hand\) to %s`, first, second), fmt.Sprintf(`(?m)^this +snapshots %s \(hand\) to %s`, third, fourth),
		`Statements that became slower\n.*\n +\d+\.\d{3} +\d+\.\d{3} +\d+\.\d{3} +\d+\.\d\d +3 +3,000 +[\d,]+ +[\d,]+ +other +[0-9a-f]{16} +select sum`,
		`(?s)Plans that differ\n.*, 3 rows, [\d,]+ times +[^\n]*, 3,000 rows, [\d,]+ times +select sum`,
		`(?m)^  +rows read +\d\S* +\d\S* +\+\d\S* +\d+\.\d\d$`, `(?m)^  +commit, from proposal`, `(?m)^  ON CPU +CPU +`,
		`(?s)add to the load\n.* new +0 .*only_now`, `(?s)add to the load\n.* gone .*only_then`, `(?s)Plans of [0-9a-f]{16}, .*Index range scan on big using ba.*\n\n.*scan on big`)
	if strings.Contains(text, "note") || strings.Contains(text, "not known") {
		t.Errorf("a note without reason, or a change of plans that is not known, in\n%s", text)
	}
	back := n.report("--from", first, "--to", second, "--against-from", third, "--against-to", fourth)
	matches(t, back, `Statements that became faster\n.*\n +\d+\.\d{3} +\d+\.\d{3} +\d+\.\d{3} +0\.\d\d +3,000 +3 `)
	matches(t, n.report("--from", first, "--to", third, "--against-from", second, "--against-to", fourth), `(?m)^note +the windows overlap`)
	html := n.report("--from", third, "--to", fourth, "--against-from", first, "--against-to", second, "--format", "html")
	matches(t, html, `<!doctype html>`, `<h2>Statements that became slower</h2>`, `<h2>Plans that differ</h2>`, `<td class="n">&#43;\d`, `<p class="note">the one against</p><pre>`)
	if strings.Contains(html, "http://") || strings.Contains(html, "https://") || strings.Contains(html, "<script") {
		t.Error("the page does not stand alone")
	}
	for want, args := range map[string][]string{
		"--against-from and --against-to: want both":                       {"--against-from", "1"},
		"--against-from: there is no snapshot 99":                          {"--against-from", "99", "--against-to", "now"},
		"--against-from 2 --against-to 2: there are not two snapshots":     {"--from", "1", "--to", "2", "--against-from", "2", "--against-to", "2"},
		"--against-from 2001-01-01 --against-to 2001-01-02: there are not": {"--against-from", "2001-01-01", "--against-to", "2001-01-02"},
		"--node: windows are compared of one node":                         {"--against-from", "1", "--against-to", "2", "--node", "all"},
		"--format pdf: want text or html":                                  {"--against-from", "1", "--against-to", "2", "--format", "pdf"},
	} {
		if out := n.refused(args...); !strings.Contains(out, want) {
			t.Errorf("%v: no %q in %s", args, want, out)
		}
	}
}

// snapshot takes one, and gives its number.
func (n *awrNode) snapshot() (id string) {
	n.Helper()
	var scn, when string
	if err := n.look.QueryRowContext(n.Context(), "CALL DBMS_WORKLOAD_REPOSITORY.CREATE_SNAPSHOT()").Scan(&id, &scn, &when); err != nil {
		n.Fatal(err)
	}
	return id
}

// refused gives what a report says that must fail.
func (n *awrNode) refused(args ...string) string {
	n.Helper()
	var out bytes.Buffer
	if run(n.Context(), append([]string{"report", "awr", "--addr", n.address}, args...), strings.NewReader(""), &out, &out) == 0 {
		n.Errorf("report awr %v succeeded", args)
	}
	return out.String()
}

// matches tests that a text has what is wanted of it, as regular expressions.
func matches(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// TestReportCompareRestart: a restart within a window, or between two, is said; where the node only started nothing can be compared.
func TestReportCompareRestart(t *testing.T) {
	flags := map[string]string{"data": filepath.Join(t.TempDir(), "data")}
	for _, name := range []string{"mysql", "http", "raft"} {
		flags[name] = "127.0.0.1:0"
	}
	begin := func() (n *awrNode, end func()) {
		t.Helper()
		config, err := node.Load("", flags)
		if err != nil {
			t.Fatal(err)
		}
		running, err := node.Open(context.Background(), config, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		end = sync.OnceFunc(func() {
			if err := running.Close(); err != nil {
				t.Error(err)
			}
		})
		t.Cleanup(end)
		n = &awrNode{T: t, address: running.Addresses().MySQL}
		n.look = n.conn()
		return n, end
	}
	n, end := begin()
	first := n.snapshot()
	n.exec(n.look, "SELECT 1")
	second := n.snapshot()
	end()
	n, end = begin()
	third := n.snapshot()
	n.exec(n.look, "SELECT 1")
	fourth := n.snapshot()
	between := n.report("--from", third, "--to", fourth, "--against-from", first, "--against-to", second)
	matches(t, between, `(?m)^note +the node started between the windows`)
	if strings.Contains(between, "in between; what it did") {
		t.Errorf("a restart within a window in\n%s", between)
	}
	matches(t, n.report("--from", second, "--to", third, "--against-from", first, "--against-to", second), `(?m)^note +this: the node started 1 times in between`)
	baseline := func(code int, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		if got := run(t.Context(), append([]string{"report", "baseline"}, append(args, "--addr", n.address)...), strings.NewReader(""), &out, &out); got != code {
			t.Errorf("baseline %v: exit %d\n%s", args, got, &out)
		}
		return out.String()
	}
	matches(t, baseline(0, "create", "calm", "--from", first, "--to", second), `baseline calm: snapshots 2 to 3`)
	matches(t, baseline(1, "create", "calm", "--from", first, "--to", second), `there is one named calm already.*RD-1304`)
	matches(t, baseline(1, "create", "it's", "--from", first, "--to", second), `"it's" is no name for one.*RD-1304`)
	matches(t, baseline(1, "create", "b", "--from", "99"), `--from: there is no snapshot 99`)
	matches(t, baseline(1, "drop", "b"), `there is none named b.*RD-1304`)
	for want, against := range map[string]string{"there is no baseline b;": "baseline:b", "want baseline:NAME": "calm"} {
		if out := n.refused("--from", third, "--to", fourth, "--against", against); !strings.Contains(out, want) {
			t.Errorf("%s: no %q in %s", against, want, out)
		}
	}
	stop, start := "4", "5"
	if out := n.refused("--from", stop, "--to", start, "--against-from", first, "--against-to", second); !strings.Contains(out, "nothing says how long it ran") {
		t.Error(out)
	}

	// Without the files of all other snapshots the baseline is still there, with its numbers.
	end()
	files, err := filepath.Glob(filepath.Join(flags["data"], "awr", "awr-*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	n, _ = begin()
	fifth := n.snapshot()
	n.exec(n.look, "SELECT 1")
	sixth := n.snapshot()
	matches(t, baseline(0, "ls"), `(?m)^calm +2 to 3 +20\d\d-\S+ \S+ +20\d\d-\S+ \S+ +0 +\d+$`)
	matches(t, n.report("--from", fifth, "--to", sixth, "--against", "baseline:Calm"), `(?m)^against +snapshots 2 \(hand\) to 3`, `(?m)^this +snapshots 5 \(hand\) to 6`)
	baseline(0, "drop", "calm")
	if out := baseline(0, "ls"); strings.Contains(out, "calm") {
		t.Error(out)
	}
}
