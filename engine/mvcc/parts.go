package mvcc

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// PartKey names a part of a transaction that is on its way.
type PartKey struct {
	XID    uint64
	Number uint32
}

// PutPart keeps a part until its transaction comes, or is dropped.
func (b *Batch) PutPart(k PartKey, value []byte) error {
	return b.batch.Set(partKey(k), value, nil)
}

// DropPart drops a part, which need not be there.
func (b *Batch) DropPart(k PartKey) error { return b.batch.Delete(partKey(k), nil) }

// Part gives a part that is kept. The bytes are the caller's.
func (s *Store) Part(k PartKey) ([]byte, error) {
	value, closer, err := s.db.Get(partKey(k))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, fmt.Errorf("part %d of transaction %d is not in the state store", k.Number, k.XID)
	}
	if err != nil {
		return nil, fmt.Errorf("read from state store: %w", err)
	}
	defer closer.Close()
	return append([]byte(nil), value...), nil
}

// Parts calls yield for all parts that are kept, by transaction and number. The value is valid until yield returns.
func (s *Store) Parts(yield func(k PartKey, value []byte) error) error {
	iter, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{namespacePart, prefixEnd}, UpperBound: []byte{namespacePart + 1, prefixEnd}})
	if err != nil {
		return fmt.Errorf("read from state store: %w", err)
	}
	for ok := iter.First(); ok && err == nil; ok = iter.Next() {
		var value []byte
		if value, err = iter.ValueAndErr(); err != nil {
			break
		}
		key := iter.Key()
		if len(key) != partKeyLen {
			err = errors.New("state store: damaged key of a part")
			break
		}
		err = yield(PartKey{binary.BigEndian.Uint64(key[1:]), binary.BigEndian.Uint32(key[9:])}, value)
	}
	return errors.Join(err, iter.Close())
}

func partKey(k PartKey) []byte {
	key := binary.BigEndian.AppendUint64(append(make([]byte, 0, partKeyLen), namespacePart), k.XID)
	return append(binary.BigEndian.AppendUint32(key, k.Number), prefixEnd)
}
