package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"redoubt/internal/freeport"
	"redoubt/node"
)

// logNode is a node whose log commands look into.
type logNode struct {
	*node.Node
	dir  string
	addr string
	key  string // of the repository that it archives to; empty: none
}

func startLogNode(t *testing.T, dir string) *logNode {
	t.Helper()
	return startLogNodeWith(t, dir, nil)
}

// startLogNodeWith starts it with more settings.
func startLogNodeWith(t *testing.T, dir string, settings map[string]string) *logNode {
	t.Helper()
	flags := map[string]string{"data": dir, "log-file-size": "1MiB", "segment-time": "50ms", "segment-size": "64KiB", "archive-stop-timeout": "5m"}
	maps.Copy(flags, settings)
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
	t.Cleanup(func() { n.Close() })
	return &logNode{Node: n, dir: dir, addr: n.Addresses().MySQL}
}

// freeAddress is one on loopback that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := freeport.Address()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// redoubt runs a command and gives what it prints on standard output, standard error and its exit code.
func redoubt(t *testing.T, args ...string) (string, string, int) {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(context.Background(), args, strings.NewReader(""), &out, &errs)
	return out.String(), errs.String(), code
}

func mustRun(t *testing.T, args ...string) string {
	t.Helper()
	out, errs, code := redoubt(t, args...)
	if code != 0 {
		t.Fatalf("redoubt %v: exit %d\n%s%s", args, code, out, errs)
	}
	return out
}

func (n *logNode) exec(t *testing.T, statements ...string) {
	t.Helper()
	for _, s := range statements {
		mustRun(t, "sql", "--addr", n.addr, "-e", s)
	}
}

