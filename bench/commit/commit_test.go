package commit

import (
	"context"
	"flag"
	"testing"
	"time"
)

var (
	rounds   = flag.Int("rounds", 1, "rounds of the comparison; medians are given")
	duration = flag.Duration("duration", 300*time.Millisecond, "of each measurement")
	nodes    = flag.Int("nodes", 1, "nodes of a cluster")
	callers  = flag.Int("callers", 0, "callers, 0 for 1, 64 and 1,024")
	dir      = flag.String("dir", "", "directory on the disk to measure; a temporary one if empty")
	only     = flag.String("system", "", "measure this system alone")
)

// For figures: go test ./bench/commit -run TestCompare -v -rounds 5 -duration 3s -dir DIR
func TestCompare(t *testing.T) {
	where := *dir
	if where == "" {
		where = t.TempDir()
	}
	counts := []int{1, 64, 1024}
	if *callers != 0 {
		counts = []int{*callers}
	}
	systems := Systems()
	if *only != "" {
		systems = nil
		for _, s := range Systems() {
			if s.Name == *only {
				systems = append(systems, s)
			}
		}
	}
	for _, n := range counts {
		c := Config{Dir: where, Nodes: *nodes, Callers: n, PayloadBytes: 256, Warmup: *duration / 4, Duration: *duration}
		got, err := Compare(context.Background(), systems, c, *rounds)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range got.Medians() {
			t.Log(m)
			if m.Commits == 0 {
				t.Errorf("%s committed nothing", m.System)
			}
		}
		if len(systems) == 2 {
			commits, p99 := got.Ratio(0, 1)
			t.Logf("%d callers: %.1f times the commits, %.2f of the p99", n, commits, p99)
		}
	}
}
