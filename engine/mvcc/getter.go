package mvcc

import (
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"redoubt/scn"
)

// Getter looks up keys again and again. It sees what was visible when it was made. It belongs to one goroutine.
type Getter struct {
	store  *Store
	iter   *pebble.Iterator
	made   made
	pinned bool
	buf    []byte
}

// getters keeps iterators for lookups: making one costs as much as a seek. Those in the pool all see what is visible
// now, so that they serve every snapshot up to it; when more becomes visible, and when files have been merged, they are closed, lest
// they keep old files from going.
type getters struct {
	mu      sync.Mutex
	visible made
	idle    []*Getter
}

// made is what was visible when an iterator was made: commits, and what was written beside them.
type made struct {
	at      scn.SCN
	renewal uint64
}

// idleGettersMax bounds the iterators in the pool.
const idleGettersMax = 64

// SetVisible tells that everything up to an SCN has been committed to the store.
func (s *Store) SetVisible(at scn.SCN) {
	s.getters.change(func(v *made) { v.at = at })
	if s.pages != nil {
		s.pages.visible.Store(uint64(at))
	}
}

// Renew tells that something else was written than versions of new commits, or that files were merged: who asks for a Getter from now on
// sees it, and nothing older.
func (s *Store) Renew() {
	s.getters.change(func(v *made) { v.renewal++ })
}

// change closes those in the pool before it returns, and before the store can be closed.
func (p *getters) change(f func(*made)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.visible)
	for _, g := range p.idle {
		g.iter.Close() // an error of an iterator that nobody uses concerns nobody
	}
	clear(p.idle)
	p.idle = p.idle[:0]
}

// NewGetter gives a Getter for reads up to an SCN; Close it. For pinned see Range.
func (s *Store) NewGetter(top scn.SCN, pinned bool) (*Getter, error) {
	s.getters.mu.Lock()
	visible := s.getters.visible
	if n := len(s.getters.idle); n > 0 && top <= visible.at {
		g := s.getters.idle[n-1]
		s.getters.idle = s.getters.idle[:n-1]
		s.getters.mu.Unlock()
		g.pinned = pinned
		return g, nil
	}
	s.getters.mu.Unlock()
	iter, err := s.db.NewIter(nil)
	if err != nil {
		return nil, fmt.Errorf("read from state store: %w", err)
	}
	return &Getter{store: s, iter: iter, made: visible, pinned: pinned}, nil
}

// Get is like Store.Get; the value is valid until the next call.
func (g *Getter) Get(lineage scn.Lineage, key []byte) (Version, bool, error) {
	if g.pinned {
		if v, found, known, err := g.store.pages.get(lineage, key); known {
			return v, found, err
		}
	}
	v, found, err := get(g.iter, lineage, key, g.buf[:0])
	if cap(v.Value) > cap(g.buf) {
		g.buf = v.Value
	}
	return v, found, err
}

// Close ends the use of the Getter.
func (g *Getter) Close() error {
	if err := g.iter.Error(); err == nil && g.store.getters.keep(g) {
		return nil
	}
	if err := g.iter.Close(); err != nil {
		return fmt.Errorf("read from state store: %w", err)
	}
	return nil
}

// keep puts a Getter into the pool, if it sees all that is visible now and there is room.
func (p *getters) keep(g *Getter) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if g.made != p.visible || len(p.idle) >= idleGettersMax {
		return false
	}
	p.idle = append(p.idle, g)
	return true
}

// Get finds the version of a key that the lineage sees. A deletion counts as found, with Deleted set: its SCN is
// what a new version replaces. The value is copied behind dst. What the lineage sees must be pinned, or current.
func (s *Store) Get(lineage scn.Lineage, key, dst []byte) (Version, bool, error) {
	if v, found, known, err := s.pages.get(lineage, key); known {
		v.Value = append(dst, v.Value...)
		return v, found, err
	}
	if s.pages != nil && s.pages.admits(lineage[0].Top) {
		if err := s.loadPageOf(lineage[0].Space, key); err != nil {
			return Version{}, false, err
		}
	}
	g, err := s.NewGetter(lineage[0].Top, true)
	if err != nil {
		return Version{}, false, err
	}
	v, found, err := get(g.iter, lineage, key, dst)
	if closeErr := g.Close(); err == nil {
		err = closeErr
	}
	return v, found, err
}
