package acceptance

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestPrometheus: a real Prometheus fetches a node without a warning, its own tool finds nothing wrong with metrics and rules, and
// every query of the dashboard is one that it understands.
func TestPrometheus(t *testing.T) {
	for _, tool := range []string{"prometheus", "promtool"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is missing; Debian's package prometheus has it", tool)
		}
	}
	s := startServer(t, "--archive", "file://"+filepath.Join(t.TempDir(), "repository"))
	c := conn(t, s.mysql, "")
	mustExec(t, c, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)", "INSERT INTO app.t VALUES (1)")

	rules, err := filepath.Abs("../docs/deploy/prometheus-rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	promtool(t, nil, "check", "rules", rules)
	promtool(t, strings.NewReader(fetchText(t, "http://"+s.http+"/metrics")), "check", "metrics")

	dir, address := t.TempDir(), freeAddress(t)
	config := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf("global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [%q]\nscrape_configs:\n  - job_name: redoubt\n    static_configs: [{targets: [%q]}]\n", rules, s.http)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, nil, "check", "config", config)
	p := start(t, "prometheus", exec.Command("prometheus", "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address))
	eventually(t, time.Minute, "Prometheus fetches the node", func() error {
		_, err := prometheusValue(address, "redoubt_scn_applied > 0 and on (instance) count_over_time(up{job=\"redoubt\"}[1m]) >= 3")
		return err
	})
	var targets struct {
		Data struct {
			ActiveTargets []struct{ Health, LastError string }
		}
	}
	decode(t, fetchText(t, "http://"+address+"/api/v1/targets"), &targets)
	if l := targets.Data.ActiveTargets; len(l) != 1 || l[0].Health != "up" || l[0].LastError != "" {
		t.Errorf("targets: %+v", l)
	}
	if got, err := prometheusValue(address, "sum(redoubt_sql_statements_total{kind=\"insert\"})"); err != nil || got != "1" {
		t.Errorf("statements that Prometheus knows: %q, %v", got, err)
	}
	checkDashboard(t, address)
	checkRules(t, address)
	for line := range strings.Lines(p.out.String()) {
		if strings.Contains(line, "level=warn") || strings.Contains(line, "level=error") {
			t.Errorf("Prometheus warns: %s", line)
		}
	}
}

// promtool runs Prometheus' tool. It must succeed, and have nothing to say against what it was given.
func promtool(t *testing.T, in io.Reader, args ...string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "promtool", args...)
	c.Stdin = in
	out, err := c.CombinedOutput()
	if err != nil || in != nil && len(out) > 0 {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func decode(t *testing.T, text string, to any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), to); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}

// prometheusValue asks Prometheus for the first value of an expression; an error if there is none.
func prometheusValue(address, expression string) (string, error) {
	answer, err := http.Get("http://" + address + "/api/v1/query?query=" + url.QueryEscape(expression))
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var got struct {
		Status, Error string
		Data          struct{ Result []struct{ Value [2]any } }
	}
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
		return "", err
	}
	if got.Status != "success" {
		return "", fmt.Errorf("%s: %s", expression, got.Error)
	}
	if len(got.Data.Result) == 0 {
		return "", errNoValue
	}
	return fmt.Sprint(got.Data.Result[0].Value[1]), nil
}

var errNoValue = fmt.Errorf("no value")

// checkDashboard asks every query of the dashboard. Those of waits that did not happen may have no value.
func checkDashboard(t *testing.T, address string) {
	t.Helper()
	b, err := os.ReadFile("../docs/deploy/grafana-dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	decode(t, string(b), &d)
	queries := 0
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			expression := strings.NewReplacer("$__rate_interval", "1m", "$instance", ".*").Replace(q.Expr)
			if _, err := prometheusValue(address, expression); err != nil {
				t.Errorf("panel %s: %v: %s", p.Title, err, expression)
			}
			queries++
		}
	}
	if queries < 30 {
		t.Errorf("only %d queries", queries)
	}
}

// checkRules: Prometheus has loaded the rules, and evaluates each without an error.
func checkRules(t *testing.T, address string) {
	t.Helper()
	eventually(t, time.Minute, "the rules are evaluated", func() error {
		var got struct {
			Data struct {
				Groups []struct {
					Rules []struct{ Name, Health, LastError, State string }
				}
			}
		}
		decode(t, fetchText(t, "http://"+address+"/api/v1/rules"), &got)
		for _, g := range got.Data.Groups {
			for _, r := range g.Rules {
				if r.Health != "ok" {
					return fmt.Errorf("%s is %s: %s", r.Name, r.Health, r.LastError)
				}
				if r.State == "firing" {
					t.Errorf("%s fires on a node that is well", r.Name)
				}
			}
		}
		if len(got.Data.Groups) != 1 {
			return fmt.Errorf("%d groups", len(got.Data.Groups))
		}
		return nil
	})
}

func fetchText(t *testing.T, from string) string {
	t.Helper()
	answer, err := http.Get(from)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", from, answer.Status, err)
	}
	return string(b)
}
