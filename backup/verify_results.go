package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"redoubt/backup/store"
)

// Names of the repository. runs/ has what each verification found, reads/ when each object was last read and found whole.
const (
	verifiedFolder = "verified/"
	runsFolder     = verifiedFolder + "runs/"
	readsFolder    = verifiedFolder + "reads/"
)

const (
	// runsKept is how many verifications, and drills, are kept.
	runsKept = 100
	// readsBytesMax bounds what is kept of reads: 1,000,000 objects.
	readsBytesMax = 256 << 20
)

// reads is what was read, and found whole, in verifications before.
type reads struct {
	Objects map[string]readObject `json:"objects"`

	names []string // of the objects that it was read from
}

type readObject struct {
	At    time.Time `json:"at"`
	Bytes int64     `json:"bytes"` // notWhole: since then it was found damaged
}

const notWhole = -1

// loadReads puts together what verifications have read. What of it cannot be read counts as not read.
func loadReads(ctx context.Context, s store.Store) (r reads, err error) {
	r.Objects = map[string]readObject{}
	objects, err := s.List(ctx, readsFolder)
	if err != nil {
		return r, err
	}
	for _, o := range objects {
		var one reads
		if err := getJSON(ctx, s, o.Name, &one); err != nil {
			if ctx.Err() != nil {
				return r, ctx.Err()
			}
			continue
		}
		r.names = append(r.names, o.Name)
		for name, last := range one.Objects {
			if was, ok := r.Objects[name]; !ok || was.At.Before(last.At) {
				r.Objects[name] = last
			}
		}
	}
	return r, nil
}

func getJSON(ctx context.Context, s store.Store, name string, into any) error {
	b, err := store.Read(ctx, s, name, readsBytesMax)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

func putJSON(ctx context.Context, s store.Store, name string, from any) error {
	b, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return s.Put(ctx, name, bytes.NewReader(append(b, '\n')))
}

// save keeps what was found and what was read. Of what was read before, that stays which is still there, or is missing though
// nobody has deleted it on purpose as far as is known. What is there and damaged is read again by the next one.
func (v *verifying) save(ctx context.Context) error {
	v.result.Finished = v.Now().UTC()
	slices.SortFunc(v.result.Damage, func(a, b Damage) int { return strings.Compare(a.Object, b.Object) })
	if err := putJSON(ctx, v.Store, runsFolder+v.result.ID+".json", &v.result); err != nil {
		return err
	}
	if err := v.saveReads(ctx); err != nil {
		return err
	}
	return keepNewest(ctx, v.Store, runsFolder)
}

func (v *verifying) saveReads(ctx context.Context) error {
	if len(v.fresh) == 0 && len(v.result.Damage) == 0 {
		return nil
	}
	merged := reads{Objects: map[string]readObject{}}
	for name, last := range v.reads.Objects {
		_, there := v.objects[name]
		damaged := v.isDamaged(name)
		if there && damaged {
			last.Bytes = notWhole
		}
		if there || damaged {
			merged.Objects[name] = last
		}
	}
	for name, last := range v.fresh {
		merged.Objects[name] = last
	}
	own := readsFolder + v.result.ID + ".json"
	if err := putJSON(ctx, v.Store, own, &merged); err != nil {
		return err
	}
	for _, old := range v.reads.names {
		if err := v.Store.Delete(ctx, old); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifying) isDamaged(name string) bool {
	return slices.ContainsFunc(v.result.Damage, func(d Damage) bool { return d.Object == name })
}

// Forget tells verifications that objects were deleted on purpose, so that none misses them.
func Forget(ctx context.Context, s store.Store, names []string) error {
	r, err := loadReads(ctx, s)
	if err != nil {
		return err
	}
	for _, name := range names {
		delete(r.Objects, name)
	}
	if len(r.names) == 0 {
		return nil
	}
	if err := putJSON(ctx, s, r.names[0], &r); err != nil {
		return err
	}
	for _, merged := range r.names[1:] {
		if err := s.Delete(ctx, merged); err != nil {
			return err
		}
	}
	return nil
}

// Verifications lists what verifications found, the newest last. One that cannot be read is damage itself.
func Verifications(ctx context.Context, s store.Store) ([]Verification, error) {
	out, _, err := verifications(ctx, s, nil)
	return out, err
}

// verifications is Verifications of which some are known, by object; whole has those that could be read.
func verifications(ctx context.Context, s store.Store, known map[string]Verification) (out []Verification, whole map[string]Verification, err error) {
	out, whole, err = runs(ctx, s, runsFolder, known, func(object string, err error) Verification {
		id := strings.TrimSuffix(strings.TrimPrefix(object, runsFolder), ".json")
		return Verification{ID: id, Damage: []Damage{{Object: object, Kind: BadData, Offset: -1, Block: -1, Detail: fmt.Sprint("what it found cannot be read: ", err)}}}
	})
	slices.SortStableFunc(out, func(a, b Verification) int { return a.Started.Compare(b.Started) })
	return out, whole, err
}

// runs reads the objects of a folder, of which some are known, by object; whole has those that could be read, lost says what stands
// for one that cannot be.
func runs[T any](ctx context.Context, s store.Store, folder string, known map[string]T, lost func(object string, err error) T) (out []T, whole map[string]T, err error) {
	objects, err := s.List(ctx, folder)
	if err != nil {
		return nil, nil, err
	}
	whole = map[string]T{}
	for _, o := range objects {
		run, ok := known[o.Name]
		if !ok {
			err := getJSON(ctx, s, o.Name, &run)
			if ctx.Err() != nil {
				return nil, nil, ctx.Err()
			}
			if ok = err == nil; !ok {
				run = lost(o.Name, err)
			}
		}
		if out = append(out, run); ok {
			whole[o.Name] = run
		}
	}
	return out, whole, nil
}

// keepNewest deletes the oldest objects of a folder whose names begin with their time, if there are more than runsKept.
func keepNewest(ctx context.Context, s store.Store, folder string) error {
	list, err := s.List(ctx, folder)
	if err != nil {
		return err
	}
	for len(list) > runsKept {
		if err := s.Delete(ctx, list[0].Name); err != nil {
			return err
		}
		list = list[1:]
	}
	return nil
}
