package versions

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/mvcc"
	"redoubt/scn"
)

// Reader reads the versions of a life. Close it.
type Reader struct {
	life    *Life
	catalog *catalog.Snapshot // for lineages
	rows    *mvcc.Versions
	keys    *mvcc.Versions // of an index, while rows reads those of its entries
	count   uint           // of keys
}

// NewReader makes a Reader. It returns a txn.FloorError if the history that the life needs is no longer kept. A transaction
// must be open that was so when the life was found, so that nothing is collected by what it does not know.
func NewReader(e *engine.Engine, life *Life) (*Reader, error) {
	r := &Reader{life: life, catalog: e.Catalog()}
	var err error
	if r.rows, err = e.NewVersions(); err != nil {
		return nil, err
	}
	if r.keys, err = e.NewVersions(); err != nil {
		return nil, errors.Join(err, r.rows.Close())
	}
	if err := life.kept(e); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Close ends the use of the Reader.
func (r *Reader) Close() error { return errors.Join(r.rows.Close(), r.keys.Close()) }

// cancelEvery is the number of keys between two looks at whether anybody still waits.
const cancelEvery = 256

func (r *Reader) cancelled(ctx context.Context) error {
	if r.count++; r.count%cancelEvery == 0 && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// line is generations that follow each other without a gap and have the same keys: rows may go on from one to the next.
type line []*Generation

// lines are the life's, oldest first.
func (l *Life) lines() (out []line) {
	for i := range l.Generations {
		g := &l.Generations[i]
		if i > 0 {
			before := &l.Generations[i-1]
			if before.Last+1 == g.First && sameKey(before.at(before.Last), g.at(g.First)) {
				out[len(out)-1] = append(out[len(out)-1], g)
				continue
			}
		}
		out = append(out, line{g})
	}
	return out
}

// Bounded tells whether Rows reads no more than a range of keys of the newest definition: tables whose keys are others are
// read whole.
func (l *Life) Bounded() bool {
	for i := range l.Generations {
		g := &l.Generations[i]
		if !sameKey(g.at(g.Last), l.Table) {
			return false
		}
	}
	return true
}

// Rows gives the versions of the rows whose keys lie in a range: by key, those of one key in the order of SCN. Tables that had the
// name earlier and whose keys are others come first, whole.
func (r *Reader) Rows(ctx context.Context, keys mvcc.Range) iter.Seq2[*Row, error] {
	return func(yield func(*Row, error) bool) {
		for _, l := range r.life.lines() {
			within := keys
			if last := l[len(l)-1]; !sameKey(last.at(last.Last), r.life.Table) {
				within = mvcc.Range{}
			}
			if !r.line(ctx, l, within, yield) {
				return
			}
		}
	}
}

// line gives the versions of all rows of a line.
func (r *Reader) line(ctx context.Context, l line, keys mvcc.Range, yield func(*Row, error) bool) bool {
	spaces := r.spaces(l)
	if len(spaces) == 1 && len(r.catalog.Rewinds(spaces[0])) == 0 {
		return r.plain(ctx, l[0], keys, yield)
	}
	low := keys.Low
	for {
		key, err := r.firstKey(spaces, low, keys.High)
		if err = cmp.Or(err, r.cancelled(ctx)); err != nil {
			yield(nil, err)
			return false
		}
		if key == nil {
			return true
		}
		if !r.key(l, key, r.life.Range, yield) {
			return false
		}
		low = append(bytes.Clone(key), 0)
	}
}

// plain is line for a table that was never taken back: versions of keys that have few are read as they come, without a seek
// for each.
func (r *Reader) plain(ctx context.Context, g *Generation, keys mvcc.Range, yield func(*Row, error) bool) bool {
	key, found, err := r.rows.Key(g.Table, keys.Low, keys.High)
	for ; found && err == nil; key, found, err = r.rows.NextKey(g.Table, keys.High) {
		key = bytes.Clone(key)
		versions, few, err := r.rows.Recent(max(g.First, r.life.Range.base()))
		if err = cmp.Or(err, r.cancelled(ctx)); err != nil {
			yield(nil, err)
			return false
		}
		if !few {
			if !r.key(line{g}, key, r.life.Range, yield) {
				return false
			}
			continue
		}
		if !r.few(g, key, versions, yield) {
			return false
		}
	}
	if err != nil {
		yield(nil, err)
	}
	return err == nil
}

// few gives the versions of one key of a plain table, of which the first may be that with which the range begins.
func (r *Reader) few(g *Generation, key []byte, versions []mvcc.Version, yield func(*Row, error) bool) bool {
	runs := runs{life: r.life, within: r.life.Range, key: key, yield: yield, generation: g}
	first := max(g.First, r.life.Range.base())
	var err error
	for _, v := range versions {
		if v.SCN > g.Last || err != nil {
			break
		}
		err = runs.step(max(v.SCN, first), state{!v.Deleted, v.SCN, v.Value})
	}
	if err == nil && g.Last < r.life.Range.To {
		err = runs.step(g.Last+1, state{})
	}
	if err != nil && !runs.stopped {
		yield(nil, fmt.Errorf("versions of table %s: %w", r.life.Table.Name, err))
		return false
	}
	return runs.finish()
}

// spaces are those in which a line has rows: its tables', and those whose history they took over.
func (r *Reader) spaces(l line) (out []scn.Space) {
	seen := map[scn.Space]bool{}
	var add func(space scn.Space)
	add = func(space scn.Space) {
		if seen[space] {
			return
		}
		seen[space] = true
		out = append(out, space)
		for _, w := range r.catalog.Rewinds(space) {
			add(w.Source)
		}
	}
	for _, g := range l {
		add(g.Table)
	}
	return out
}

// firstKey finds the first key in any of the spaces; nil if there is none.
func (r *Reader) firstKey(spaces []scn.Space, low, high []byte) (first []byte, err error) {
	for _, space := range spaces {
		key, found, err := r.rows.Key(space, low, high)
		if err != nil {
			return nil, err
		}
		if found && (first == nil || bytes.Compare(key, first) < 0) {
			first = bytes.Clone(key)
		}
	}
	return first, nil
}

// key gives the versions of one key of a line.
func (r *Reader) key(l line, key []byte, within Range, yield func(*Row, error) bool) bool {
	runs := runs{life: r.life, within: within, key: key, yield: yield}
	for i, g := range l {
		runs.generation = g
		first, last := max(g.First, within.base()), min(g.Last, within.To)
		if first > last {
			continue
		}
		err := states(r.rows, r.catalog, g.Table, key, first, last, runs.step)
		if err == nil && !runs.stopped && i == len(l)-1 && g.Last < within.To {
			err = runs.step(g.Last+1, state{})
		}
		if err != nil {
			yield(nil, fmt.Errorf("versions of table %s: %w", r.life.Table.Name, err))
			return false
		}
		if runs.stopped {
			return false
		}
	}
	return runs.finish()
}

// state is what a reader sees of a key.
type state struct {
	live  bool
	at    scn.SCN // that wrote the value
	value []byte
}

// states calls step with what readers see of a key of a space at the SCN first, and with each change up to last. It stops
// after an error. The value is the callee's for the time of the call.
func states(v *mvcc.Versions, snapshot *catalog.Snapshot, space scn.Space, key []byte, first, last scn.SCN, step func(scn.SCN, state) error) error {
	var buf []byte
	look := func(at scn.SCN) error {
		found, ok, err := v.At(snapshot.Lineage(space, at), key, buf[:0])
		if err != nil {
			return err
		}
		buf = found.Value
		return step(at, state{ok && !found.Deleted, found.SCN, found.Value})
	}
	if err := look(first); err != nil {
		return err
	}
	segment := first
	for _, w := range snapshot.Rewinds(space) {
		if w.At <= first {
			continue
		}
		if w.At > last {
			break
		}
		if err := changes(v, space, key, segment, w.At-1, step); err != nil {
			return err
		}
		if err := look(w.At); err != nil {
			return err
		}
		segment = w.At
	}
	return changes(v, space, key, segment, last, step)
}

// changes calls step with the versions of a key in (after, to], oldest first.
func changes(v *mvcc.Versions, space scn.Space, key []byte, after, to scn.SCN, step func(scn.SCN, state) error) error {
	for v.After(space, key, after); v.Next(); {
		found := v.Version()
		if found.SCN > to {
			return nil
		}
		if err := step(found.SCN, state{!found.Deleted, found.SCN, found.Value}); err != nil {
			return err
		}
	}
	return v.Err()
}
