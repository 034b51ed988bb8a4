package sql

import (
	"context"
	"fmt"
	"testing"

	"redoubt/engine"
)

// TestFlashbackToNow: a flashback to where a table is anyway, and one right behind another that is folded already, look at the
// same rows as every other.
func TestFlashbackToNow(t *testing.T) {
	r := startShop(t)
	at := r.database.Engine.Applied()
	r.exec(fmt.Sprintf("FLASHBACK TABLE item TO SCN %d", at))
	r.want("SELECT id FROM item ORDER BY id", "1", "2", "3")
	r.exec("DELETE FROM sale", "DELETE FROM item")
	gone := r.database.Engine.Applied()
	r.exec(fmt.Sprintf("FLASHBACK TABLE item, sale TO SCN %d", at), fmt.Sprintf("FLASHBACK TABLE item, sale TO SCN %d", gone))
	if _, err := r.database.Engine.Fold(context.Background(), engine.Pace{}); err != nil {
		t.Fatal(err)
	}
	r.refused(fmt.Sprintf("FLASHBACK TABLE sale TO SCN %d", at), 1451, "RD-1205")
}
