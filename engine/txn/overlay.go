package txn

import (
	"bytes"

	"github.com/RaduBerinde/btreemap"

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

type entries = btreemap.BTreeMap[[]byte, *entry]

// overlay holds a transaction's changes, by space and key, in the order of the store.
type overlay struct {
	spaces map[scn.Space]*entries
	undo   []undoStep
}

// undoStep is what a key was before a change: nil if the transaction had not touched it.
type undoStep struct {
	space scn.Space
	key   []byte
	old   *entry
}

const overlayDegree = 16

func (o *overlay) get(space scn.Space, key []byte) *entry {
	m := o.spaces[space]
	if m == nil {
		return nil
	}
	_, e, _ := m.Get(key)
	return e
}

func (o *overlay) set(space scn.Space, key []byte, e *entry) {
	m := o.spaces[space]
	if m == nil {
		if o.spaces == nil {
			o.spaces = map[scn.Space]*entries{}
		}
		m = btreemap.New[[]byte, *entry](overlayDegree, bytes.Compare)
		o.spaces[space] = m
	}
	_, old, _ := m.ReplaceOrInsert(key, e)
	o.undo = append(o.undo, undoStep{space, key, old})
}

// rollbackTo takes back all changes after the first n.
func (o *overlay) rollbackTo(n int) {
	for i := len(o.undo) - 1; i >= n; i-- {
		u := o.undo[i]
		if u.old == nil {
			o.spaces[u.space].Delete(u.key)
		} else {
			o.spaces[u.space].ReplaceOrInsert(u.key, u.old)
		}
	}
	clear(o.undo[n:])
	o.undo = o.undo[:n]
}

// view gives the entries of a space as they are now; later changes do not show in it. Nil if there are none.
func (o *overlay) view(space scn.Space) *entries {
	m := o.spaces[space]
	if m == nil || m.Len() == 0 {
		return nil
	}
	return m.Clone()
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
	if m != nil {
		c.seek(btreemap.GE(r.Low), c.upper())
	}
	return c
}

func (c *cursor) upper() btreemap.UpperBound[[]byte] {
	if c.high == nil {
		return btreemap.Max[[]byte]()
	}
	return btreemap.LT(c.high)
}

func (c *cursor) seek(low btreemap.LowerBound[[]byte], high btreemap.UpperBound[[]byte]) {
	c.key, c.entry = nil, nil
	if c.reverse {
		for k, e := range c.entries.Descend(high, low) {
			c.key, c.entry = k, e
			return
		}
		return
	}
	for k, e := range c.entries.Ascend(low, high) {
		c.key, c.entry = k, e
		return
	}
}

func (c *cursor) next() {
	if c.reverse {
		c.seek(btreemap.GE(c.low), btreemap.LT(c.key))
	} else {
		c.seek(btreemap.GT(c.key), c.upper())
	}
}

// Bounds of a walk over all entries.
var (
	allFrom = btreemap.Min[[]byte]()
	allTo   = btreemap.Max[[]byte]()
)
