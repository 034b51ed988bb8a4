package txn

import (
	"bytes"
	"slices"

	"redoubt/scn"
	"redoubt/wal/redo"
)

// entry is what a transaction made of one key. Entries are never changed once they are in the overlay: iterators
// and savepoints hold on to them.
type entry struct {
	deleted   bool
	row       redo.Row // of a table's key, unless deleted
	rowKey    []byte   // of an index's key
	before    redo.Row // of a table's key: the row as it was before the transaction, nil if there was none
	replaced  scn.SCN  // of a table's key: SCN of the version before the transaction, deletions included
	statement uint32
}

// overlay holds a transaction's changes, by space and key.
type overlay struct {
	spaces []spaceEntries // in ascending order
	undo   []undoStep
}

type spaceEntries struct {
	space   scn.Space
	entries *entries
}

// undoStep is what a key was before a change: nil if the transaction had not touched it.
type undoStep struct {
	space scn.Space
	key   []byte
	old   *entry
}

func (o *overlay) find(space scn.Space) (int, bool) {
	return slices.BinarySearchFunc(o.spaces, space, func(s spaceEntries, space scn.Space) int { return int(int64(s.space) - int64(space)) })
}

// of gives the entries of a space, nil if it was not touched.
func (o *overlay) of(space scn.Space) *entries {
	if i, ok := o.find(space); ok {
		return o.spaces[i].entries
	}
	return nil
}

func (o *overlay) get(space scn.Space, key []byte) *entry {
	if m := o.of(space); m != nil {
		return m.get(key)
	}
	return nil
}

// set gives a key an entry, and returns the one it had, nil if none.
func (o *overlay) set(space scn.Space, key []byte, e *entry) *entry {
	i, ok := o.find(space)
	if !ok {
		o.spaces = slices.Insert(o.spaces, i, spaceEntries{space, &entries{}})
	}
	old := o.spaces[i].entries.set(key, e)
	o.undo = append(o.undo, undoStep{space, key, old})
	return old
}

// rollbackTo takes back all changes after the first n.
func (o *overlay) rollbackTo(n int) {
	for i := len(o.undo) - 1; i >= n; i-- {
		u := o.undo[i]
		if u.old == nil {
			o.of(u.space).delete(u.key)
		} else {
			o.of(u.space).set(u.key, u.old)
		}
	}
	clear(o.undo[n:])
	o.undo = o.undo[:n]
}

// view gives the entries of a space as they are now; later changes do not show in it. Nil if there are none.
func (o *overlay) view(space scn.Space) *entries {
	m := o.of(space)
	if m == nil || m.len() == 0 {
		return nil
	}
	return m.clone()
}

// cursor walks over the entries of a space within a range.
type cursor struct {
	entries *entries
	low     []byte
	high    []byte
	reverse bool
	key     []byte
	entry   *entry // nil when there are no more
}

func newCursor(m *entries, r Range) *cursor {
	c := &cursor{entries: m, low: r.Low, high: r.High, reverse: r.Reverse}
	switch {
	case m == nil:
	case c.reverse:
		c.stand(m.before(r.High))
	default:
		c.stand(m.from(r.Low, false))
	}
	return c
}

// stand moves to an entry, or to the end if it is outside of the range.
func (c *cursor) stand(key []byte, e *entry) {
	if e != nil && (bytes.Compare(key, c.low) < 0 || c.high != nil && bytes.Compare(key, c.high) >= 0) {
		e = nil
	}
	c.key, c.entry = key, e
}

func (c *cursor) next() {
	if c.reverse {
		c.stand(c.entries.before(c.key))
	} else {
		c.stand(c.entries.from(c.key, true))
	}
}
