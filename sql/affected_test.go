package sql

import "testing"

// TestSetAffectsNothing: SET is not a change of a row, as clients count them and as ROW_COUNT() does.
func TestSetAffectsNothing(t *testing.T) {
	_, a, _ := pair(t, readCommitted)
	for _, statement := range []string{"SET @x = 1", "SET autocommit = 1", "SET SESSION sql_safe_updates = 0, @y = 2", "/* a */ SET NAMES utf8mb4", "SET TRANSACTION ISOLATION LEVEL READ COMMITTED"} {
		got, err := a.ExecContext(t.Context(), statement)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := got.RowsAffected(); n != 0 || err != nil {
			t.Errorf("%s affects %d rows, %v", statement, n, err)
		}
		a.want("SELECT ROW_COUNT()", "0")
	}
}
