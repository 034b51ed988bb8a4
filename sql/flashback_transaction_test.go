package sql

import (
	"fmt"
	"strings"
	"testing"
)

// transaction runs statements in one transaction and gives its id.
func (r *running) transaction(statements ...string) string {
	r.t.Helper()
	before := r.database.Engine.Applied()
	r.exec("BEGIN")
	r.exec(statements...)
	r.exec("COMMIT")
	at := r.database.Engine.Applied()
	if at != before+1 {
		r.t.Fatalf("%v: SCN %d after %d", statements, at, before)
	}
	c, err := r.database.Engine.CommitOf(at)
	if err != nil {
		r.t.Fatal(err)
	}
	return fmt.Sprint(c.XID)
}

// back takes transactions back, and gives for each: restored, left.
func (r *running) back(what string) string {
	r.t.Helper()
	var out []string
	for _, row := range r.rows("FLASHBACK TRANSACTION " + what) {
		f := strings.Split(row, "|")
		out = append(out, f[4]+" of "+f[3]+", "+f[5]+" left")
	}
	return strings.Join(out, "; ")
}

func (r *running) refused(statement string, errno uint16, words ...string) {
	r.t.Helper()
	_, err := queryRows(r.db, statement)
	if err == nil {
		r.t.Fatalf("%s: no error", statement)
	}
	for _, w := range append(words, fmt.Sprintf("Error %d", errno)) {
		if !strings.Contains(err.Error(), w) {
			r.t.Fatalf("%s: %v, want %q in it", statement, err, w)
		}
	}
}

func startShop(t *testing.T) *running {
	r := start(t)
	r.db.SetMaxOpenConns(1)
	r.exec("CREATE TABLE item (id INT PRIMARY KEY, name VARCHAR(20), price DECIMAL(9,2), n INT, UNIQUE KEY name (name))",
		"CREATE TABLE sale (id INT PRIMARY KEY AUTO_INCREMENT, item INT, note VARCHAR(20), CONSTRAINT of_item FOREIGN KEY (item) REFERENCES item (id))",
		"INSERT INTO item VALUES (1, 'lamp', 10, 5), (2, 'chair', 20, 6), (3, 'table', 30, 7)", "INSERT INTO sale VALUES (1, 1, 'a'), (2, 2, 'b')")
	return r
}

// TestFlashbackTransactionModes takes one wrong update back under each mode, when others have worked on since.
func TestFlashbackTransactionModes(t *testing.T) {
	r := startShop(t)
	wrong := r.transaction("UPDATE item SET price = price * 100", "DELETE FROM sale WHERE id = 2")
	r.transaction("UPDATE item SET n = 1 WHERE id = 1") // another column: no dependent
	if got := r.back(wrong); got != "4 of 4, 0 left" {
		t.Fatalf("NOCASCADE: %s", got)
	}
	r.want("SELECT * FROM item ORDER BY id", "1|lamp|10.00|1", "2|chair|20.00|6", "3|table|30.00|7")
	r.want("SELECT * FROM sale ORDER BY id", "1|1|a", "2|2|b")

	wrong = r.transaction("UPDATE item SET price = price * 100")
	later := r.transaction("UPDATE item SET price = 7 WHERE id = 2")
	r.refused("FLASHBACK TRANSACTION "+wrong, 1105, later, "by root", "test.item (id=2): price", "RD-1216")
}

