package engine

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"strconv"

	"redoubt/engine/catalog"
	"redoubt/engine/mvcc"
	"redoubt/scn"
)

// A rewind costs its readers one more interval to look into. Folding takes that away: at the rewind's SCN it writes copies
// of what is visible where the rewind goes back to, for the keys that have changed since, of a clone for all; then lineages
// pass over the rewind (scn.LineageAt). Copies are seen by nobody before it is noted that the rewind is folded: no
// unfolded lineage has the SCN of a rewind in it. So a crash in between does no harm, and the work goes on where it was.
//
// Folding belongs to a node: the log knows nothing of it, other nodes may not have come so far.

// Named values of the state store.
const (
	metaFoldPrefix    = "fold/"    // followed by the space's id in decimal: the SCN of the last rewind that is folded
	metaFoldingPrefix = "folding/" // so: the SCN of the one that is being folded, and the last key that was looked at
)

// loadFolds reads how far rewinds are folded.
func (e *Engine) loadFolds() (*catalog.Folds, error) {
	values, err := e.store.MetaPrefix(metaFoldPrefix)
	if err != nil {
		return nil, err
	}
	f := &catalog.Folds{To: map[scn.Space]scn.SCN{}}
	for name, raw := range values {
		space, err := metaSpace(name, metaFoldPrefix)
		if err != nil {
			return nil, err
		}
		if len(raw) != 8 {
			return nil, fmt.Errorf("state store: named value %q has %d bytes, want 8", name, len(raw))
		}
		f.To[space] = scn.SCN(binary.LittleEndian.Uint64(raw))
	}
	return f, nil
}

// Unfolded is the number of rewinds that readers of this node still pay for.
func (e *Engine) Unfolded() (n int) {
	dictionary := e.Catalog()
	for _, space := range dictionary.RewoundSpaces() {
		n += len(waiting(dictionary, space))
	}
	return n
}

// waiting lists the rewinds of a space that are not folded and can be, oldest first.
func waiting(dictionary *catalog.Snapshot, space scn.Space) []scn.Rewind {
	rewinds := dictionary.Rewinds(space)
	for len(rewinds) > 0 && rewinds[0].At <= dictionary.Folds().At(space) {
		rewinds = rewinds[1:]
	}
	for len(rewinds) > 0 && rewinds[len(rewinds)-1].To == 0 {
		rewinds = rewinds[:len(rewinds)-1]
	}
	return rewinds
}

// Fold folds the rewinds that wait for it, and tells how many. Readers and writers go on meanwhile. It is idempotent, and one
// that was interrupted goes on where it was.
func (e *Engine) Fold(ctx context.Context, pace Pace) (folded int, err error) {
	e.upkeep.Lock()
	defer e.upkeep.Unlock()
	for _, space := range e.Catalog().RewoundSpaces() {
		if !e.complete(space) {
			continue
		}
		for _, r := range waiting(e.Catalog(), space) {
			if r.To != 0 {
				if err := e.fold(ctx, pace.begin(), space, r); err != nil {
					return folded, fmt.Errorf("fold what took space %d back at SCN %d: %w", space, r.At, err)
				}
				folded++
				e.counts.folds.Add(1)
			}
			if err := e.markFolded(space, r.At); err != nil {
				return folded, err
			}
		}
	}
	return folded, nil
}

// complete tells whether all entries of a space are there, if it is an index's.
func (e *Engine) complete(space scn.Space) bool {
	e.sums.RLock()
	defer e.sums.RUnlock()
	state, isIndex := e.indexes[space]
	return !isIndex || state.Built
}

// keys is what a fold walks over.
type keys interface {
	Next() bool
	Key() []byte
	Err() error
	Close() error
}

