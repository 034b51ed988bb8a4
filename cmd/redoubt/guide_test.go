package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

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
	address := startGuideNode(t)
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
			out.WriteString(runCommand(t, strings.TrimSpace(line[2:]), address))
			continue
		case inside:
			continue // what was printed last time
		}
		out.WriteString(line)
	}
	return out.String()
}

func startGuideNode(t *testing.T) string {
	t.Helper()
	flags := map[string]string{"data": filepath.Join(t.TempDir(), "data"), "log-file-size": "1MiB"}
	for _, name := range []string{"mysql", "http", "raft"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		flags[name] = l.Addr().String()
		l.Close()
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
	return n.Addresses().MySQL
}

// someTime is a time that no two runs have in common.
var someTime = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?`)

// runCommand runs a redoubt command of the guide against the page's node.
func runCommand(t *testing.T, command, address string) string {
	t.Helper()
	words := split(command)
	if len(words) < 2 || words[0] != "redoubt" {
		t.Fatalf("the guide can only run redoubt: %s", command)
	}
	args := words[1:]
	if args[0] == "sql" {
		args = append([]string{"sql", "--addr", address}, args[1:]...)
	}
	var out bytes.Buffer
	code := run(context.Background(), args, strings.NewReader(""), &out, &out)
	text := out.String()
	if code != 0 && !strings.Contains(text, "rror") {
		t.Fatalf("%s: exit %d\n%s", command, code, text)
	}
	text = someTime.ReplaceAllString(text, "2026-01-02 03:04:05.678901")
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