// TestFlashbackTransactionKinds: cascades, force and partial flashbacks over each kind of dependency.
func TestFlashbackTransactionKinds(t *testing.T) {
	r := startShop(t)
	wrong := r.transaction("UPDATE item SET price = price * 100")
	later := r.transaction("UPDATE item SET price = 7, name = 'stool' WHERE id = 2")
	plan := r.rows("EXPLAIN FLASHBACK TRANSACTION " + wrong)
	want := []string{
		"transaction|" + wrong + "|", "dependent|" + later + "|",
		"row|" + wrong + "|NULL|test.item|{\"id\": 1}|UPDATE|NULL|UPDATE `test`.`item` SET `price` = 10.00 WHERE `id` = 1 AND `price` <=> 1000.00",
		"row|" + wrong + "|NULL|test.item|{\"id\": 2}|left|changed since: price|NULL", "row|" + wrong + "|NULL|test.item|{\"id\": 3}|UPDATE|",
	}
	if len(plan) != len(want) {
		t.Fatalf("preview:\n%s", strings.Join(plan, "\n"))
	}
	for i := range want {
		if !strings.HasPrefix(plan[i], want[i]) {
			t.Errorf("preview: %s, want %s", plan[i], want[i])
		}
	}
	if got := r.back(wrong + " NONCONFLICT_ONLY"); got != "2 of 3, 1 left" {
		t.Fatalf("NONCONFLICT_ONLY: %s", got)
	}
	r.want("SELECT id, price FROM item ORDER BY id", "1|10.00", "2|7.00", "3|30.00")

	wrong = r.transaction("UPDATE item SET price = 1")
	later = r.transaction("UPDATE item SET price = 8, n = 8 WHERE id = 2")
	rows := r.rows("FLASHBACK TRANSACTION " + wrong + " NOCASCADE_FORCE")
	if len(rows) != 1 || !strings.Contains(rows[0], `test.item {"id": 2}: written over: price`) || !strings.Contains(rows[0], "|"+later+"|") {
		t.Fatalf("NOCASCADE_FORCE: %v", rows)
	}
	r.want("SELECT id, price, n FROM item ORDER BY id", "1|10.00|5", "2|7.00|8", "3|30.00|7")

	wrong = r.transaction("UPDATE item SET price = 1")
	r.transaction("UPDATE item SET price = price + 1, n = n + 1 WHERE id = 2")
	r.transaction("UPDATE item SET n = n + 10 WHERE id IN (2, 3)")
	if got := r.back(wrong + " CASCADE"); got != "2 of 2, 0 left; 1 of 1, 0 left; 3 of 3, 0 left" {
		t.Fatalf("CASCADE: %s", got)
	}
	r.want("SELECT id, price, n FROM item ORDER BY id", "1|10.00|5", "2|7.00|8", "3|30.00|7")
}

// TestFlashbackTransactionKeys: keys that are used again, parents and children, and rows that move keys with each other.
func TestFlashbackTransactionKeys(t *testing.T) {
	r := startShop(t)
	wrong := r.transaction("DELETE FROM item WHERE id = 3")
	again := r.transaction("INSERT INTO item VALUES (9, 'TABLE', 1, 1)")
	r.refused("FLASHBACK TRANSACTION "+wrong, 1105, again, "key name that "+wrong+" freed")
	r.refused("FLASHBACK TRANSACTION "+wrong+" NOCASCADE_FORCE", 1451, "another row has its key", "name", "RD-1218")
	if got := r.back(wrong + " NONCONFLICT_ONLY"); got != "0 of 1, 1 left" {
		t.Fatal(got)
	}
	if got := r.back(wrong + " CASCADE"); got != "1 of 1, 0 left; 1 of 1, 0 left" {
		t.Fatal(got)
	}
	r.want("SELECT id, name FROM item ORDER BY id", "1|lamp", "2|chair", "3|table")

	wrong = r.transaction("INSERT INTO item VALUES (4, 'shelf', 1, 1), (5, 'sofa', 1, 1)")
	child := r.transaction("INSERT INTO sale VALUES (30, 4, 'x')")
	r.refused("FLASHBACK TRANSACTION "+wrong, 1105, child, "foreign key of_item")
	r.refused("FLASHBACK TRANSACTION "+wrong+" NOCASCADE_FORCE", 1451, "foreign key of_item: test.sale (id=30) refers to it")
	if got := r.back(wrong + " NONCONFLICT_ONLY"); got != "1 of 2, 1 left" {
		t.Fatal(got)
	}
	r.want("SELECT id FROM item WHERE id > 3", "4")
	wrong = r.transaction("DELETE FROM sale WHERE id = 30")
	parent := r.transaction("DELETE FROM item WHERE id = 4")
	r.refused("FLASHBACK TRANSACTION "+wrong, 1105, parent, "foreign key of_item")
	if got := r.back(wrong + ", " + parent); got != "1 of 1, 0 left; 1 of 1, 0 left" {
		t.Fatal(got)
	}
	r.want("SELECT * FROM sale WHERE id = 30", "30|4|x")

	swap := r.transaction("UPDATE item SET name = '' WHERE id = 1", "UPDATE item SET name = 'lamp' WHERE id = 2", "UPDATE item SET name = 'chair' WHERE id = 1")
	if got := r.back(swap); got != "2 of 2, 0 left" {
		t.Fatal(got)
	}
	r.want("SELECT name FROM item WHERE id < 3 ORDER BY id", "lamp", "chair")
	move := r.transaction("UPDATE item SET id = 33 WHERE id = 3")
	if got := r.back(move); got != "2 of 2, 0 left" {
		t.Fatal(got)
	}
	r.want("SELECT id FROM item ORDER BY id", "1", "2", "3", "4")
}

