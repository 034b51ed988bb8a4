package sql

import (
	"fmt"
	"strings"
	"testing"
)

// TestLogmnrContents reads the log by every column that narrows the reading, changes of definitions with their text and
// changes of tables that have another form or name by now.
func TestLogmnrContents(t *testing.T) {
	r := start(t)
	r.db.SetMaxOpenConns(1)
	r.exec("CREATE TABLE item (id INT PRIMARY KEY, name VARCHAR(20))")
	defined := r.database.Engine.Applied()
	r.exec("INSERT INTO item VALUES (1, 'a'), (2, 'b')", "UPDATE item SET name = 'c' WHERE id = 2", "ALTER TABLE item DROP COLUMN name", "DELETE FROM item WHERE id = 1", "ALTER TABLE item RENAME TO thing")
	r.want(fmt.Sprintf("SELECT SCN - %d, COMMIT_SCN = SCN, START_SCN < SCN, OPERATION, SEG_OWNER, TABLE_NAME, ROW_ID, USERNAME, SESSION_INFO LIKE 'host=%%', SQL_UNDO FROM V$LOGMNR_CONTENTS WHERE TABLE_NAME = 'item' AND SCN > %d", defined, defined),
		"1|1|1|INSERT|test|item|{\"id\": 1}|root|1|DELETE FROM `test`.`item` WHERE `id` = 1 AND `name` <=> 'a' COLLATE utf8mb4_0900_bin",
		"1|1|1|INSERT|test|item|{\"id\": 2}|root|1|DELETE FROM `test`.`item` WHERE `id` = 2 AND `name` <=> 'b' COLLATE utf8mb4_0900_bin",
		"2|1|1|UPDATE|test|item|{\"id\": 2}|root|1|UPDATE `test`.`item` SET `name` = 'b' WHERE `id` = 2 AND `name` <=> 'c' COLLATE utf8mb4_0900_bin",
		"4|1|1|DELETE|test|item|{\"id\": 1}|root|1|INSERT INTO `test`.`item` (`id`) VALUES (1)")
	r.want("SELECT SQL_REDO, SQL_UNDO, TABLE_NAME FROM v$logmnr_contents WHERE OPERATION = 'DDL' AND SQL_REDO LIKE 'ALTER%'",
		"ALTER TABLE item DROP COLUMN name|NULL|NULL", "ALTER TABLE item RENAME TO thing|NULL|NULL")
	r.want(fmt.Sprintf("SELECT OLD_VALUES, NEW_VALUES FROM V$LOGMNR_CONTENTS WHERE COMMIT_SCN = %d", defined+2), `{"name": "b"}|{"name": "c"}`)
	r.want(fmt.Sprintf("SELECT count(*) FROM V$LOGMNR_CONTENTS WHERE SCN >= %d AND COMMIT_SCN < %d", defined+1, defined+3), "3")
	r.want(fmt.Sprintf("SELECT DISTINCT SCN - %d FROM V$LOGMNR_CONTENTS WHERE `TIMESTAMP` BETWEEN scn_to_timestamp(%d) AND scn_to_timestamp(%d)", defined, defined+1, defined+2), "1", "2")
	xid := r.rows(fmt.Sprintf("SELECT XID FROM V$LOGMNR_CONTENTS WHERE SCN = %d", defined+4))
	r.want("SELECT OPERATION FROM V$LOGMNR_CONTENTS WHERE XID = "+xid[0], "DELETE")
	plan := strings.Join(r.rows("EXPLAIN SELECT * FROM V$LOGMNR_CONTENTS WHERE SCN > 7 AND SQL_REDO IS NOT NULL"), "\n")
	if !strings.Contains(plan, "asked of the view") {
		t.Errorf("the plan does not say what the view is asked:\n%s", plan)
	}
}

// TestLogmnrContentsPrivileges: users see changes of tables that they may read, and no changes of definitions unless they
// may read everything.
func TestLogmnrContentsPrivileges(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE open (id INT PRIMARY KEY)", "CREATE TABLE secret (id INT PRIMARY KEY)", "INSERT INTO open VALUES (1)", "INSERT INTO secret VALUES (2)",
		"CREATE USER reader@localhost", "GRANT SELECT ON redoubt.* TO reader@localhost", "GRANT SELECT ON test.open TO reader@localhost")
	db := r.connectAs("reader", "")
	defer db.Close()
	got, err := queryRows(db, "SELECT OPERATION, TABLE_NAME FROM V$LOGMNR_CONTENTS")
	if err != nil || strings.Join(got, ",") != "INSERT|open" {
		t.Fatalf("got %v, %v", got, err)
	}
}
