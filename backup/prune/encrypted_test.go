package prune

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redoubt/backup"
	"redoubt/backup/keyring"
	"redoubt/backup/repository"
)

// TestEncrypted repairs an encrypted repository, in which what is damaged cannot be read at all.
func TestEncrypted(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	if _, err := keyring.CreateFile(key, time.Now()); err != nil {
		t.Fatal(err)
	}
	kek, err := (&keyring.Source{KeyFile: key}).KEK()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	r, err := repository.Open(t.Context(), "file://"+dir, repository.Options{KEK: kek})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Claim(t.Context(), [16]byte{1}); err != nil {
		t.Fatal(err)
	}
	m := eightDaysAt(t, time.Now())
	for name, b := range m.objects {
		if err := r.Put(t.Context(), name, strings.NewReader(string(b))); err != nil {
			t.Fatal(err)
		}
	}
	findings, err := Check(t.Context(), r, time.Now())
	if err != nil || len(findings) > 0 {
		t.Fatalf("the check finds %+v, %v", findings, err)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "backup", "b0.json.*"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("%v, %v", paths, err)
	}
	b, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(paths[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	leftover := filepath.Join(dir, "incoming", "put-old")
	if err := os.WriteFile(leftover, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * leftoverAge)
	if err := os.Chtimes(leftover, old, old); err != nil {
		t.Fatal(err)
	}
	if _, err := Repair(t.Context(), r, Options{What: "test", Now: time.Now}, false); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(leftover); !os.IsNotExist(err) {
		t.Errorf("the leftover: %v", err)
	}
	list, damaged, err := backup.Load(t.Context(), r)
	if err != nil || len(list) != 7 || len(damaged) > 0 {
		t.Errorf("%d manifests, damaged %v, %v", len(list), damaged, err)
	}
	if aside, err := filepath.Glob(filepath.Join(dir, "quarantine", "backup", "b0.json.*")); err != nil || len(aside) != 1 {
		t.Errorf("in quarantine: %v, %v", aside, err)
	}
	if _, err := Repair(t.Context(), r, Options{What: "test", Now: time.Now}, true); err != nil {
		t.Fatal(err)
	}
	if findings, err = Check(t.Context(), r, time.Now()); err != nil || len(findings) > 0 {
		t.Errorf("the check finds %+v, %v", findings, err)
	}
}
