package sql

import (
	"fmt"
	"strings"
	"testing"
)

// TestTransactionQuery reads the changes of transactions of every kind, by every column that narrows the reading.
func TestTransactionQuery(t *testing.T) {
	r := start(t)
	r.db.SetMaxOpenConns(1)
	r.exec("CREATE TABLE parent (id INT PRIMARY KEY, name VARCHAR(20))", "CREATE TABLE child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parent (id))",
		"CREATE TABLE keyless (a INT, b VARCHAR(9))")
	r.exec("BEGIN", "INSERT INTO parent VALUES (1, 'it''s'), (2, 'b')", "INSERT INTO child VALUES (10, 1)", "INSERT INTO keyless VALUES (1, 'x'), (1, 'x')", "COMMIT")
	at := r.database.Engine.Applied()
	xid := r.rows(fmt.Sprintf("SELECT DISTINCT xid FROM flashback_transaction_query WHERE scn = %d", at))
	if len(xid) != 1 {
		t.Fatalf("transactions of SCN %d: %v", at, xid)
	}
	r.want("SELECT operation, table_schema, table_name, row_key, old_values, new_values, undo_change FROM FLASHBACK_TRANSACTION_QUERY WHERE xid = "+xid[0]+" AND table_name <> 'keyless' ORDER BY undo_change",
		`INSERT|test|child|{"id": 10}|NULL|{"id": 10, "p": 1}|1`, `INSERT|test|parent|{"id": 1}|NULL|{"id": 1, "name": "it's"}|2`, `INSERT|test|parent|{"id": 2}|NULL|{"id": 2, "name": "b"}|3`)
	r.want("SELECT logon_user, host IS NOT NULL, scn, start_scn < scn, commit_time = scn_to_timestamp(scn), start_time <= commit_time, length(statement_digest) FROM flashback_transaction_query WHERE xid = '"+xid[0]+"' LIMIT 1",
		fmt.Sprintf("root|1|%d|1|1|1|16", at))
	r.exec("UPDATE parent SET name = 'c\\n\\\\' WHERE id = 2", "UPDATE keyless SET b = 'y' LIMIT 1", "UPDATE parent SET id = 3 WHERE id = 2", "DELETE FROM child")
	r.want(fmt.Sprintf("SELECT scn, operation, undo_sql FROM flashback_transaction_query WHERE scn > %d AND scn <= %d", at, at+4),
		fmt.Sprintf(`%d|UPDATE|UPDATE `+"`test`.`parent` SET `name` = 'b' WHERE `id` = 2 AND `name` <=> 'c\\n\\\\' COLLATE utf8mb4_0900_bin", at+1),
		fmt.Sprintf(`%d|UPDATE|UPDATE `+"`test`.`keyless` SET `b` = 'x' WHERE `a` <=> 1 AND `b` <=> 'y' COLLATE utf8mb4_0900_bin LIMIT 1", at+2),
		fmt.Sprintf(`%d|DELETE|INSERT INTO `+"`test`.`parent` (`id`, `name`) VALUES (2, 'c\\n\\\\')", at+3),
		fmt.Sprintf(`%d|INSERT|DELETE FROM `+"`test`.`parent` WHERE `id` = 3 AND `name` <=> 'c\\n\\\\' COLLATE utf8mb4_0900_bin", at+3),
		fmt.Sprintf(`%d|DELETE|INSERT INTO `+"`test`.`child` (`id`, `p`) VALUES (10, 1)", at+4))
	r.want(fmt.Sprintf("SELECT DISTINCT scn FROM flashback_transaction_query WHERE commit_time BETWEEN scn_to_timestamp(%d) AND scn_to_timestamp(%d)", at+1, at+2), fmt.Sprint(at+1), fmt.Sprint(at+2))
	r.want("SELECT DISTINCT scn FROM flashback_transaction_query WHERE table_schema = 'test' AND table_name IN ('child')", fmt.Sprint(at), fmt.Sprint(at+4))
	r.want("SELECT count(*) FROM flashback_transaction_query WHERE xid IN (5, "+xid[0]+", NULL)", "5")
	r.want("SELECT count(*) FROM flashback_transaction_query WHERE xid = 5", "0")
	// A rename and a dropped table: names are those of then.
	r.exec("ALTER TABLE keyless RENAME TO other", "DELETE FROM other", "DROP TABLE other")
	r.want("SELECT table_name, count(*) FROM flashback_transaction_query WHERE table_name IN ('keyless', 'other') GROUP BY table_name ORDER BY 1", "keyless|3", "other|2")
	r.want("SELECT count(*) FROM flashback_transaction_query WHERE table_name = 'none'", "0")
	if got := r.rows("SELECT redo_sql FROM flashback_transaction_query WHERE operation = 'DDL' AND undo_sql IS NULL AND redo_sql LIKE 'DROP%'"); len(got) != 1 || got[0] != "DROP TABLE other" {
		t.Errorf("changes of definitions: %q", got)
	}
	plan := strings.Join(r.rows("EXPLAIN SELECT * FROM flashback_transaction_query q JOIN parent p ON p.id = q.scn WHERE xid = 7 AND scn < 9"), "\n")
	if !strings.Contains(plan, "asked of the view: (q.xid = 7) AND (q.scn < 9)") && !strings.Contains(plan, "asked of the view: q.xid = 7 AND q.scn < 9") {
		t.Errorf("the plan does not say what the view is asked:\n%s", plan)
	}
	before := r.rows("SELECT * FROM flashback_transaction_query")
	r.restart()
	if after := r.rows("SELECT * FROM flashback_transaction_query"); strings.Join(before, "\n") != strings.Join(after, "\n") {
		t.Error("after a restart it shows something else")
	}
	var undo string
	if err := r.db.QueryRow("SELECT undo_sql FROM flashback_transaction_query WHERE xid = ? AND table_name = ?", xid[0], "child").Scan(&undo); err != nil || undo != "DELETE FROM `test`.`child` WHERE `id` = 10 AND `p` <=> 1" {
		t.Errorf("prepared: %q, %v", undo, err)
	}
}

