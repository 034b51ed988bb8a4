package sql

import "testing"

// A join of which tables are changed finds their rows as they were before the statement.
func TestChangeJoinedTables(t *testing.T) {
	r := start(t)
	fill := func() {
		r.exec("DROP TABLE IF EXISTS child, parent", "CREATE TABLE parent (id INT PRIMARY KEY, n INT)",
			"CREATE TABLE child (id INT PRIMARY KEY, parent INT)", "INSERT INTO parent VALUES (1, 10), (2, 20), (3, 30)",
			"INSERT INTO child VALUES (1, 1), (2, 1), (3, 2), (4, 1)")
	}
	fill()
	// Children are read first, and each finds its parent by its key.
	r.exec("UPDATE parent JOIN child ON parent.id = child.parent SET n = n + 1")
	r.want("SELECT * FROM parent", "1|11", "2|21", "3|30")
	result, err := r.db.Exec("DELETE parent FROM parent JOIN child ON parent.id = child.parent")
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := result.RowsAffected(); n != 2 {
		t.Fatalf("%d rows deleted, want 2", n)
	}
	r.want("SELECT (SELECT COUNT(*) FROM parent), (SELECT COUNT(*) FROM child)", "1|4")
	fill()
	r.exec("DELETE parent, child FROM parent JOIN child ON parent.id = child.parent")
	r.want("SELECT (SELECT COUNT(*) FROM parent), (SELECT COUNT(*) FROM child)", "1|0")
	fill()
	r.exec("DELETE parent, child FROM parent LEFT JOIN child ON parent.id = child.parent")
	r.want("SELECT (SELECT COUNT(*) FROM parent), (SELECT COUNT(*) FROM child)", "0|0")
}

func TestDeleteJoinedWithoutKey(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE a (n INT)", "CREATE TABLE b (n INT)", "INSERT INTO a VALUES (1), (1), (2), (3)", "INSERT INTO b VALUES (1), (2)",
		"DELETE a FROM a JOIN b ON a.n = b.n")
	r.want("SELECT n FROM a", "3")
	r.exec("INSERT INTO a VALUES (1)", "INSERT INTO b VALUES (1)", "DELETE a FROM a JOIN b ON a.n = b.n")
	r.want("SELECT n FROM a", "3")
}
