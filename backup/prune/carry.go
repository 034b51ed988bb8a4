package prune

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"redoubt/backup"
	"redoubt/backup/archive"
	"redoubt/backup/catalog"
	"redoubt/backup/lease"
	"redoubt/backup/store"
)

// Options of whoever deletes.
type Options struct {
	What    string // it does, for others to read in the lease
	Now     func() time.Time
	Waiting lease.Waiting // may be nil
}

// intentsFolder has plans that were begun.
const intentsFolder = "deleting/"

// intent is a plan that was begun.
type intent struct {
	Manifests []string `json:"manifests"`
	Files     []string `json:"files"`
	Pieces    []string `json:"pieces"`
}

// Run takes the lease, finishes what others began, makes a plan and carries it out. With dry it only makes the plan, and takes no
// lease.
func Run(ctx context.Context, s store.Store, o Options, dry bool, make func(*catalog.Catalog) (*Plan, error)) (p *Plan, err error) {
	if dry {
		c, err := load(ctx, s, &o)
		if err != nil {
			return nil, err
		}
		return make(c)
	}
	err = alone(ctx, s, &o, func(w *worker) error {
		if err := w.resume(); err != nil {
			return err
		}
		c, err := load(w.ctx, s, &o)
		if err != nil {
			return err
		}
		if p, err = make(c); err != nil || p.Empty() {
			return err
		}
		return w.carry(p)
	})
	return p, err
}

// worker deletes, and has the lease.
type worker struct {
	ctx   context.Context
	s     store.Store
	lease *lease.Lease
}

// alone does something with the lease.
func alone(ctx context.Context, s store.Store, o *Options, do func(*worker) error) error {
	l, err := lease.Take(ctx, s, lease.Delete, o.What, o.Waiting)
	if err != nil {
		return err
	}
	err = do(&worker{l.Context(), s, l})
	if cause := context.Cause(l.Context()); cause != nil && err != nil {
		err = errors.Join(err, cause)
	}
	return errors.Join(err, l.Release())
}

// carry carries a plan out.
func (w *worker) carry(p *Plan) error {
	var i intent
	for j := range p.Backups {
		i.Manifests = append(i.Manifests, p.Backups[j].Object())
	}
	for _, f := range p.Files {
		i.Files = append(i.Files, f.Name)
	}
	for j := range p.Pieces {
		i.Pieces = append(i.Pieces, p.Pieces[j].Name)
	}
	text, err := json.Marshal(&i)
	if err != nil {
		return err
	}
	name := intentsFolder + strings.ToLower(rand.Text()) + ".json"
	if err := w.s.Put(w.ctx, name, bytes.NewReader(append(text, '\n'))); err != nil {
		return err
	}
	if len(p.Pieces) > 0 {
		if err := archive.PutFloors(w.ctx, w.s, p.Floors); err != nil {
			return err
		}
	}
	if err := w.fulfil(&i, i.Pieces); err != nil {
		return err
	}
	if err := w.delete(name); err != nil {
		return err
	}
	return w.copy()
}

// copy writes the repository's copy of its catalog anew.
func (w *worker) copy() error {
	c, err := catalog.Load(w.ctx, w.s, time.Now())
	if err != nil {
		return err
	}
	return c.WriteCopy(w.ctx, w.s)
}

// fulfil deletes manifests, then files that no manifest names, then log.
func (w *worker) fulfil(i *intent, pieces []string) error {
	for _, name := range i.Manifests {
		if err := w.delete(name); err != nil {
			return err
		}
		id := strings.TrimSuffix(strings.TrimPrefix(name, backup.ManifestsFolder), ".json")
		if err := w.delete(catalog.MarksObject(id)); err != nil {
			return err
		}
	}
	named, err := w.named()
	if err != nil {
		return err
	}
	for _, name := range slices.Concat(i.Files, pieces) {
		if named[name] {
			continue
		}
		if err := w.delete(name); err != nil {
			return err
		}
	}
	return nil
}

// named are the files that any manifest names.
func (w *worker) named() (map[string]bool, error) {
	list, damaged, err := backup.Load(w.ctx, w.s)
	if err == nil && len(damaged) > 0 {
		err = fmt.Errorf("manifest %s cannot be read (%w): no file is deleted that it may name", damaged[0].Object, damaged[0].Err)
	}
	named := map[string]bool{}
	for i := range list {
		for j := range list[i].Files {
			named[list[i].Files[j].Object()] = true
		}
	}
	return named, err
}

func (w *worker) delete(name string) error {
	if err := errors.Join(w.lease.Held(), w.ctx.Err()); err != nil {
		return err
	}
	return w.s.Delete(w.ctx, name)
}

// resume finishes what was begun and interrupted. Log is not deleted by an old plan: the next one decides anew.
func (w *worker) resume() error {
	objects, err := w.s.List(w.ctx, intentsFolder)
	if err != nil {
		return err
	}
	for _, o := range objects {
		var i intent
		text, err := store.Read(w.ctx, w.s, o.Name, intentBytesMax)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, &i); err != nil {
			return fmt.Errorf("%s is damaged (%w): redoubt repo repair sets it aside", o.Name, err)
		}
		if err := w.fulfil(&i, nil); err != nil {
			return fmt.Errorf("finish what was interrupted: %w", err)
		}
		if err := w.delete(o.Name); err != nil {
			return err
		}
	}
	return nil
}

const intentBytesMax = 256 << 20
