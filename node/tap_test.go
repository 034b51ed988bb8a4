package node

import (
	"fmt"
	"path/filepath"
	"testing"
)

// TestTap: who wrote what is known from the log.
func TestTap(t *testing.T) {
	n := start(t, flags(t, filepath.Join(t.TempDir(), "data")))
	defer n.Close()
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.hot (id INT PRIMARY KEY, v INT)", "CREATE TABLE app.cold (id INT PRIMARY KEY, v INT)")
	for i := range 30 {
		run(t, db, fmt.Sprintf("INSERT INTO app.hot VALUES (%d, 0)", i), "UPDATE app.hot SET v = v + 1 WHERE id = 3")
	}
	run(t, db, "INSERT INTO app.cold VALUES (1, 0)")
	until(t, db, "SELECT CONCAT_WS('|', changes, transactions, inserts, updates, error_max) FROM v$hot_table WHERE object = 'app.hot'", "57|57|30|27|0")
	if got := get(t, db, "SELECT CONCAT_WS('|', object, changes) FROM v$hot_key ORDER BY changes DESC LIMIT 1"); got != "app.hot|28" {
		t.Errorf("the hottest row: %s", got)
	}
	if got := get(t, db, "SELECT transactions >= 58 FROM v$top_writer WHERE user_name = 'root' AND program = 'Go-MySQL-Driver'"); got != "1" {
		t.Error("the writer is not known")
	}
	if got := get(t, db, "SELECT SUM(transactions) = SUM(transactions_read) AND SUM(redo_bytes) > 0 AND MAX(scn) = CURRENT_SCN() FROM v$redo_rate"); got != "1" {
		t.Error("the rates are not what was committed")
	}
}
