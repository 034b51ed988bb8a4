package wire

import (
	"testing"
	"time"
)

// TestTurnOver follows turns: a short one ends behind a transaction, no turn within one, and a long one anywhere.
func TestTurnOver(t *testing.T) {
	var turn turn
	now := time.Unix(1000, 0)
	if !turn.over(now, false) {
		t.Error("the first turn does not begin")
	}
	for i, c := range []struct {
		after         time.Duration
		inTransaction bool
		over          bool
	}{
		{transactionTurnTime, true, false}, // BEGIN
		{transactionTurnTime, true, false},
		{0, false, true},                    // COMMIT
		{transactionTurnTime, false, false}, // a statement that stands alone
		{turnTime, false, true},
		{0, true, false},
		{transactionTurnTime / 2, false, false}, // a short transaction
		{0, true, false},
		{turnTime, true, true}, // a long one
		{turnTime - 1, true, false},
		{0, false, true},
	} {
		now = now.Add(c.after)
		if over := turn.over(now, c.inTransaction); over != c.over {
			t.Errorf("step %d: %v", i, over)
		}
	}
}
