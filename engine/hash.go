package engine

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/cespare/xxhash/v2"

	"redoubt/engine/catalog"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// The state hash is additive: the hash of a table is the sum, modulo 2^64, of the hashes of (key, column, value) over all
// its rows. So it can be kept as rows change, computed from the log alone, since the log carries what changed before and
// after, and compared between nodes at the same SCN. A clone begins with the sums of what it is a clone of: so the table is
// no part of what is hashed, and comes in where tables are summed up. It finds accidents, not forgeries.

// hasher adds up the change of a table's hash. It belongs to one goroutine.
type hasher struct{ buf []byte }

// row gives the sum over the columns of a row, or of the changed ones.
func (h *hasher) row(key []byte, row redo.Row) (sum uint64) {
	h.buf = binary.AppendUvarint(h.buf[:0], uint64(len(key)))
	h.buf = append(h.buf, key...)
	head := len(h.buf)
	for i := range row {
		h.buf = binary.AppendUvarint(h.buf[:head], uint64(row[i].ID))
		h.buf = redo.AppendValue(h.buf, row[i].Value)
		sum += xxhash.Sum64(h.buf)
	}
	return sum
}

// change adds what a change does to the sums of its table.
func (h *hasher) change(s *TableState, c *redo.Change) {
	switch c.Op {
	case redo.Insert:
		s.Rows++
	case redo.Delete:
		s.Rows--
	}
	s.Hash += h.row(c.Key, c.After) - h.row(c.Key, c.Before)
}

// StateHash is the sum of all tables that there are, system tables included, as of an SCN.
type StateHash struct {
	SCN    scn.SCN
	Rows   uint64
	Hash   uint64
	Tables map[scn.Space]TableState
}

// Equal tells whether two states are the same, and of the same SCN.
func (a StateHash) Equal(b StateHash) bool {
	return a.SCN == b.SCN && a.Rows == b.Rows && a.Hash == b.Hash && maps.Equal(a.Tables, b.Tables)
}

// Differing lists the tables whose sums differ, in ascending order.
func (a StateHash) Differing(b StateHash) []scn.Space {
	var out []scn.Space
	for id, s := range a.Tables {
		if b.Tables[id] != s {
			out = append(out, id)
		}
	}
	for id := range b.Tables {
		if _, ok := a.Tables[id]; !ok {
			out = append(out, id)
		}
	}
	slices.SortFunc(out, cmp.Compare)
	return out
}

// hashOf is the share of one table in the hash of all.
func hashOf(id scn.Space, s TableState) uint64 {
	b := binary.BigEndian.AppendUint32(nil, uint32(id))
	b = binary.BigEndian.AppendUint64(b, s.Rows)
	return xxhash.Sum64(binary.BigEndian.AppendUint64(b, s.Hash))
}

// sumUp leaves out dropped tables: their rows may be there or not.
func sumUp(at scn.SCN, dictionary *catalog.Snapshot, tables map[scn.Space]TableState) StateHash {
	h := StateHash{SCN: at, Tables: map[scn.Space]TableState{}}
	for id, s := range tables {
		if s == (TableState{}) {
			continue // an emptied table is as good as one that never had rows
		}
		if _, ok := dictionary.TableByID(id); !ok {
			continue
		}
		h.Tables[id] = s
		h.Rows += s.Rows
		h.Hash += hashOf(id, s)
	}
	return h
}
