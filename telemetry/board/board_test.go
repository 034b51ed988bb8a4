package board

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"redoubt/telemetry"
)

var update = flag.Bool("update", false, "write the files anew")

const docs = "../../docs"

// TestFiles: the files are what the code says.
func TestFiles(t *testing.T) {
	dashboard, err := Dashboard()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"reference/metrics.md": Reference(), "deploy/grafana-dashboard.json": dashboard, "deploy/prometheus-rules.yml": RuleFile(),
	} {
		path = filepath.Join(docs, path)
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if have, err := os.ReadFile(path); err != nil || string(have) != want {
			t.Errorf("%s is stale (%v); run: go test ./telemetry/board -update", path, err)
		}
	}
}

// TestExpressionsNameMetrics: dashboard and rules ask only for what a node has, with labels that it has.
func TestExpressionsNameMetrics(t *testing.T) {
	check := func(where, expression string) {
		t.Helper()
		if unknown := Unknown(expression); len(unknown) > 0 {
			t.Errorf("%s asks for %v, which no node has", where, unknown)
		}
		for _, m := range telemetry.Metrics() {
			for _, match := range regexp.MustCompile(`\b`+m.Name+`(?:_bucket|_sum|_count)?\{([^}]*)\}`).FindAllStringSubmatch(expression, -1) {
				for _, label := range regexp.MustCompile(`([a-z_]+)\s*(?:=|!)`).FindAllStringSubmatch(match[1], -1) {
					if name := label[1]; name != "instance" && name != "le" && !strings.Contains(","+m.Labels+",", ","+name+",") {
						t.Errorf("%s asks for label %s of %s, which has %s", where, name, m.Name, m.Labels)
					}
				}
			}
		}
	}
	for _, p := range Panels() {
		for _, q := range p.Queries {
			check("panel "+p.Title, q.Expression)
		}
	}
	for _, r := range Rules() {
		check("rule "+r.Name, r.Expression)
	}
	if got := Unknown("rate(redoubt_nothing_total[1m]) + redoubt_commit_seconds"); len(got) != 2 {
		t.Errorf("unknown: %v", got)
	}
}

func TestDashboardIsJSON(t *testing.T) {
	text, err := Dashboard()
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct {
			ID      int
			Title   string
			GridPos struct{ X, Y, W, H int }
		}
	}
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	taken := map[[2]int]string{}
	ids := map[int]bool{}
	for _, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("panel id %d is used twice", p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other, ok := taken[[2]int{x, y}]; ok {
					t.Fatalf("%s lies over %s", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}
