package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"redoubt/node"
)

var update = flag.Bool("update", false, "write what the commands of the guide print, and the page of settings, anew")

const guideDir = "../../docs/guide"

// TestGuide runs every command on the pages of the guide, each page on a database of its own, and compares what they
// print with what the page says. Commands stand in blocks marked console, behind a $.
func TestGuide(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(guideDir, "*.md"))
	if err != nil || len(pages) < 5 {
		t.Fatalf("pages of the guide: %v, %v", pages, err)
	}
	for _, page := range pages {
		t.Run(filepath.Base(page), func(t *testing.T) {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), "```console\n") {
				return
			}
			got := runPage(t, string(text))
			if *update {
				if err := os.WriteFile(page, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(text) {
				t.Errorf("%s is not what its commands print; run: go test ./cmd/redoubt -update\n%s", page, firstDifference(string(text), got))
			}
		})
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return fmt.Sprintf("line %d: the page says\n  %s\nit prints\n  %s", i+1, w[i], g[i])
		}
	}
	return "one is longer"
}

// runPage gives the page with what its commands print now.
func runPage(t *testing.T, text string) string {
	t.Helper()
	t.Cleanup(func() { os.RemoveAll(guidePath(t, "")) }) // after the node, which is closed first
	n := startGuideNode(t)
	var out strings.Builder
	inside := false
	for line := range strings.Lines(text) {
		switch {
		case line == "```console\n":
			inside = true
		case inside && line == "```\n":
			inside = false
		case inside && strings.HasPrefix(line, "$ "):
			out.WriteString(line)
			out.WriteString(n.command(t, strings.TrimSpace(line[2:])))
			continue
		case inside:
			continue // what was printed last time
		}
		out.WriteString(line)
	}
	return out.String()
}

// guideNode is the node of a page. The page calls its directory guideData.
type guideNode struct {
	*node.Node
	dir  string
	keys guideKeys

	joined []*node.Node      // other nodes of the page's cluster
	places map[string]string // addresses and directories of the page, and what they are here
}

const (
	guideData    = "/var/lib/redoubt"
	guideAddress = "127.0.0.1:3307"
)

func startGuideNode(t *testing.T) *guideNode {
	t.Helper()
	flags := map[string]string{
		"data": filepath.Join(t.TempDir(), "data"), "log-file-size": "1MiB", "archive": "file://" + guidePath(t, "/var/backups/redoubt"), "archive-every": "20ms",
	}
	for _, name := range []string{"mysql", "http", "raft"} {
		flags[name] = freeAddress(t)
	}
	config, err := node.Load("", flags)
	if err != nil {
		t.Fatal(err)
	}
	n, err := node.Open(context.Background(), config, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := os.MkdirAll(guidePath(t, "/etc/redoubt"), 0o700); err != nil {
		t.Fatal(err)
	}
	return &guideNode{Node: n, dir: flags["data"]}
}

// logArgs completes the arguments of a log command. One that names the directory stops the node first, one that names the repository
// waits until everything is there.
func (n *guideNode) logArgs(t *testing.T, args []string) []string {
	t.Helper()
	if slices.Contains(args, "--repo") {
		awaitArchive(t, n.Addresses().MySQL)
		return args
	}
	i := slices.Index(args, guideData)
	if i < 0 {
		return append(args, "--addr", n.Addresses().MySQL)
	}
	args[i] = n.dir
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	return args
}

// guidePath is the place that a path of the guide has in a test.
func guidePath(t *testing.T, path string) string {
	t.Helper()
	return filepath.Join(os.TempDir(), fmt.Sprintf("redoubt-guide-%d-%s", os.Getpid(), strings.ReplaceAll(t.Name(), "/", "-")), path)
}

// guidePaths are those that pages use.
var guidePaths = []string{"/var/backups/redoubt", "/var/backups/secret", "/etc/redoubt", "./again"}

// awaitArchive waits until everything is in the repository.
func awaitArchive(t *testing.T, address string) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		var out bytes.Buffer
		args := []string{"sql", "--addr", address, "--format", "csv", "-e", "SELECT gap_scn, status FROM V$ARCHIVE"}
		if run(context.Background(), args, strings.NewReader(""), &out, &out) == 0 && strings.HasSuffix(strings.TrimSpace(out.String()), "\n0,OK") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the log is not archived: %s", out.String())
		}
	}
}

