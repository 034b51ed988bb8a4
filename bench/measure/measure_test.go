package measure

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// TestMain lets the test binary be the other end of a Job.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "run" {
		err := Measures{"echo": echo, "count": count}.Serve(context.Background(), os.Args[2:], os.Stdout)
		if err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// echo gives its configuration as figures.
func echo(_ context.Context, raw json.RawMessage) (f Figures, err error) {
	return f, json.Unmarshal(raw, &f)
}

// count notes its name in a file and fails if it is the peer that does not run.
func count(_ context.Context, raw json.RawMessage) (Figures, error) {
	var c struct{ Name, File, Dir string }
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, err
	}
	if left, err := os.ReadDir(c.Dir); err != nil || len(left) > 0 {
		return nil, errors.New("the directory is not there, or not empty")
	}
	f, err := os.OpenFile(c.File, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err := f.WriteString(c.Name + "\n"); err != nil {
		return nil, err
	}
	if c.Name == "broken" {
		return nil, errors.New("no such library")
	}
	return Figures{"per_second": float64(len(c.Name))}, f.Close()
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{7}, 7},
		{[]float64{3, 1, 2}, 2},
		{[]float64{4, 1, 3, 2}, 2.5},
		{[]float64{5, 5, 1000, 5, 0}, 5},
	} {
		before := slices.Clone(c.values)
		if got := Median(c.values); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.values, got, c.want)
		}
		if !slices.Equal(before, c.values) {
			t.Errorf("%v was sorted in place", before)
		}
	}
	if !math.IsNaN(Median(nil)) {
		t.Error("the median of nothing is a number")
	}
}

func TestPercentile(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for _, c := range []struct {
		sorted []time.Duration
		p      float64
		want   time.Duration
	}{
		{hundred, 50, 50},
		{hundred, 99, 99},
		{hundred, 100, 100},
		{hundred, 0, 1},
		{hundred[:1], 99, 1},
		{hundred[:3], 50, 2},
		{nil, 50, 0},
	} {
		if got := Percentile(c.sorted, c.p); got != c.want {
			t.Errorf("p%v of %d values is %v, want %v", c.p, len(c.sorted), got, c.want)
		}
	}
}

