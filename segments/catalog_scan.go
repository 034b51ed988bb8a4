package segments

import "fmt"

// CatalogIterator goes over the records of a catalog that pass a filter, in order of SCN.
// It belongs to one goroutine, and must be closed. After Next returned false, Err says
// why.
type CatalogIterator struct {
	c      *Catalog
	filter Filter
	left   []Info
	reader *Reader
	it     *Iterator
	stats  ScanStats
	err    error
}

// Scan returns an iterator over the records that pass f, in the segments that are there
// now. If f names SCNs and the first of them were removed, Err is ErrGone at once: a
// scan never begins late without saying so.
func (c *Catalog) Scan(f Filter) *CatalogIterator {
	c.mu.RLock()
	defer c.mu.RUnlock()
	it := &CatalogIterator{c: c, filter: f.prepare(), left: c.segments}
	if f.SCNs.After+1 < c.first && !f.SCNs.Empty() {
		it.err = fmt.Errorf("%w: SCN %d is wanted, the first is %d", ErrGone, f.SCNs.After+1, c.first)
	}
	return it
}

// Next moves to the next record.
func (it *CatalogIterator) Next() bool {
	for it.err == nil {
		if it.it == nil {
			if !it.nextSegment() {
				return false
			}
			continue
		}
		if it.it.Next() {
			return true
		}
		it.err = it.it.Err()
		it.leave()
	}
	return false
}

// nextSegment opens the next segment that may hold something.
func (it *CatalogIterator) nextSegment() bool {
	for len(it.left) > 0 {
		info := it.left[0]
		it.left = it.left[1:]
		whole := block{first: info.FirstSCN, count: info.Count, minTime: info.FirstTimeMicros, maxTime: info.LastTimeMicros, anyTable: true}
		if !it.filter.mayMatch(&whole) {
			it.stats.SegmentsSkipped++
			it.stats.BlocksSkipped += info.Blocks
			continue
		}
		r, err := Open(it.c.o.FS, info.Path)
		if err != nil {
			it.err = err
			return false
		}
		if r.Info() != info {
			it.reader = r
			it.err = &CorruptionError{File: info.Path, SCN: info.FirstSCN, Err: fmt.Errorf("%w: it was replaced", ErrBrokenChain)}
			return false
		}
		it.reader, it.it = r, r.Scan(it.filter)
		return true
	}
	return false
}

// leave closes the present segment and keeps what its scan has cost.
func (it *CatalogIterator) leave() {
	if it.it != nil {
		it.stats.add(it.it.Stats())
		it.it = nil
	}
	if it.reader != nil {
		if err := it.reader.Close(); err != nil && it.err == nil {
			it.err = err
		}
		it.reader = nil
	}
}

// Record returns the present record. Its slices are valid until the next call of Next.
func (it *CatalogIterator) Record() Record { return it.it.Record() }

// Err returns what ended the iteration, nil if it came to its end.
func (it *CatalogIterator) Err() error { return it.err }

// Stats says what the scan has cost so far.
func (it *CatalogIterator) Stats() ScanStats {
	s := it.stats
	if it.it != nil {
		s.add(it.it.Stats())
	}
	return s
}

// Close lets the files go. It may be called at any time, and more than once.
func (it *CatalogIterator) Close() error {
	failed := it.err
	it.left = nil
	it.leave()
	if failed == nil {
		return it.err
	}
	return nil
}
