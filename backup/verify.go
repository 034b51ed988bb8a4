package backup

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"redoubt/backup/store"
)

// Level says how much of a repository a verification reads.
type Level string

// The levels.
const (
	Quick    Level = "quick"    // everything is there, and has the right size
	Standard Level = "standard" // so, and what is new, or was read long ago, is read
	Whole    Level = "full"     // so, and everything is read
	Restore  Level = "restore"  // so, and a recovery goes to each backup and to the newest commit
)

// ParseLevel knows the levels by their names.
func ParseLevel(name string) (Level, error) {
	switch l := Level(name); l {
	case Quick, Standard, Whole, Restore:
		return l, nil
	}
	return "", fmt.Errorf("level %q is none of quick, standard, full and restore", name)
}

// VerifyOptions of one verification.
type VerifyOptions struct {
	Store     store.Store
	Level     Level
	OlderThan time.Duration // at level Standard what was last read longer ago is read again
	Dir       string        // for pieces of the log while they are read; must exist
	Parallel  int           // objects read at once; default 2
	Now       func() time.Time
	// Recover recovers to a backup, in a place of its own, and compares the state hash; nil stands for the newest commit. It is
	// needed at level Restore.
	Recover  func(ctx context.Context, m *Manifest) error
	Progress func(step string, done, of uint64) // may be nil
}

// Verification is what one verification found.
type Verification struct {
	ID        string    `json:"id"`
	Level     Level     `json:"level"`
	Started   time.Time `json:"started"`
	Finished  time.Time `json:"finished"`
	Backups   int       `json:"backups"`
	Objects   int       `json:"objects"`
	Read      int       `json:"read"` // of them
	ReadBytes int64     `json:"read_bytes"`
	Restored  int       `json:"restored"` // recoveries that succeeded
	Damage    []Damage  `json:"damage,omitempty"`

	Manifests []Manifest `json:"-"` // that could be read, as of List
}

// DamageOf gives the damage that concerns a backup.
func (v *Verification) DamageOf(id string) (out []Damage) {
	for _, d := range v.Damage {
		if slices.Contains(d.Backups, id) {
			out = append(out, d)
		}
	}
	return out
}

// Verify verifies a repository, and keeps there what it found. Damage is in the result; an error says that the verification
// itself could not be made.
func Verify(ctx context.Context, o VerifyOptions) (*Verification, error) {
	if o.Progress == nil {
		o.Progress = func(string, uint64, uint64) {}
	}
	var random [3]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, err
	}
	began := o.Now().UTC()
	v := &verifying{
		VerifyOptions: o,
		result:        Verification{ID: began.Format("20060102T150405") + "-" + hex.EncodeToString(random[:]), Level: o.Level, Started: began},
		objects:       map[string]int64{}, fresh: map[string]readObject{},
	}
	for _, step := range []func(context.Context) error{v.list, v.readManifests, v.verifyIdentity, v.verifyFiles, v.verifyLog, v.restore, v.save} {
		if err := errors.Join(ctx.Err(), step(ctx)); err != nil {
			return &v.result, fmt.Errorf("verify %s: %w", o.Store, err)
		}
	}
	return &v.result, nil
}

// verifying is a verification on its way.
type verifying struct {
	VerifyOptions
	objects map[string]int64 // of the repository, with their sizes
	reads   reads            // what was read before
	done    uint64           // objects looked at

	mu     sync.Mutex
	result Verification
	fresh  map[string]readObject // what was read now, and found whole
}

func (v *verifying) list(ctx context.Context) error {
	objects, err := v.Store.List(ctx, "")
	if err != nil {
		return err
	}
	for _, o := range objects {
		if !strings.HasPrefix(o.Name, verifiedFolder) {
			v.objects[o.Name] = o.Bytes
		}
	}
	v.result.Objects = len(v.objects)
	v.reads, err = loadReads(ctx, v.Store)
	return err
}

// mustRead tells whether an object has to be read at this level.
func (v *verifying) mustRead(name string) bool {
	switch v.Level {
	case Quick:
		return false
	case Standard:
		last, known := v.reads.Objects[name]
		return !known || last.Bytes != v.objects[name] || v.Now().Sub(last.At) > v.OlderThan
	}
	return true
}

func (v *verifying) damage(d Damage) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range d.Backups {
		d.Backups[i] = strings.Clone(d.Backups[i])
	}
	v.result.Damage = append(v.result.Damage, d)
}

// wasRead notes that an object was read; whole tells that it is as it should be.
func (v *verifying) wasRead(name string, bytes int64, whole bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.result.Read++
	v.result.ReadBytes += bytes
	if whole {
		v.fresh[name] = readObject{At: v.Now().UTC(), Bytes: v.objects[name]}
	}
}

func (v *verifying) looked(step string, of int) {
	v.mu.Lock()
	v.done++
	done := v.done
	v.mu.Unlock()
	v.Progress(step, done, uint64(of))
}

// identityObject says whose a repository is.
const identityObject = "repository.json"

func (v *verifying) verifyIdentity(ctx context.Context) error {
	d := Damage{Object: identityObject, Offset: -1, Block: -1}
	var identity struct {
		DatabaseID string `json:"database_id"`
	}
	err := getJSON(ctx, v.Store, identityObject, &identity)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, store.ErrNotFound):
		d.Kind = Missing
	case err != nil:
		d.Kind, d.Detail = BadData, err.Error()
	default:
		for i := range v.result.Manifests {
			if m := &v.result.Manifests[i]; m.DatabaseID != identity.DatabaseID {
				d.Kind, d.Detail = OtherContent, fmt.Sprintf("it says database %s, backup %s is of %s", identity.DatabaseID, m.ID, m.DatabaseID)
				break
			}
		}
	}
	v.wasRead(identityObject, v.objects[identityObject], d.Kind == "")
	if d.Kind != "" {
		v.damage(d)
	}
	return nil
}

func (v *verifying) restore(ctx context.Context) error {
	if v.Level != Restore {
		return nil
	}
	if v.Recover == nil {
		return errors.New("level restore needs what restores")
	}
	list := v.result.Manifests
	for i := range len(list) + 1 {
		var m *Manifest // the newest commit
		d := Damage{Object: "log/", Kind: NotRestored, Offset: -1, Block: -1}
		if i < len(list) {
			m = &list[i]
			if len(v.result.DamageOf(m.ID)) > 0 {
				continue // it was told why
			}
			d.Object, d.First, d.Last, d.Backups = m.Object(), m.SCN, m.SCN, []string{m.ID}
		}
		v.Progress("restore", uint64(i), uint64(len(list)+1))
		if err := v.Recover(ctx, m); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			d.Detail = err.Error()
			v.damage(d)
			continue
		}
		v.result.Restored++
	}
	return nil
}