// TestFlashbackTransactionRules: CHECKs hold and generated columns follow, also where others changed what they are made of.
func TestFlashbackTransactionRules(t *testing.T) {
	r := start(t)
	r.db.SetMaxOpenConns(1)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, c INT GENERATED ALWAYS AS (a + b) STORED, d VARCHAR(20) AS (concat(a, '-', `c`)) VIRTUAL, at DATETIME(6) DEFAULT NOW(6) ON UPDATE NOW(6), UNIQUE KEY (c), CONSTRAINT small CHECK (a + b < 100))",
		"INSERT INTO t (id, a, b) VALUES (1, 1, 2), (2, 50, 7)")
	wrong := r.transaction("UPDATE t SET a = 10 WHERE id = 1")
	r.transaction("UPDATE t SET b = 3 WHERE id = 1") // moves c, d and at, too
	when := r.rows("SELECT at FROM t WHERE id = 1")[0]
	if got := r.back(wrong); got != "1 of 1, 0 left" {
		t.Fatal(got)
	}
	r.want("SELECT id, a, b, c, d FROM t ORDER BY id", "1|1|3|4|1-4", "2|50|7|57|50-57")
	r.want("SELECT at FROM t WHERE id = 1", when)
	wrong = r.transaction("UPDATE t SET a = 1 WHERE id = 2")
	r.exec("UPDATE t SET b = 70 WHERE id = 2")
	r.refused("FLASHBACK TRANSACTION "+wrong, 1451, "CHECK small would be broken", "test.t (id=2)")
	if plan := r.rows("EXPLAIN FLASHBACK TRANSACTION " + wrong); !strings.Contains(plan[1], "|left|CHECK small would be broken|NULL") {
		t.Errorf("preview: %v", plan)
	}
	if got := r.back(wrong + " NONCONFLICT_ONLY"); got != "0 of 1, 1 left" {
		t.Fatal(got)
	}
	// A column that is gone, one that has come, and one of another type.
	r.exec("CREATE TABLE u (id INT PRIMARY KEY, a INT, b VARCHAR(9), c INT)", "INSERT INTO u VALUES (1, 1, 'x', 1), (2, 2, 'y', 2)")
	gone := r.transaction("DELETE FROM u WHERE id = 1", "UPDATE u SET a = 9, b = 'z', c = 9 WHERE id = 2")
	typed := r.transaction("UPDATE u SET c = 10 WHERE id = 2")
	r.exec("ALTER TABLE u DROP COLUMN b, ADD COLUMN e VARCHAR(5) NOT NULL DEFAULT 'new'")
	if got := r.back(typed); got != "1 of 1, 0 left" {
		t.Fatal(got)
	}
	rows := r.rows("FLASHBACK TRANSACTION " + gone + " CASCADE")
	if !strings.Contains(rows[len(rows)-1], "column b is gone") {
		t.Errorf("%v", rows)
	}
	r.want("SELECT * FROM u ORDER BY id", "1|1|1|new", "2|2|2|new")
	wrong = r.transaction("UPDATE u SET a = 5 WHERE id = 2")
	r.exec("ALTER TABLE u MODIFY COLUMN a VARCHAR(20)")
	if _, err := queryRows(r.db, "FLASHBACK TRANSACTION "+wrong); err == nil {
		t.Error("a column of another type was put back")
	}
}

