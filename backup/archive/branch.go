package archive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"redoubt/backup/store"
	"redoubt/scn"
)

// Branch says where an incarnation came from.
type Branch struct {
	Incarnation scn.Incarnation `json:"incarnation"`
	Parent      scn.Incarnation `json:"parent"`
	SCN         scn.SCN         `json:"scn"` // up to it the log is the parent's
}

// CloneName has the id of the clone whose log a repository has, if it is that of a clone.
const CloneName = "clone.json"

// branchesFolder has an object for each incarnation that a recovery began.
const branchesFolder = "incarnations/"

func (b *Branch) name() string { return fmt.Sprintf("%s%08d.json", branchesFolder, b.Incarnation) }

// NoteBranch lets a repository know where an incarnation came from. What it has already must be the same.
func NoteBranch(ctx context.Context, s store.Store, b Branch) error {
	old, err := readBranch(ctx, s, b.name())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return putBranch(ctx, s, &b)
	case errors.Is(err, store.ErrDamaged):
		return putBranch(ctx, s, &b)
	case err == nil && old != b:
		return fmt.Errorf("repository %s has incarnation %d from SCN %d of %d, this one comes from SCN %d of %d: two recoveries began the same incarnation; give one of them another repository",
			s, b.Incarnation, old.SCN, old.Parent, b.SCN, b.Parent)
	}
	return err
}

func putBranch(ctx context.Context, s store.Store, b *Branch) error {
	text, err := json.Marshal(b)
	if err != nil {
		return err
	}
	return s.Put(ctx, b.name(), bytes.NewReader(append(text, '\n')))
}

// Branches lists where incarnations came from, and what cannot be read of it.
func Branches(ctx context.Context, s store.Store) (out []Branch, damaged []error, err error) {
	objects, err := s.List(ctx, branchesFolder)
	if err != nil {
		return nil, nil, err
	}
	for _, o := range objects {
		if !strings.HasSuffix(o.Name, ".json") {
			continue
		}
		switch b, err := readBranch(ctx, s, o.Name); {
		case errors.Is(err, store.ErrDamaged):
			damaged = append(damaged, err)
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return nil, nil, err
		case err != nil: // taken away meanwhile
		default:
			out = append(out, b)
		}
	}
	return out, damaged, nil
}

func readBranch(ctx context.Context, s store.Store, name string) (b Branch, err error) {
	text, err := store.Read(ctx, s, name, 1<<16)
	if err != nil {
		return b, err
	}
	if err := json.Unmarshal(text, &b); err != nil || b.name() != name || b.Parent == 0 || b.Parent >= b.Incarnation {
		return b, fmt.Errorf("%s of %s: %w: until an archiver or an import writes it anew, where the incarnation came from is read from the log", name, s, store.ErrDamaged)
	}
	return b, nil
}