// someRecovery is what two recoveries do not have in common.
var someRecovery = regexp.MustCompile(`now, after \S+|in \S+, \d+ transactions a second|,[0-9a-f]{16}(?:,|\n)|it would take about \S+,|from \d+ pieces of the log, \d+ bytes|state hash [0-9a-f]{16}, in [^;\n]*|\d{8}T\d{6}-\d+-\d+(-\d+)?|(,\d*){8},[0-9a-f]{16}` +
	`|\d+ objects, \d+ of them read, \d+ bytes|\d+ of \d+ files sent, \d+ of \d+ bytes`)

func sameRecovery(found string) string {
	switch {
	case strings.HasPrefix(found, "from"):
		return "from 2 pieces of the log, 2599 bytes"
	case strings.HasPrefix(found, "now"):
		return "now, after 122ms"
	case strings.HasPrefix(found, "in "):
		return "in 12ms, 250 transactions a second"
	case strings.HasPrefix(found, "it "):
		return "it would take about 1s,"
	case len(found) == len(",6231da9e95b3d5ba,") && found[0] == ',':
		return ",6231da9e95b3d5ba" + found[len(found)-1:]
	case strings.HasPrefix(found, "state"):
		return "state hash 6231da9e95b3d5ba, in 122ms"
	case strings.HasPrefix(found, ",0,0,"):
		return ",0,0,1312,5204,0,0,0,15,9399d323661c7660"
	case strings.HasPrefix(found, ","):
		return ",6,4779,,4779,6,0,4779,15,9399d323661c7660"
	case strings.Contains(found, "objects"):
		return "14 objects, 13 of them read, 9876 bytes"
	case strings.Contains(found, "files sent"):
		return "5 of 6 files sent, 4102 of 4779 bytes"
	}
	return "20260102T030405-1-5"
}

// someSize, someReach and someListed have sizes, which depend on how the state was flushed.
var (
	someSize   = regexp.MustCompile(`\d+ files and \d+ pieces of log, [\d.]+ \w+`)
	someListed = regexp.MustCompile(`,\d+,\d+,(AVAILABLE|OBSOLETE)`)
	someReach  = regexp.MustCompile(`yes,([^,\n]*),\d+,\d+s`)
)

// someProgress is told of what takes long, which on a slow machine anything may.
var someProgress = regexp.MustCompile(`(?m)^[a-z]+: \d+ of \d+\n`)

// someSound is how much of a log was verified, which depends on when it was archived.
var someSound = regexp.MustCompile(`sound: \d+ pieces with \d+ blocks, \d+ bytes`)

