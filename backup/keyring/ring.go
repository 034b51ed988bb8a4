package keyring

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/streamingaead"

	"redoubt/backup/crypt"
	"redoubt/backup/store"
)

// Options of a Ring. All are needed.
type Options struct {
	Store      store.Store // of the repository, as it lies there
	DatabaseID string
	KEK        KEK
	Who        string // for the audit trail
	Now        func() time.Time
}

// refreshEvery is how old what a Ring knows may be when a new object is encrypted.
const refreshEvery = time.Minute

// Ring is the data keys of a repository.
type Ring struct {
	options Options

	mu     sync.Mutex
	keys   map[uint32]*dataKey
	loaded time.Time // zero: never
}

// dataKey is one that is in the repository, and opened if err is nil.
type dataKey struct {
	DataKey
	created time.Time
	lock    Lock // with which it was opened
	handle  *keyset.Handle
	key     crypt.Key
	err     error
}

var _ crypt.Keys = (*Ring)(nil)

// New makes a Ring. It reads nothing yet.
func New(o Options) *Ring { return &Ring{options: o} }

// Ready opens the keys. It is an error that there is none, or that none can be opened.
func (r *Ring) Ready(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.load(ctx, refreshEvery)
}

// load reads what is new in the repository, unless it was read so recently.
func (r *Ring) load(ctx context.Context, age time.Duration) error {
	if !r.loaded.IsZero() && time.Since(r.loaded) < age {
		return nil
	}
	slots, err := slotsOf(ctx, r.options.Store)
	if err != nil {
		return err
	}
	known := map[uint32]*dataKey{}
	opened := 0
	for k, names := range slots {
		d := r.keys[k.ID]
		if d == nil || d.err != nil {
			d = r.openKey(ctx, k, names)
		}
		if known[k.ID] = d; d.err == nil {
			opened++
		}
	}
	switch {
	case len(known) == 0:
		return fmt.Errorf("it has no keys, though it is encrypted: what was below %s is missing", Folder)
	case opened == 0:
		return fmt.Errorf("its keys cannot be opened: %w", sorted(known)[0].err)
	}
	r.keys, r.loaded = known, time.Now()
	return nil
}

// slotsOf lists the slots of each data key, with their copies.
func slotsOf(ctx context.Context, s store.Store) (map[DataKey][]string, error) {
	objects, err := s.List(ctx, Folder)
	if err != nil {
		return nil, err
	}
	out := map[DataKey][]string{}
	for _, o := range objects {
		if k, _, ok := parseSlotName(o.Name); ok {
			out[k] = append(out[k], o.Name)
		}
	}
	return out, nil
}

// openKey opens a data key by one of its slots.
func (r *Ring) openKey(ctx context.Context, k DataKey, names []string) *dataKey {
	d := &dataKey{DataKey: k}
	var errs []error
	for _, name := range names {
		err := d.openSlot(ctx, &r.options, name)
		if err == nil {
			d.err = nil
			return d
		}
		if !slices.ContainsFunc(errs, func(other error) bool { return other.Error() == err.Error() }) {
			errs = append(errs, err)
		}
	}
	d.err = fmt.Errorf("key %s: %w", k, errors.Join(errs...))
	return d
}

func (d *dataKey) openSlot(ctx context.Context, o *Options, name string) error {
	s, err := readSlot(ctx, o.Store, name)
	if err != nil {
		return err
	}
	if s.DatabaseID != o.DatabaseID {
		return fmt.Errorf("%s in %s is of database %s, put in its place", name, o.Store, s.DatabaseID)
	}
	h, err := s.open(ctx, o.KEK)
	if err != nil {
		var wrong *WrongKeyError
		if !errors.As(err, &wrong) {
			err = fmt.Errorf("%s in %s cannot be opened: %w", name, o.Store, err)
		}
		return err
	}
	return d.use(h, s)
}

func (d *dataKey) use(h *keyset.Handle, s *slot) error {
	stream, err := streamingaead.New(h)
	d.handle, d.created, d.lock, d.key = h, s.Created, s.Lock, crypt.Key{ID: d.ID, Stream: stream}
	return err
}

// sorted gives the keys, the primary one first.
func (r *Ring) sorted() []*dataKey { return sorted(r.keys) }

func sorted(keys map[uint32]*dataKey) []*dataKey {
	return slices.SortedFunc(maps.Values(keys), func(a, b *dataKey) int {
		if a.newer(b.DataKey) {
			return -1
		}
		return 1
	})
}

// Primary implements crypt.Keys.
func (r *Ring) Primary(ctx context.Context) (crypt.Key, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.load(ctx, refreshEvery); err != nil {
		return crypt.Key{}, err
	}
	first := r.sorted()[0]
	return first.key, first.err
}

// IDs implements crypt.Keys.
func (r *Ring) IDs(ctx context.Context) (ids []uint32, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.loaded.IsZero() {
		err = r.load(ctx, 0)
	}
	for _, d := range r.sorted() {
		ids = append(ids, d.ID)
	}
	return ids, err
}

// Key implements crypt.Keys.
func (r *Ring) Key(ctx context.Context, id uint32) (crypt.Key, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if d := r.keys[id]; d == nil || d.err != nil {
		if err := r.load(ctx, 0); err != nil {
			return crypt.Key{}, err
		}
	}
	d := r.keys[id]
	if d == nil {
		return crypt.Key{}, fmt.Errorf("the repository has no key %s: it was retired, or taken away from %s and %s", crypt.KeyName(id), slotFolder, copyFolder)
	}
	return d.key, d.err
}

// Still implements crypt.Keys.
func (r *Ring) Still(ctx context.Context, id uint32) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.load(ctx, 0)
	return r.keys[id] != nil, err
}
