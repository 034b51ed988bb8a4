package segments

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"redoubt/scn"
)

// hashChunkBytes is how much is gathered for one call of the hash function, which is
// slow on small pieces.
const hashChunkBytes = 16 << 10

// contentHash computes the hash of a segment's content as format.go defines it.
type contentHash struct {
	h   hash.Hash
	buf []byte
}

func newContentHash() *contentHash { return &contentHash{h: sha256.New()} }

func (c *contentHash) begin(h *fileHeader) { c.buf = append(c.buf, h.encodeIdentity()...) }

// add adds a record; tables are sorted, each once.
func (c *contentHash) add(s scn.SCN, timeMicros int64, tables []uint64, payload []byte) {
	b := binary.LittleEndian.AppendUint64(c.buf, uint64(s))
	b = binary.LittleEndian.AppendUint64(b, uint64(timeMicros))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(tables)))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(payload)))
	for _, id := range tables {
		b = binary.LittleEndian.AppendUint64(b, id)
	}
	if len(payload) < hashChunkBytes {
		c.buf = append(b, payload...)
		if len(c.buf) >= hashChunkBytes {
			c.flush()
		}
		return
	}
	c.buf = b
	c.flush()
	c.h.Write(payload)
}

func (c *contentHash) flush() {
	c.h.Write(c.buf)
	c.buf = c.buf[:0]
}

// sum ends the hash.
func (c *contentHash) sum() (sum Hash) {
	c.flush()
	c.h.Sum(sum[:0])
	return sum
}
