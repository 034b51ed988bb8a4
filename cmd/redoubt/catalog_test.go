package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redoubt/backup"
	"redoubt/backup/store"
	"redoubt/scn"
)

// someRepository has three backups of one file each, and no log.
func someRepository(t *testing.T) (address, dir string) {
	t.Helper()
	dir = t.TempDir()
	s, err := store.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), "repository.json", strings.NewReader(`{"format":1,"database_id":"000102030405060708090a0b0c0d0e0f"}`)); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		at := time.Now().Add(time.Duration(i-3) * 25 * time.Hour)
		f := backup.File{Name: "f", Bytes: 3, SHA256: fmt.Sprintf("%064x", i), Blocks: "0123456789abcdef"}
		m := backup.Manifest{
			Format: 2, ID: fmt.Sprintf("2026010%dT000000-1-%d", i+1, i*10+10), Kind: backup.Full, Incarnation: 1, SCN: scn.SCN(i*10 + 10), TimeMicros: at.UnixMicro(),
			StateHash: "0123456789abcdef", Started: at, Finished: at, BlockBytes: 4 << 20, Files: []backup.File{f},
		}
		if err := s.Put(t.Context(), f.Object(), strings.NewReader("abc")); err != nil {
			t.Fatal(err)
		}
		if err := backup.PutBack(t.Context(), s, &m); err != nil {
			t.Fatal(err)
		}
	}
	return s.String(), dir
}

// TestCatalogCommands runs the commands on a repository, one after another.
func TestCatalogCommands(t *testing.T) {
	address, dir := someRepository(t)
	export := filepath.Join(t.TempDir(), "export.json")
	step := func(want string, code int, args ...string) {
		t.Helper()
		var out bytes.Buffer
		got := run(context.Background(), append(args, "--repo", address), strings.NewReader(""), &out, &out)
		if got != code || !strings.Contains(out.String(), want) {
			t.Errorf("redoubt %s: exit %d, %s\nwant exit %d and %q", strings.Join(args, " "), got, &out, code, want)
		}
	}
	step("20260103T000000-1-30,full,1,30", 0, "backup", "list", "--format", "csv")
	step("everything stays", 0, "backup", "policy")
	step("older than 1d", 0, "backup", "report", "need-backup", "--format", "csv")
	step("3 backups begin with", 1, "backup", "show", "2026010")
	step("there is no backup \"x\"", 1, "backup", "change", "x", "--keep-forever")
	step("", 0, "backup", "change", "20260101", "--keep-until", "90d", "--tag", "audit")
	step("KEEP UNTIL", 0, "backup", "show", "20260101")
	step("audit", 0, "backup", "list")
	step("", 0, "backup", "policy", "--redundancy", "1")
	step("redundancy 1, never fewer than 1", 0, "backup", "policy")
	step("OBSOLETE", 0, "backup", "list")
	step("backup 20260102", 0, "backup", "report", "obsolete", "--format", "csv")
	step("would delete 1 backups, 1 files", 0, "backup", "expire", "--dry-run")
	step("cannot go: KEEP UNTIL", 1, "backup", "delete", "20260101")
	step("cannot go: the least that stays", 1, "backup", "delete", "20260103", "--force")
	step("", 0, "catalog", "export", "--file", export)
	step("deleted 1 backups, 1 files", 0, "backup", "expire")
	step("redundancy 1,1,30,30,yes", 0, "backup", "report", "compliance", "--format", "csv")
	step("1 of its files are not there", 0, "catalog", "import", export)
	if err := os.Remove(filepath.Join(dir, "backup", "20260101T000000-1-10.json")); err != nil {
		t.Fatal(err)
	}
	step("leftover", 0, "repo", "check")
	step("put back: 1 manifests", 0, "catalog", "import", export)
	step("KEEP UNTIL", 0, "backup", "list")
	step("2,2,0,1,2,", 0, "catalog", "rebuild", "--format", "csv")
	if err := os.Remove(filepath.Join(dir, "files", "00", fmt.Sprintf("%064x", 0))); err != nil {
		t.Fatal(err)
	}
	step("EXPIRED,1,1", 1, "backup", "crosscheck", "--format", "csv")
	step("unusable backup", 1, "repo", "check")
	step("EXPIRED: file f", 0, "backup", "report", "unrecoverable", "--format", "csv")
	step("files of backups,1,3", 0, "backup", "report", "storage", "--format", "csv")
	step("", 0, "backup", "change", "20260101", "--no-keep")
	step("deleted 1 backups", 0, "backup", "delete", "--expired")
	step("1,30,30,yes,backup 20260103T000000-1-30,3,1s", 0, "backup", "report", "recoverability", "--format", "csv")
	step("", 0, "backup", "change", "20260103", "--unavailable")
	step("UNAVAILABLE", 0, "backup", "list")
	step("", 0, "backup", "change", "20260103", "--available")
	step("finding,object,bytes,problem,what", 0, "repo", "check", "--format", "csv")
}

// TestCheckNothing: that there is no repository is no good news of one.
func TestCheckNothing(t *testing.T) {
	var out bytes.Buffer
	code := run(t.Context(), []string{"repo", "check", "--repo", "file://" + filepath.Join(t.TempDir(), "nothing")}, strings.NewReader(""), &out, &out)
	if code != 1 || !strings.Contains(out.String(), "there is no repository at") {
		t.Errorf("exit code %d: %s", code, out.String())
	}
}
