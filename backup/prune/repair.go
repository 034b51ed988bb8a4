package prune

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"redoubt/backup"
	"redoubt/backup/archive"
	"redoubt/backup/catalog"
	"redoubt/backup/store"
)

// Repair sets damaged manifests aside, finishes what was interrupted, and removes orphans and leftovers. What anything that is kept
// may still need stays: while a manifest lies in quarantine, nobody knows which files it names, and none is removed. With forget
// those manifests are given up. It gives what it did.
func Repair(ctx context.Context, s store.Store, o Options, forget bool) (done []Finding, err error) {
	err = alone(ctx, s, &o, func(w *worker) error {
		r := &repairer{worker: w, now: o.Now(), forget: forget}
		err := r.run()
		done = r.done
		return err
	})
	return done, err
}

// repairer repairs.
type repairer struct {
	*worker
	now    time.Time
	forget bool
	done   []Finding
}

func (r *repairer) run() error {
	for _, step := range []func() error{r.setAside, r.forgetAside, r.resume, r.clean, r.hidden} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (r *repairer) did(f Finding, format string, args ...any) {
	f.Text = fmt.Sprintf(format, args...)
	r.done = append(r.done, f)
}

// setAside copies what cannot be read into quarantine, then deletes it.
func (r *repairer) setAside() error {
	_, damaged, err := backup.Load(r.ctx, r.s)
	if err != nil {
		return err
	}
	own, err := catalog.Own(r.ctx, r.s)
	if err != nil {
		return err
	}
	for _, d := range damaged {
		if err := r.move(d.Object); err != nil {
			return err
		}
		if own != nil && own.Find(d.ID()) != nil {
			if err := r.putBack(d.Object, &own.Find(d.ID()).Manifest); err != nil {
				return err
			}
			continue
		}
		r.did(Finding{Kind: DamagedManifest, Object: d.Object, Bytes: d.Bytes}, "set aside as %s%s", quarantine, d.Object)
	}
	intents, err := r.s.List(r.ctx, intentsFolder)
	if err != nil {
		return err
	}
	for _, o := range intents {
		text, err := store.Read(r.ctx, r.s, o.Name, intentBytesMax)
		if err != nil && !errors.Is(err, store.ErrDamaged) {
			return err
		}
		if err == nil && json.Unmarshal(text, &intent{}) == nil {
			continue
		}
		if err := r.move(o.Name); err != nil {
			return err
		}
		r.did(Finding{Kind: DamagedObject, Object: o.Name, Bytes: o.Bytes}, "set aside as %s%s", quarantine, o.Name)
	}
	return nil
}

// putBack writes a damaged manifest anew, from the copy; nobody has to wonder any more which files it named.
func (r *repairer) putBack(name string, m *backup.Manifest) error {
	if err := backup.PutBack(r.ctx, r.s, m); err != nil {
		return err
	}
	r.did(Finding{Kind: DamagedManifest, Object: name}, "put back from %s", catalog.CopyName)
	return r.delete(quarantine + name)
}

// move sets an object aside, as it lies there: one that is damaged may not be readable through what encrypts. There its name
// has the key behind it.
func (r *repairer) move(name string) error {
	raw := base(r.s)
	objects, err := raw.List(r.ctx, name)
	if err != nil {
		return err
	}
	for _, o := range objects {
		from, err := raw.Get(r.ctx, o.Name)
		if err != nil {
			return err
		}
		if err := errors.Join(raw.Put(r.ctx, quarantine+o.Name, from), from.Close()); err != nil {
			return err
		}
	}
	return r.delete(name)
}

// base is the storage under what encrypts.
func base(s store.Store) store.Store {
	if over, ok := s.(interface{ Base() store.Store }); ok {
		return over.Base()
	}
	return s
}

// forgetAside gives up what was set aside.
func (r *repairer) forgetAside() error {
	if !r.forget {
		return nil
	}
	objects, err := r.s.List(r.ctx, quarantine)
	for _, o := range objects {
		if err := r.delete(o.Name); err != nil {
			return err
		}
		r.did(Finding{Kind: Leftover, Object: o.Name, Bytes: o.Bytes}, "forgotten")
	}
	return err
}

// clean removes what nobody names. Nobody uses the repository now, so what is not named is not being made either.
func (r *repairer) clean() error {
	aside, err := r.s.List(r.ctx, quarantine+backup.ManifestsFolder)
	if err != nil {
		return err
	}
	findings, err := Check(r.ctx, r.s, r.now)
	if err != nil {
		return err
	}
	for _, f := range findings {
		marks := f.Kind == Leftover && strings.HasPrefix(f.Object, catalog.MarksFolder)
		switch {
		case f.Kind != Orphan && !marks:
			continue
		case len(aside) > 0:
			r.did(f, "left alone: %s may name it", aside[0].Name)
			continue
		}
		if err := r.delete(f.Object); err != nil {
			return err
		}
		r.did(f, "removed")
	}
	return r.floors()
}

// floors writes them anew if they cannot be read.
func (r *repairer) floors() error {
	if _, err := archive.Floors(r.ctx, r.s); !errors.Is(err, store.ErrDamaged) {
		return err
	}
	c, err := catalog.Load(r.ctx, r.s, r.now)
	if err != nil {
		return err
	}
	if err := archive.PutFloors(r.ctx, r.s, floors(c.Map)); err != nil {
		return err
	}
	r.did(Finding{Kind: DamagedObject, Object: archive.FloorsName}, "written anew")
	return nil
}

// hidden removes what was half written, long ago.
func (r *repairer) hidden() error {
	h, ok := base(r.s).(store.Leftovers)
	if !ok {
		return nil
	}
	list, err := h.Leftovers(r.ctx, leftoverAge)
	if err == nil {
		err = h.RemoveLeftovers(r.ctx, leftoverAge)
	}
	for _, o := range list {
		r.did(Finding{Kind: Leftover, Object: o.Name, Bytes: o.Bytes}, "removed")
	}
	return err
}
