package segments

import (
	"math"
	"slices"

	"redoubt/scn"
)

// Filter says which records a scan is for. A record passes if it passes all three parts.
type Filter struct {
	// SCNs is the range (After, To]; the zero Range stands for everything there is.
	SCNs scn.Range
	// FromMicros and ToMicros bound the time of a record, both included. ToMicros 0: no
	// upper bound.
	FromMicros, ToMicros int64
	// Tables: the record touches one of these at least. Empty: any record.
	Tables []uint64
}

// prepare fills in what zero values stand for.
func (f Filter) prepare() Filter {
	if f.SCNs == (scn.Range{}) {
		f.SCNs = scn.Range{To: scn.Max}
	}
	if f.ToMicros == 0 {
		f.ToMicros = math.MaxInt64
	}
	f.Tables = slices.Clone(f.Tables)
	slices.Sort(f.Tables)
	return f
}

// mayMatch says whether a block can hold a record that passes.
func (f *Filter) mayMatch(b *block) bool {
	return b.last() > f.SCNs.After && b.first <= f.SCNs.To &&
		b.maxTime >= f.FromMicros && b.minTime <= f.ToMicros &&
		(b.anyTable || f.touches(b.tables))
}

func (f *Filter) matches(r *Record) bool {
	return f.SCNs.Contains(r.SCN) && r.TimeMicros >= f.FromMicros && r.TimeMicros <= f.ToMicros && f.touches(r.Tables)
}

// touches says whether two sorted lists meet.
func (f *Filter) touches(tables []uint64) bool {
	if len(f.Tables) == 0 {
		return true
	}
	for i, j := 0, 0; i < len(f.Tables) && j < len(tables); {
		switch {
		case f.Tables[i] < tables[j]:
			i++
		case f.Tables[i] > tables[j]:
			j++
		default:
			return true
		}
	}
	return false
}

// ScanStats says what a scan has cost so far.
type ScanStats struct {
	// BlocksRead and BlocksSkipped are blocks that were read, and that the index ruled out.
	BlocksRead, BlocksSkipped int
	// BytesRead is what was read from blocks, BytesDecoded what that decompressed to.
	BytesRead, BytesDecoded int64
	// Records is how many records passed the filter, RecordsSeen how many were decoded.
	Records, RecordsSeen uint64
	// SegmentsSkipped are segments of which not even the index was looked at block by
	// block; their blocks count as skipped. Only a Catalog's scan has any.
	SegmentsSkipped int
}

func (s *ScanStats) add(o ScanStats) {
	s.BlocksRead += o.BlocksRead
	s.BlocksSkipped += o.BlocksSkipped
	s.BytesRead += o.BytesRead
	s.BytesDecoded += o.BytesDecoded
	s.Records += o.Records
	s.RecordsSeen += o.RecordsSeen
	s.SegmentsSkipped += o.SegmentsSkipped
}

// Iterator goes over the records of a segment that pass a filter, in order of SCN. It
// belongs to one goroutine. After Next returned false, Err says why.
type Iterator struct {
	r      *Reader
	filter Filter
	next   int // block to be looked at
	buf    buffers
	recs   records
	bl     *block
	rec    Record
	stats  ScanStats
	err    error
}

// Scan returns an iterator over the records that pass f.
func (r *Reader) Scan(f Filter) *Iterator {
	return &Iterator{r: r, filter: f.prepare()}
}

// Next moves to the next record.
func (it *Iterator) Next() bool {
	for it.err == nil {
		if it.recs.left == 0 {
			if !it.nextBlock() {
				return false
			}
			continue
		}
		rec, err := it.recs.take()
		if err != nil {
			it.err = it.r.corruption(it.bl.offset, it.recs.next, err)
			return false
		}
		it.stats.RecordsSeen++
		if it.filter.matches(&rec) {
			it.rec = rec
			it.stats.Records++
			return true
		}
	}
	return false
}

func (it *Iterator) nextBlock() bool {
	for ; it.next < len(it.r.blocks); it.next++ {
		bl := &it.r.blocks[it.next]
		if !it.filter.mayMatch(bl) {
			it.stats.BlocksSkipped++
			continue
		}
		it.next++
		raw, err := it.r.readBlock(bl, &it.buf)
		if err != nil {
			it.err = err
			return false
		}
		it.stats.BlocksRead++
		it.stats.BytesRead += bl.bytes
		it.stats.BytesDecoded += bl.rawBytes
		it.bl = bl
		it.recs = newRecords(raw, bl.first, bl.count, it.recs.tables)
		return true
	}
	return false
}

// Record returns the present record. Its slices are valid until the next call of Next.
func (it *Iterator) Record() Record { return it.rec }

// Err returns what ended the iteration, nil if it came to its end.
func (it *Iterator) Err() error { return it.err }

// Stats says what the scan has cost so far.
func (it *Iterator) Stats() ScanStats { return it.stats }
