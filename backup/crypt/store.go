package crypt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tink-crypto/tink-go/v2/tink"

	"redoubt/backup/store"
)

// Key is what objects are encrypted with.
type Key struct {
	ID     uint32
	Stream tink.StreamingAEAD
}

// Keys are those of a repository. Implementations are safe for concurrent use.
type Keys interface {
	// Primary is the key of new objects.
	Primary(ctx context.Context) (Key, error)
	// IDs are those of all keys, the primary one's first.
	IDs(ctx context.Context) ([]uint32, error)
	// Key gives one of them. An unknown one is looked for where the keys are kept; the error says why it is not there.
	Key(ctx context.Context, id uint32) (Key, error)
	// Still looks where the keys are kept, and says whether one is still there.
	Still(ctx context.Context, id uint32) (bool, error)
}

// LongPut is the time after which a Put looks again whether its key is still there. No key may be retired that was the
// primary one less than twice as long ago.
const LongPut = 30 * time.Minute

// Store is a store.Store whose objects lie encrypted in another one.
type Store struct {
	base  store.Store
	keys  Keys
	clear func(name string) bool // names of objects that are not encrypted
	slow  time.Duration          // LongPut
}

var _ store.Store = (*Store)(nil)

// New makes a Store. Objects whose names clear accepts lie in base as they are.
func New(base store.Store, keys Keys, clear func(name string) bool) *Store {
	return &Store{base, keys, clear, LongPut}
}

// String implements store.Store.
func (s *Store) String() string { return s.base.String() }

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, name string, r io.Reader) error {
	if s.clear(name) {
		return s.base.Put(ctx, name, r)
	}
	began := time.Now()
	k, err := s.keys.Primary(ctx)
	if err != nil {
		return fmt.Errorf("write %s to %s: %w", name, s, err)
	}
	e, err := newEncrypter(k, name, r)
	if err != nil {
		return fmt.Errorf("encrypt %s: %w", name, err)
	}
	if err := s.base.Put(ctx, seal(name, k.ID), e); err != nil {
		return err
	}
	if time.Since(began) > s.slow {
		still, err := s.keys.Still(ctx, k.ID)
		if err == nil && !still {
			err = errors.New("its key was retired meanwhile: try again")
		}
		if err != nil {
			return errors.Join(fmt.Errorf("write %s to %s: %w", name, s, err), s.base.Delete(ctx, seal(name, k.ID)))
		}
	}
	return s.dropOthers(ctx, name, k.ID)
}

// dropOthers deletes the object that a new one replaces, if it has another key.
func (s *Store) dropOthers(ctx context.Context, name string, key uint32) error {
	ids, err := s.keys.IDs(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if id == key {
			continue
		}
		r, err := s.base.Get(ctx, seal(name, id))
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err == nil {
			err = errors.Join(r.Close(), s.base.Delete(ctx, seal(name, id)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if s.clear(name) {
		return s.base.Get(ctx, name)
	}
	ids, err := s.keys.IDs(ctx)
	if err != nil {
		return nil, fmt.Errorf("read %s from %s: %w", name, s, err)
	}
	for _, id := range ids {
		if r, err := s.getWith(ctx, name, id); !errors.Is(err, store.ErrNotFound) {
			return r, err
		}
	}
	return s.getOther(ctx, name)
}

// getWith reads an object that was encrypted with a key.
func (s *Store) getWith(ctx context.Context, name string, id uint32) (io.ReadCloser, error) {
	body, err := s.base.Get(ctx, seal(name, id))
	if err != nil {
		return nil, err
	}
	k, err := s.keys.Key(ctx, id)
	if err != nil {
		return nil, errors.Join(&Error{name, s.String(), ErrNoKey, err.Error()}, body.Close())
	}
	return s.decrypt(k, name, body)
}

// getOther looks for an object that lies there, but not with one of the keys that are known.
func (s *Store) getOther(ctx context.Context, name string) (io.ReadCloser, error) {
	inside, err := s.inside(ctx, name)
	if err != nil {
		return nil, err
	}
	for _, o := range inside {
		if _, id, ok := unseal(o); ok {
			return s.getWith(ctx, name, id)
		}
	}
	if len(inside) > 0 {
		return nil, &Error{name, s.String(), ErrPlaintext, ""}
	}
	return nil, fmt.Errorf("read %s from %s: %w", name, s, store.ErrNotFound)
}

// inside gives the names that an object has in the other store: with a key, or more than one, or in plaintext.
func (s *Store) inside(ctx context.Context, name string) (out []string, err error) {
	objects, err := s.base.List(ctx, name)
	for _, o := range objects {
		if plain, _, ok := unseal(o.Name); o.Name == name || ok && plain == name {
			out = append(out, o.Name)
		}
	}
	return out, err
}

// List implements store.Store: the sizes are those of the contents. What lies there in plaintext is passed over.
func (s *Store) List(ctx context.Context, prefix string) ([]store.Object, error) {
	objects, err := s.base.List(ctx, prefix)
	if err != nil {
		return nil, err
	}
	rank, err := s.ranks(ctx, objects)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", s, err)
	}
	out := make([]store.Object, 0, len(objects))
	at := map[string]int{} // where in out
	with := map[string]uint32{}
	for _, o := range objects {
		name, id, ok := unseal(o.Name)
		switch {
		case s.clear(o.Name):
			out = append(out, o)
			continue
		case !ok || !strings.HasPrefix(name, prefix):
			continue
		}
		size := plainBytes(o.Bytes, name)
		if i, twice := at[name]; !twice {
			at[name], with[name] = len(out), id
			out = append(out, store.Object{Name: name, Bytes: size})
		} else if rank[id] < rank[with[name]] { // a Put that replaces it was interrupted
			out[i].Bytes, with[name] = size, id
		}
	}
	slices.SortFunc(out, func(a, b store.Object) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// ranks tells which of two objects of one name counts: the one with the newer key. Keys that are not there any more come last.
func (s *Store) ranks(ctx context.Context, objects []store.Object) (map[uint32]int, error) {
	ids, err := s.keys.IDs(ctx)
	if err != nil {
		return nil, err
	}
	for _, o := range objects {
		if _, id, ok := unseal(o.Name); ok && !slices.Contains(ids, id) {
			if _, err := s.keys.Key(ctx, id); err == nil { // another process made it
				if ids, err = s.keys.IDs(ctx); err != nil {
					return nil, err
				}
			} else {
				ids = append(ids, id)
			}
		}
	}
	rank := map[uint32]int{}
	for i, id := range ids {
		rank[id] = i
	}
	return rank, nil
}

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, name string) error {
	if s.clear(name) {
		return s.base.Delete(ctx, name)
	}
	inside, err := s.inside(ctx, name)
	for _, o := range inside {
		err = errors.Join(err, s.base.Delete(ctx, o))
	}
	return err
}

// Use is what a key is needed for.
type Use struct {
	Objects int
	Bytes   int64 // in the store
}

// Uses tells for each key what was encrypted with it, by one listing, and names the objects that are not encrypted.
func Uses(ctx context.Context, base store.Store, clear func(name string) bool) (uses map[uint32]Use, plain []string, err error) {
	objects, err := base.List(ctx, "")
	if err != nil {
		return nil, nil, err
	}
	uses = map[uint32]Use{}
	for _, o := range objects {
		if clear(o.Name) {
			continue
		}
		_, id, ok := unseal(o.Name)
		if !ok {
			plain = append(plain, o.Name)
			continue
		}
		u := uses[id]
		uses[id] = Use{u.Objects + 1, u.Bytes + o.Bytes}
	}
	return uses, plain, nil
}
