package shelf

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Errors of names.
var (
	ErrName   = errors.New("a name has letters, digits, - and _, 1 to 64 of them")
	ErrTaken  = errors.New("the name is taken")
	ErrAbsent = errors.New("there is none of that name")
)

// Beginnings of the names of directories that are not on the shelf: yet, or any more.
const (
	making   = ".new-"
	removing = ".old-"
)

var nameForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Shelf keeps directories with notes of one type.
type Shelf[T any] struct {
	Dir  string // made when it is needed
	Note string // name of the file that says what a directory is
}

// Entry is a directory on the shelf.
type Entry[T any] struct {
	Name string
	Note T
}

// Path is where a directory is, if it is there.
func (s Shelf[T]) Path(name string) string { return filepath.Join(s.Dir, name) }

// Put fills a directory, notes what fill says of it, and puts it on the shelf. If fill fails nothing is left.
func (s Shelf[T]) Put(name string, fill func(dir string) (T, error)) (note T, err error) {
	if !nameForm.MatchString(name) {
		return note, fmt.Errorf("%q: %w", name, ErrName)
	}
	if _, err := os.Stat(s.Path(name)); err == nil {
		return note, fmt.Errorf("%s: %w", name, ErrTaken)
	}
	dir := s.Path(making + name)
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return note, err
	}
	if note, err = fill(dir); err == nil {
		err = s.write(dir, note)
	}
	if err == nil {
		err = os.Rename(dir, s.Path(name))
	}
	if err != nil {
		return note, errors.Join(err, os.RemoveAll(dir))
	}
	return note, syncDir(s.Dir)
}

// write writes the note, and makes it durable with the directory's names.
func (s Shelf[T]) write(dir string, note T) error {
	b, err := json.MarshalIndent(note, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, s.Note), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = syncDir(path)
		}
		return err
	})
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Get gives one directory.
func (s Shelf[T]) Get(name string) (Entry[T], error) {
	e := Entry[T]{Name: name}
	if !nameForm.MatchString(name) {
		return e, fmt.Errorf("%q: %w", name, ErrName)
	}
	b, err := os.ReadFile(filepath.Join(s.Path(name), s.Note))
	if errors.Is(err, os.ErrNotExist) {
		return e, fmt.Errorf("%s: %w", name, ErrAbsent)
	}
	if err == nil {
		err = json.Unmarshal(b, &e.Note)
	}
	if err != nil {
		return e, fmt.Errorf("%s of %s is damaged: %w", s.Note, s.Path(name), err)
	}
	return e, nil
}

// List gives all directories on the shelf, by name.
func (s Shelf[T]) List() (list []Entry[T], err error) {
	files, err := os.ReadDir(s.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	for _, f := range files {
		if !f.IsDir() || !nameForm.MatchString(f.Name()) {
			continue
		}
		e, getErr := s.Get(f.Name())
		if errors.Is(getErr, ErrAbsent) {
			continue // it went just now
		}
		if getErr != nil {
			return nil, getErr
		}
		list = append(list, e)
	}
	return list, err
}

// Remove takes a directory off the shelf, with all that is in it.
func (s Shelf[T]) Remove(name string) error {
	if !nameForm.MatchString(name) {
		return fmt.Errorf("%q: %w", name, ErrName)
	}
	gone := s.Path(removing + name)
	if err := os.RemoveAll(gone); err != nil {
		return err
	}
	if err := os.Rename(s.Path(name), gone); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s: %w", name, ErrAbsent)
		}
		return err
	}
	return errors.Join(syncDir(s.Dir), os.RemoveAll(gone))
}

// Clean removes what a crash left half made or half removed.
func (s Shelf[T]) Clean() error {
	files, err := os.ReadDir(s.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	half := slices.DeleteFunc(files, func(f os.DirEntry) bool {
		return !strings.HasPrefix(f.Name(), making) && !strings.HasPrefix(f.Name(), removing)
	})
	for _, f := range half {
		err = errors.Join(err, os.RemoveAll(s.Path(f.Name())))
	}
	return err
}
