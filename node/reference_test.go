package node

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"redoubt/telemetry"
)

var update = flag.Bool("update", false, "write pages of the reference anew")

const viewsPage = "../docs/reference/views.md"

// TestReferenceOfViews: the page has every view of a node and every column, each with what it means.
func TestReferenceOfViews(t *testing.T) {
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	f["archive"] = "file://" + filepath.Join(t.TempDir(), "repository")
	n := start(t, f)
	defer n.Close()
	var page strings.Builder
	page.WriteString("# Views\n\nThis page is written by a test from what a node has. Views are read like tables, in every database; their names have no case. Rows are\n" +
		"made when they are read, and tell of the node that one is connected to, unless they tell of what all nodes share. Times are UTC unless a view says otherwise. Names are\n" +
		"Oracle's where that fits, without a # at their ends, which begins a comment in MySQL.\n\n")
	views := n.sql.Views()
	for _, v := range views {
		fmt.Fprintf(&page, "- [%s](#%s): %s\n", v.Name(), strings.ToLower(strings.ReplaceAll(v.Name(), "$", "")), v.Comment())
	}
	db := connect(t, n)
	for _, v := range views {
		fmt.Fprintf(&page, "\n## %s\n\n%s.\n\n| column | type | what it holds |\n|---|---|---|\n", v.Name(), strings.ToUpper(v.Comment()[:1])+v.Comment()[1:])
		for _, c := range v.Schema() {
			if len(c.Comment) < 5 {
				t.Errorf("%s.%s has no description", v.Name(), c.Name)
			}
			fmt.Fprintf(&page, "| %s | %s | %s |\n", strings.ToLower(c.Name), strings.ToLower(strings.TrimSpace(regexp.MustCompile(`(CHARACTER SET|COLLATE) \S+`).ReplaceAllString(c.Type.String(), ""))), c.Comment)
		}
		rows, err := db.Query("SELECT * FROM " + v.Name())
		if err != nil {
			t.Errorf("%s: %v", v.Name(), err)
			continue
		}
		for rows.Next() {
		}
		if err := rows.Err(); err != nil {
			t.Errorf("%s: %v", v.Name(), err)
		}
		rows.Close()
	}
	if len(views) < 40 {
		t.Errorf("only %d views", len(views))
	}
	if *update {
		if err := os.WriteFile(viewsPage, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(viewsPage); err != nil || string(have) != page.String() {
		t.Errorf("%s is stale (%v); run: go test ./node -run TestReferenceOfViews -update", viewsPage, err)
	}
}

// TestMetricsAreDescribed: what a node has is in the list, and what the list has a node has.
func TestMetricsAreDescribed(t *testing.T) {
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	f["archive"] = "file://" + filepath.Join(t.TempDir(), "repository")
	n := start(t, f)
	defer n.Close()
	run(t, connect(t, n), "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)", "INSERT INTO app.t VALUES (1)")
	var out bytes.Buffer
	for _, name := range telemetry.WriteMetrics(&out, n.metrics) {
		if strings.HasPrefix(name, "redoubt_") {
			t.Errorf("%s is not described in telemetry/metric.go, and so not served", name)
		}
	}
	text := out.String()
	for _, m := range telemetry.Metrics() {
		lacks := !strings.Contains(text, "# HELP "+m.Name+" "+m.Help+"\n# TYPE "+m.Name+" "+string(m.Kind)+"\n"+m.Name)
		if lacks && !strings.HasPrefix(m.Name, "process_pressure_") { // which not every kernel has
			t.Errorf("a node does not have %s", m.Name)
		}
		if m.Kind == telemetry.Counter && !strings.HasSuffix(m.Name, "_total") || len(m.Help) < 5 || strings.HasSuffix(m.Name, "milliseconds") {
			t.Errorf("%s is not named as Prometheus' rules want", m.Name)
		}
		for _, line := range regexp.MustCompile(`(?m)^`+m.Name+`\{(.*)\} `).FindAllStringSubmatch(text, -1) {
			for _, label := range regexp.MustCompile(`([a-z]+)="`).FindAllStringSubmatch(line[1], -1) {
				if !slices.Contains(strings.Split(m.Labels, ","), label[1]) {
					t.Errorf("%s has label %s, described are %q", m.Name, label[1], m.Labels)
				}
			}
		}
	}
}
