package engine

import (
	"errors"
	"sync"

	"redoubt/engine/mvcc"
	"redoubt/scn"
)

// versionCounts finds how far up a floor may be so that each row keeps its newest versions above it, by looking only at what
// changed since it last looked.
type versionCounts struct {
	mu     sync.Mutex
	tables map[scn.Space]counted
}

// counted is what is known of a table.
type counted struct {
	versions int     // that each row keeps
	upTo     scn.SCN // rows changed after it were not yet looked at
	floor    scn.SCN
}

// floor is the highest SCN at which some row has its n-th newest version: since then no row has had more than n.
func (c *versionCounts) floor(e *Engine, table scn.Space, n int, newest scn.SCN) (scn.SCN, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.tables[table]
	if known.versions != n {
		known = counted{versions: n}
	}
	if known.upTo >= newest {
		return min(known.floor, newest), nil
	}
	floor, err := e.nthNewest(table, n, scn.Range{After: known.upTo, To: newest})
	if err != nil {
		return 0, err
	}
	known.floor, known.upTo = max(known.floor, floor), newest
	if c.tables == nil {
		c.tables = map[scn.Space]counted{}
	}
	c.tables[table] = known
	return known.floor, nil
}

// nthNewest is the highest SCN of an n-th newest version that has older ones, among the rows that changed within a span.
func (e *Engine) nthNewest(table scn.Space, n int, within scn.Range) (highest scn.SCN, err error) {
	walk, err := e.store.NewChanged([]scn.Interval{{Space: table, Bottom: within.After, Top: within.To}}, mvcc.Range{})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, walk.Close()) }()
	trail, err := e.store.NewTrail()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, trail.Close()) }()
	for walk.Next() {
		var nth scn.SCN
		seen := 0
		for trail.Of(table, walk.Key(), within.To); seen <= n && trail.Next(); {
			v, err := trail.Version()
			if err != nil {
				return 0, err
			}
			if v.Copied {
				continue
			}
			if seen++; seen == n {
				nth = v.SCN
			}
		}
		if seen > n {
			highest = max(highest, nth)
		}
		if err := trail.Err(); err != nil {
			return 0, err
		}
	}
	return highest, walk.Err()
}
