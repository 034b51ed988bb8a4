package engine

import (
	"cmp"
	"encoding/binary"
	"slices"

	"redoubt/engine/catalog"
	"redoubt/engine/mvcc"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// NewVersions reads the history of rows and index entries, key by key. Close it.
func (e *Engine) NewVersions() (*mvcc.Versions, error) { return e.store.NewVersions() }

// Definition is what a table was defined as from an SCN on.
type Definition struct {
	At    scn.SCN
	Table *catalog.Table // nil: dropped
}

// Definitions is the history of a table's definition up to an SCN, oldest first.
func (e *Engine) Definitions(table scn.Space, to scn.SCN) ([]Definition, error) {
	v, err := e.store.NewVersions()
	if err != nil {
		return nil, err
	}
	defer v.Close()
	var out []Definition
	for v.After(catalog.TablesSpace, catalog.TableKey(table), 0); v.Next(); {
		found := v.Version()
		if found.SCN > to {
			break
		}
		d := Definition{At: found.SCN}
		if !found.Deleted {
			if d.Table, err = definitionOf(found.Value); err != nil {
				return nil, err
			}
		}
		out = append(out, d)
	}
	return out, v.Err()
}

func definitionOf(value []byte) (*catalog.Table, error) {
	row, _, err := redo.DecodeRow(value, nil)
	if err != nil {
		return nil, err
	}
	return catalog.TableOf(row)
}

// Ended is when a definition of a table ended: the commit at At put another in its place or dropped the table.
type Ended struct {
	Table scn.Space
	At    scn.SCN
}

// NamesEnded lists when definitions of tables of a name, of any schema, ended, up to an SCN, newest first. It reads the whole
// history of the tables' definitions.
func (e *Engine) NamesEnded(name string, to scn.SCN) ([]Ended, error) {
	h, err := e.store.NewHistory(catalog.TablesSpace, mvcc.Range{})
	if err != nil {
		return nil, err
	}
	defer h.Close()
	var out []Ended
	var key []byte
	after := scn.SCN(0) // of the next newer version of the same table; 0: there is none
	for h.Next() {
		if string(h.Key()) != string(key) {
			key, after = append(key[:0], h.Key()...), 0
		}
		at := h.SCN()
		if at > to {
			continue
		}
		found, err := h.Version()
		if err != nil {
			return nil, err
		}
		if !found.Deleted && after != 0 {
			def, err := definitionOf(found.Value)
			if err != nil {
				return nil, err
			}
			if catalog.Fold(def.Name) == catalog.Fold(name) {
				out = append(out, Ended{def.ID, after})
			}
		}
		after = at
	}
	slices.SortFunc(out, func(a, b Ended) int { return cmp.Compare(b.At, a.At) })
	return out, h.Err()
}

// CommitsFrom tells of an SCN and of others about it and after it: n at least, if there are so many.
func (e *Engine) CommitsFrom(at scn.SCN, n int) ([]CommitInfo, error) {
	if _, err := e.CommitOf(at); err != nil || at == 0 {
		return nil, err
	}
	out, err := e.group(binary.BigEndian.AppendUint64(nil, uint64(at)+1))
	if err != nil {
		return nil, err
	}
	it, err := e.store.NewIterator(scn.Simple(catalog.TimesBySCNSpace, scn.Max), mvcc.Range{Low: binary.BigEndian.AppendUint64(nil, uint64(at)+1)})
	if err != nil {
		return nil, err
	}
	defer it.Close()
	for len(out) < n && it.Next() {
		group, err := decodeTimes(scn.SCN(binary.BigEndian.Uint64(it.Key())), it.Version().Value)
		if err != nil {
			return nil, err
		}
		out = append(out, group...)
	}
	return out, it.Err()
}
