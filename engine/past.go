package engine

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"

	"redoubt/engine/catalog"
	"redoubt/engine/mvcc"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// pastCatalogsMax bounds how many dictionaries of the past are kept in memory.
const pastCatalogsMax = 64

// pastCatalogs keeps dictionaries by the SCN of their last change, the most recently used ones.
type pastCatalogs struct {
	mu    sync.Mutex
	order []scn.SCN // least recently used first
	bySCN map[scn.SCN]*catalog.Snapshot
}

func (p *pastCatalogs) get(at scn.SCN) *catalog.Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.bySCN[at]
	if s != nil {
		p.touch(at)
	}
	return s
}

func (p *pastCatalogs) put(at scn.SCN, s *catalog.Snapshot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bySCN == nil {
		p.bySCN = map[scn.SCN]*catalog.Snapshot{}
	}
	p.bySCN[at] = s
	p.touch(at)
	if len(p.order) > pastCatalogsMax {
		delete(p.bySCN, p.order[0])
		p.order = slices.Delete(p.order, 0, 1)
	}
}

func (p *pastCatalogs) touch(at scn.SCN) {
	if i := slices.Index(p.order, at); i >= 0 {
		p.order = slices.Delete(p.order, i, i+1)
	}
	p.order = append(p.order, at)
}

// Catalog is the dictionary as of the newest applied SCN.
func (e *Engine) Catalog() *catalog.Snapshot { return e.now.Load().catalog }

// CatalogAt is the dictionary as of an SCN.
func (e *Engine) CatalogAt(at scn.SCN) (*catalog.Snapshot, error) {
	now := e.now.Load()
	if at > now.position.SCN {
		return nil, fmt.Errorf("SCN %d: %w: the newest is %d", at, txn.ErrFuture, now.position.SCN)
	}
	if at >= now.catalog.SCN() {
		return now.catalog, nil
	}
	changed := e.definedBefore(at)
	if s := e.past.get(changed); s != nil {
		return s.WithFolds(now.catalog.Folds()), nil
	}
	s, err := e.loadCatalog(changed)
	if err != nil {
		return nil, err
	}
	e.past.put(changed, s)
	return s.WithFolds(now.catalog.Folds()), nil
}

// loadCatalog makes the dictionary as of an SCN from the rows of the dictionary tables.
func (e *Engine) loadCatalog(at scn.SCN) (*catalog.Snapshot, error) {
	var changes []catalog.RowChange
	for _, space := range []scn.Space{catalog.SchemasSpace, catalog.TablesSpace, catalog.ObjectsSpace, catalog.RewindsSpace} {
		it, err := e.store.NewIterator(scn.Simple(space, at), mvcc.Range{})
		if err != nil {
			return nil, err
		}
		for it.Next() {
			v := it.Version()
			row, _, err := redo.DecodeRow(append([]byte(nil), v.Value...), nil)
			if err != nil {
				it.Close()
				return nil, fmt.Errorf("dictionary row of SCN %d: %w", v.SCN, err)
			}
			changes = append(changes, catalog.RowChange{Table: space, At: v.SCN, After: row})
		}
		if err := it.Close(); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(changes, func(a, b catalog.RowChange) int { // rewinds in the order they happened
		return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.At, b.At))
	})
	return catalog.Empty().With(e.definedBefore(at), changes)
}

// loadDefining finds the SCNs up to an applied one at which the dictionary changed. A crash may have left versions beyond it.
func (e *Engine) loadDefining(applied scn.SCN) ([]scn.SCN, error) {
	var out []scn.SCN
	for _, space := range []scn.Space{catalog.SchemasSpace, catalog.TablesSpace, catalog.ObjectsSpace, catalog.RewindsSpace} {
		h, err := e.store.NewHistory(space, mvcc.Range{})
		if err != nil {
			return nil, err
		}
		for h.Next() {
			if h.SCN() <= applied {
				out = append(out, h.SCN())
			}
		}
		err = h.Err()
		h.Close()
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// RowAt is the row with a key as of an SCN; false if there was none, or if it is no longer kept. The row is the caller's.
func (e *Engine) RowAt(at scn.SCN, table *catalog.Table, key []byte) (redo.Row, bool, error) {
	view, err := e.View(at)
	if err != nil {
		return nil, false, err
	}
	defer view.Rollback()
	row, _, found, err := view.Get(table, key)
	var floor *txn.FloorError
	if errors.As(err, &floor) {
		return nil, false, nil
	}
	return row.Clone(), found, err
}

// DefiningSCNs lists the SCNs of a range at which the dictionary changed.
func (e *Engine) DefiningSCNs(r scn.Range) []scn.SCN {
	e.sums.RLock()
	defer e.sums.RUnlock()
	from, _ := slices.BinarySearch(e.defining, r.After+1)
	to, found := slices.BinarySearch(e.defining, r.To)
	if found {
		to++
	}
	return slices.Clone(e.defining[from:max(from, to)])
}
