package enginetest

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// knownFile lists the cases that fail. A line that begins with "# " gives the reason for those below it, up to the next.
const knownFile = "known.txt"

// unexplained is the reason that -update gives; it is none.
const unexplained = "not yet explained"

// known gives the reason of each case that is known to fail.
func readKnown(t *testing.T) map[string]string {
	t.Helper()
	f, err := os.Open(knownFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	known, reason := map[string]string{}, ""
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		text, isReason := strings.CutPrefix(line, "# ")
		switch {
		case isReason:
			reason = text
		case line == "":
		case reason == "":
			t.Fatalf("%s:%d: a case without a reason", knownFile, n)
		case known[line] != "":
			t.Fatalf("%s:%d: listed twice: %s", knownFile, n, line)
		default:
			known[line] = reason
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return known
}

// writeKnown writes the list of the cases that fail, in groups of one reason, the largest first.
func writeKnown(t *testing.T, failed []string, known map[string]string) {
	t.Helper()
	groups := map[string][]string{}
	for _, name := range failed {
		reason := known[name]
		if reason == "" {
			reason = unexplained
		}
		groups[reason] = append(groups[reason], name)
	}
	var reasons []string
	for reason := range groups {
		reasons = append(reasons, reason)
	}
	slices.SortFunc(reasons, func(a, b string) int {
		if d := len(groups[b]) - len(groups[a]); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	var b strings.Builder
	for i, reason := range reasons {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "# %s\n", reason)
		slices.Sort(groups[reason])
		for _, name := range groups[reason] {
			fmt.Fprintln(&b, name)
		}
	}
	if err := os.WriteFile(knownFile, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
