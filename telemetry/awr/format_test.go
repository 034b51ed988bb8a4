package awr

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redoubt/telemetry"
)

var update = flag.Bool("update", false, "write docs/formats/awr.md anew")

const formatPage = "../../docs/formats/awr.md"

// golden is a file of snapshots as version 1 has it, for ever.
func golden() []byte {
	s := &telemetry.WorkloadSnapshot{
		WorkloadHead: telemetry.WorkloadHead{ID: 7, Started: 1_700_000_000_000_000, SCN: 100, Reason: telemetry.WorkloadByHand},
		Values:       []telemetry.WorkloadValue{{Name: "user calls", Value: 12}},
		Events:       []telemetry.WorkloadEvent{{Event: telemetry.LogFileSync, Waits: 3, Took: 5 * time.Millisecond, Sessions: time.Second}},
		Statements:   []telemetry.WorkloadStatement{{Digest: 0xabcdef, Plan: 5, Text: "select ?", Kind: "select", Executions: 4, RowsRead: 8, Took: time.Second}},
	}
	return kind.Append([]byte(kind.Header), 1_700_000_001_000_000, func(b []byte) []byte { return appendBody(b, s) })
}

// TestGolden prints the format from its comments and from real bytes.
func TestGolden(t *testing.T) {
	comment := func(path, from, to string) string {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, text, _ := strings.Cut(string(source), from)
		text, _, _ = strings.Cut(text, to)
		var out strings.Builder
		for line := range strings.Lines(text) {
			out.WriteString(strings.TrimPrefix(strings.TrimPrefix(line, "//"), " "))
		}
		return strings.TrimRight(out.String(), "\n")
	}
	path := filepath.Join(t.TempDir(), "awr-1")
	if err := os.WriteFile(path, golden(), 0o600); err != nil {
		t.Fatal(err)
	}
	var shown bytes.Buffer
	if err := Inspect(path, &shown); err != nil {
		t.Fatal(err)
	}
	page := "# Snapshots of the workload\n\nPrinted by `go test ./telemetry/awr -run TestGolden -update` from comments of telemetry/frames/doc.go and telemetry/awr/format.go, and from\nreal bytes. A file is the header `RDBTAWR` with the version, 1, and frames with the magic F6 41 57 52:\n\n```\n" +
		comment("../frames/doc.go", "// A file is its Kind's header and frames:\n", "Nothing is synced") + "\n```\n\nA body:\n\n```\n" +
		comment("format.go", "// A body of a file of snapshots, whose frames are those of package frames:\n", "var kind") + "\n```\n\n## A file\n\n```\n" + hex.Dump(golden()) +
		"```\n\n`redoubt inspect` prints of it:\n\n```\n" + shown.String() + "```\n"
	if *update {
		if err := os.WriteFile(formatPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(formatPage); err != nil || string(have) != page {
		t.Errorf("%s is stale, or the format has changed (%v)", formatPage, err)
	}
}
