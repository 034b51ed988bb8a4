package engine

import "errors"

// Rebase gives the state a place in another log, which goes on from it. Parts of transactions that were under way in the old
// one are dropped: the rest of them will not come.
func (e *Engine) Rebase(index, term uint64) error {
	e.applying.Lock()
	defer e.applying.Unlock()
	a := e.newApplier()
	a.position.Index, a.position.Term = index, term
	for xid := range e.underway {
		if err := a.dropParts(xid); err != nil {
			return errors.Join(err, a.batch.Discard())
		}
	}
	return a.publish()
}
