package acceptance

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

var (
	binaryFlag = flag.String("redoubt", "", "binary to test; built from the module above if empty")
	seedFlag   = flag.Uint64("seed", 0, "seed of random tests; 0 takes the test's own, or one from the clock")
)

// binary is the redoubt under test. TestMain sets it before any test runs, nothing changes it later.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "redoubt-acceptance-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if binary = *binaryFlag; binary == "" {
		binary = filepath.Join(dir, "redoubt")
		var tags []string
		if *clusterTime > 0 {
			tags = []string{"-tags", "clockjump"} // the same, with a clock that can be set
		}
		if err := build(binary, tags...); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

func build(to string, flags ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "go", slices.Concat([]string{"build", "-o", to}, flags, []string{"./cmd/redoubt"})...)
	c.Dir = ".."
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("build redoubt: %w\n%s", err, out)
	}
	return nil
}

// seed is what a random test starts from: the flag, else the test's own, else the clock. It is printed, with the command
// that replays it.
func seed(t *testing.T, own uint64) uint64 {
	t.Helper()
	s := *seedFlag
	if s == 0 {
		s = own
	}
	if s == 0 {
		s = uint64(time.Now().UnixNano()) % 1e12
	}
	t.Logf("seed %d; replay: go test -C acceptance -run '^%s$' -seed %d .", s, t.Name(), s)
	return s
}

// tool finds a program that the test needs. A machine without it cannot run the test, which is a failure, not a skip:
// a test that nobody runs protects nobody.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%v; .ci/run installs what these tests need", err)
	}
	return path
}