// The ratio is taken round by round: a machine that is slow for one whole round must not show in it.
func TestRatio(t *testing.T) {
	s := &Samples{Rounds: map[string][]Figures{
		"a": {{"per_second": 100}, {"per_second": 10}, {"per_second": 200}},
		"b": {{"per_second": 50}, {"per_second": 5}, {"per_second": 50}},
		"c": {{"per_second": 1}, {"p99_us": 1}},
	}}
	if got := s.Ratio("a", "b", "per_second"); got != 2 {
		t.Errorf("ratio is %v, want 2", got)
	}
	if got := s.Ratio("a", "c", "per_second"); got != 100 {
		t.Errorf("ratio over the one round that both have is %v, want 100", got)
	}
	if !math.IsNaN(s.Ratio("a", "none", "per_second")) || !math.IsNaN(s.Ratio("a", "b", "p99_us")) {
		t.Error("the ratio to what was not measured is a number")
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 123456.7: "123457", 99.94: "99.9", 9.876: "9.88", 0.3333: "0.333", -12.34: "-12.3",
		math.NaN(): "–", math.Inf(1): "–",
	} {
		if got := Number(v); got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
}

func TestTarget(t *testing.T) {
	for _, c := range []struct {
		target Target
		want   string
	}{
		{Target{Value: 2.5, Limit: 2.5}, "reached"},
		{Target{Value: 2.4, Limit: 2.5}, "not reached"},
		{Target{Value: 1.2, Limit: 1.2, Most: true}, "reached"},
		{Target{Value: 1.3, Limit: 1.2, Most: true}, "not reached"},
		{Target{Value: math.NaN(), Limit: 1.2, Most: true}, "not measured"},
		{Target{Value: math.NaN(), Limit: 1.2}, "not measured"},
	} {
		if row := c.target.row(); row[len(row)-1] != c.want {
			t.Errorf("%+v is %q, want %q", c.target, row[len(row)-1], c.want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	s := &Samples{
		Rounds: map[string][]Figures{
			"ours":   {{"per_second": 300, "p99_us": 10}, {"per_second": 500, "p99_us": 20}, {"per_second": 400, "p99_us": 30}},
			"theirs": {{"per_second": 100, "p99_us": 50}, {"per_second": 250, "p99_us": 60}, {"per_second": 100, "p99_us": 70}},
		},
		Absent: map[string]string{"gone": "does not\nbuild"},
	}
	sides := []Side{{Name: "ours"}, {Name: "theirs"}, {Name: "gone"}}
	r := &Report{
		Title: "Figures", Command: "bench x", How: []string{"In turn."}, Machine: Machine{CPU: "a|b", Cores: 2},
		Versions: []Version{{"theirs", "v1"}}, Commands: []string{"run x"}, Begun: time.Unix(0, 0), Took: 3 * time.Second,
		Tables: []Table{Compare("case", s, sides, []Column{
			{Figure: "per_second", Title: "n/s", Spread: true, Ratio: true}, {Figure: "p99_us", Title: "p99"},
		})},
		Targets: []Target{{ID: "T1", What: "faster", Value: s.Ratio("ours", "theirs", "per_second"), Limit: 2.5, Unit: "×"}},
	}
	r.Leave(s.Absent)
	const want = `# Figures

Written by ` + "`bench x`" + `, 1970-01-01 00:00 UTC, in 3s.

In turn.

## Targets

| target |  | wanted | measured |  |
|---|---|---|---|---|
| T1 | faster | ≥ 2.50× | 3.00× | reached |

## Figures

### case

|  | n/s | min–max | ours ÷ this | p99 |
|---|---|---|---|---|
| ours | 400 | 300–500 | 1.00× | 20.0 |
| theirs | 100 | 100–250 | 3.00× | 60.0 |

## Left out

- gone: does not build

## Machine

|  |  |
|---|---|
| CPU | a\|b |
`
	if got := r.Markdown(); !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nwant it to begin with\n%s", got, want)
	}
	path, err := r.Write(t.TempDir()+"/made", "figures")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != r.Markdown() {
		t.Errorf("the file is not the text: %v", err)
	}
}

func TestJob(t *testing.T) {
	j := Job{Binary: os.Args[0], Subject: "echo", Config: Figures{"x": 1.5}}
	f, err := j.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if f["x"] != 1.5 {
		t.Errorf("figures %v, want what was given", f)
	}
	j.Subject = "nothing"
	if _, err := j.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "no subject nothing") {
		t.Errorf("an unknown subject gives %v", err)
	}
}

// Sides take turns, each in an empty directory of its own; one that fails is left out, and nothing stays behind.
func TestTurns(t *testing.T) {
	dir, file := t.TempDir(), t.TempDir()+"/order"
	side := func(name string) Side {
		return Side{Name: name, Job: func(dir string) Job {
			return Job{Binary: os.Args[0], Subject: "count", Config: map[string]string{"Name": name, "File": file, "Dir": dir}}
		}}
	}
	s, err := Turns(t.Context(), []Side{side("a"), side("broken"), side("cc")}, 2, dir, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	order, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(order) != "a\nbroken\ncc\ncc\na\n" {
		t.Errorf("order %q", order)
	}
	if !strings.Contains(s.Absent["broken"], "no such library") || len(s.Values("broken", "per_second")) > 0 {
		t.Errorf("absent: %v", s.Absent)
	}
	if s.Median("cc", "per_second") != 2 || len(s.Values("a", "per_second")) != 2 {
		t.Errorf("rounds: %v", s.Rounds)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	if _, err := Turns(t.Context(), []Side{side("broken"), side("a")}, 1, dir, io.Discard); err == nil {
		t.Error("the side that it is about failed, and the comparison went on")
	}
}

func TestMachine(t *testing.T) {
	m := Look(t.TempDir())
	if m.Cores < 1 || m.Go == "" {
		t.Errorf("machine %+v", m)
	}
}

func TestTextCompressesLikeRedo(t *testing.T) {
	tx := NewText()
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var sample []byte
	for key := range uint64(1024) {
		sample = append(sample, tx.At(key, 256)...)
	}
	if ratio := float64(len(sample)) / float64(len(e.EncodeAll(sample, nil))); ratio < 1.5 || ratio > 4 {
		t.Errorf("256 KiB of it compress %.1f times, want 1.5 to 4", ratio)
	}
}
