package sql

import "testing"

func TestShowColumns(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE c (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(10) DEFAULT 'x''y' COMMENT 'c', e ENUM('a','b') NOT NULL DEFAULT 'a'," +
		" ts TIMESTAMP(3) NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3), b BIT(3) DEFAULT b'101'," +
		" g INT AS (id + 1), h INT AS (id + 1) STORED, x VARCHAR(9) DEFAULT (concat('a', 'b')), s VARCHAR(5) COLLATE utf8mb4_bin NOT NULL, KEY (v))")
	r.want("DESCRIBE c", "id|int|NO|PRI|NULL|auto_increment", "v|varchar(10)|YES|MUL|x'y|", "e|enum('a','b')|NO||a|",
		"ts|timestamp(3)|YES||CURRENT_TIMESTAMP(3)|DEFAULT_GENERATED on update CURRENT_TIMESTAMP(3)", "b|bit(3)|YES||b'101'|",
		"g|int|YES||NULL|VIRTUAL GENERATED", "h|int|YES||NULL|STORED GENERATED", "x|varchar(9)|YES||(concat('a','b'))|DEFAULT_GENERATED",
		"s|varchar(5)|NO||NULL|")
	r.want("SHOW FULL COLUMNS FROM c LIKE 'v'", "v|varchar(10)|utf8mb4_0900_ai_ci|YES|MUL|x'y||select,insert,update,references|c")
	r.want("SHOW COLUMNS FROM c WHERE field = 's'", "s|varchar(5)|NO||NULL|")
}

// TestShowKeysWhere: the condition counts, which the engine leaves out.
func TestShowKeysWhere(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE k (id INT PRIMARY KEY, a INT, b INT, UNIQUE KEY u (a, b), KEY kb (b))")
	for _, words := range []string{"KEYS FROM k", "INDEX FROM test.k", "INDEXES IN `k` FROM `test`"} {
		got := r.rows("SHOW " + words + " WHERE Key_name = 'PRIMARY'")
		if len(got) != 1 {
			t.Errorf("SHOW %s WHERE …: got %q", words, got)
		}
	}
	if got := r.rows("SHOW KEYS FROM k WHERE Non_unique = 0 AND Key_name <> 'PRIMARY'"); len(got) != 2 {
		t.Errorf("got %q", got)
	}
	if got := r.rows("SHOW KEYS FROM k"); len(got) != 4 {
		t.Errorf("got %q", got)
	}
}

// TestHints: words that ask for a way of working mean nothing here, and do no harm.
func TestHints(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, quick INT)", "INSERT LOW_PRIORITY IGNORE INTO t VALUES (1, 1)", "INSERT HIGH_PRIORITY INTO t VALUES (2, 2)",
		"REPLACE LOW_PRIORITY INTO t VALUES (2, 3)", "UPDATE LOW_PRIORITY t SET quick = quick + 1", "DELETE LOW_PRIORITY QUICK FROM t WHERE id = 1")
	r.want("SELECT HIGH_PRIORITY DISTINCT SQL_NO_CACHE id, quick FROM t", "2|4")
	r.want("SELECT SQL_NO_CACHE quick FROM t", "4")
	r.want("SHOW COLUMNS IN t IN test LIKE 'id'", "id|int|NO|PRI|NULL|")
	r.want("DESC t id", "id|int|NO|PRI|NULL|")
}
