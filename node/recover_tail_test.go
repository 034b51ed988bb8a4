package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redoubt/backup/repository"
	"redoubt/backup/store"
)

// vanishing is a store whose first object of the tail is read only when it is no longer there.
type vanishing struct {
	store.Store
	t    *testing.T
	gone string
}

// Get implements store.Store.
func (s *vanishing) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if s.gone == "" && strings.HasPrefix(name, "tail/") {
		s.gone = name
		for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
			r, err := s.Store.Get(ctx, name)
			if errors.Is(err, store.ErrNotFound) {
				break
			}
			if err != nil {
				return nil, err
			}
			if err := r.Close(); err != nil {
				s.t.Error(err)
			}
		}
	}
	return s.Store.Get(ctx, name)
}

// TestRecoverWhileTailIsSealed: the node goes on archiving while one recovers, and pieces go that were listed.
func TestRecoverWhileTailIsSealed(t *testing.T) {
	ctx := context.Background()
	f, to := archived(t)
	n := start(t, f)
	defer n.Close()
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)")
	base, err := store.Open(to.String(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := &vanishing{Store: base, t: t}
	deadline := time.Now().Add(2 * time.Minute)
	for i := 0; s.gone == ""; i++ { // until the archive has a tail
		if time.Now().After(deadline) {
			t.Fatal("the archive never had a tail")
		}
		run(t, db, fmt.Sprintf("INSERT INTO app.t VALUES (%d)", i))
		awaitArchived(t, n)
		at := n.Engine().Applied()
		r, err := Recover(ctx, RecoverOptions{Repository: repository.In(s, repository.Options{}), Data: filepath.Join(t.TempDir(), "again")})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Notes) > 0 {
			t.Errorf("what was replaced is told as damage: %v", r.Notes)
		}
		if h, err := n.Engine().StateHashAt(r.SCN); err != nil || r.SCN < at || r.StateHash != h.Hash {
			t.Errorf("recovered to %+v, SCN %d was archived and has hash %x; %v", r, at, h.Hash, err)
		}
	}
	if _, err := base.Get(ctx, s.gone); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("%s was never replaced: %v", s.gone, err)
	}
}
