package mvcc

import (
	"bytes"

	"redoubt/scn"
)

// pageReader walks over the pages of a range, and reads a few that are not there.
type pageReader struct {
	store *Store
	span  scn.Interval
	upper []byte // where the range ends

	page      *page
	next, end int    // indexes of the next row of page, and of the first that is not in the range
	position  []byte // where the next page is looked for
	loads     int    // pages read from the tree
	above     int    // versions met that are above the interval
}

// nextOfPages moves to the next key. If it is better looked for in the tree, pages is nil afterwards and the tree's iterator stands before it.
func (s *spanIter) nextOfPages() {
	r := s.pages
	for s.err == nil {
		if r.page == nil && !r.turn() {
			if r.ended() {
				s.prefix = nil
				return
			}
			s.leavePages(r.position)
			return
		}
		row := r.page.rows[r.next]
		if r.above == scanAbove {
			s.leavePages(row.prefix())
			return
		}
		if r.next++; r.next == r.end {
			r.page = nil // position is behind it
		}
		s.takeRow(row)
		if s.valid {
			return
		}
	}
}

// takeRow takes what the interval sees of a key whose newest version is known, if anything.
func (s *spanIter) takeRow(r row) {
	found := r.at() > s.span.Bottom
	var version Version
	var err error
	switch {
	case !found:
	case r.at() <= s.span.Top:
		version, err = r.version()
	default:
		s.pages.above++
		version, found, err = s.pages.inTree(r.prefix())
	}
	if err != nil {
		s.err = err
	} else if found {
		s.prefix, s.version, s.valid = r.prefix(), version, true
	}
}

// leavePages goes on in the tree.
func (s *spanIter) leavePages(from []byte) {
	s.err = s.open(s.pages.store, from, s.pages.upper)
	s.pages, s.prefix = nil, nil // the prefix was a page's
}

// turn finds the page at position, and skips pages that have nothing from there on. It fails at the end of the range, or if there is no
// page to go on with.
func (r *pageReader) turn() bool {
	for !r.ended() {
		p := r.store.pages.pageOf(r.position)
		if p == nil {
			p = r.load()
		}
		if p == nil {
			return false
		}
		r.next, _ = p.search(r.position)
		r.end, r.position = len(p.rows), p.high
		if bytes.Compare(p.high, r.upper) > 0 {
			r.end, _ = p.search(r.upper)
			r.position = r.upper
		}
		if r.next < r.end {
			r.page = p
			return true
		}
	}
	return false
}

func (r *pageReader) ended() bool { return r.page == nil && bytes.Compare(r.position, r.upper) >= 0 }

// load reads the page at position, unless the scan is long or there is little room; nil: there is none, and the tree is where to look,
// which will meet the same error if that is why.
func (r *pageReader) load() *page {
	c := r.store.pages
	if top := r.span.Top; r.loads == scanLoads || !c.useful(top) || c.nearlyFull() && !c.admits(top) {
		return nil
	}
	r.loads++
	p, err := r.store.loadPage(r.position, r.upper) // not beyond, where there may be nothing but what was collected
	if err != nil {
		return nil
	}
	return p
}

// inTree is what the interval sees of a key that has newer versions.
func (r *pageReader) inTree(prefix []byte) (Version, bool, error) {
	g, err := r.store.NewGetter(r.span.Top, true)
	if err != nil {
		return Version{}, false, err
	}
	v, found, err := getIn(g.iter, r.span, keyOf(prefix), nil)
	if closeErr := g.Close(); err == nil {
		err = closeErr
	}
	return v, found, err
}
