package engine

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"redoubt/engine/catalog"
	"redoubt/engine/mvcc"
	"redoubt/scn"
)

// Collecting drops history at and below the floors. It belongs to a node: the log says how far back readers may go, and
// each node takes away, in its own time, what none of them can ask for. It never goes beyond what open transactions of the
// node read.

// metaCollectedPrefix is followed by a space's id in decimal: up to which floor it is collected (8 bytes), and the text of
// what was needed then.
const metaCollectedPrefix = "collected/"

// Collected tells what a round of collecting has dropped.
type Collected struct {
	Versions uint64 // of rows and index entries
	Spaces   uint64 // of tables and indexes that nobody can ask for any more
	Held     bool   // an open transaction is older than what was folded since: the round was left out
}

// Collect drops the history that nobody can ask for any more. Readers and writers go on meanwhile. It is idempotent, and one
// that was interrupted goes on with the table where it was.
func (e *Engine) Collect(ctx context.Context, pace Pace) (done Collected, err error) {
	e.upkeep.Lock()
	defer e.upkeep.Unlock()
	defer func() {
		e.counts.collected.Add(done.Versions)
		e.counts.spaces.Add(done.Spaces)
	}()
	s, held := e.newSweep()
	if held {
		return Collected{Held: true}, nil
	}
	if err := s.gather(); err != nil {
		return done, fmt.Errorf("collect old versions: %w", err)
	}
	own := pace.begin()
	for _, space := range s.spaces() {
		if err := s.space(ctx, own, space, &done); err != nil {
			return done, fmt.Errorf("collect old versions of space %d: %w", space, err)
		}
	}
	if err := s.system(ctx, own, &done); err != nil {
		return done, fmt.Errorf("collect old versions of system tables: %w", err)
	}
	return done, nil
}

// newSweep takes what a round goes by. It is held if there are transactions that know less of what is folded than the
// dictionary that the round goes by: they may read what that passes over.
func (e *Engine) newSweep() (s *sweep, held bool) {
	s = &sweep{engine: e, indexes: map[scn.Space]indexState{}}
	e.applying.Lock()
	s.catalog, s.ceiling = e.Catalog(), e.Applied()
	s.floors = e.floors.Load()
	e.sums.RLock()
	for id := range e.tables {
		if id >= catalog.FirstUserSpace {
			s.tables = append(s.tables, id)
		}
	}
	maps.Copy(s.indexes, e.indexes)
	e.sums.RUnlock()
	e.applying.Unlock()
	e.certifier.Settle()
	var newest uint64
	for _, epoch := range e.foldedIn {
		newest = max(newest, epoch)
	}
	for _, p := range e.pins.List() {
		s.ceiling = min(s.ceiling, p.At)
		held = held || p.Epoch < newest
	}
	return s, held
}

// space collects one space.
func (s *sweep) space(ctx context.Context, pace *pacer, space scn.Space, done *Collected) error {
	floor := s.floor(space)
	if floor == 0 {
		return nil
	}
	if index, ok := s.indexes[space]; ok && !index.Built {
		return nil // its deletions hide what is yet to be written
	}
	if folding, err := s.engine.store.Meta(foldingName(space)); err != nil || folding != nil {
		return err // its copies are seen by nobody yet
	}
	if s.needs[space] == nil {
		done.Spaces++
		return s.dropSpace(space)
	}
	from, print, err := s.engine.collected(space)
	if err != nil {
		return err
	}
	now := s.needs.print(space, floor)
	if from >= floor && print == now {
		return nil
	}
	if print != now {
		from = 0
	}
	if err := s.keys(ctx, pace, []scn.Interval{{Space: space, Bottom: from, Top: floor}}, mvcc.Range{}, s.needs[space], floor, done); err != nil {
		return err
	}
	batch := s.engine.store.NewBatch()
	value := append(binary.LittleEndian.AppendUint64(nil, uint64(floor)), now...)
	if err := batch.SetMeta(metaCollectedPrefix+strconv.FormatUint(uint64(space), 10), value); err != nil {
		batch.Discard()
		return err
	}
	return batch.Commit()
}

// collected tells how far a space is collected, and by what needs.
func (e *Engine) collected(space scn.Space) (scn.SCN, string, error) {
	raw, err := e.store.Meta(metaCollectedPrefix + strconv.FormatUint(uint64(space), 10))
	if err != nil || len(raw) < 8 {
		return 0, "", err
	}
	return scn.SCN(binary.LittleEndian.Uint64(raw)), string(raw[8:]), nil
}

