package repository_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redoubt/backup/crypt"
	"redoubt/backup/keyring"
	"redoubt/backup/repository"
	"redoubt/backup/store"
	"redoubt/backup/store/storetest"
)

func newKEK(t *testing.T) keyring.KEK {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if _, err := keyring.CreateFile(path, time.Now()); err != nil {
		t.Fatal(err)
	}
	k, err := (&keyring.Source{KeyFile: path}).KEK()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestEncrypted claims a repository with a key, and opens it with that key, without one and with another one.
func TestEncrypted(t *testing.T) {
	dir := t.TempDir()
	address, kek := "file://"+dir, newKEK(t)
	r, err := repository.Open(ctx, address, repository.Options{KEK: kek, Who: "somebody"})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Put(ctx, "log/x", strings.NewReader("x")); !errors.Is(err, repository.ErrUnclaimed) {
		t.Errorf("put before it was claimed: %v", err)
	}
	for range 2 {
		if err := r.Claim(ctx, [16]byte{1}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Put(ctx, "log/x", strings.NewReader("the canary sings")); err != nil {
		t.Fatal(err)
	}
	again, err := repository.Open(ctx, address, repository.Options{KEK: kek})
	if err != nil {
		t.Fatal(err)
	}
	if got := storetest.Read(t, again, "log/x"); got != "the canary sings" {
		t.Errorf("it has %q", got)
	}
	if got := storetest.Names(t, again, "log/"); got != "log/x" {
		t.Errorf("listed: %s", got)
	}
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte("canary")) {
			t.Errorf("%s has plaintext", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if got := storetest.Read(t, r, "repository.json"); got != `{"format":1,"database_id":"01000000000000000000000000000000","encryption":"AES256-GCM-HKDF-1MB"}`+"\n" {
		t.Errorf("it says of itself: %s", got)
	}
	if _, err := repository.Open(ctx, address, repository.Options{}); !errors.Is(err, repository.ErrEncrypted) || !strings.Contains(err.Error(), kek.String()) {
		t.Errorf("without a key: %v", err)
	}
	var wrong *keyring.WrongKeyError
	if _, err := repository.Open(ctx, address, repository.Options{KEK: newKEK(t)}); !errors.As(err, &wrong) {
		t.Errorf("with another key: %v", err)
	}
	if _, err := repository.Open(ctx, address, repository.Options{KEK: keyring.NewPassphrase("x")}); !errors.As(err, &wrong) {
		t.Errorf("with a passphrase: %v", err)
	}
	late, err := repository.At(address, repository.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := late.Claim(ctx, [16]byte{1}); !errors.Is(err, repository.ErrEncrypted) {
		t.Errorf("claimed without a key: %v", err)
	}
	if _, err := late.List(ctx, ""); !errors.Is(err, repository.ErrEncrypted) {
		t.Errorf("listed without a key: %v", err)
	}
}

// TestFromTheFirstObjectOrNever: a repository does not become an encrypted one, nor one that is not.
func TestFromTheFirstObjectOrNever(t *testing.T) {
	kek := newKEK(t)
	plain, err := store.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := repository.In(plain, repository.Options{}).Claim(ctx, [16]byte{1}); err != nil {
		t.Fatal(err)
	}
	if err := repository.In(plain, repository.Options{KEK: kek}).Claim(ctx, [16]byte{1}); !errors.Is(err, repository.ErrNotEncrypted) {
		t.Errorf("a key for one that is not encrypted: %v", err)
	}
	if _, err := repository.In(plain, repository.Options{}).Rotate(ctx); err == nil || !strings.Contains(err.Error(), "is not encrypted") {
		t.Errorf("rotated: %v", err)
	}
	// If repository.json is lost, what lies there still says which of the two it is.
	if err := errors.Join(plain.Put(ctx, "log/x", strings.NewReader("x")), plain.Delete(ctx, "repository.json")); err != nil {
		t.Fatal(err)
	}
	if err := repository.In(plain, repository.Options{KEK: kek}).Claim(ctx, [16]byte{1}); err == nil || !strings.Contains(err.Error(), "log/x") {
		t.Errorf("claimed with a key over plaintext: %v", err)
	}
	sealed, err := store.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := repository.In(sealed, repository.Options{KEK: kek})
	if err := errors.Join(r.Claim(ctx, [16]byte{1}), r.Put(ctx, "log/x", strings.NewReader("text")), sealed.Delete(ctx, "repository.json")); err != nil {
		t.Fatal(err)
	}
	if err := repository.In(sealed, repository.Options{}).Claim(ctx, [16]byte{1}); err == nil || !strings.Contains(err.Error(), "was lost") {
		t.Errorf("claimed without a key over ciphertext: %v", err)
	}
	if err := repository.In(sealed, repository.Options{KEK: newKEK(t)}).Claim(ctx, [16]byte{1}); err == nil {
		t.Error("claimed with another key over ciphertext")
	}
	again := repository.In(sealed, repository.Options{KEK: kek})
	if err := again.Claim(ctx, [16]byte{1}); err != nil || storetest.Read(t, again, "log/x") != "text" {
		t.Errorf("claimed again: %v", err)
	}
	// An identity that was changed does not make plaintext acceptable.
	if err := sealed.Put(ctx, "repository.json", strings.NewReader(`{"format":1,"database_id":"01000000000000000000000000000000"}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := repository.In(sealed, repository.Options{KEK: kek}).Get(ctx, "log/x"); !errors.Is(err, repository.ErrNotEncrypted) {
		t.Errorf("with a changed identity: %v", err)
	}
	if err := sealed.Put(ctx, "repository.json", strings.NewReader(`{"format":1,"database_id":"01","encryption":"ROT13"}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := repository.In(sealed, repository.Options{KEK: kek}).DatabaseID(ctx); err == nil || !strings.Contains(err.Error(), "ROT13") {
		t.Errorf("with another encryption: %v", err)
	}
}

// TestKeys rotates, counts what is encrypted with which key, and retires one.
func TestKeys(t *testing.T) {
	s, err := store.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	o := repository.Options{KEK: newKEK(t), Who: "somebody", Now: func() time.Time { return now }}
	r := repository.In(s, o)
	if err := errors.Join(r.Claim(ctx, [16]byte{1}), r.Put(ctx, "log/x", strings.NewReader("text"))); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Second)
	k, err := r.Rotate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	sealed := repository.In(s, repository.Options{})
	keys, plain, err := sealed.Keys(ctx)
	if err != nil || len(keys) != 2 || len(plain) != 0 || keys[0].DataKey != k || !keys[0].Primary || keys[0].Objects != 0 || keys[1].Objects != 1 || keys[1].Primary {
		t.Fatalf("keys %+v, not encrypted %v, %v", keys, plain, err)
	}
	now = now.Add(2 * crypt.LongPut)
	old := keys[1].DataKey.String()
	if err := r.Retire(ctx, old); err == nil || !strings.Contains(err.Error(), "1 objects") {
		t.Errorf("a key that is needed: %v", err)
	}
	if err := errors.Join(r.Delete(ctx, "log/x"), r.Retire(ctx, old)); err != nil {
		t.Error(err)
	}
	trail, notes, err := sealed.Audit(ctx)
	if err != nil || len(trail) != 3 || len(notes) != 0 || trail[2].What != keyring.Retired || trail[2].Who != "somebody" {
		t.Errorf("the trail is %+v, with notes %v; %v", trail, notes, err)
	}
	if err := s.Put(ctx, "log/stranger", strings.NewReader("plaintext")); err != nil {
		t.Fatal(err)
	}
	if _, plain, err := sealed.Keys(ctx); err != nil || len(plain) != 1 || plain[0] != "log/stranger" {
		t.Errorf("not encrypted: %v, %v", plain, err)
	}
}