// TestFlashbackTransactionKeyless: rows without a primary key keep their identity.
func TestFlashbackTransactionKeyless(t *testing.T) {
	r := start(t)
	r.db.SetMaxOpenConns(1)
	r.exec("CREATE TABLE k (a INT, b VARCHAR(9))", "INSERT INTO k VALUES (1, 'x'), (1, 'x'), (2, 'y')")
	wrong := r.transaction("UPDATE k SET b = 'z' WHERE a = 1 LIMIT 1", "DELETE FROM k WHERE a = 2", "INSERT INTO k VALUES (3, 'w')")
	plan := strings.Join(r.rows("EXPLAIN FLASHBACK TRANSACTION "+wrong), "\n")
	for _, want := range []string{"UPDATE `test`.`k` SET `b` = 'x' WHERE `a` <=> 1 AND `b` <=> 'z' COLLATE utf8mb4_0900_bin LIMIT 1", "INSERT INTO `test`.`k` (`a`, `b`) VALUES (2, 'y')", "DELETE FROM `test`.`k`"} {
		if !strings.Contains(plan, want) {
			t.Errorf("preview without %s:\n%s", want, plan)
		}
	}
	if got := r.back(wrong); got != "3 of 3, 0 left" {
		t.Fatal(got)
	}
	r.want("SELECT * FROM k ORDER BY a", "1|x", "1|x", "2|y")
}

