package repository

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"redoubt/backup/crypt"
	"redoubt/backup/keyring"
	"redoubt/backup/store"
)

// Options say how a repository is opened.
type Options struct {
	Store store.Options    // of its storage
	KEK   keyring.KEK      // of an encrypted one, or one that is to be; nil: it is not
	Who   string           // for the audit trail of its keys
	Now   func() time.Time // default time.Now
}

// Repository is a Store that belongs to a database.
type Repository struct {
	base    store.Store
	options Options

	mu     sync.Mutex
	opened *opened // nil until it could be opened
}

// opened is a repository that is somebody's.
type opened struct {
	identity
	objects store.Store   // the base, or what encrypts around it
	ring    *keyring.Ring // nil if it is not encrypted
}

var _ store.Store = (*Repository)(nil)

var (
	// ErrUnclaimed is returned for a Put into a repository that is no database's yet.
	ErrUnclaimed = errors.New("the repository belongs to no database yet: a database claims it before it writes")
	// ErrEncrypted is returned for an encrypted repository that is opened without a key.
	ErrEncrypted = errors.New("it is encrypted, and no key was given")
	// ErrNotEncrypted is returned for a repository that is opened with a key and is not encrypted.
	ErrNotEncrypted = errors.New("it is not encrypted, and does not become so: a repository is encrypted from its first object on or never")
)

// Open opens the repository at an address, and reads whose it is. One that is empty can be opened, too.
func Open(ctx context.Context, address string, o Options) (*Repository, error) {
	r, err := At(address, o)
	if err != nil {
		return nil, err
	}
	if _, err := r.open(ctx); err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	return r, nil
}

// At is Open that reads nothing: the first use does, so that a storage which does not answer now may answer later.
func At(address string, o Options) (*Repository, error) {
	s, err := store.Open(address, o.Store)
	if err != nil {
		return nil, err
	}
	return In(s, o), nil
}

// In is the repository in a Store. It reads nothing.
func In(s store.Store, o Options) *Repository {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Repository{base: s, options: o}
}

// open reads what it is, and opens its keys; store.ErrNotFound if it is nobody's.
func (r *Repository) open(ctx context.Context) (*opened, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.opened != nil {
		return r.opened, nil
	}
	i, err := readIdentity(ctx, r.base)
	if err != nil {
		return nil, err
	}
	o := &opened{identity: i, objects: r.base}
	switch {
	case i.Encryption == "" && r.options.KEK != nil:
		return nil, fmt.Errorf("repository %s, opened with %s: %w", r, r.options.KEK, ErrNotEncrypted)
	case i.Encryption != "" && r.options.KEK == nil:
		return nil, r.withoutKey(ctx)
	case i.Encryption != "":
		o.ring = r.newRing(i.DatabaseID)
		if err := o.ring.Ready(ctx); err != nil {
			return nil, fmt.Errorf("repository %s: %w", r, err)
		}
		o.objects = crypt.New(r.base, o.ring, isClear)
	}
	r.opened = o
	return o, nil
}

func (r *Repository) newRing(databaseID string) *keyring.Ring {
	return keyring.New(keyring.Options{Store: r.base, DatabaseID: databaseID, KEK: r.options.KEK, Who: r.options.Who, Now: r.options.Now})
}

// withoutKey says which key is needed.
func (r *Repository) withoutKey(ctx context.Context) error {
	locks, err := keyring.LockedWith(ctx, r.base)
	if err != nil {
		return err
	}
	return fmt.Errorf("repository %s: %w: it needs %s", r, ErrEncrypted, locks)
}

// DatabaseID is the database that it belongs to; store.ErrNotFound if it is empty.
func (r *Repository) DatabaseID(ctx context.Context) (id [16]byte, err error) {
	o, err := r.open(ctx)
	if err != nil {
		return id, err
	}
	b, err := hex.DecodeString(o.identity.DatabaseID)
	if err != nil || len(b) != len(id) {
		return id, fmt.Errorf("%s in %s is damaged: database id %q", identityName, r, o.identity.DatabaseID)
	}
	return [16]byte(b), nil
}

// Claim makes it a database's, or says that it is another's. With a KEK it becomes an encrypted one.
func (r *Repository) Claim(ctx context.Context, databaseID [16]byte) error {
	own := hex.EncodeToString(databaseID[:])
	o, err := r.open(ctx)
	if errors.Is(err, store.ErrNotFound) {
		if err := r.begin(ctx, own); err != nil {
			return fmt.Errorf("make a repository of %s: %w", r, err)
		}
		o, err = r.open(ctx)
	}
	if err != nil {
		return err
	}
	if o.identity.DatabaseID != own {
		return fmt.Errorf("repository %s is of database %s, this one is %s: choose another place", r, o.identity.DatabaseID, own)
	}
	return nil
}

// begin makes an empty place a repository. The keys are there before it says that it has some.
func (r *Repository) begin(ctx context.Context, databaseID string) error {
	uses, plain, err := crypt.Uses(ctx, r.base, isClear)
	if err != nil {
		return err
	}
	keys, err := r.base.List(ctx, keyring.Folder)
	if err != nil {
		return err
	}
	i := identity{Format: repositoryFormat, DatabaseID: databaseID}
	switch encrypted := len(uses) > 0 || len(keys) > 0; {
	case r.options.KEK == nil && encrypted:
		return fmt.Errorf("%s was lost, and there are keys or encrypted objects: give the key", identityName)
	case r.options.KEK != nil && len(plain) > 0:
		return fmt.Errorf("there are objects that are not encrypted, as %s: choose another place, or go on without a key", plain[0])
	case r.options.KEK != nil:
		i.Encryption = encryption
		if err := r.newRing(databaseID).Create(ctx); err != nil {
			return err
		}
	}
	return i.write(ctx, r.base)
}

// Put implements store.Store. The repository must be claimed.
func (r *Repository) Put(ctx context.Context, name string, from io.Reader) error {
	o, err := r.open(ctx)
	if errors.Is(err, store.ErrNotFound) {
		err = ErrUnclaimed
	}
	if err != nil {
		return fmt.Errorf("write %s to %s: %w", name, r, err)
	}
	return o.objects.Put(ctx, name, from)
}

// objects is where objects are read from: while it is nobody's, there are none but by accident.
func (r *Repository) objects(ctx context.Context) (store.Store, error) {
	o, err := r.open(ctx)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return r.base, nil
	case err != nil:
		return nil, err
	}
	return o.objects, nil
}

// Get implements store.Store.
func (r *Repository) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	s, err := r.objects(ctx)
	if err != nil {
		return nil, err
	}
	return s.Get(ctx, name)
}

// List implements store.Store. Sizes are those of the contents.
func (r *Repository) List(ctx context.Context, prefix string) ([]store.Object, error) {
	s, err := r.objects(ctx)
	if err != nil {
		return nil, err
	}
	return s.List(ctx, prefix)
}

// Delete implements store.Store.
func (r *Repository) Delete(ctx context.Context, name string) error {
	s, err := r.objects(ctx)
	if err != nil {
		return err
	}
	return s.Delete(ctx, name)
}

// Base is the storage underneath, for whoever looks at objects as they lie there, encrypted or not.
func (r *Repository) Base() store.Store { return r.base }

// String implements store.Store.
func (r *Repository) String() string { return r.base.String() }
