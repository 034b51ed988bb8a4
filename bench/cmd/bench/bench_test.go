package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"redoubt/bench/measure"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		args     string
		subjects string
		rounds   int
		quick    bool
	}{
		{"log", "log", 5, false},
		{"commit --quick", "commit", 3, true},
		{"all --quick --rounds 7 --out x", "log commit commit-cluster asof sysbench tpcc history flashback replay backup start rest monitoring failover", 7, true},
	} {
		p, err := parse(strings.Fields(c.args))
		if err != nil {
			t.Fatalf("%s: %v", c.args, err)
		}
		var names []string
		for _, s := range p.subjects {
			names = append(names, s.name)
		}
		if got := strings.Join(names, " "); got != c.subjects || p.rounds != c.rounds || p.quick != c.quick {
			t.Errorf("%s: subjects %s, %d rounds, quick %v", c.args, got, p.rounds, p.quick)
		}
	}
	devNull(t)
	for _, args := range []string{"", "nothing", "--quick", "log more", "log --rounds -1", "log --fast"} {
		if _, err := parse(strings.Fields(args)); err == nil {
			t.Errorf("%q was understood", args)
		}
	}
}

// devNull keeps the usage out of the test's output.
func devNull(t *testing.T) {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	stderr := os.Stderr
	os.Stderr = null
	t.Cleanup(func() {
		os.Stderr = stderr
		if err := null.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A peers' binary that could not be built leaves its sides out, with the reason.
func TestPeersThatDoNotBuild(t *testing.T) {
	p := &plan{built: map[string]error{"peers": os.ErrNotExist}}
	r := &measure.Report{}
	sides := p.addPeers(t.Context(), r, "log", logPeers, func(string, string) any { return nil })
	if len(sides) > 0 {
		t.Errorf("%d sides are measured without a binary", len(sides))
	}
	for _, name := range logPeers {
		if !strings.Contains(r.Absent[name], "not exist") {
			t.Errorf("%s is absent because of %q", name, r.Absent[name])
		}
	}
}

func TestAsOfTables(t *testing.T) {
	s := &measure.Samples{
		Rounds: map[string][]measure.Figures{"redoubt": {{
			"sql_hot_row_now_us": 100, "sql_hot_row_past_us": 110, "sql_hot_row_ratio": 1.1,
			"engine_hot_row_now_us": 2, "engine_hot_row_past_us": 4, "engine_hot_row_ratio": 2,
		}}},
		Absent: map[string]string{"mariadb": "not installed"},
	}
	r := &measure.Report{}
	asofTables(r, s, 10)
	reached := map[string]bool{}
	for _, target := range r.Targets {
		if !math.IsNaN(target.Value) {
			reached[target.What[:30]] = target.Reached()
		}
	}
	if len(reached) != 2 || !reached["AS OF ÷ now, redoubt, SQL, one"[:30]] {
		t.Errorf("targets with a value: %v", reached)
	}
	text := r.Markdown()
	if !strings.Contains(text, "| redoubt, SQL | 100 | 110 | 1.10× |") || strings.Contains(text, "mariadb, SQL") {
		t.Errorf("tables:\n%s", text)
	}
}

// One comparison of the real thing, as small as can be: the processes that measure are this package's own binary.
func TestLogCase(t *testing.T) {
	p := &plan{quick: true, rounds: 1, dir: t.TempDir(), self: build(t), built: map[string]error{"peers": os.ErrNotExist}}
	r := &measure.Report{}
	if err := p.logCase(t.Context(), r, 256, 64); err != nil {
		t.Fatal(err)
	}
	if len(r.Tables) != 1 || len(r.Tables[0].Rows) != 2 || len(r.Commands) != 2 {
		t.Fatalf("tables %+v, commands %v", r.Tables, r.Commands)
	}
	for _, target := range r.Targets {
		if strings.Contains(target.What, "bare file") && !(target.Value > 0) {
			t.Errorf("%s: %v", target.What, target.Value)
		}
	}
}

func build(t *testing.T) string {
	t.Helper()
	p := &plan{module: filepath.Join("..", "..", ".."), dir: t.TempDir(), built: map[string]error{}}
	p.build(t.Context(), "bench", ".", "./bench/cmd/bench")
	if err := p.built["bench"]; err != nil {
		t.Fatal(err)
	}
	return p.binary("bench")
}
