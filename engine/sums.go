package engine

import (
	"encoding/binary"
	"errors"
	"fmt"

	"redoubt/engine/catalog"
	"redoubt/engine/mvcc"
	"redoubt/engine/txn"
	"redoubt/scn"
)

// The sums of a table are kept as of every SCN, so that a table that goes back has its sums of then at once, and any
// state of the past can be verified. For each group of commits that touches a table there is one entry:
//
//	key      table id (4 bytes, big endian)
//	version  first SCN of the group that touches the table
//	value    for each SCN of the group that touches it: uvarint of SCNs since the one before (0 for the first), uvarint of
//	         rows, hash (8 bytes, little endian)

// sumAt is what a table's sums are from an SCN on.
type sumAt struct {
	at  scn.SCN
	sum TableState
}

func sumKey(table scn.Space) []byte { return binary.BigEndian.AppendUint32(nil, uint32(table)) }

func encodeSums(sums []sumAt) []byte {
	var b []byte
	last := sums[0].at
	for _, s := range sums {
		b = binary.AppendUvarint(b, uint64(s.at-last))
		b = binary.AppendUvarint(b, s.sum.Rows)
		b = binary.LittleEndian.AppendUint64(b, s.sum.Hash)
		last = s.at
	}
	return b
}

// eachSum gives the SCNs of an entry that begins at first, and the sums from each on, until yield says false.
func eachSum(value []byte, first scn.SCN, yield func(scn.SCN, TableState) bool) error {
	for at := first; len(value) > 0; {
		since, n := binary.Uvarint(value)
		rows, m := binary.Uvarint(value[max(n, 0):])
		if n <= 0 || m <= 0 || len(value) < n+m+8 {
			return errors.New("state store: damaged sums of a table")
		}
		at += scn.SCN(since)
		if !yield(at, TableState{rows, binary.LittleEndian.Uint64(value[n+m:])}) {
			return nil
		}
		value = value[n+m+8:]
	}
	return nil
}

// sumOf gives the sums as of an SCN from an entry that begins at first, which is not after it.
func sumOf(value []byte, first, at scn.SCN) (sum TableState, err error) {
	err = eachSum(value, first, func(s scn.SCN, t TableState) bool {
		if s <= at {
			sum = t
		}
		return s < at
	})
	return sum, err
}

// loadSums reads the sums of every table as of an SCN.
func (e *Engine) loadSums(at scn.SCN) (map[scn.Space]TableState, error) {
	it, err := e.store.NewIterator(scn.Simple(catalog.SumsSpace, at), mvcc.Range{})
	if err != nil {
		return nil, err
	}
	defer it.Close()
	tables := map[scn.Space]TableState{}
	for it.Next() {
		v := it.Version()
		if len(it.Key()) != 4 {
			return nil, errors.New("state store: sums of a table have the wrong key")
		}
		if tables[scn.Space(binary.BigEndian.Uint32(it.Key()))], err = sumOf(v.Value, v.SCN, at); err != nil {
			return nil, err
		}
	}
	return tables, it.Err()
}

// storedSum reads the sums of one table as of an SCN from the store.
func (e *Engine) storedSum(table scn.Space, at scn.SCN) (TableState, error) {
	if at == 0 {
		return TableState{}, nil
	}
	v, found, err := e.store.Get(scn.Simple(catalog.SumsSpace, at), sumKey(table), nil)
	if err != nil || !found {
		return TableState{}, err
	}
	return sumOf(v.Value, v.SCN, at)
}

// TableStateAt gives the sums of one table as of an SCN.
func (e *Engine) TableStateAt(table scn.Space, at scn.SCN) (TableState, error) {
	if applied := e.Applied(); at > applied {
		return TableState{}, fmt.Errorf("SCN %d: %w: the newest is %d", at, txn.ErrFuture, applied)
	}
	return e.storedSum(table, at)
}

// ChangesOf gives the SCNs from first to last at which a table changed, newest groups first, until each says false; it
// tells whether it gave them all.
func (e *Engine) ChangesOf(table scn.Space, first, last scn.SCN, each func(scn.SCN) bool) (complete bool, err error) {
	h, err := e.store.NewHistory(catalog.SumsSpace, mvcc.Range{Low: sumKey(table), High: sumKey(table + 1)})
	if err != nil {
		return false, err
	}
	defer h.Close()
	for h.Next() {
		if h.SCN() > last {
			continue
		}
		v, err := h.Version()
		if err != nil {
			return false, err
		}
		older, more := h.SCN() < first, true
		err = eachSum(v.Value, v.SCN, func(at scn.SCN, _ TableState) bool {
			if at >= first && at <= last {
				more = each(at)
			}
			return more
		})
		if err != nil || !more {
			return false, err
		}
		if older {
			break
		}
	}
	return true, h.Err()
}

// LastChange is the last SCN at which a table changed, by its rows or by going back; 0 if it never did.
func (e *Engine) LastChange(table scn.Space) (last scn.SCN, err error) {
	v, found, err := e.store.Get(scn.Simple(catalog.SumsSpace, e.Applied()), sumKey(table), nil)
	if err != nil || !found {
		return 0, err
	}
	err = eachSum(v.Value, v.SCN, func(at scn.SCN, _ TableState) bool {
		last = at
		return true
	})
	return last, err
}

// StateHashAt sums up the state as of an SCN.
func (e *Engine) StateHashAt(at scn.SCN) (StateHash, error) {
	if applied := e.Applied(); at > applied {
		return StateHash{}, fmt.Errorf("SCN %d: %w: the newest is %d", at, txn.ErrFuture, applied)
	}
	if floor := e.floors.Load(); at < floor.highest {
		return StateHash{}, &txn.FloorError{At: at, Floor: floor.top()}
	}
	dictionary, err := e.CatalogAt(at)
	if err != nil {
		return StateHash{}, err
	}
	tables, err := e.loadSums(at)
	return sumUp(at, dictionary, tables), err
}

// setSum makes a table's sums what they are from an SCN on.
func (a *applier) setSum(at scn.SCN, table scn.Space, sum TableState) {
	a.tables[table] = sum
	group := a.sums[table]
	if n := len(group); n > 0 && group[n-1].at == at {
		group[n-1].sum = sum
		return
	}
	a.sums[table] = append(group, sumAt{at, sum})
}

// sumBefore gives the sums of a table as of an SCN that is older than the transaction that is being applied. All before
// the present group must be in the store.
func (a *applier) sumBefore(table scn.Space, at scn.SCN) (TableState, error) {
	group := a.sums[table]
	for i := len(group) - 1; i >= 0; i-- {
		if group[i].at <= at {
			return group[i].sum, nil
		}
	}
	return a.engine.storedSum(table, at)
}

// putSums writes the sums of a group.
func (a *applier) putSums() error {
	for table, sums := range a.sums {
		if err := a.batch.Put(catalog.SumsSpace, sumKey(table), sums[0].at, encodeSums(sums)); err != nil {
			return err
		}
	}
	clear(a.sums)
	return nil
}
