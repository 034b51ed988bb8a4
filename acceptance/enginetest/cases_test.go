package enginetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// cases are the results of a suite: by name, without the part that all share.
type cases struct {
	passed  map[string]bool // false for one that failed
	skipped int
	output  strings.Builder // the last lines of all, for a process that ended by itself
}

// suiteTimeout bounds one suite; the longest takes some seconds.
const suiteTimeout = 3 * time.Minute

// runSuite runs a suite in a process of its own, so that one which panics or hangs takes nothing else with it. files is
// where it finds the files that it reads.
func runSuite(t *testing.T, name, files string) (*cases, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), suiteTimeout)
	defer cancel()
	command := exec.CommandContext(ctx, os.Args[0], "-test.run", "^TestSuites$/^"+regexp.QuoteMeta(name)+"$",
		"-test.v=test2json", "-direct", "-files", files)
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	c := &cases{passed: map[string]bool{}}
	ended := c.read(out)
	err = command.Wait()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return c, fmt.Errorf("suite %s did not end within %v", name, suiteTimeout)
	case err != nil && !errors.As(err, &exit):
		return c, err
	case !ended || exit != nil && exit.ExitCode() != 1: // 2 is a panic
		return c, fmt.Errorf("suite %s ended in its middle: %w\n%s", name, err, c.output.String())
	}
	c.keepLeaves()
	return c, nil
}

// result matches the line that ends a case; marker begins it, and no line that a case prints.
var result = regexp.MustCompile(`^\s*--- (PASS|FAIL|SKIP): TestSuites(?:/(.*))? \([0-9.]+s\)$`)

const marker = "\x16"

// read takes in the output of a process, and tells whether it came to its end.
func (c *cases) read(out io.Reader) (ended bool) {
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if _, after, found := strings.Cut(line, marker); found {
			if m := result.FindStringSubmatch(strings.TrimRight(after, "\n")); m != nil {
				ended = ended || m[2] == ""
				c.note(m[1], m[2])
			}
		} else if c.output.Len() < maxOutput {
			c.output.WriteString(line)
		}
		if err != nil {
			return ended
		}
	}
}

const maxOutput = 1 << 20

func (c *cases) note(outcome, name string) {
	switch {
	case name == "":
	case outcome == "SKIP":
		c.skipped++
	default:
		c.passed[name] = outcome == "PASS"
	}
}

// nameMax is how much of a case's name the list shows; the suite names cases by their whole statements.
const nameMax = 300

// short gives a name of at most nameMax bytes; a digest stands for the rest.
func short(name string) string {
	if len(name) <= nameMax {
		return name
	}
	h := fnv.New32a()
	h.Write([]byte(name))
	return fmt.Sprintf("%s…%08x", strings.ToValidUTF8(name[:nameMax], ""), h.Sum32())
}

// keepLeaves leaves out cases that have others inside of them, unless they failed by themselves.
func (c *cases) keepLeaves() {
	failing := map[string]bool{} // names of cases with failing cases inside
	parents := map[string]bool{}
	for name, passed := range c.passed {
		for i := strings.LastIndexByte(name, '/'); i > 0; i = strings.LastIndexByte(name[:i], '/') {
			parents[name[:i]] = true
			failing[name[:i]] = failing[name[:i]] || !passed
		}
	}
	for name := range parents {
		if passed, ok := c.passed[name]; ok && (passed || failing[name]) {
			delete(c.passed, name)
		}
	}
}

// failed gives the short names of the cases that failed.
func (c *cases) failed() (names []string) {
	for name, passed := range c.passed {
		if !passed {
			names = append(names, short(name))
		}
	}
	return names
}
