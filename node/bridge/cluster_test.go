package bridge_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"redoubt/engine/enginetest"
	"redoubt/engine/txn"
	"redoubt/node/bridge"
	"redoubt/replication/cluster"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// inTheWay refuses everything, as while another transaction is under way to the log.
type inTheWay struct{ asked int }

func (p *inTheWay) Propose(context.Context, uint64, []byte, *txn.Prepared) (scn.SCN, error) {
	p.asked++
	return 0, &txn.ConflictError{What: "row"}
}

func (*inTheWay) ProposePart(context.Context, []byte, *redo.Part) error { return errors.ErrUnsupported }

// TestNodesInTheWay: what is kept of nodes is not written again and again, as fast as it goes, while somebody is in the way, and not for
// longer than the caller waits.
func TestNodesInTheWay(t *testing.T) {
	e := enginetest.Open(t).Engine
	p := &inTheWay{}
	e.Propose(p)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := (bridge.Nodes{Engine: e}).Put(ctx, cluster.Info{ID: "n1"}); !errors.Is(err, txn.ErrConflict) {
		t.Errorf("it ends with %v, want the conflict", err)
	}
	if p.asked < 2 || p.asked > 25 {
		t.Errorf("it was tried %d times in 200 ms, want some, and at most 25", p.asked)
	}
}
