package ash

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"redoubt/telemetry"
	"redoubt/telemetry/frames"
)

var update = flag.Bool("update", false, "write docs/formats/ash.md anew")

const formatPage = "../../docs/formats/ash.md"

// golden is a file of the archive as version 1 has it, for ever.
func golden() []byte {
	list := []string{"", tooManyNames, "root", "10.0.0.2", "shop", "update"}
	rows := []row{{
		session: 7, serial: 3, user: 2, host: 3, program: 4, kind: 5, event: uint16(telemetry.RowLock), sql: 0xabcdef, exec: 12,
		began: 1_700_000_000_000_000, waited: 900_000, object: 65, read: 100, commit: 90, xid: 5, blocker: 4, blockedBy: 6, rows: 1, weight: 10_000_000,
	}}
	return kind.Append([]byte(kind.Header), 1_700_000_001_000_000, func(b []byte) []byte { return appendRows(b, rows, list) })
}

// TestGolden prints the format from its comment and from real bytes.
func TestGolden(t *testing.T) {
	source, err := os.ReadFile("format.go")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(source), "// A file of the archive:\n")
	text, _, _ = strings.Cut(text, "const (")
	var comment strings.Builder
	for line := range strings.Lines(text) {
		comment.WriteString(strings.TrimPrefix(strings.TrimPrefix(line, "//"), " "))
	}
	path := filepath.Join(t.TempDir(), "ash-1")
	if err := os.WriteFile(path, golden(), 0o600); err != nil {
		t.Fatal(err)
	}
	var shown bytes.Buffer
	if err := Inspect(path, &shown); err != nil {
		t.Fatal(err)
	}
	page := "# History of sessions\n\nPrinted by `go test ./telemetry/ash -run TestGolden -update` from the comment of telemetry/ash/format.go and from real bytes. Files\n" +
		"`ash-N` lie in the folder `ash` of a data directory; the one with the highest number is written to. They are of one node, and nothing\ndepends on them: a node without them starts with an empty history.\n\n```\n" +
		strings.TrimRight(comment.String(), "\n") + "\n```\n\nA row is, in this order: session, serial, 1 for background work, event, plan line, user, host, program and kind of statement by\n" +
		"their places among the names, digest, number of the statement, when it began, time waited, object, read SCN, commit SCN, xid, blocker, session of\nthe blocker, rows read, microseconds that the row stands for.\n\n## A file\n\n```\n" + hex.Dump(golden()) + "```\n\n`redoubt inspect` prints of it:\n\n```\n" + shown.String() + "```\n"
	if *update {
		if err := os.WriteFile(formatPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(formatPage); err != nil || string(have) != page {
		t.Errorf("%s is stale, or the format has changed (%v)", formatPage, err)
	}
}

func TestInspectReadsPastDamage(t *testing.T) {
	b := append(golden(), golden()[len(kind.Header):]...)
	b[len(kind.Header)+frames.HeadBytes+3] ^= 1
	path := filepath.Join(t.TempDir(), "ash-1")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	var shown bytes.Buffer
	if err := Inspect(path, &shown); !errors.Is(err, ErrDamaged) || !strings.Contains(shown.String(), "1 moments") || !strings.Contains(shown.String(), `user "root"`) {
		t.Errorf("%v\n%s", err, &shown)
	}
	for name, want := range map[string]bool{"ash-1": true, "ash-": false, "ash-x": false, "bash-1": false} {
		if IsFile(name) != want {
			t.Errorf("IsFile(%s) is %v", name, !want)
		}
	}
}
