package keyring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"redoubt/backup/crypt"
	"redoubt/backup/store"
)

// Create makes the first data key of a repository. If there are data keys that the KEK opens, it leaves it at that.
func (r *Ring) Create(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	slots, err := slotsOf(ctx, r.options.Store)
	if err != nil {
		return err
	}
	if len(slots) > 0 {
		return r.load(ctx, 0)
	}
	lock, err := r.options.KEK.NewLock()
	if err != nil {
		return err
	}
	_, err = r.add(ctx, 1, lock, Created)
	return err
}

// Rotate makes another data key the primary one.
func (r *Ring) Rotate(ctx context.Context) (DataKey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.load(ctx, 0); err != nil {
		return DataKey{}, err
	}
	newest := r.sorted()[0]
	if newest.err != nil {
		return DataKey{}, newest.err
	}
	return r.add(ctx, newest.Number+1, newest.lock, Rotated)
}

// add makes a data key.
func (r *Ring) add(ctx context.Context, number int, lock Lock, what What) (DataKey, error) {
	if number > numberMax {
		return DataKey{}, fmt.Errorf("%s has had %d keys: it cannot have more", r.options.Store, numberMax)
	}
	h, id, err := newHandle()
	if err != nil {
		return DataKey{}, err
	}
	k := DataKey{number, id}
	s := &slot{
		Format: slotFormat, DatabaseID: r.options.DatabaseID, Number: number, ID: crypt.KeyName(id), Created: r.options.Now().UTC(),
		Algorithm: algorithm, Lock: lock,
	}
	if err := s.close(ctx, r.options.KEK, h); err != nil {
		return k, err
	}
	if err := r.record(ctx, what, k.String(), "locked with "+lock.String()); err != nil {
		return k, err
	}
	if err := s.write(ctx, r.options.Store); err != nil {
		return k, err
	}
	return k, r.load(ctx, 0)
}

// Rewrap locks all data keys with another KEK, which is the one of this Ring from then on. What is locked with the old one
// can be opened until each has its new slot.
func (r *Ring) Rewrap(ctx context.Context, to KEK) (keys int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.load(ctx, 0); err != nil {
		return 0, err
	}
	lock, err := to.NewLock()
	if err != nil {
		return 0, err
	}
	if err := r.record(ctx, Rewrapped, "", "locked with "+lock.String()+" from now on"); err != nil {
		return 0, err
	}
	all := r.sorted()
	for _, d := range all {
		if d.err != nil {
			return 0, fmt.Errorf("nothing was taken away: %w", d.err)
		}
		s := &slot{
			Format: slotFormat, DatabaseID: r.options.DatabaseID, Number: d.Number, ID: crypt.KeyName(d.ID), Created: d.created,
			Algorithm: algorithm, Lock: lock,
		}
		err := s.close(ctx, to, d.handle)
		if err == nil {
			err = s.write(ctx, r.options.Store)
		}
		if err != nil {
			return 0, fmt.Errorf("nothing was taken away: %w", err)
		}
	}
	slots, err := slotsOf(ctx, r.options.Store)
	if err != nil {
		return 0, err
	}
	for _, d := range all {
		for _, name := range slots[d.DataKey] {
			if _, id, _ := parseSlotName(name); id != lock.ID {
				err = errors.Join(err, r.options.Store.Delete(ctx, name))
			}
		}
	}
	if err != nil {
		return len(all), err
	}
	r.options.KEK, r.keys = to, nil
	return len(all), r.load(ctx, 0)
}

// retireAfter is how long another key must have been the primary one before a key is retired: whoever began to write an object
// with the old one is done then, or looks again.
const retireAfter = 2 * crypt.LongPut

// Retire deletes a data key that nothing is encrypted with. uses tells what is.
func (r *Ring) Retire(ctx context.Context, name string, uses func(context.Context) (map[uint32]crypt.Use, error)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.load(ctx, 0); err != nil {
		return err
	}
	all := r.sorted()
	i := slices.IndexFunc(all, func(k *dataKey) bool { return k.String() == name || crypt.KeyName(k.ID) == name })
	switch {
	case i < 0:
		return fmt.Errorf("%s has no key %s; redoubt key list shows them", r.options.Store, name)
	case i == 0:
		return fmt.Errorf("key %s is what new objects are encrypted with: rotate first", all[0])
	case all[i-1].err != nil:
		return all[i-1].err // it tells since when the key is not the newest
	}
	d, age := all[i], r.options.Now().Sub(all[i-1].created)
	used, err := uses(ctx)
	switch u := used[d.ID]; {
	case err != nil:
		return err
	case u.Objects > 0:
		return fmt.Errorf("key %s is needed: %d objects of %d bytes are encrypted with it", d, u.Objects, u.Bytes)
	case age < retireAfter:
		return fmt.Errorf("key %s was the newest one until %s ago, and objects that were begun then may still be on their way: try again in %s",
			d, age.Round(time.Second), (retireAfter - age).Round(time.Second))
	}
	if err := r.record(ctx, Retired, d.String(), ""); err != nil {
		return err
	}
	if err := deleteKey(ctx, r.options.Store, d.DataKey); err != nil {
		return err
	}
	return r.load(ctx, 0)
}

func deleteKey(ctx context.Context, s store.Store, k DataKey) error {
	slots, err := slotsOf(ctx, s)
	for _, name := range slots[k] {
		err = errors.Join(err, s.Delete(ctx, name))
	}
	return err
}

func (r *Ring) record(ctx context.Context, what What, key, detail string) error {
	return record(ctx, r.options.Store, Entry{Time: r.options.Now().UTC(), Who: r.options.Who, What: what, Key: key, Detail: detail})
}