// TestTransactionQueryPrivileges: users see changes of tables that they may read, under every name that it had.
func TestTransactionQueryPrivileges(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE open (id INT PRIMARY KEY)", "CREATE TABLE secret (id INT PRIMARY KEY)", "INSERT INTO open VALUES (1)", "INSERT INTO secret VALUES (2)",
		"CREATE USER reader@localhost", "GRANT SELECT ON redoubt.* TO reader@localhost", "GRANT SELECT ON test.open TO reader@localhost")
	db := r.connectAs("reader", "")
	defer db.Close()
	const query = "SELECT table_name FROM flashback_transaction_query"
	check := func(want string) {
		t.Helper()
		if got, err := queryRows(db, query); err != nil || strings.Join(got, ",") != want {
			t.Fatalf("got %v, %v, want %s", got, err, want)
		}
	}
	check("open")
	r.exec("ALTER TABLE open RENAME TO hidden")
	check("")
	r.exec("GRANT SELECT ON test.hidden TO reader@localhost")
	check("open")
}

// TestUndoSQLOrder sends the undo SQL of a transaction over parents and children, one statement after the other.
func TestUndoSQLOrder(t *testing.T) {
	r := startShop(t)
	content := func() string { return r.content("item") + "\n" + r.content("sale") }
	before := content()
	xid := r.transaction("INSERT INTO item VALUES (10, 'shelf', 1, 1)", "INSERT INTO sale VALUES (10, 10, 'x')", "DELETE FROM sale WHERE id = 2", "DELETE FROM item WHERE id = 2",
		"UPDATE item SET name = 'chair', price = NULL WHERE id = 3", "UPDATE sale SET note = NULL WHERE id = 1")
	after := content()
	run := func(column, order string) {
		t.Helper()
		for _, text := range r.rows("SELECT " + column + " FROM flashback_transaction_query WHERE xid = " + xid + " ORDER BY undo_change " + order) {
			result, err := r.db.Exec(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if n, _ := result.RowsAffected(); n != 1 {
				t.Fatalf("%s: %d rows", text, n)
			}
		}
	}
	run("undo_sql", "ASC")
	if got := content(); got != before {
		t.Fatalf("undone:\n%s\nwant\n%s", got, before)
	}
	run("redo_sql", "DESC")
	if got := content(); got != after {
		t.Fatalf("done again:\n%s\nwant\n%s", got, after)
	}
}

// TestTransactionQueryBeyondRetention: the log shows changes whose rows are no longer kept. What needs such a row says so; what
// does not is taken back all the same.
func TestTransactionQueryBeyondRetention(t *testing.T) {
	r := start(t)
	r.db.SetMaxOpenConns(1)
	r.exec("SET FLASHBACK RETENTION 1 VERSIONS", "CREATE TABLE k (a INT, b INT)", "CREATE TABLE p (id INT PRIMARY KEY, a INT, b INT, UNIQUE KEY (a, b))", "INSERT INTO k VALUES (1, 1)", "INSERT INTO p VALUES (1, 1, 1)")
	keyless := r.transaction("UPDATE k SET b = 2")
	keyed := r.transaction("UPDATE p SET a = 2")
	for i := range 5 {
		r.exec(fmt.Sprintf("UPDATE k SET a = %d", 10+i), fmt.Sprintf("UPDATE p SET b = %d", 10+i))
	}
	r.upkeep()
	if def, _ := r.database.Engine.Catalog().Table("test", "k"); r.database.Engine.Floor(def.ID).SCN == 0 {
		t.Fatal("the floor did not rise")
	}
	if got := r.rows("SELECT undo_sql FROM flashback_transaction_query WHERE xid = " + keyless); len(got) != 1 || !strings.Contains(got[0], "no longer kept") {
		t.Errorf("without a key: %v", got)
	}
	r.want("SELECT undo_sql FROM flashback_transaction_query WHERE xid = "+keyed, "UPDATE `test`.`p` SET `a` = 1 WHERE `id` = 1 AND `a` <=> 2")
	if got := r.back(keyless + ", " + keyed); got != "1 of 1, 0 left; 1 of 1, 0 left" {
		t.Fatal(got)
	}
	r.want("SELECT * FROM k", "14|1")
	r.want("SELECT * FROM p", "1|1|14")
}
