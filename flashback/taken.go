package flashback

import (
	"redoubt/engine/catalog"
	"redoubt/scn"
)

// Taken is what a flashback took back. What would cost more than it is worth is not counted; a preview counts it.
type Taken struct {
	Known        bool // the figures are exact
	Transactions uint64
}

// takenMax bounds how many commits are counted for a table.
const takenMax = 10_000

// countTaken counts the commits that a flashback took back: all there were since, for the database; for tables those that
// touched one of them, if they are not too many.
func (m *Manager) countTaken(p *plan, at scn.SCN) (Taken, error) {
	if p.request.Kind == catalog.FlashbackDatabase {
		return Taken{Known: true, Transactions: uint64(at - 1 - p.to)}, nil
	}
	commits := map[scn.SCN]bool{}
	for _, c := range p.tables {
		if !c.rewind || c.result == nil {
			continue
		}
		complete, err := m.engine.ChangesOf(c.result.ID, p.to+1, at-1, func(s scn.SCN) bool {
			commits[s] = true
			return len(commits) < takenMax
		})
		if err != nil || !complete {
			return Taken{}, err
		}
	}
	return Taken{Known: true, Transactions: uint64(len(commits))}, nil
}
