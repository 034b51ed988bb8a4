package sql

import "testing"

// TestOnUpdate: ON UPDATE stamps rows that change, and only those.
func TestOnUpdate(t *testing.T) {
	r := start(t)
	r.exec(
		"CREATE TABLE u (id INT PRIMARY KEY, v INT, w VARCHAR(10), g INT GENERATED ALWAYS AS (v + 1) STORED, ch TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6))",
		"CREATE TABLE o (id INT PRIMARY KEY, x INT, ch DATETIME NULL ON UPDATE CURRENT_TIMESTAMP)",
	)
	reset := func() {
		r.exec("DELETE FROM u", "DELETE FROM o", "INSERT INTO u (id, v, w, ch) VALUES (1, 1, 'a', '2020-01-01'), (2, 2, NULL, '2020-01-01')", "INSERT INTO o VALUES (1, 7, '2020-01-01'), (2, 8, '2020-01-01')")
	}
	for _, c := range []struct{ statement, want string }{
		{"UPDATE u SET v = v + 0", "0,0"},
		{"UPDATE u SET v = 1", "0,1"},
		{"UPDATE u SET v = v + 1 WHERE id = 1", "1,0"},
		{"UPDATE u SET w = 'A' WHERE id = 1", "1,0"},
		{"UPDATE u SET w = NULL", "1,0"},
		{"UPDATE u SET ch = '2022-02-02' WHERE id = 2", "0,1"},
		{"UPDATE u SET ch = CURRENT_TIMESTAMP(6) WHERE id = 2", "0,1"},
		{"UPDATE u SET v = v + 1, ch = '2020-02-02'", "0,0"},
	} {
		reset()
		r.exec(c.statement)
		got := r.rows("SELECT GROUP_CONCAT(ch > '2021-01-01' ORDER BY id) FROM u")[0]
		if got != c.want {
			t.Errorf("%s: stamped %s, want %s", c.statement, got, c.want)
		}
	}
	reset()
	r.exec("UPDATE o SET x = 7")
	r.want("SELECT id FROM o WHERE ch > '2021-01-01'", "2")
}

// TestOnUpdateElsewhere: ON DUPLICATE KEY UPDATE and UPDATE of several tables stamp, too, and compute generated columns.
func TestOnUpdateElsewhere(t *testing.T) {
	r := start(t)
	r.exec(
		"CREATE TABLE u (id INT PRIMARY KEY, v INT, g INT GENERATED ALWAYS AS (v + 1) STORED, ch TIMESTAMP(3) NOT NULL DEFAULT '2020-01-01' ON UPDATE CURRENT_TIMESTAMP(3))",
		"CREATE TABLE o (id INT PRIMARY KEY, x INT, gx INT AS (x * 2) STORED, ch DATETIME NOT NULL DEFAULT '2020-01-01' ON UPDATE CURRENT_TIMESTAMP)",
	)
	for _, c := range []struct{ statement, u, o string }{
		{"INSERT INTO u (id, v) VALUES (1, 1) ON DUPLICATE KEY UPDATE v = 1", "1,2,0 2,3,0", "7,14,0 8,16,0"},
		{"INSERT INTO u (id, v) VALUES (1, 5), (2, 2) ON DUPLICATE KEY UPDATE v = values(v)", "5,6,1 2,3,0", "7,14,0 8,16,0"},
		{"INSERT INTO u (id, v) VALUES (1, 5) ON DUPLICATE KEY UPDATE v = v * 10, ch = '2020-02-02'", "10,11,0 2,3,0", "7,14,0 8,16,0"},
		{"UPDATE u JOIN o ON u.id = o.id SET o.x = 9 WHERE u.id = 1", "1,2,0 2,3,0", "9,18,1 8,16,0"},
		{"UPDATE o JOIN u ON u.id = o.id SET o.x = 8, u.v = 3", "3,4,1 3,4,1", "8,16,1 8,16,0"},
	} {
		r.exec("DELETE FROM u", "DELETE FROM o", "INSERT INTO u (id, v) VALUES (1, 1), (2, 2)", "INSERT INTO o (id, x) VALUES (1, 7), (2, 8)", c.statement)
		u := r.rows("SELECT group_concat(concat_ws(',', v, g, ch > '2021-01-01') ORDER BY id SEPARATOR ' ') FROM u")[0]
		o := r.rows("SELECT group_concat(concat_ws(',', x, gx, ch > '2021-01-01') ORDER BY id SEPARATOR ' ') FROM o")[0]
		if u != c.u || o != c.o {
			t.Errorf("%s: got %s and %s, want %s and %s", c.statement, u, o, c.u, c.o)
		}
	}
}

// A change of letters that a collation takes for the same is a change.
func TestUpdateOfCase(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE parent (id INT PRIMARY KEY, s VARCHAR(9))", "CREATE TABLE child (id INT PRIMARY KEY, s VARCHAR(9), p INT, FOREIGN KEY (p) REFERENCES parent (id))",
		"INSERT INTO parent VALUES (1, 'a'), (2, 'A'), (3, NULL)", "INSERT INTO child VALUES (1, 'a', 1), (2, 'A', 1)")
	for _, table := range []string{"parent", "child"} {
		result, err := r.db.Exec("UPDATE " + table + " SET s = 'A' WHERE 0 < id /* fully */")
		if err != nil {
			t.Fatal(err)
		}
		want := int64(2)
		if table == "child" {
			want = 1
		}
		if n, _ := result.RowsAffected(); n != want {
			t.Errorf("%s: %d rows affected, want %d", table, n, want)
		}
		r.want("SELECT DISTINCT HEX(s) FROM "+table, "41")
	}
}

// TestOnUpdateInTrigger: the rows of a trigger's UPDATE have those of the row that fired it before them.
func TestOnUpdateInTrigger(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE a (i INT PRIMARY KEY, j INT)",
		"CREATE TABLE b (i INT, at DATETIME DEFAULT '2000-01-01' ON UPDATE CURRENT_TIMESTAMP)",
		"CREATE TABLE c (k INT PRIMARY KEY, n INT, at DATETIME DEFAULT '2000-01-01' ON UPDATE CURRENT_TIMESTAMP)",
		"INSERT INTO a VALUES (0, 1)", "INSERT INTO b (i) VALUES (0)", "INSERT INTO c (k, n) VALUES (1, 5)",
		"CREATE TRIGGER after_a AFTER UPDATE ON a FOR EACH ROW UPDATE b SET i = i + 1",
		"CREATE TRIGGER before_a BEFORE INSERT ON a FOR EACH ROW INSERT INTO c (k, n) VALUES (1, NEW.j) ON DUPLICATE KEY UPDATE n = VALUES(n)")
	r.exec("UPDATE a SET i = 10")
	r.want("SELECT i, at > '2020-01-01' FROM b", "1|1")
	r.exec("INSERT INTO a VALUES (1, 5)")
	r.want("SELECT n, at > '2020-01-01' FROM c", "5|0")
	r.exec("INSERT INTO a VALUES (2, 6)")
	r.want("SELECT n, at > '2020-01-01' FROM c", "6|1")
}