// keys drops what is not needed under the keys with something in an interval.
func (s *sweep) keys(ctx context.Context, pace *pacer, spans []scn.Interval, r mvcc.Range, needs []need, floor scn.SCN, done *Collected) (err error) {
	walk, err := s.engine.store.NewChanged(spans, r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, walk.Close()) }()
	trail, err := s.engine.store.NewTrail()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, trail.Close()) }()
	c := collector{engine: s.engine, space: spans[0].Space, needs: needs, floor: floor, trail: trail, batch: s.engine.store.NewBatch()}
	defer func() { done.Versions += c.dropped }()
	for walk.Next() {
		if err := c.key(walk.Key()); err != nil {
			c.batch.Discard()
			return err
		}
		if c.seen += len(walk.Key()); !pace.full(c.batch.Len()) && !pace.full(c.seen) {
			continue
		}
		n := c.batch.Len() + c.seen
		if err := c.batch.Commit(); err != nil {
			return err
		}
		c.batch, c.seen = s.engine.store.NewBatch(), 0
		if err := pace.spend(ctx, n); err != nil {
			return errors.Join(err, c.batch.Discard())
		}
	}
	if err := walk.Err(); err != nil {
		return errors.Join(err, c.batch.Discard())
	}
	return c.batch.Commit()
}

// collector drops versions of one space.
type collector struct {
	engine  *Engine
	space   scn.Space
	needs   []need
	floor   scn.SCN
	trail   *mvcc.Trail
	batch   *mvcc.Batch
	stored  []scn.SCN
	kept    []bool
	hides   []bool // a kept one that hides what another space has
	dropped uint64
	seen    int // bytes of keys since the batch began
}

// key drops what is not needed under one key.
func (c *collector) key(key []byte) error {
	c.stored = c.stored[:0]
	for c.trail.Of(c.space, key, c.floor); c.trail.Next(); {
		c.stored = append(c.stored, c.trail.At())
	}
	if err := c.trail.Err(); err != nil {
		return err
	}
	c.kept = append(c.kept[:0], make([]bool, len(c.stored))...)
	c.hides = append(c.hides[:0], make([]bool, len(c.stored))...)
	for _, n := range c.needs {
		if i, ends, found := n.keep(c.stored); found {
			c.kept[i], c.hides[i] = true, c.hides[i] || !ends
		}
	}
	if err := c.deletions(key); err != nil {
		return err
	}
	for i, at := range c.stored {
		if c.kept[i] {
			continue
		}
		c.dropped++
		if err := c.batch.Drop(c.space, key, at); err != nil {
			return err
		}
	}
	return nil
}

// deletions lets kept deletions go that hide nothing: no older version that stays, and nothing in what follows in their
// lineages.
func (c *collector) deletions(key []byte) error {
	for i := len(c.stored) - 1; i >= 0; i-- {
		if !c.kept[i] {
			continue
		}
		c.trail.Of(c.space, key, c.stored[i])
		if !c.trail.Next() {
			return errors.Join(c.trail.Err(), errors.New("a version went away"))
		}
		v, err := c.trail.Version()
		if err != nil {
			return err
		}
		if !v.Deleted || c.hides[i] {
			return nil
		}
		c.kept[i] = false
	}
	return nil
}

// dropSpace drops a space that nobody can ask for, and what is kept beside it.
func (s *sweep) dropSpace(space scn.Space) error {
	e := s.engine
	id := strconv.FormatUint(uint64(space), 10)
	batch := e.store.NewBatch()
	if err := errors.Join(batch.DropSpace(space), batch.DropMeta(metaIndexPrefix+id), batch.DropMeta(metaCollectedPrefix+id)); err != nil {
		return errors.Join(err, batch.Discard())
	}
	if slices.Contains(s.tables, space) {
		if err := s.dropSums(batch, space); err != nil {
			return errors.Join(err, batch.Discard())
		}
	}
	if err := batch.Commit(); err != nil {
		return err
	}
	e.sums.Lock()
	defer e.sums.Unlock()
	delete(e.tables, space)
	delete(e.indexes, space)
	return nil
}

func (s *sweep) dropSums(batch *mvcc.Batch, table scn.Space) (err error) {
	trail, err := s.engine.store.NewTrail()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, trail.Close()) }()
	for trail.Of(catalog.SumsSpace, sumKey(table), scn.Max); trail.Next(); {
		if err := batch.Drop(catalog.SumsSpace, sumKey(table), trail.At()); err != nil {
			return err
		}
	}
	return trail.Err()
}

// system collects the sums of tables, each to its table's floor, and the control tables, to the lowest floor of all. The
// dictionary is kept whole.
func (s *sweep) system(ctx context.Context, pace *pacer, done *Collected) error {
	var own Collected
	for _, table := range s.tables {
		if floor := s.floor(table); floor != 0 && s.needs[table] != nil {
			r := mvcc.Range{Low: sumKey(table), High: sumKey(table + 1)}
			if err := s.spaceOfSystem(ctx, pace, catalog.SumsSpace, r, floor, &own); err != nil {
				return err
			}
		}
	}
	lowest := min(s.floors.lowest, s.ceiling)
	for _, space := range catalog.SystemSpaces() {
		if lowest == 0 || catalog.IsDictionary(space) {
			continue
		}
		if err := s.spaceOfSystem(ctx, pace, space, mvcc.Range{}, lowest, &own); err != nil {
			return err
		}
	}
	return nil
}

func (s *sweep) spaceOfSystem(ctx context.Context, pace *pacer, space scn.Space, r mvcc.Range, floor scn.SCN, done *Collected) error {
	all := []need{{{bottom: 0, top: scn.Max, ends: true}}}
	return s.keys(ctx, pace, []scn.Interval{{Space: space, Top: floor}}, r, all, floor, done)
}
