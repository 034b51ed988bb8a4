package acceptance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var (
	printedKey  = regexp.MustCompile(`\d{4}-[0-9a-f]{8}`)
	printedHash = regexp.MustCompile(`state hash ([0-9a-f]{16})`)
)

// TestEncryptedArchive kills a server that archives to an encrypted repository, loses its directory, and has the commands make the
// database again: with the state hash that it had, after rotations of both kinds of keys, and with the right key only.
func TestEncryptedArchive(t *testing.T) {
	dir := t.TempDir()
	key, next, repository := filepath.Join(dir, "backup.key"), filepath.Join(dir, "next.key"), "file://"+filepath.Join(dir, "repository")
	redoubt := func(args ...string) (string, error) {
		return runProgram(t.Context(), 2*time.Minute, "", binary, args...)
	}
	must := func(args ...string) string {
		t.Helper()
		out, err := redoubt(args...)
		if err != nil {
			t.Fatalf("redoubt %v: %v\n%s", args, err, out)
		}
		return out
	}
	must("key", "create", key)
	must("key", "create", next)
	s := startServer(t, still, "--log-file-size=1MiB", "--segment-size=256KiB", "--segment-time=1s", "--archive", repository, "--archive-every=50ms", "--encrypt-key", key)
	db := open(t, s.mysql, "ledger")
	prepareLedger(t, s)
	mustExec(t, conn(t, s.mysql, ""), "CREATE DATABASE canary", "CREATE TABLE canary.canary (canary VARCHAR(100))", "INSERT INTO canary.canary VALUES ('the canary sings')")
	ledgers := newLedgers(rand.New(rand.NewPCG(seed(t, 0), 6)))
	var acknowledgements atomic.Int64
	for i := range 3 {
		ctx, stop := context.WithCancel(t.Context())
		if err := loadUntil(ctx, db, ledgers, &acknowledgements, time.Second, stop); err != nil {
			t.Fatal(err)
		}
		must("backup", "full", "--addr", s.mysql, "--tag", fmt.Sprint("b", i))
		must("key", "rotate", "--repo", repository, "--encrypt-key", key)
	}
	var at []string
	eventually(t, time.Minute, "everything is archived", func() error {
		now := position(t, db)
		gap := one(t, db, "SELECT gap_scn FROM redoubt.`V$ARCHIVE`")
		if at = strings.Fields(now); gap != "0" || position(t, db) != now {
			return errors.New("the gap is " + gap)
		}
		return nil
	})
	s.kill()
	if err := os.RemoveAll(s.dir); err != nil {
		t.Fatal(err)
	}
	must("key", "rewrap", "--repo", repository, "--encrypt-key", key, "--to-key", next)

	for _, args := range [][]string{
		{"backup", "list", "--repo", repository},
		{"backup", "list", "--repo", repository, "--encrypt-key", key},
		{"recover", "--repo", repository, "--preview", "--latest"},
		{"recover", "--repo", repository, "--data", filepath.Join(dir, "no"), "--latest", "--encrypt-key", key},
	} {
		if out, err := redoubt(args...); err == nil || !strings.Contains(out, "is encrypted") && !strings.Contains(out, "wrong key") {
			t.Errorf("redoubt %v: %v\n%s", args, err, out)
		}
	}
	if out := must("backup", "verify", "--repo", repository, "--level", "full", "--encrypt-key", next); strings.Count(out, ": ok") != 3 {
		t.Errorf("backups: %s", out)
	}
	if out := must("key", "list", "--repo", repository, "--format", "csv"); len(printedKey.FindAllString(out, -1)) != 4 {
		t.Errorf("keys: %s", out)
	}
	if out := must("key", "audit", "--repo", repository, "--format", "csv"); strings.Count(out, ",rotate,") != 3 || strings.Count(out, ",rewrap,") != 1 || strings.Count(out, ",create,") != 1 {
		t.Errorf("audit: %s", out)
	}
	out := must("recover", "--repo", repository, "--data", s.dir, "--to-scn", at[0], "--encrypt-key", next)
	if m := printedHash.FindStringSubmatch(out); m == nil || m[1] != at[1] {
		t.Fatalf("recovered to SCN %s, where the hash was %s:\n%s", at[0], at[1], out)
	}
	s.extra = s.extra[:len(s.extra)-1]
	s.extra = append(s.extra, next)
	s.start()
	if err := verify(t.Context(), db, ledgers); err != nil {
		t.Error(err)
	}
	if got := one(t, db, "SELECT canary FROM canary.canary"); got != "the canary sings" {
		t.Errorf("the canary says %s", got)
	}
	err := filepath.WalkDir(strings.TrimPrefix(repository, "file://"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			return nil // a piece of the tail that is sealed now
		}
		if bytes.Contains(b, []byte("canary")) {
			t.Errorf("%s has plaintext", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
