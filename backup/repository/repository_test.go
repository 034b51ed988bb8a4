package repository_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"redoubt/backup/repository"
	"redoubt/backup/store"
)

var ctx = context.Background()

func TestClaim(t *testing.T) {
	address := "file://" + t.TempDir()
	open := func() *repository.Repository {
		t.Helper()
		r, err := repository.Open(ctx, address, repository.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	early, late := open(), open()
	if _, err := early.DatabaseID(ctx); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an empty repository is of a database: %v", err)
	}
	if err := early.Put(ctx, "log/x", strings.NewReader("x")); !errors.Is(err, repository.ErrUnclaimed) {
		t.Errorf("put before it was claimed: %v", err)
	}
	for range 2 {
		if err := early.Claim(ctx, [16]byte{1}); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range []*repository.Repository{late, open()} {
		if err := r.Claim(ctx, [16]byte{2}); err == nil || !strings.Contains(err.Error(), "is of database 01") {
			t.Errorf("another database: %v", err)
		}
		if id, err := r.DatabaseID(ctx); err != nil || id != [16]byte{1} {
			t.Errorf("it is of %x, %v", id, err)
		}
		if err := r.Put(ctx, "log/x", strings.NewReader("x")); err != nil {
			t.Error(err)
		}
	}
	if _, err := repository.Open(ctx, "nowhere", repository.Options{}); err == nil {
		t.Error("a repository nowhere was opened")
	}
}

func TestIdentityDamage(t *testing.T) {
	for text, want := range map[string]string{
		"{": "damaged", `{"format":9,"database_id":"00"}`: "format 9", `{"format":1,"database_id":"00"}`: "database id",
	} {
		s, err := store.OpenDir(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Put(ctx, "repository.json", strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		r := repository.In(s, repository.Options{})
		if _, err := r.DatabaseID(ctx); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
