package enginetest

import (
	"flag"
	"testing"

	suite "github.com/dolthub/go-mysql-server/enginetest"
)

// direct runs the suites themselves, in this process: go test -run 'TestSuites/Queries' -direct -v .
var direct = flag.Bool("direct", false, "run the suites in this process, without the list of known failures")

// TestSuites is the body of the processes that TestShare starts.
func TestSuites(t *testing.T) {
	if !*direct {
		t.Skip("run by TestShare, or with -direct")
	}
	for _, s := range suites {
		t.Run(s.name, func(t *testing.T) { s.run(t, newHarness(t)) })
	}
}

type namedSuite struct {
	name string
	run  func(*testing.T, *harness)
}

func plain(name string, run func(*testing.T, suite.Harness)) namedSuite {
	return namedSuite{name, func(t *testing.T, h *harness) { run(t, h) }}
}

var suites = []namedSuite{
	plain("Queries", suite.TestQueries),
}
