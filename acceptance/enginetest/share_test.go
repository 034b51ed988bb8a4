package enginetest

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the cases that fail to "+knownFile+", new ones without a reason")

// shareMin is the least percentage of cases that must pass.
const shareMin = 97

// TestShare runs all suites and holds what fails against the list.
func TestShare(t *testing.T) {
	if *direct {
		t.Skip("-direct runs the suites in this process")
	}
	known := readKnown(t)
	var failed []string
	total, skipped, files := 0, 0, suiteFiles(t)
	for _, s := range suites() {
		c, err := runSuite(t, s.name, files)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		total += len(c.passed)
		skipped += c.skipped
		failed = append(failed, c.failed()...)
	}
	if t.Failed() {
		return
	}
	slices.Sort(failed)
	share := 100 * float64(total-len(failed)) / float64(total)
	fmt.Printf("enginetest: %s of %s query and script tests pass (%.1f %%), %d are left out by the suite\n",
		thousands(total-len(failed)), thousands(total), share, skipped)
	if *update {
		writeKnown(t, failed, known)
		return
	}
	if share < shareMin {
		t.Errorf("less than %d %% pass", shareMin)
	}
	for _, text := range judge(failed, known) {
		t.Error(text)
	}
}

// judge holds the list to what fails, in both directions, and tells what is wrong with it.
func judge(failed []string, known map[string]string) (wrong []string) {
	known = maps.Clone(known)
	for _, name := range failed {
		if known[name] == "" {
			wrong = append(wrong, "fails, and is not listed in "+knownFile+": "+name)
		}
		if known[name] == unexplained {
			wrong = append(wrong, knownFile+" gives no reason for "+name)
		}
		delete(known, name)
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		wrong = append(wrong, "is listed in "+knownFile+", and passes or is gone: "+name)
	}
	return wrong
}

func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return strings.TrimPrefix(text, ",")
}
