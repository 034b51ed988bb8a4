package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

// TestReportNodes: a report of two nodes has a column for each and the sum; a third one, which has not come, is named.
func TestReportNodes(t *testing.T) {
	first := startGuideNode(t)
	first.join(t, strings.Fields("--node-id n2 --data two --mysql 127.0.0.1:3308 --http 127.0.0.1:8308 --raft 127.0.0.1:7308 --join 127.0.0.1:7307"))
	address := first.Addresses().MySQL
	at := map[string]*awrNode{}
	for name, a := range map[string]string{"n1": address, "n2": first.places["127.0.0.1:3308"]} {
		at[name] = &awrNode{T: t, address: a}
		at[name].look = at[name].conn()
	}
	redoubt := func(code int, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		if got := run(t.Context(), append(args, "--addr", address), strings.NewReader(""), &out, &out); got != code {
			t.Fatalf("redoubt %v: exit %d\n%s", args, got, &out)
		}
		return out.String()
	}
	at["n1"].exec(at["n1"].look, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)", "ALTER CLUSTER ADD NODE n3")
	for name, times := range map[string]int{"n1": 3, "n2": 5} {
		n := at[name]
		n.exec(n.look, "CALL DBMS_WORKLOAD_REPOSITORY.CREATE_SNAPSHOT()")
		for range times {
			n.exec(n.look, "SELECT COUNT(*) AS counted FROM app.t")
		}
		n.exec(n.look, "CALL DBMS_WORKLOAD_REPOSITORY.CREATE_SNAPSHOT()")
	}
	self := at["n1"].nameOf()
	text := redoubt(0, "report", "awr", "--node", "all", "--from", "-10m")
	for _, want := range []string{
		`missing +n3, which is in no sum: it has not come yet`, `(?m)^n2 +snapshots 1 \(start\) to `, `(?m)^  share +sql_id +` + self + ` +n2 +all +text$`,
		`(?s)Statements by executions\n.*\n[^\n]+ 3 +5 +8 +select count\(\*\) as counted from app.t`, `Findings\n  None: `,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	html := redoubt(0, "report", "awr", "--node", self+",n2", "--from", "-10m", "--format", "html")
	for _, want := range []string{`<h2>Statements by executions</h2>`, `<td class="n">3</td><td class="n">5</td><td class="n">8</td>`} {
		if !strings.Contains(html, want) {
			t.Errorf("no %s in\n%s", want, html)
		}
	}
	const busy = "SELECT COUNT(*) AS busy FROM information_schema.columns a JOIN information_schema.columns b ON a.table_name < b.table_name"
	for seen := 0; seen == 0; {
		at["n2"].exec(at["n2"].look, busy)
		query := "SELECT COUNT(*) FROM v$active_session_history WHERE event IS NULL AND sql_id IN (SELECT sql_id FROM v$sql WHERE sql_text LIKE '%as busy%')"
		if err := at["n2"].look.QueryRowContext(t.Context(), query).Scan(&seen); err != nil {
			t.Fatal(err)
		}
	}
	text = redoubt(0, "report", "ash", "--node", "all", "--from", "-10m")
	for _, want := range []string{
		`missing +n3, which is in no sum: it has not come yet`, `(?m)^n1 +\d+ samples, of each one second`, `(?s)Statements, seconds\n +share +sql_id, kind, event +n1 +n2 +all +text\n`,
		`, select, ON CPU +0\.0 +(\d+\.\d) +\d+\.\d +select count\(\*\) as busy`, `(?m)^ +\d+\.\d % +\d+\.\d +n2 +\d+ +root`,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("ash: no %s in\n%s", want, text)
		}
	}
	if html := redoubt(0, "report", "ash", "--node", "all", "--from", "-10m", "--format", "html"); !strings.Contains(html, "<h2>Statements, seconds</h2>") || strings.Contains(html, "Findings") {
		t.Errorf("ash as HTML:\n%s", html)
	}
	for want, args := range map[string][]string{
		"there is no node n9; there are": {"--node", "n9"}, "want names of nodes, or all": {"--node", ","},
		"each node numbers its own": {"--node", "all", "--from", "1"}, "n3: it has not come yet": {"--node", "n3"},
	} {
		if out := redoubt(1, append([]string{"report", "awr"}, args...)...); !strings.Contains(out, want) {
			t.Errorf("%v: no %q in %s", args, want, out)
		}
	}
}

// nameOf asks a node for its name.
func (n *awrNode) nameOf() (name string) {
	n.Helper()
	if err := n.look.QueryRowContext(n.Context(), "SELECT instance_name FROM v$instance").Scan(&name); err != nil {
		n.Fatal(err)
	}
	return name
}
