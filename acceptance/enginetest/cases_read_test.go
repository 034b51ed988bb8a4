package enginetest

import (
	"slices"
	"strings"
	"testing"
)

// What a process prints is counted by its innermost cases; one around them counts if it failed by itself.
func TestReadCases(t *testing.T) {
	lines := []string{
		"=== RUN TestSuites",
		"a case prints --- FAIL: TestSuites/S/no (0.00s)",
		"printed without an end" + marker + "        --- FAIL: TestSuites/S/script/bad (0.01s)",
		marker + "        --- PASS: TestSuites/S/script/good (0.01s)",
		marker + "    --- FAIL: TestSuites/S/script (0.02s)",
		marker + "        --- PASS: TestSuites/S/alone/good (0.01s)",
		marker + "    --- FAIL: TestSuites/S/alone (0.02s)",
		marker + "    --- SKIP: TestSuites/S/skipped (0.00s)",
	}
	c := &cases{passed: map[string]bool{}}
	if c.read(strings.NewReader(strings.Join(lines, "\n"))) {
		t.Error("a process that ended in its middle is taken for one that came to its end")
	}
	if !c.read(strings.NewReader(marker + "--- FAIL: TestSuites (0.10s)\n")) {
		t.Error("the end of a process is not seen")
	}
	c.keepLeaves()
	failed := c.failed()
	slices.Sort(failed)
	if want := []string{"S/alone", "S/script/bad"}; !slices.Equal(failed, want) {
		t.Errorf("failed: %v, want %v", failed, want)
	}
	if len(c.passed) != 4 || c.skipped != 1 {
		t.Errorf("%d cases, %d skipped, want 4 and 1: %v", len(c.passed), c.skipped, c.passed)
	}
}

// A list that differs from what fails is told of, in both directions.
func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		failed []string
		known  map[string]string
		want   int
	}{
		"as listed":   {[]string{"a"}, map[string]string{"a": "why"}, 0},
		"not listed":  {[]string{"a", "b"}, map[string]string{"a": "why"}, 1},
		"passes":      {nil, map[string]string{"a": "why"}, 1},
		"unexplained": {[]string{"a"}, map[string]string{"a": unexplained}, 1},
	} {
		if got := judge(c.failed, c.known); len(got) != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
