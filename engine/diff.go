package engine

import (
	"bytes"
	"errors"
	"fmt"

	"redoubt/engine/mvcc"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// Difference iterates over the rows that differ between two points of a table's history, by key. Only what changed
// between the points is read. It belongs to one goroutine.
type Difference struct {
	changed       *mvcc.Changed
	before, after side
	err           error
}

// side is one of the two points.
type side struct {
	lineage scn.Lineage
	getter  *mvcc.Getter
	version mvcc.Version
	exists  bool
}

// Diff compares what a reader with lineage before sees of a table with what one with lineage after does. The lineages come
// from a catalog; that of a clone's source is as good as the table's own. Close it.
func (e *Engine) Diff(before, after scn.Lineage, r mvcc.Range) (*Difference, error) {
	changed, err := e.store.NewChanged(scn.Between(before, after), r)
	if err != nil {
		return nil, err
	}
	d := &Difference{changed: changed, before: side{lineage: before}, after: side{lineage: after}}
	for _, s := range []*side{&d.before, &d.after} {
		if s.getter, err = e.store.NewGetter(s.lineage[0].Top, false); err != nil {
			return nil, errors.Join(err, d.Close())
		}
	}
	return d, nil
}

// ChangedKeys iterates over the keys of a space, a table's or an index's, that have versions in a span of SCNs, whatever
// timeline they are on. Close it.
func (e *Engine) ChangedKeys(space scn.Space, span scn.Range) (*mvcc.Changed, error) {
	return e.store.NewChanged([]scn.Interval{{Space: space, Bottom: span.After, Top: span.To}}, mvcc.Range{})
}

// Next moves to the next row that differs.
func (d *Difference) Next() bool {
	for d.err == nil && d.changed.Next() {
		if d.err = errors.Join(d.before.look(d.changed.Key()), d.after.look(d.changed.Key())); d.err != nil {
			return false
		}
		if d.before.exists != d.after.exists || d.before.exists && !bytes.Equal(d.before.version.Value, d.after.version.Value) {
			return true
		}
	}
	return false
}

func (s *side) look(key []byte) error {
	v, found, err := s.getter.Get(s.lineage, key)
	s.version, s.exists = v, found && !v.Deleted
	return err
}

// Key is the row's key, valid until Next.
func (d *Difference) Key() []byte { return d.changed.Key() }

// Exists tells whether the row is there at the first point, and at the second.
func (d *Difference) Exists() (before, after bool) { return d.before.exists, d.after.exists }

// Before is the row at the first point, nil if there was none, and the commit that wrote it. Valid until Next.
func (d *Difference) Before() (redo.Row, scn.SCN, error) { return d.before.row() }

// After is the row at the second point, like Before.
func (d *Difference) After() (redo.Row, scn.SCN, error) { return d.after.row() }

func (s *side) row() (redo.Row, scn.SCN, error) {
	if !s.exists {
		return nil, 0, nil
	}
	row, _, err := redo.DecodeRow(s.version.Value, nil)
	if err != nil {
		return nil, 0, fmt.Errorf("row of table %d at SCN %d: %w", s.lineage[0].Space, s.version.SCN, err)
	}
	return row, s.version.SCN, nil
}

// Err tells what ended the iteration, if it was not the end.
func (d *Difference) Err() error { return errors.Join(d.err, d.changed.Err()) }

// Close ends the iteration.
func (d *Difference) Close() error {
	errs := []error{d.changed.Close()}
	for _, s := range []*side{&d.before, &d.after} {
		if s.getter != nil {
			errs = append(errs, s.getter.Close())
		}
	}
	return errors.Join(errs...)
}
