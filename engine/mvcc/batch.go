package mvcc

import (
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"redoubt/scn"
)

// Batch collects versions and named values that become visible together and survive a crash together.
type Batch struct {
	batch *pebble.Batch
	pages *rowCache
	key   []byte
	value []byte
}

// NewBatch starts an empty batch.
func (s *Store) NewBatch() *Batch { return &Batch{batch: s.db.NewBatch(), pages: s.pages} }

// Put adds a version of a key. The bytes are copied.
func (b *Batch) Put(space scn.Space, key []byte, at scn.SCN, value []byte) error {
	b.key = appendDataKey(b.key[:0], space, key, at)
	b.value = append(append(b.value[:0], valueLive), value...)
	return b.batch.Set(b.key, b.value, nil)
}

// Delete adds the version that ends a key.
func (b *Batch) Delete(space scn.Space, key []byte, at scn.SCN) error {
	b.key = appendDataKey(b.key[:0], space, key, at)
	return b.batch.Set(b.key, []byte{valueDeleted}, nil)
}

// Copy adds a copy of a version under a later SCN, for readers who pass over what lies between. found tells whether
// there is one to copy; if not, the key is from there on as if it had never been.
func (b *Batch) Copy(space scn.Space, key []byte, at scn.SCN, v Version, found bool) error {
	b.key = appendDataKey(b.key[:0], space, key, at)
	switch {
	case !found:
		b.value = append(b.value[:0], valueGone, 0)
	case v.Deleted:
		b.value = binary.AppendUvarint(append(b.value[:0], valueGone), uint64(v.SCN))
	default:
		b.value = binary.AppendUvarint(append(b.value[:0], valueCopied), uint64(v.SCN))
		b.value = append(b.value, v.Value...)
	}
	return b.batch.Set(b.key, b.value, nil)
}

// SetMeta sets a named value.
func (b *Batch) SetMeta(name string, value []byte) error {
	return b.batch.Set(metaKey(name), value, nil)
}

// DropMeta removes a named value, which need not be there.
func (b *Batch) DropMeta(name string) error { return b.batch.Delete(metaKey(name), nil) }

// Len is the size of the batch in bytes.
func (b *Batch) Len() int { return b.batch.Len() }

// Commit makes the batch visible. It is durable after the next flush.
func (b *Batch) Commit() error {
	written, count := b.batch.Reader(), b.batch.Count() // a large one is emptied by Commit
	err := b.batch.Commit(pebble.NoSync)
	if err == nil {
		err = b.pages.wrote(written, count)
	}
	if err != nil {
		return fmt.Errorf("write to state store: %w", err)
	}
	return b.batch.Close()
}

// Discard drops the batch.
func (b *Batch) Discard() error { return b.batch.Close() }