// TestFlashbackTransactionUndone: a flashback is a transaction, and is taken back like any other; so are restarts and
// prepared statements no matter.
func TestFlashbackTransactionUndone(t *testing.T) {
	r := startShop(t)
	wrong := r.transaction("UPDATE item SET price = price * 100", "DELETE FROM sale")
	r.restart()
	r.db.SetMaxOpenConns(1)
	var operation, undo string
	var xid, at, changed, restored, left, newXID, scn uint64
	var dependents, note *string
	query := func(text string, args ...any) {
		t.Helper()
		err := r.db.QueryRow(text, args...).Scan(&operation, &xid, &at, &changed, &restored, &left, &newXID, &scn, &dependents, &undo, &note)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	query("FLASHBACK TRANSACTION ?", wrong)
	if fmt.Sprint(xid) != wrong || restored != 5 || left != 0 || scn != uint64(r.database.Engine.Applied()) || note != nil {
		t.Fatalf("%s %d: %d restored, %d left, SCN %d", operation, xid, restored, left, scn)
	}
	r.want("SELECT id, price FROM item ORDER BY id", "1|10.00", "2|20.00", "3|30.00")
	r.want("SELECT count(*), min(undo_sql LIKE '%SET `price` = 1000.00 WHERE%') FROM flashback_transaction_query WHERE operation = 'UPDATE' AND row_key->>'$.id' = '1' AND xid = "+fmt.Sprint(newXID), "1|1")
	query(undo)
	r.want("SELECT id, price FROM item ORDER BY id", "1|1000.00", "2|2000.00", "3|3000.00")
	r.want("SELECT count(*) FROM sale", "0")
	r.exec("BEGIN", "INSERT INTO item VALUES (7, 'open', 1, 1)") // committed before, as before DDL
	query("FLASHBACK TRANSACTION ?", newXID)
	r.exec("ROLLBACK")
	r.want("SELECT id, price FROM item ORDER BY id", "1|10.00", "2|20.00", "3|30.00", "7|1.00")
	rows, err := r.db.Query("EXPLAIN FLASHBACK TRANSACTION ? CASCADE", wrong)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for rows.Next() {
		n++
	}
	if rows.Close(); n < 6 {
		t.Errorf("prepared preview has %d rows", n)
	}
	r.database.CheckLaw(t)
	r.database.CheckIndexes(t)
}

// TestFlashbackTransactionTakenBack: what a flashback or TRUNCATE has taken back is not taken back once more; what it brought
// back can be.
func TestFlashbackTransactionTakenBack(t *testing.T) {
	r := startShop(t)
	at := r.database.Engine.Applied()
	wrong := r.transaction("UPDATE item SET price = 1", "UPDATE sale SET note = 'w'")
	later := r.transaction("UPDATE item SET price = 2 WHERE id = 1")
	r.exec(fmt.Sprintf("FLASHBACK TABLE item TO SCN %d", at))
	rows := r.rows("FLASHBACK TRANSACTION " + later)
	if len(rows) != 1 || !strings.Contains(rows[0], "|1|0|1|NULL|NULL|") || !strings.Contains(rows[0], "taken back already") {
		t.Fatalf("taken back already: %v", rows)
	}
	r.exec("UPDATE item SET price = 3 WHERE id = 2") // not on what the transaction wrote
	rows = r.rows("FLASHBACK TRANSACTION " + wrong)
	if len(rows) != 1 || !strings.Contains(rows[0], "|5|2|3|") || !strings.Contains(rows[0], "3 rows are taken back already") {
		t.Fatalf("partly taken back already: %v", rows)
	}
	r.want("SELECT price FROM item ORDER BY id", "10.00", "3.00", "30.00")
	r.want("SELECT note FROM sale ORDER BY id", "a", "b")
	r.exec("UNFLASHBACK TABLE item")
	r.want("SELECT price FROM item ORDER BY id", "2.00", "1.00", "1.00")
	r.refused("FLASHBACK TRANSACTION "+wrong, 1105, later)
	r.exec("TRUNCATE TABLE sale")
	if rows = r.rows("FLASHBACK TRANSACTION " + wrong + " CASCADE"); !strings.Contains(rows[len(rows)-1], "|5|3|2|") {
		t.Fatalf("with a truncated table: %v", rows)
	}
	r.want("SELECT price FROM item ORDER BY id", "10.00", "20.00", "30.00")
}

// TestFlashbackTransactionErrors: what cannot be taken back says why, and what to do.
func TestFlashbackTransactionErrors(t *testing.T) {
	r := startShop(t)
	r.refused("FLASHBACK TRANSACTION 5", 1105, "transaction 5 was never committed", "RD-1211")
	r.refused("FLASHBACK TRANSACTION 'x'", 1064, "takes ids of transactions")
	r.refused("FLASHBACK TRANSACTION", 1064)
	r.refused("FLASHBACK TRANSACTION 5 CASCADE NOCASCADE", 1064)
	r.exec("ALTER TABLE sale ADD COLUMN x INT")
	r.refused("FLASHBACK TRANSACTION "+r.last(), 1235, "changed definitions", "RD-1213")
	r.exec("CREATE RESTORE POINT p")
	r.refused("FLASHBACK TRANSACTION "+r.last(), 1105, "no rows of tables", "RD-1214")
	wrong := r.transaction("UPDATE item SET n = 0 WHERE id = 3", "UPDATE sale SET note = 'w' WHERE id = 1")
	r.exec("ALTER TABLE item MODIFY COLUMN n VARCHAR(9)")
	if _, err := queryRows(r.db, "FLASHBACK TRANSACTION "+wrong+" CASCADE"); err == nil || !strings.Contains(err.Error(), "RD-12") {
		t.Errorf("over a change of a type: %v", err)
	}
	r.exec("DROP TABLE sale")
	r.refused("FLASHBACK TRANSACTION "+wrong, 1146, "test.sale", "RD-1215")
	if got := r.back(wrong + " NONCONFLICT_ONLY"); !strings.HasSuffix(got, "of 2, 2 left") {
		t.Errorf("what is left: %s", got)
	}
	// Privileges: to see, and to change.
	r.exec("CREATE TABLE secret (id INT PRIMARY KEY)")
	hidden := r.transaction("INSERT INTO secret VALUES (1)")
	r.exec("CREATE USER reader@localhost", "GRANT SELECT ON test.* TO reader@localhost", "CREATE USER nobody@localhost")
	for user, allowed := range map[string]bool{"reader": true, "nobody": false} {
		db := r.connectAs(user, "")
		defer db.Close()
		if _, err := queryRows(db, "EXPLAIN FLASHBACK TRANSACTION "+hidden); (err == nil) != allowed {
			t.Errorf("%s, preview: %v", user, err)
		}
		if _, err := queryRows(db, "FLASHBACK TRANSACTION "+hidden); err == nil || !strings.Contains(err.Error(), "denied") {
			t.Errorf("%s: %v", user, err)
		}
	}
	r.want("SELECT count(*) FROM secret", "1")
	db := r.connectAs("nobody", "")
	defer db.Close()
	if _, err := queryRows(db, "EXPLAIN FLASHBACK TRANSACTION (SELECT id FROM test.secret)"); err == nil || !strings.Contains(err.Error(), "denied") {
		t.Errorf("an expression read what its user must not: %v", err)
	}
}

// last is the id of the last transaction.
func (r *running) last() string {
	r.t.Helper()
	c, err := r.database.Engine.CommitOf(r.database.Engine.Applied())
	if err != nil {
		r.t.Fatal(err)
	}
	return fmt.Sprint(c.XID)
}
