package mvcc

import (
	"bytes"
	"encoding/binary"
	"slices"

	"redoubt/scn"
)

// page does not change. One without rows that is barred stands for a key with a version that is too large.
type page struct {
	barred bool
	rows   []row // by prefix; behind its end may be rows of the page that comes after this one
	high   []byte
	bytes  int64
}

// row is a version, as it is in the tree: SCN (8 bytes), length of the prefix (4 bytes), prefix, value.
type row []byte

// makeRow copies a version. Each row has its memory for itself, so that what is replaced is free.
func makeRow(at scn.SCN, prefix, value []byte) row {
	dst := make([]byte, 0, rowHead+len(prefix)+len(value))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(at))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(prefix)))
	return append(append(dst, prefix...), value...)
}

func (r row) at() scn.SCN { return scn.SCN(binary.LittleEndian.Uint64(r)) }

func (r row) prefix() []byte {
	end := rowHead + binary.LittleEndian.Uint32(r[8:])
	return r[rowHead:end:end]
}

func (r row) value() []byte { return r[rowHead+binary.LittleEndian.Uint32(r[8:]):] }

// bytes is how much of a page it is.
func (r row) bytes() int64 { return int64(len(r) + rowOverhead) }

func (r row) version() (Version, error) { return decodeVersion(r.at(), r.value()) }

// search finds the first row at or behind a prefix.
func (p *page) search(prefix []byte) (i int, found bool) {
	return slices.BinarySearchFunc(p.rows, prefix, func(r row, prefix []byte) int { return bytes.Compare(r.prefix(), prefix) })
}

// with is the page after a version was written. A page has one that comes after it, and no more: rows that are appended, as those of
// ascending keys are, use the same memory.
func (p *page) with(r row) *page {
	i, found := p.search(r.prefix())
	if found && p.rows[i].at() > r.at() {
		return p // a copy that folding made for others
	}
	next := &page{high: p.high, bytes: p.bytes + r.bytes()}
	if found {
		next.bytes -= p.rows[i].bytes()
		next.rows = slices.Clone(p.rows)
		next.rows[i] = r
		return next
	}
	if i == len(p.rows) {
		next.rows = append(p.rows, r)
		return next
	}
	next.rows = slices.Concat(p.rows[:i], []row{r}, p.rows[i:])
	return next
}

func (p *page) full() bool {
	return len(p.rows) >= 2*pageRows || len(p.rows) > 1 && p.bytes >= 2*pageBytesMax
}

func newPage(rows []row, high []byte) *page {
	p := &page{rows: rows, high: high}
	for _, r := range rows {
		p.bytes += r.bytes()
	}
	return p
}
