package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// TestLogTailCommand follows a node, is broken off by its end, goes on where it says after the restart, and has seen what
// the directory has.
func TestLogTailCommand(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	n := startLogNode(t, dir)
	n.exec(t, "CREATE DATABASE shop", "CREATE TABLE shop.item (id INT PRIMARY KEY, name VARCHAR(20))", "INSERT INTO shop.item VALUES (1, 'lamp')")
	r, w := io.Pipe()
	var errs bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- run(context.Background(), []string{"log", "tail", "--addr", n.addr, "--from-scn", "1"}, strings.NewReader(""), w, &errs)
		w.Close()
	}()
	var seen []string
	read := func(lines int) {
		t.Helper()
		for range lines {
			line := readLine(t, r)
			seen = append(seen, line)
		}
	}
	read(3)
	n.exec(t, "UPDATE shop.item SET name = 'desk'")
	read(1)
	if !strings.Contains(seen[3], `"before":{"name":"lamp"},"after":{"name":"desk"}`) {
		t.Fatalf("the update is %s", seen[3])
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if got := <-code; got != 1 || !strings.Contains(errs.String(), "the node stops; go on with --from-scn ") {
		t.Fatalf("exit %d: %s", got, &errs)
	}
	var next uint64
	if _, err := fmt.Sscanf(errs.String()[strings.Index(errs.String(), "--from-scn"):], "--from-scn %d", &next); err != nil {
		t.Fatal(err)
	}
	n = startLogNode(t, dir)
	n.exec(t, "DELETE FROM shop.item WHERE id = 1")
	to := n.Engine().Applied().String()
	rest := mustRun(t, "log", "tail", "--addr", n.addr, "--from-scn", fmt.Sprint(next), "--to-scn", to)
	if strings.Count(rest, "\n") != 1 || !strings.Contains(rest, "DELETE") {
		t.Fatalf("after the restart: %s", rest)
	}
	if got := mustRun(t, "log", "tail", "--addr", n.addr, "--from-scn", "1", "--to-scn", to, "--heartbeats"); !strings.Contains(got, `"heartbeat_scn":`+to) {
		t.Errorf("no heartbeat of SCN %s: %s", to, got)
	}
	if _, errs, code := redoubt(t, "log", "tail", "--addr", n.addr, "--from-scn", "100000"); code != 1 || !strings.Contains(errs, "lies in the future") {
		t.Errorf("the future: exit %d, %s", code, errs)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if got := mustRun(t, "log", "tail", "--data", dir); got != strings.Join(seen, "")+rest {
		t.Errorf("the directory has\n%s\nseen was\n%s%s", got, strings.Join(seen, ""), rest)
	}
}

func readLine(t *testing.T, r io.Reader) string {
	t.Helper()
	var line []byte
	b := make([]byte, 1)
	for {
		if _, err := io.ReadFull(r, b); err != nil {
			t.Fatalf("read a line: %q, %v", line, err)
		}
		if line = append(line, b[0]); b[0] == '\n' {
			return string(line)
		}
	}
}