// TestLogCommands asks a running node and then its directory, which must say the same.
func TestLogCommands(t *testing.T) {
	n := startLogNode(t, filepath.Join(t.TempDir(), "data"))
	n.exec(t, "CREATE DATABASE shop", "CREATE TABLE shop.item (id INT PRIMARY KEY, name VARCHAR(20))", "INSERT INTO shop.item VALUES (1, 'lamp'), (2, 'it''s <b>')",
		"UPDATE shop.item SET name = 'desk' WHERE id = 2", "ALTER TABLE shop.item DROP COLUMN name", "DELETE FROM shop.item WHERE id = 1")
	xid := strings.TrimPrefix(strings.TrimSpace(mustRun(t, "sql", "--addr", n.addr, "--format", "csv", "-e", "SELECT DISTINCT XID FROM V$LOGMNR_CONTENTS WHERE SCN = 4")), "XID\n")
	filters := [][]string{
		{},
		{"--table", "shop.item"},
		{"--table", "Shop.ITEM"},
		{"--xid", xid},
		{"--from-scn", "4", "--to-scn", "5"},
		{"--operation", "delete", "--user", "root"},
		{"--operation", "DDL"},
		{"--key", `{"id":2}`},
		{"--user", "nobody"},
		{"--from-time", "2020-01-01 00:00:00", "--to-time", "2100-01-01 00:00:00", "--table", "shop."},
		{"--to-time", "2020-01-01 00:00:00"},
	}
	commands := [][]string{{"mine", "--format", "json"}, {"mine"}, {"mine", "--format", "csv"}, {"mine", "--format", "sql-redo"}, {"mine", "--format", "sql-undo"}, {"stat", "--format", "json"}}
	said := map[string]string{}
	each := func(do func(key string, args []string)) {
		for _, f := range filters {
			for _, c := range commands {
				args := append([]string{"log"}, append(c, f...)...)
				do(strings.Join(args, " "), args)
			}
		}
	}
	each(func(key string, args []string) { said[key] = mustRun(t, append(args, "--addr", n.addr)...) })
	undo := said["log mine --format sql-undo --table shop.item"]
	for _, want := range []string{"INSERT INTO `shop`.`item` (`id`) VALUES (1);", "UPDATE `shop`.`item` SET `name` = 'it\\'s <b>' WHERE `id` = 2 AND `name` <=> 'desk' COLLATE utf8mb4_0900_bin;"} {
		if !strings.Contains(undo, want) {
			t.Errorf("undo lacks %s:\n%s", want, undo)
		}
	}
	if got := said["log mine --format json --xid "+xid]; strings.Count(got, `"operation":"INSERT"`) != 2 || strings.Count(got, "\n") != 2 {
		t.Errorf("of transaction %s:\n%s", xid, got)
	}
	if said["log mine --table Shop.ITEM"] != said["log mine --table shop.item"] {
		t.Errorf("names are of one case:\n%s", said["log mine --table Shop.ITEM"])
	}
	if lines := strings.Count(said["log mine --format json"], "\n"); lines != 7 {
		t.Errorf("%d events, want 7:\n%s", lines, said["log mine --format json"])
	}
	for _, args := range [][]string{{"ls"}, {"verify"}, {"stat"}, {"mine"}} {
		if _, errs, code := redoubt(t, append(append([]string{"log"}, args...), "--data", n.dir)...); code != 1 || !strings.Contains(errs, "in use by another process") {
			t.Errorf("log %v beside a running node: %d, %s", args, code, errs)
		}
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	each(func(key string, args []string) {
		if got := mustRun(t, append(args, "--data", n.dir)...); got != said[key] {
			t.Errorf("%s: the directory says\n%s\nthe node said\n%s", key, got, said[key])
		}
	})
	if got := mustRun(t, "log", "stat", "--data", n.dir); !strings.Contains(got, "6 transactions, 7 changes") || !strings.Contains(got, "bytes of redo") {
		t.Errorf("stat:\n%s", got)
	}
	checkFiles(t, n.dir)
	if err := os.RemoveAll(filepath.Join(n.dir, "state")); err != nil { // a dump needs the log alone
		t.Fatal(err)
	}
	if got := mustRun(t, "log", "dump", "--data", n.dir, "--from-scn", "4", "--to-scn", "5"); strings.Count(got, "\n") != 2 ||
		!strings.Contains(got, `"operation":"U"`) || !strings.Contains(got, `"before":{"2":"\"it's <b>\""},"after":{"2":"\"desk\""}`) {
		t.Errorf("dump:\n%s", got)
	}
	if got := mustRun(t, "log", "dump", "--data", n.dir); !strings.Contains(got, "ALTER TABLE shop.item DROP COLUMN name") {
		t.Errorf("dump:\n%s", got)
	}
}

// checkFiles looks at what ls and verify say of a sound directory.
func checkFiles(t *testing.T, dir string) {
	t.Helper()
	if got := mustRun(t, "log", "verify", "--data", dir); !strings.HasPrefix(got, "sound: ") {
		t.Errorf("verify: %s", got)
	}
	next := uint64(1)
	for line := range strings.Lines(mustRun(t, "log", "ls", "--data", dir, "--format", "json")) {
		var piece struct {
			Kind     string
			FirstSCN uint64 `json:"first_scn"`
			LastSCN  uint64 `json:"last_scn"`
		}
		if err := json.Unmarshal([]byte(line), &piece); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if piece.Kind == "segment" && piece.FirstSCN != next {
			t.Errorf("a gap before SCN %d: %s", piece.FirstSCN, line)
		}
		next = piece.LastSCN + 1
	}
	if next < 7 {
		t.Errorf("the files end at SCN %d", next-1)
	}
}

// sealedFile waits until a node has sealed a file of some size, and gives its path.
func sealedFile(t *testing.T, dir string, bytes int64) string {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		sealed, err := filepath.Glob(filepath.Join(dir, "segments", "seg-*.seg"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range sealed {
			if info, err := os.Stat(path); err == nil && info.Size() >= bytes {
				return path
			}
		}
	}
	t.Fatal("nothing was sealed")
	return ""
}

// TestLogVerifyDamage damages a segment and the live log, and removes a segment: each is found and named.
func TestLogVerifyDamage(t *testing.T) {
	n := startLogNode(t, filepath.Join(t.TempDir(), "data"))
	n.exec(t, "CREATE DATABASE shop", "CREATE TABLE shop.item (id INT PRIMARY KEY, name VARCHAR(2000))", "INSERT INTO shop.item VALUES (1, 'findme')")
	noise := make([]byte, 2000) // that does not become smaller: the middle of the file is in it
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	n.exec(t, fmt.Sprintf("INSERT INTO shop.item VALUES (2, '%x')", noise[:1000]), fmt.Sprintf("INSERT INTO shop.item VALUES (3, '%x')", noise[1000:2000]))
	sealed := sealedFile(t, n.dir, 1500)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	live, err := filepath.Glob(filepath.Join(n.dir, "log", "log-*.wal"))
	if err != nil || len(live) == 0 {
		t.Fatalf("log files: %v, %v", live, err)
	}
	for _, d := range []struct {
		file   string
		offset func([]byte) int
		reason string
	}{
		{sealed, func(b []byte) int { return len(b) / 2 }, "checksum mismatch"},
		{sealed, func(b []byte) int { return len(b) - 1 }, "checksum mismatch"},
		{live[0], func(b []byte) int { return bytes.Index(b, []byte("findme")) }, "damage"},
	} {
		whole, err := os.ReadFile(d.file)
		if err != nil {
			t.Fatal(err)
		}
		broken := bytes.Clone(whole)
		broken[d.offset(whole)] ^= 1
		if err := os.WriteFile(d.file, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		out, errs, code := redoubt(t, "log", "verify", "--data", n.dir, "--format", "json")
		var damage struct {
			File   string
			Offset int64
			SCN    uint64
			Reason string
		}
		if err := json.Unmarshal([]byte(strings.SplitN(out, "\n", 2)[0]), &damage); err != nil || code != 1 || damage.File != filepath.Base(d.file) || damage.SCN == 0 || damage.Offset == 0 || !strings.Contains(damage.Reason, d.reason) {
			t.Errorf("%s: exit %d, %v\n%s%s", d.file, code, err, out, errs)
		}
		if strings.Count(out, "\n") != 1 || !strings.Contains(errs, "at 1 places") {
			t.Errorf("one byte is wrong, it says\n%s%s", out, errs)
		}
		t.Logf("%s%s", out, errs)
		if err := os.WriteFile(d.file, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(sealed); err != nil {
		t.Fatal(err)
	}
	if out, errs, code := redoubt(t, "log", "verify", "--data", n.dir); code != 1 || !strings.Contains(out, "segment is missing") {
		t.Errorf("a segment is missing: exit %d\n%s%s", code, out, errs)
	}
}

// TestLogFlags: what cannot be meant is refused with what to do.
func TestLogFlags(t *testing.T) {
	for want, args := range map[string][]string{
		"at least one of the flags":      {"mine"},
		"say SCHEMA.TABLE":               {"mine", "--data", "x", "--table", "item"},
		"INSERT, UPDATE, DELETE and DDL": {"mine", "--data", "x", "--operation", "MERGE"},
		"table, json, csv":               {"mine", "--data", "x", "--format", "xml"},
		"it is no time":                  {"mine", "--data", "x", "--from-time", "yesterday"},
		"the range is empty":             {"mine", "--data", "x", "--from-scn", "5", "--to-scn", "4"},
		"not a data directory":           {"ls", "--data", t.TempDir()},
		"--addr: a running node checks":  {"verify", "--addr", "x:1"},
		"--addr: a node does not give":   {"dump", "--addr", "x:1"},
		"say --repo":                     {"ls", "--data", "x", "--incarnation", "2"},
		"only those of a repository":     {"ls", "--data", "x", "--times"},
		"there is no repository":         {"mine", "--repo", "file://" + t.TempDir()},
		"is verified as a whole":         {"verify", "--data", "x", "--from-scn", "3"},
		"[data repo] were all set":       {"ls", "--data", "x", "--repo", "file:///x"},
	} {
		if _, errs, code := redoubt(t, append([]string{"log"}, args...)...); code != 1 || !strings.Contains(errs, want) {
			t.Errorf("log %v: exit %d, %s, want %s", args, code, errs, want)
		}
	}
}
