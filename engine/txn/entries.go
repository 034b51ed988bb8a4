package txn

import (
	"bytes"
	"slices"

	"github.com/RaduBerinde/btreemap"
)

// entries are the keys of one space that a transaction touched, in the order of the store. Most transactions touch a
// few: these lie in a slice, and a tree is made when there are more.
type entries struct {
	few  []keyEntry
	many *btreemap.BTreeMap[[]byte, *entry] // nil until there are more than fewMax
}

type keyEntry struct {
	key   []byte
	entry *entry
}

const (
	fewMax     = 8
	treeDegree = 16
)

func (m *entries) len() int {
	if m.many != nil {
		return m.many.Len()
	}
	return len(m.few)
}

// find gives the place of a key in the slice, or where it would be.
func (m *entries) find(key []byte) (int, bool) {
	return slices.BinarySearchFunc(m.few, key, func(e keyEntry, key []byte) int { return bytes.Compare(e.key, key) })
}

// get gives the entry of a key, nil if there is none.
func (m *entries) get(key []byte) *entry {
	if m.many != nil {
		_, e, _ := m.many.Get(key)
		return e
	}
	if i, ok := m.find(key); ok {
		return m.few[i].entry
	}
	return nil
}

// set gives a key an entry, and returns the one it had, nil if none.
func (m *entries) set(key []byte, e *entry) (old *entry) {
	if m.many == nil && len(m.few) == fewMax {
		m.many = btreemap.New[[]byte, *entry](treeDegree, bytes.Compare)
		for _, f := range m.few {
			m.many.ReplaceOrInsert(f.key, f.entry)
		}
		m.few = nil
	}
	if m.many != nil {
		_, old, _ = m.many.ReplaceOrInsert(key, e)
		return old
	}
	i, ok := m.find(key)
	if ok {
		old, m.few[i].entry = m.few[i].entry, e
		return old
	}
	m.few = slices.Insert(m.few, i, keyEntry{key, e})
	return nil
}

func (m *entries) delete(key []byte) {
	if m.many != nil {
		m.many.Delete(key)
	} else if i, ok := m.find(key); ok {
		m.few = slices.Delete(m.few, i, i+1)
	}
}

// clone gives the entries as they are now; later changes do not show in it.
func (m *entries) clone() *entries {
	if m.many != nil {
		return &entries{many: m.many.Clone()}
	}
	return &entries{few: slices.Clone(m.few)}
}

// from gives the first entry whose key is at least key, or greater if after is set; nil if there is none.
func (m *entries) from(key []byte, after bool) (k []byte, e *entry) {
	if m.many == nil {
		i, found := m.find(key)
		if found && after {
			i++
		}
		if i < len(m.few) {
			return m.few[i].key, m.few[i].entry
		}
		return nil, nil
	}
	low := btreemap.GE(key)
	if after {
		low = btreemap.GT(key)
	}
	for k, e := range m.many.Ascend(low, btreemap.Max[[]byte]()) {
		return k, e
	}
	return nil, nil
}

// before gives the last entry whose key is less than key, or the last of all for nil; nil if there is none.
func (m *entries) before(key []byte) (k []byte, e *entry) {
	if m.many == nil {
		i := len(m.few)
		if key != nil {
			i, _ = m.find(key)
		}
		if i > 0 {
			return m.few[i-1].key, m.few[i-1].entry
		}
		return nil, nil
	}
	high := btreemap.Max[[]byte]()
	if key != nil {
		high = btreemap.LT(key)
	}
	for k, e := range m.many.Descend(high, btreemap.Min[[]byte]()) {
		return k, e
	}
	return nil, nil
}

// all walks over the entries in the order of their keys, until yield returns false.
func (m *entries) all(yield func([]byte, *entry) bool) {
	if m.many != nil {
		m.many.Ascend(btreemap.Min[[]byte](), btreemap.Max[[]byte]())(yield)
		return
	}
	for _, f := range m.few {
		if !yield(f.key, f.entry) {
			return
		}
	}
}
