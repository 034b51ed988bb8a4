package acceptance

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// retryTold is what a program of testdata/retry.… prints: of a transaction that meets no conflict, one that meets two, one that meets
// a conflict each time, and one that fails otherwise.
const retryTold = "1 tries, error 0\n3 tries, error 0\n10 tries, error 1213\n1 tries, error 1146\n"

// TestRetryOfTheGuide runs the loops of the page about transactions, as they stand there, over real conflicts, in four languages.
func TestRetryOfTheGuide(t *testing.T) {
	s := startServer(t)
	db := open(t, s.mysql, "")
	mustExec(t, db, "CREATE DATABASE app", "CREATE TABLE app.counter (id INT PRIMARY KEY, n INT)")
	page, err := os.ReadFile(filepath.Join("..", "docs", "guide", "transactions.md"))
	if err != nil {
		t.Fatal(err)
	}
	for i, language := range []struct {
		name, file string
		run        func(program string) []string
	}{
		{"go", "retry.go", func(p string) []string { return []string{tool(t, "go"), "run", p} }},
		{"python", "retry.py", func(p string) []string { return []string{debianPython, p} }},
		{"js", "retry.mjs", func(p string) []string { return []string{tool(t, "node"), p} }},
		{"java", "Retry.java", func(p string) []string { return []string{tool(t, "java"), "-cp", connectorJ, p} }},
	} {
		t.Run(language.name, func(t *testing.T) {
			mustExec(t, db, fmt.Sprintf("INSERT INTO app.counter VALUES (%d, 0)", i))
			program := filepath.Join(t.TempDir(), language.file)
			if language.name == "js" {
				program = nodeProgram(t, language.file, "mysql2@"+mysql2Version)
			}
			if err := os.WriteFile(program, withLoop(t, language.file, codeOf(t, string(page), language.name)), 0o600); err != nil {
				t.Fatal(err)
			}
			args := append(language.run(program), port(s.mysql), fmt.Sprint(i))
			out, err := command(t, 5*time.Minute, "", args[0], args[1:]...)
			if err != nil || out != retryTold {
				t.Fatalf("%v:\n%s\nwant\n%s", err, out, retryTold)
			}
			// Two transactions have added 100, and others were there before: in 2 tries of one and 10 of another.
			if got := one(t, db, fmt.Sprintf("SELECT n FROM app.counter WHERE id = %d", i)); got != "212" {
				t.Errorf("n is %s, want 212", got)
			}
		})
	}
}

// codeOf gives the one piece of a page's code in a language.
func codeOf(t *testing.T, page, language string) string {
	t.Helper()
	parts := strings.Split(page, "\n```"+language+"\n")
	if len(parts) != 2 {
		t.Fatalf("the page has %d pieces of %s, want one", len(parts)-1, language)
	}
	code, _, _ := strings.Cut(parts[1], "\n```")
	return code
}

// withLoop gives a program of testdata with the loop in its place.
func withLoop(t *testing.T, file, loop string) []byte {
	t.Helper()
	program, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	for _, comment := range []string{"//", "#"} {
		if before, after, found := strings.Cut(string(program), comment+" the loop\n"); found {
			return []byte(before + loop + "\n" + after)
		}
	}
	t.Fatalf("%s has no place for the loop", file)
	return nil
}