// someTime is a time that no two runs have in common.
var someTime = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?`)

// someJSONTime is one as JSON has it.
var someJSONTime = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)

// someRecovered is how much log a RECOVER needed, and how long it took.
var someRecovered = regexp.MustCompile(`(?m)^((?:EXPLAIN )?RECOVER .*),\d+,\d+,(\d*,\d*,[0-9a-f]*),\d+,`)

// someXID is a transaction id, which holds a time.
var someXID = regexp.MustCompile(`\b7\d{18}\b`)

// expected is what the page shows of commands that fail.
var expected = regexp.MustCompile(`rror| key|choose another name with AS`)

// command runs a redoubt command of the guide against the page's node.
func (n *guideNode) command(t *testing.T, command string) string {
	t.Helper()
	words := split(command)
	if len(words) < 2 || words[0] != "redoubt" {
		t.Fatalf("the guide can only run redoubt: %s", command)
	}
	args := words[1:]
	address := n.Addresses().MySQL
	for i := range args {
		if real, ok := n.places[args[i]]; ok {
			args[i] = real
		}
	}
	switch args[0] {
	case "serve":
		return n.shown(n.join(t, args[1:]))
	case "sql", "top", "report", "flashback", "restore-point", "recyclebin", "snapshot", "clone", "node", "switchover":
		n.awaitCluster(t)
		if slices.Contains(args, "--addr") {
			break
		}
		if strings.Contains(command, "V$ARCHIVE") {
			awaitArchive(t, address)
		}
		if strings.Contains(command, "V$DRILL") {
			awaitDrill(t, address)
		}
		args = append(args, "--addr", address)
	case "log":
		args = n.logArgs(t, args)
	case "recover", "repo", "catalog", "replay":
		awaitArchive(t, address)
	case "backup":
		taken := slices.Contains([]string{"full", "incremental", "differential", "archivelog", "limit"}, args[1])
		switch {
		case taken && slices.Contains(args, "--addr"): // of another node of the page
		case taken && !slices.Contains(args, "--synthetic"):
			args = append(args, "--addr", address)
		default:
			awaitArchive(t, address)
		}
	}
	for i := range args {
		if args[i] == guideAddress {
			args[i] = address
		}
		for _, path := range guidePaths {
			args[i] = strings.ReplaceAll(args[i], path, guidePath(t, path))
		}
		args[i] = n.keys.real(args[i])
	}
	var out bytes.Buffer
	code := run(context.Background(), args, strings.NewReader(""), &out, &out)
	text := out.String()
	if code != 0 && !expected.MatchString(text) {
		t.Fatalf("%s: exit %d\n%s", command, code, text)
	}
	for _, path := range guidePaths {
		text = strings.ReplaceAll(text, guidePath(t, path), path)
	}
	text = n.shown(n.keys.show(text))
	text = strings.NewReplacer(address, guideAddress, n.dir, guideData).Replace(text)
	text = someRecovery.ReplaceAllStringFunc(text, sameRecovery)
	text = someSize.ReplaceAllString(text, "6 files and 0 pieces of log, 4.7 KiB")
	text = someListed.ReplaceAllString(text, ",6,4779,$1")
	text = someReach.ReplaceAllString(text, "yes,$1,4779,1s")
	text = someRecovered.ReplaceAllString(text, "$1,2,2636,$2,24,")
	text = someProgress.ReplaceAllString(text, "")
	text = someSound.ReplaceAllString(text, "sound: 4 pieces with 4 blocks, 3841 bytes")
	text = someTime.ReplaceAllString(text, "2026-01-02 03:04:05.678901")
	text = someJSONTime.ReplaceAllString(text, "2026-01-02T03:04:05.678901Z")
	text = someXID.ReplaceAllString(text, "7234567890123456789")
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text
}

// split takes a command apart as a shell would: blanks, and quotes of both kinds.
func split(command string) (words []string) {
	var word strings.Builder
	quote, inWord := rune(0), false
	for _, r := range command {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, inWord = r, true
		case quote == 0 && r == ' ':
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if inWord {
		words = append(words, word.String())
	}
	return words
}

// TestSettingsPage keeps the page of settings equal to the settings.
func TestSettingsPage(t *testing.T) {
	var page strings.Builder
	page.WriteString("# Settings\n\nThis page is written by the tests. Each setting is a flag of `redoubt serve`, and a key of the file that `--config`\n" +
		"names (TOML); a flag wins over the file. `SELECT * FROM V$PARAMETER` shows what is in force and where it comes from.\n" +
		"Sizes are bytes, or have KiB, MiB or GiB behind them; durations have ms, s, m or h.\n\n| setting | default | what it does |\n|---|---|---|\n")
	for _, s := range node.Settings() {
		initial := s.Default
		if initial == "" {
			initial = "none"
		}
		fmt.Fprintf(&page, "| %s | %s | %s |\n", s.Name, initial, s.Help)
	}
	path := filepath.Join(guideDir, "settings.md")
	if *update {
		if err := os.WriteFile(path, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(path); err != nil || string(have) != page.String() {
		t.Errorf("%s is not what the settings are (%v); run: go test ./cmd/redoubt -update", path, err)
	}
}
