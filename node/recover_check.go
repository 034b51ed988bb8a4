package node

import (
	"errors"
	"fmt"

	"redoubt/engine"
	"redoubt/engine/txn"
)

// checkOnTheWay compares the state with what backups say that lie between where the recovery began and its target: every
// backup has the state hash of its SCN, also one that is only the log.
func (r *recovery) checkOnTheWay(e *engine.Engine) error {
	for i := range r.known.Backups {
		m := &r.known.Backups[i]
		if m.ID == r.result.Backup || m.SCN < r.result.From || m.SCN > r.result.SCN || !r.ways.On(r.to.Incarnation, m) {
			continue
		}
		hash, err := e.StateHashAt(m.SCN)
		var floor *txn.FloorError
		if errors.As(err, &floor) {
			continue // the history of then is not kept
		}
		if err != nil {
			return err
		}
		if is := fmt.Sprintf("%016x", hash.Hash); is != m.StateHash {
			return fmt.Errorf("at SCN %d the recovered state has hash %s, backup %s says %s: what it was made of, from SCN %d on, is not what it was; recover to SCN %d or before, or begin from another backup",
				m.SCN, is, m.ID, m.StateHash, r.result.From, r.result.From)
		}
		r.result.Checked++
	}
	return nil
}