// fold writes the copies for one rewind. All before it are folded.
func (e *Engine) fold(ctx context.Context, pace *pacer, space scn.Space, r scn.Rewind) (err error) {
	low, err := e.foldingFrom(space, r.At)
	if err != nil {
		return err
	}
	lineage := e.Catalog().Lineage(r.Source, r.To)
	getter, err := e.store.NewGetter(r.To, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, getter.Close()) }()
	var walk keys
	if r.Source == space {
		walk, err = e.store.NewChanged([]scn.Interval{{Space: space, Bottom: r.To, Top: r.At - 1}}, mvcc.Range{Low: low})
	} else {
		walk, err = e.store.NewIterator(lineage, mvcc.Range{Low: low})
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, walk.Close()) }()
	f := folder{engine: e, space: space, rewind: r, batch: e.store.NewBatch()}
	for walk.Next() {
		v, found, err := getter.Get(lineage, walk.Key())
		if err == nil {
			err = f.copy(ctx, pace, walk.Key(), v, found)
		}
		if err != nil {
			f.batch.Discard()
			return err
		}
	}
	if err := walk.Err(); err != nil {
		f.batch.Discard()
		return err
	}
	e.counts.folded.Add(uint64(f.batch.Len()))
	return f.batch.Commit()
}

// folder collects copies.
type folder struct {
	engine *Engine
	space  scn.Space
	rewind scn.Rewind
	batch  *mvcc.Batch
}

// copy adds a copy, and writes what there is when it is enough.
func (f *folder) copy(ctx context.Context, pace *pacer, key []byte, v mvcc.Version, found bool) error {
	if err := f.batch.Copy(f.space, key, f.rewind.At, v, found); err != nil {
		return err
	}
	if !pace.full(f.batch.Len()) {
		return nil
	}
	progress := append(binary.LittleEndian.AppendUint64(nil, uint64(f.rewind.At)), key...)
	if err := f.batch.SetMeta(foldingName(f.space), progress); err != nil {
		return err
	}
	n := f.batch.Len()
	if err := f.batch.Commit(); err != nil {
		return err
	}
	f.batch = f.engine.store.NewBatch()
	f.engine.counts.folded.Add(uint64(n))
	return pace.spend(ctx, n)
}

func foldName(space scn.Space) string { return metaFoldPrefix + strconv.FormatUint(uint64(space), 10) }

func foldingName(space scn.Space) string {
	return metaFoldingPrefix + strconv.FormatUint(uint64(space), 10)
}

// foldingFrom is the key from which a fold goes on that was interrupted, nil for the first.
func (e *Engine) foldingFrom(space scn.Space, at scn.SCN) ([]byte, error) {
	raw, err := e.store.Meta(foldingName(space))
	if err != nil || len(raw) < 8 || scn.SCN(binary.LittleEndian.Uint64(raw)) != at {
		return nil, err
	}
	return raw[8:], nil
}

// markFolded lets readers pass over the rewinds of a space up to an SCN. Copies become visible to new lookups before anybody
// can get a dictionary that passes over the rewind; and no commit is being applied meanwhile, which might use both an old
// lookup and a new dictionary.
func (e *Engine) markFolded(space scn.Space, at scn.SCN) error {
	e.applying.Lock()
	defer e.applying.Unlock()
	batch := e.store.NewBatch()
	if err := errors.Join(
		batch.SetMeta(foldName(space), binary.LittleEndian.AppendUint64(nil, uint64(at))), batch.DropMeta(foldingName(space)),
	); err != nil {
		batch.Discard()
		return err
	}
	if err := batch.Commit(); err != nil {
		return err
	}
	e.store.Renew()
	now := e.now.Load()
	old := now.catalog.Folds()
	next := &catalog.Folds{Epoch: 1, To: map[scn.Space]scn.SCN{}}
	if old != nil {
		next.Epoch = old.Epoch + 1
		maps.Copy(next.To, old.To)
	}
	next.To[space] = at
	if e.foldedIn == nil {
		e.foldedIn = map[scn.Space]uint64{}
	}
	e.foldedIn[space] = next.Epoch
	e.now.Store(&published{position: now.position, catalog: now.catalog.WithFolds(next)})
	return nil
}
