package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redoubt/backup/archive"
	"redoubt/backup/keyring"
)

// archivedNode runs a node that archives to a new repository, with a key or without one.
func archivedNode(t *testing.T, keyFile string) (n *logNode, address string) {
	t.Helper()
	address = "file://" + filepath.Join(t.TempDir(), "repository")
	n = startLogNodeWith(t, filepath.Join(t.TempDir(), "data"), map[string]string{"archive": address, "archive-every": "20ms", "archive-key": keyFile})
	n.key = keyFile
	return n, address
}

// execSealed runs statements, each of which gets into a sealed piece of the repository before the next.
func (n *logNode) execSealed(t *testing.T, address string, statements ...string) {
	t.Helper()
	for _, s := range statements {
		n.exec(t, s)
		n.awaitPiece(t, address, true)
	}
}

// awaitPiece waits until what is committed is in the repository, in a sealed piece, if that is asked for.
func (n *logNode) awaitPiece(t *testing.T, address string, sealed bool) {
	t.Helper()
	to := n.Engine().Applied()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		for _, p := range piecesOf(t, address, n.key) {
			if p.Last >= to && (p.Sealed || !sealed) {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("SCN %d is not archived", to)
		}
	}
}

func piecesOf(t *testing.T, address, keyFile string) []archive.Piece {
	t.Helper()
	from := repositoryFlags{address: address, keyFile: keyFile}
	s, err := from.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pieces, err := archive.Pieces(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return pieces
}

// leavesNothing makes a directory for temporary files, and checks at the end of the test that it is empty.
func leavesNothing(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Cleanup(func() {
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
}

// TestLogRepository: what a node and then its directory say of the log, its repository says, too, encrypted or not.
func TestLogRepository(t *testing.T) {
	key := filepath.Join(t.TempDir(), "backup.key")
	if _, err := keyring.CreateFile(key, time.Now()); err != nil {
		t.Fatal(err)
	}
	t.Run("plain", func(t *testing.T) { testLogRepository(t, "") })
	t.Run("encrypted", func(t *testing.T) { testLogRepository(t, key) })
}

func testLogRepository(t *testing.T, key string) {
	n, address := archivedNode(t, key)
	n.exec(t, "CREATE DATABASE shop", "CREATE TABLE shop.item (id INT PRIMARY KEY, name VARCHAR(20))", "INSERT INTO shop.item VALUES (1, 'lamp'), (2, 'it''s <b>')",
		"UPDATE shop.item SET name = 'desk' WHERE id = 2")
	n.awaitPiece(t, address, false)
	mustRun(t, append([]string{"sql", "--addr", n.addr, "-e"}, "BACKUP DATABASE")...)
	n.exec(t, "ALTER TABLE shop.item DROP COLUMN name", "DELETE FROM shop.item WHERE id = 1", "CREATE TABLE shop.keyless (a INT, b INT)", "INSERT INTO shop.keyless VALUES (1, 1)",
		"UPDATE shop.keyless SET b = 2", "DROP TABLE shop.item")
	from := []string{"--repo", address}
	if key != "" {
		if _, errs, code := redoubt(t, "log", "ls", "--repo", address); code != 1 || !strings.Contains(errs, "it is encrypted") {
			t.Errorf("without a key: exit %d, %s", code, errs)
		}
		from = append(from, "--encrypt-key", key)
	}
	leavesNothing(t)
	commands := [][]string{
		{"mine", "--format", "json"},
		{"mine", "--format", "sql-undo", "--table", "shop.item"},
		{"mine", "--from-scn", "4", "--to-scn", "5"},
		{"mine", "--to-scn", "3", "--format", "csv"},
		{"mine", "--operation", "delete"},
		{"mine", "--key", `{"id": 1}`, "--format", "sql-redo"},
		{"mine", "--to-time", "2020-01-01"},
		{"stat", "--format", "json"},
	}
	said := map[string]string{}
	for _, c := range commands {
		said[strings.Join(c, " ")] = mustRun(t, append(append([]string{"log"}, c...), "--addr", n.addr)...)
	}
	last := n.Engine().Applied().String()
	tail := mustRun(t, "log", "tail", "--addr", n.addr, "--from-scn", "2", "--to-scn", last)
	if got := mustRun(t, "log", "ls", "--addr", n.addr, "--format", "json"); !strings.Contains(got, `"kind": "log"`) || !strings.Contains(got, `"first_scn": 1,`) {
		t.Errorf("the node's files: %s", got)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range commands {
		if got := mustRun(t, append(append([]string{"log"}, c...), from...)...); got != said[strings.Join(c, " ")] {
			t.Errorf("%v: the repository says\n%s\nthe node said\n%s", c, got, said[strings.Join(c, " ")])
		}
	}
	if got := mustRun(t, append([]string{"log", "tail", "--from-scn", "2", "--to-scn", last}, from...)...); got != tail {
		t.Errorf("tail: the repository says\n%s\nthe node said\n%s", got, tail)
	}
	for _, c := range [][]string{{"dump"}, {"dump", "--from-scn", "3", "--to-scn", "5"}, {"dump", "--from-scn", "100000"}} {
		got, want := mustRun(t, append(append([]string{"log"}, c...), from...)...), mustRun(t, append(append([]string{"log"}, c...), "--data", n.dir)...)
		if got != want || len(c) < 5 && want != "" && !strings.Contains(want, `"scn"`) {
			t.Errorf("%v: the repository says\n%s\nthe directory says\n%s", c, got, want)
		}
	}
	if got := mustRun(t, append([]string{"log", "verify"}, from...)...); !strings.HasPrefix(got, "sound: ") || !strings.Contains(got, "of incarnation 1 leads without a gap from SCN 1 to ") {
		t.Errorf("verify: %s", got)
	}
	checkArchivedPieces(t, from)
	interrupted(t, append([]string{"log", "mine", "--format", "json"}, from...))
}

// interrupted ends a command before it begins, and when it has printed something.
func interrupted(t *testing.T, args []string) {
	t.Helper()
	for _, amid := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		var out, errs bytes.Buffer
		w := writes(func(b []byte) (int, error) {
			cancel()
			return out.Write(b)
		})
		if !amid {
			cancel()
		}
		if code := run(ctx, args, strings.NewReader(""), w, &errs); code != 1 || !strings.Contains(errs.String(), "canceled") || amid != (out.Len() > 0) {
			t.Errorf("interrupted, amid its output %v: exit %d, %s%s", amid, code, &out, &errs)
		}
	}
}

type writes func([]byte) (int, error)

func (w writes) Write(b []byte) (int, error) { return w(b) }

// listed is a line of log ls.
type listed struct {
	Object    string
	Kind      string
	FirstSCN  uint64  `json:"first_scn"`
	LastSCN   uint64  `json:"last_scn"`
	FirstTime *string `json:"first_time"`
	RedoBytes *int64  `json:"redo_bytes"`
	Bytes     int64
}

func listPieces(t *testing.T, args ...string) (list []listed) {
	t.Helper()
	for line := range strings.Lines(mustRun(t, append([]string{"log", "ls", "--format", "json"}, args...)...)) {
		var p listed
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		list = append(list, p)
	}
	return list
}

// checkArchivedPieces looks at what ls says of a sound repository.
func checkArchivedPieces(t *testing.T, from []string) {
	t.Helper()
	list, timed := listPieces(t, from...), listPieces(t, append(from, "--times")...)
	if len(list) == 0 || len(timed) != len(list) || list[0].FirstSCN != 1 || list[0].Bytes == 0 {
		t.Fatalf("pieces %+v, with times %+v", list, timed)
	}
	for i := range list {
		if list[i].FirstTime != nil || timed[i].FirstTime == nil || timed[i].RedoBytes == nil || *timed[i].RedoBytes == 0 || timed[i].Object != list[i].Object {
			t.Errorf("piece %+v, with times %+v", list[i], timed[i])
		}
	}
	last := list[len(list)-1].LastSCN
	for _, p := range listPieces(t, append(from, "--from-scn", fmt.Sprint(last))...) {
		if p.LastSCN < last {
			t.Errorf("from SCN %d: %+v", last, p)
		}
	}
}

// TestLogRepositoryDamage flips a bit in a piece, then loses one: verify names it with place and SCNs, and who reads across hears it.
func TestLogRepositoryDamage(t *testing.T) {
	n, address := archivedNode(t, "")
	n.execSealed(t, address, "CREATE DATABASE shop", "CREATE TABLE shop.item (id INT PRIMARY KEY, name VARCHAR(20))", "INSERT INTO shop.item VALUES (1, 'lamp')", "INSERT INTO shop.item VALUES (2, 'desk')")
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	leavesNothing(t)
	var hit archive.Piece // has SCN 3
	for _, p := range piecesOf(t, address, "") {
		if p.First <= 3 && 3 <= p.Last {
			hit = p
		}
	}
	object := filepath.Join(strings.TrimPrefix(address, "file://"), hit.Name)
	whole, err := os.ReadFile(object)
	if err != nil {
		t.Fatal(err)
	}
	verify := func(want ...string) {
		t.Helper()
		out, errs, code := redoubt(t, "log", "verify", "--repo", address, "--format", "json")
		if code != 1 || strings.Count(out, "\n") != 1 || !strings.Contains(errs, "at 1 places") {
			t.Errorf("exit %d, %s%s", code, out, errs)
		}
		for _, w := range append(want, hit.Name, fmt.Sprintf(`"first_scn": %d, "last_scn": %d`, hit.First, hit.Last)) {
			if !strings.Contains(out, w) {
				t.Errorf("%s lacks %s", out, w)
			}
		}
	}
	broken := bytes.Clone(whole)
	broken[len(whole)/2] ^= 1
	if err := os.WriteFile(object, broken, 0o600); err != nil {
		t.Fatal(err)
	}
	verify(`"kind": "damaged"`, "checksum mismatch", `"offset": `, fmt.Sprintf(`"scn": %d`, hit.First))
	if _, errs, code := redoubt(t, "log", "dump", "--repo", address); code != 1 || !strings.Contains(errs, hit.Name) {
		t.Errorf("dump across damage: exit %d, %s", code, errs)
	}
	if got := mustRun(t, "log", "verify", "--repo", address, "--from-scn", (hit.Last + 1).String()); !strings.HasPrefix(got, "sound: ") {
		t.Errorf("behind the damage: %s", got)
	}
	if err := os.Remove(object); err != nil {
		t.Fatal(err)
	}
	gap := fmt.Sprintf("the log of SCN %d to %d is missing, before piece log/", hit.First, hit.Last)
	hit.Name = "log/" // that behind the gap is named
	verify(`"kind": "missing"`, gap)
	for _, c := range []string{"dump", "mine", "stat", "tail"} {
		if _, errs, code := redoubt(t, "log", c, "--repo", address, "--from-scn", "1"); code != 1 || !strings.Contains(errs, gap) {
			t.Errorf("%s across the gap: exit %d, %s", c, code, errs)
		}
	}
	if _, errs, code := redoubt(t, "log", "dump", "--repo", address, "--to-scn", hit.First.String()); code != 1 || !strings.Contains(errs, gap) {
		t.Errorf("dump up to the gap: exit %d, %s", code, errs)
	}
	if out := mustRun(t, "log", "dump", "--repo", address, "--to-scn", (hit.First - 1).String()); !strings.Contains(out, "CREATE DATABASE") {
		t.Errorf("dump of what is before the gap: %s", out)
	}
	out, errs, code := redoubt(t, "log", "dump", "--repo", address)
	if code != 0 || !strings.HasPrefix(out, fmt.Sprintf(`{"scn":%d,`, hit.Last+1)) || !strings.Contains(errs, "without a gap from SCN") {
		t.Errorf("dump of what is behind it: exit %d, %s%s", code, out, errs)
	}
	if err := os.WriteFile(object, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := mustRun(t, "log", "verify", "--repo", address); !strings.HasPrefix(got, "sound: ") {
		t.Errorf("mended: %s", got)
	}
}

// TestLogRepositoryIncarnations recovers a database to a point before its last change and lets it go on: each incarnation has its own
// history.
func TestLogRepositoryIncarnations(t *testing.T) {
	n, address := archivedNode(t, "")
	n.exec(t, "CREATE DATABASE shop", "CREATE TABLE shop.item (id INT PRIMARY KEY)", "INSERT INTO shop.item VALUES (1)", "INSERT INTO shop.item VALUES (2)")
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "again")
	mustRun(t, "recover", "--repo", address, "--data", dir, "--to-scn", "4")
	n = startLogNodeWith(t, dir, map[string]string{"archive": address, "archive-every": "20ms"})
	n.exec(t, "INSERT INTO shop.item VALUES (3)")
	n.awaitPiece(t, address, false)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	leavesNothing(t)
	for incarnation, want := range map[string]string{"": "1 3", "1": "1 2", "2": "1 3"} {
		args := []string{"log", "mine", "--repo", address, "--table", "shop.item", "--format", "sql-redo"}
		if incarnation != "" {
			args = append(args, "--incarnation", incarnation)
		}
		var keys []string
		for line := range strings.Lines(mustRun(t, args...)) {
			if _, key, ok := strings.Cut(line, "VALUES ("); ok {
				keys = append(keys, key[:1])
			}
		}
		if got := strings.Join(keys, " "); got != want {
			t.Errorf("incarnation %q has rows %s, want %s", incarnation, got, want)
		}
	}
	if _, errs, code := redoubt(t, "log", "dump", "--repo", address, "--incarnation", "7"); code != 1 || !strings.Contains(errs, "no log of incarnation 7: it has [1 2]") {
		t.Errorf("another incarnation: exit %d, %s", code, errs)
	}
	all, own := listPieces(t, "--repo", address), listPieces(t, "--repo", address, "--incarnation", "1")
	if len(all) <= len(own) {
		t.Errorf("%d pieces, %d of incarnation 1", len(all), len(own))
	}
	if got := mustRun(t, "log", "verify", "--repo", address); strings.Count(got, "leads without a gap from SCN 1 to ") != 2 {
		t.Errorf("verify: %s", got)
	}
}
