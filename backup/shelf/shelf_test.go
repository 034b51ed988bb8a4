package shelf

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

type note struct{ Says string }

func TestShelf(t *testing.T) {
	s := Shelf[note]{Dir: filepath.Join(t.TempDir(), "shelf"), Note: "note.json"}
	shared := filepath.Join(t.TempDir(), "shared")
	if err := os.WriteFile(shared, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	fill := func(dir string) (note, error) {
		if err := os.WriteFile(filepath.Join(dir, "own"), []byte("123"), 0o600); err != nil {
			return note{}, err
		}
		return note{"hello"}, os.Link(shared, filepath.Join(dir, "shared"))
	}
	if list, err := s.List(); err != nil || list != nil {
		t.Errorf("an empty shelf: %v, %v", list, err)
	}
	if _, err := s.Put("a", fill); err != nil {
		t.Fatal(err)
	}
	e, err := s.Get("a")
	if err != nil || e.Note.Says != "hello" {
		t.Errorf("%v, %v", e, err)
	}
	size, err := SizeOf(s.Path("a"))
	if about, _ := os.Stat(filepath.Join(s.Path("a"), s.Note)); err != nil || size.Shared != 5 || size.Unique != 3+about.Size() {
		t.Errorf("%+v, %v", size, err)
	}
	failure := errors.New("no")
	for name, c := range map[string]struct {
		fill func(string) (note, error)
		want error
	}{
		"a": {fill, ErrTaken}, "../b": {fill, ErrName}, "": {fill, ErrName}, "b": {func(string) (note, error) { return note{}, failure }, failure},
	} {
		if _, err := s.Put(name, c.fill); !errors.Is(err, c.want) {
			t.Errorf("put %q: %v, want %v", name, err, c.want)
		}
	}
	if _, err := s.Get("b"); !errors.Is(err, ErrAbsent) {
		t.Errorf("get b: %v", err)
	}
	if err := s.Remove("b"); !errors.Is(err, ErrAbsent) {
		t.Errorf("remove b: %v", err)
	}
	// What a crash leaves is not on the shelf, in nobody's way, and cleaned.
	for _, half := range []string{making + "c", removing + "d"} {
		if err := os.MkdirAll(filepath.Join(s.Dir, half, "state"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Put("c", fill); err != nil {
		t.Error(err)
	}
	if list, err := s.List(); err != nil || len(list) != 2 {
		t.Errorf("list: %v, %v", list, err)
	}
	if err := errors.Join(s.Remove("c"), s.Clean()); err != nil {
		t.Error(err)
	}
	if files, _ := os.ReadDir(s.Dir); len(files) != 1 {
		t.Errorf("left are %v", files)
	}
}
