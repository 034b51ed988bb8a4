package backup

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"redoubt/backup/store"
)

// Damaged is a manifest that cannot be read.
type Damaged struct {
	Object string
	Bytes  int64
	Err    error
}

// ID is the backup that it was of, by its name.
func (d *Damaged) ID() string {
	return strings.TrimSuffix(strings.TrimPrefix(d.Object, manifestsFolder), ".json")
}

// readAtOnce is how many manifests are on their way at once: a storage answers each in its own time.
const readAtOnce = 16

// read is an object and the manifest in it, if it is known already; neither manifest nor error: it was deleted meanwhile.
type read struct {
	store.Object
	manifest *Manifest
	err      error // that makes it damaged
}

// Load gives the backups of a repository, in the order of List, and the manifests that cannot be read.
func Load(ctx context.Context, s store.Store) (list []Manifest, damaged []Damaged, err error) {
	return new(Manifests).Load(ctx, s, time.Now())
}

// knownFor is how long a manifest that was read counts as what is there. It never changes, but its storage may lose it.
const knownFor = time.Hour

// Manifests remembers the manifests of one repository, so that a look reads only what is new. The zero value knows nothing yet. It
// is safe for concurrent use. What it gives must not be changed.
type Manifests struct {
	mu    sync.Mutex
	known map[string]knownManifest // by object
}

type knownManifest struct {
	bytes    int64
	read     time.Time
	manifest *Manifest
}

// find gives a manifest that was read.
func (k *Manifests) find(o store.Object, now time.Time) *Manifest {
	if m := k.known[o.Name]; m.bytes == o.Bytes && now.Sub(m.read) < knownFor {
		return m.manifest
	}
	return nil
}

// Load is the function Load; manifests that were read within the last hour, and are there with the same size, are not read again.
func (k *Manifests) Load(ctx context.Context, s store.Store, now time.Time) (list []Manifest, damaged []Damaged, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	objects, err := s.List(ctx, manifestsFolder)
	if err != nil {
		return nil, nil, err
	}
	var all []read
	for _, o := range objects {
		if strings.HasSuffix(o.Name, ".json") {
			all = append(all, read{Object: o, manifest: k.find(o, now)})
		}
	}
	if err := each(ctx, readAtOnce, all, func(ctx context.Context, r *read) error { return r.get(ctx, s) }); err != nil {
		return nil, nil, err
	}
	was := k.known
	k.known = make(map[string]knownManifest, len(all))
	for _, r := range all {
		if r.manifest != nil {
			at := now
			if old := was[r.Name]; old.manifest == r.manifest {
				at = old.read
			}
			k.known[r.Name] = knownManifest{r.Bytes, at, r.manifest}
		}
		switch {
		case r.err != nil:
			damaged = append(damaged, Damaged{r.Name, r.Bytes, r.err})
		case r.manifest != nil:
			list = append(list, *r.manifest)
		}
	}
	sortManifests(list)
	return list, damaged, nil
}

func (r *read) get(ctx context.Context, s store.Store) error {
	if r.manifest != nil {
		return nil
	}
	b, err := store.Read(ctx, s, r.Name, manifestBytesMax)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case errors.Is(err, store.ErrDamaged):
		r.err = err
	case err != nil: // it may be there, and whole
		return err
	default:
		r.manifest, r.err = decode(b, r.Name)
	}
	return nil
}

// Object is the manifest's name in the repository.
func (m *Manifest) Object() string { return manifestsFolder + m.ID + ".json" }

// Object is the file's name in the repository.
func (f *File) Object() string { return f.object() }

// FilesFolder has the files of all backups.
const FilesFolder = filesFolder

// ManifestsFolder has the manifests.
const ManifestsFolder = manifestsFolder

// PutBack writes a manifest that was lost, from a copy.
func PutBack(ctx context.Context, s store.Store, m *Manifest) error {
	if err := m.check(); err != nil {
		return err
	}
	return m.write(ctx, s)
}
