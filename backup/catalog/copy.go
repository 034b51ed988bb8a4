package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"redoubt/backup"
	"redoubt/backup/archive"
	"redoubt/backup/retention"
	"redoubt/backup/store"
)

// Copy is what a repository has besides files and log, in one document. One lies in the repository itself: not the truth, but what
// a damaged manifest is put back from.
type Copy struct {
	Format     int              `json:"format"`
	Repository string           `json:"repository"`
	Made       time.Time        `json:"made"`
	Policy     retention.Policy `json:"policy"`
	Branches   []archive.Branch `json:"incarnations,omitempty"`
	Backups    []Copied         `json:"backups"`
}

// Copied is a backup in a Copy.
type Copied struct {
	Manifest backup.Manifest `json:"manifest"`
	Marks    *Marks          `json:"marks,omitempty"`
}

// CopyName is the object of the copy in the repository.
const CopyName = "catalog.json"

const (
	copyFormat   = 1
	copyBytesMax = 1 << 30
)

// Copy makes one.
func (c *Catalog) Copy() *Copy {
	out := &Copy{Format: copyFormat, Repository: c.Repository, Made: c.Loaded.UTC(), Policy: c.Policy, Branches: c.Branches}
	for i := range c.Entries {
		e := &c.Entries[i]
		if e.SCN == 0 {
			continue // its manifest cannot be read
		}
		copied := Copied{Manifest: e.Manifest}
		if !e.Marks.Empty() {
			copied.Marks = &e.Marks
		}
		out.Backups = append(out.Backups, copied)
	}
	return out
}

// ReadCopy reads one.
func ReadCopy(r io.Reader) (*Copy, error) {
	var c Copy
	if err := json.NewDecoder(io.LimitReader(r, copyBytesMax)).Decode(&c); err != nil {
		var syntax *json.SyntaxError
		var kind *json.UnmarshalTypeError
		if errors.As(err, &syntax) || errors.As(err, &kind) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			err = fmt.Errorf("%w: %w", store.ErrDamaged, err)
		}
		return nil, fmt.Errorf("it is no export of a catalog: %w", err)
	}
	if c.Format != copyFormat {
		return nil, fmt.Errorf("%w: the export has format %d, this version reads %d", store.ErrDamaged, c.Format, copyFormat)
	}
	return &c, nil
}

// WriteCopy puts the copy into the repository.
func (c *Catalog) WriteCopy(ctx context.Context, s store.Store) error {
	return writeJSON(ctx, s, CopyName, c.Copy())
}

// Own reads the copy that lies in a repository; nil if there is none that can be read.
func Own(ctx context.Context, s store.Store) (*Copy, error) {
	r, err := s.Get(ctx, CopyName)
	if absent(err) || errors.Is(err, store.ErrDamaged) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	c, err := ReadCopy(r)
	if errors.Is(err, store.ErrDamaged) {
		return nil, nil // it is made anew
	}
	return c, err
}

// Find gives the copy of a backup; nil if it has none.
func (c *Copy) Find(id string) *Copied {
	for i := range c.Backups {
		if c.Backups[i].Manifest.ID == id {
			return &c.Backups[i]
		}
	}
	return nil
}

// Imported tells what an import did.
type Imported struct {
	Manifests, Marks, Branches int
	Policy                     bool
	Left                       []string // what was left alone, and why
}

// Import puts back what a repository has lost and a copy has: manifests whose files are all there, marks, incarnations, the policy.
// What the repository has stays as it is.
func (c *Catalog) Import(ctx context.Context, s store.Store, from *Copy) (in Imported, err error) {
	for i := range from.Backups {
		if err := c.importBackup(ctx, s, &from.Backups[i], &in); err != nil {
			return in, err
		}
	}
	known := map[string]bool{}
	for i := range c.Branches {
		known[fmt.Sprint(c.Branches[i].Incarnation)] = true
	}
	for _, b := range from.Branches {
		if known[fmt.Sprint(b.Incarnation)] {
			continue
		}
		if err := archive.NoteBranch(ctx, s, b); err != nil {
			return in, err
		}
		in.Branches++
	}
	if c.Policy == (retention.Policy{}) && from.Policy != c.Policy {
		in.Policy = true
		return in, SetPolicy(ctx, s, &from.Policy)
	}
	return in, nil
}

func (c *Catalog) importBackup(ctx context.Context, s store.Store, from *Copied, in *Imported) error {
	m := &from.Manifest
	e, err := c.Find(m.ID)
	if err != nil || e.SCN == 0 {
		e = nil
	}
	if e == nil {
		var missing []string
		for i := range m.Files {
			if bytes, there := c.Files[m.Files[i].Object()]; !there || bytes != m.Files[i].Bytes {
				missing = append(missing, m.Files[i].Object())
			}
		}
		if len(missing) > 0 {
			in.Left = append(in.Left, fmt.Sprintf("backup %s: %d of its files are not there: %s", m.ID, len(missing), strings.Join(missing[:min(len(missing), 3)], ", ")))
			return nil
		}
		if err := backup.PutBack(ctx, s, m); err != nil {
			return fmt.Errorf("put back the manifest of %s: %w", m.ID, err)
		}
		in.Manifests++
	}
	if from.Marks == nil || e != nil && !e.Marks.Empty() {
		return nil
	}
	in.Marks++
	return Mark(ctx, s, m.ID, func(into *Marks) { *into = *from.Marks })
}
