package engine

import (
	"encoding/binary"
	"errors"
	"fmt"

	"redoubt/engine/catalog"
	"redoubt/engine/mvcc"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// Commit times are kept in two spaces of the state store, one entry for each group:
//
//	by SCN    first SCN (8 bytes, big endian) -> time of the first (8 bytes, little endian), then for each further
//	          transaction a uvarint of microseconds since the one before
//	by time   time of the first (8 bytes, big endian, sign bit turned over), first SCN (8 bytes, big endian)

func encodeTimes(g *redo.Group) (key, value []byte) {
	key = binary.BigEndian.AppendUint64(nil, uint64(g.FirstSCN))
	at := g.Txns[0].TimeMicros
	value = binary.LittleEndian.AppendUint64(nil, uint64(at))
	for _, t := range g.Txns[1:] {
		value = binary.AppendUvarint(value, uint64(t.TimeMicros-at))
		at = t.TimeMicros
	}
	return key, value
}

func timeKey(micros int64, first scn.SCN) []byte {
	key := binary.BigEndian.AppendUint64(nil, uint64(micros)^1<<63)
	return binary.BigEndian.AppendUint64(key, uint64(first))
}

func decodeTimes(value []byte) ([]int64, error) {
	if len(value) < 8 {
		return nil, errors.New("state store: damaged commit times")
	}
	at := int64(binary.LittleEndian.Uint64(value))
	times := []int64{at}
	for value = value[8:]; len(value) > 0; {
		d, n := binary.Uvarint(value)
		if n <= 0 {
			return nil, errors.New("state store: damaged commit times")
		}
		at += int64(d)
		times, value = append(times, at), value[n:]
	}
	return times, nil
}

// SCNToTime is the commit time of an SCN, microseconds since 1970-01-01 UTC. SCN 0 has none: it gives 0.
func (e *Engine) SCNToTime(at scn.SCN) (int64, error) {
	if applied := e.Applied(); at > applied {
		return 0, fmt.Errorf("SCN %d: %w: the newest is %d", at, txn.ErrFuture, applied)
	}
	if at == 0 {
		return 0, nil
	}
	first, times, err := e.group(binary.BigEndian.AppendUint64(nil, uint64(at)+1))
	if err != nil {
		return 0, err
	}
	if i := uint64(at - first); i < uint64(len(times)) {
		return times[i], nil
	}
	return 0, fmt.Errorf("the commit time of SCN %d is not in the state store", at)
}

// TimeToSCN is the last commit at or before a time, microseconds since 1970-01-01 UTC; 0 if there was none.
func (e *Engine) TimeToSCN(micros int64) (scn.SCN, error) {
	applied := e.Applied()
	it, err := e.store.NewIterator(scn.Simple(catalog.TimesSpace, applied), mvcc.Range{High: timeKey(micros, scn.Max), Reverse: true})
	if err != nil {
		return 0, err
	}
	defer it.Close()
	if !it.Next() {
		return 0, it.Err()
	}
	start := binary.BigEndian.Uint64(it.Key()[8:])
	first, times, err := e.group(binary.BigEndian.AppendUint64(nil, start+1))
	if err != nil {
		return 0, err
	}
	n := 0
	for n < len(times) && times[n] <= micros {
		n++
	}
	return min(first+scn.SCN(n)-1, applied), nil
}

// group finds the last group whose first SCN is below a key of the space by SCN.
func (e *Engine) group(below []byte) (scn.SCN, []int64, error) {
	it, err := e.store.NewIterator(scn.Simple(catalog.TimesBySCNSpace, scn.Max), mvcc.Range{High: below, Reverse: true})
	if err != nil {
		return 0, nil, err
	}
	defer it.Close()
	if !it.Next() {
		if err := it.Err(); err != nil {
			return 0, nil, err
		}
		return 0, nil, errors.New("state store: no commit times")
	}
	times, err := decodeTimes(it.Version().Value)
	return scn.SCN(binary.BigEndian.Uint64(it.Key())), times, err
}
