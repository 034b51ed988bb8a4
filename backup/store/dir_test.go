package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"redoubt/backup/store"
	"redoubt/backup/store/storetest"
)

var ctx = context.Background()

func TestDir(t *testing.T) {
	root := filepath.Join(t.TempDir(), "deep", "repository")
	storetest.Conforms(t, func() store.Store {
		s, err := store.OpenDir(root)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
	left, err := os.ReadDir(filepath.Join(root, "incoming"))
	if err != nil || len(left) != 0 {
		t.Errorf("what failed left %v behind; %v", left, err)
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	if s, err := store.Open("file://"+dir, store.Options{}); err != nil || s.String() != "file://"+dir {
		t.Errorf("%v, %v", s, err)
	}
	for _, bad := range []string{"", "x", "file:relative", "file://host/x", "ftp://x", "%"} {
		if _, err := store.Open(bad, store.Options{}); err == nil {
			t.Errorf("%q was opened", bad)
		}
	}
}

// TestDirListAmidDeletions lists while objects come and go: what is gone meanwhile is no error, what stays is listed.
func TestDirListAmidDeletions(t *testing.T) {
	s, err := store.OpenDir(t.TempDir())
	if err == nil {
		err = s.Put(ctx, "tail/stays", strings.NewReader("x"))
	}
	if err != nil {
		t.Fatal(err)
	}
	stop, stopped := make(chan struct{}), make(chan error)
	go func() {
		var err error
		for i := 0; err == nil; i++ {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			name := fmt.Sprint("tail/", i%8)
			err = errors.Join(s.Put(ctx, name, strings.NewReader("x")), s.Delete(ctx, name))
		}
		stopped <- err
	}()
	for range 3000 {
		list, err := s.List(ctx, "tail/")
		if err != nil || len(list) == 0 || list[len(list)-1].Name != "tail/stays" {
			t.Errorf("%v, %v", list, err)
			break
		}
	}
	close(stop)
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}
