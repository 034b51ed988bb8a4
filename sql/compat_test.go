package sql

import (
	"context"
	"fmt"
	"strings"
	"testing"

	mysqldriver "github.com/go-sql-driver/mysql"
)

// TestDefaultCollation: text without a collation compares as in MySQL, whatever its case; what has one keeps it.
func TestDefaultCollation(t *testing.T) {
	r := start(t)
	r.want("SELECT 'a' = 'A', 'a' IN ('A'), 'a' LIKE 'A', 'a' = 'b', 'a' = BINARY 'A'", "1|1|1|0|0")
	r.want("SELECT @@collation_server, @@collation_database, @@collation_connection", "utf8mb4_0900_ai_ci|utf8mb4_0900_ai_ci|utf8mb4_0900_ai_ci")
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(10) UNIQUE)", "ALTER TABLE t ADD COLUMN w VARCHAR(10)", "INSERT INTO t VALUES (1, 'Anna', 'x')")
	r.fails(1062, "INSERT INTO t VALUES (2, 'ANNA', 'x')")
	r.want("SELECT id FROM t WHERE v = 'anna' AND w = 'X'", "1")
	r.exec(
		"CREATE TABLE g (v VARCHAR(10)) COLLATE utf8mb4_general_ci", "CREATE TABLE b (v VARCHAR(10) COLLATE utf8mb4_bin)",
		"CREATE DATABASE other COLLATE utf8mb4_0900_bin", "CREATE TABLE other.o (v VARCHAR(10))",
		"CREATE DATABASE third CHARACTER SET utf8mb4", "CREATE TABLE third.p (v VARCHAR(10))",
	)
	r.want("SELECT table_name, column_name, collation_name FROM information_schema.columns WHERE table_schema IN ('test', 'other', 'third') AND collation_name IS NOT NULL ORDER BY 1, 2",
		"b|v|utf8mb4_bin", "g|v|utf8mb4_general_ci", "o|v|utf8mb4_0900_bin", "p|v|utf8mb4_0900_ai_ci", "t|v|utf8mb4_0900_ai_ci", "t|w|utf8mb4_0900_ai_ci")
	r.restart()
	r.want("SELECT id FROM t WHERE v = 'aNNa'", "1")
	r.fails(1062, "INSERT INTO t VALUES (2, 'ANNA', 'x')")
}

// TestDistinctFolds: DISTINCT and UNION compare text by its collation.
func TestDistinctFolds(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE d (id INT PRIMARY KEY, v VARCHAR(10), b VARCHAR(10) COLLATE utf8mb4_0900_bin)",
		"INSERT INTO d VALUES (1, 'a', 'a'), (2, 'A', 'A'), (3, 'b', 'b'), (4, NULL, NULL), (5, NULL, 'x'), (6, 'ab', ''), (7, 'a', 'b')")
	r.want("SELECT DISTINCT v FROM d", "a", "b", "NULL", "ab")
	r.want("SELECT DISTINCT b FROM d ORDER BY b", "NULL", "", "A", "a", "b", "x")
	r.want("SELECT COUNT(*) FROM (SELECT DISTINCT v, b FROM d) x", "7")
	r.want("SELECT v FROM d WHERE id < 2 UNION SELECT 'A' UNION SELECT 'c'", "a", "c")
	r.want("SELECT v FROM d WHERE id = 1 UNION SELECT 'A' UNION SELECT 'c'", "a", "c")
	r.want("SELECT id FROM d WHERE id = 1 UNION ALL SELECT 7", "1", "7")
	r.want("SELECT b FROM d WHERE id = 1 UNION SELECT 'A'", "a", "A")
	r.want("SELECT v FROM d WHERE v IS NOT NULL UNION SELECT 'B' UNION ALL SELECT 'B' ORDER BY 1 DESC LIMIT 3", "b", "B", "ab")
	r.want("SELECT v FROM d UNION SELECT 'z' ORDER BY v LIMIT 2 OFFSET 1", "a", "ab")
	r.want("SELECT UPPER(v) FROM d WHERE id < 3 UNION SELECT UPPER(v) FROM d WHERE id < 4", "A", "B")
}

// TestNullSafeText: <=> compares text and ENUM as = does, and NULL with NULL.
func TestNullSafeText(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE n (id INT PRIMARY KEY, e ENUM('x','y'), v VARCHAR(5))", "INSERT INTO n VALUES (1, 'y', 'a'), (2, 'x', 'A'), (3, NULL, NULL)")
	r.want("SELECT id, e <=> 'y', e <=> NULL, v <=> 'a', v <=> NULL FROM n ORDER BY id", "1|1|0|1|0", "2|0|0|1|0", "3|0|1|0|1")
	r.want("SELECT id FROM n WHERE e <=> 'y'", "1")
	r.want("SELECT a.id, b.id FROM n a JOIN n b ON a.v <=> b.v WHERE a.id > 1 ORDER BY a.id, b.id", "2|1", "2|2", "3|3")
	r.exec("DELETE FROM n WHERE v <=> 'a' OR e <=> NULL")
	r.want("SELECT COUNT(*) FROM n", "0")
}

// TestGreatFloats: comparing a DOUBLE with a decimal literal loses no row, with and without a key.
func TestGreatFloats(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE k (id INT PRIMARY KEY, g DOUBLE, KEY (g))", "CREATE TABLE n (id INT PRIMARY KEY, g DOUBLE)")
	for _, table := range []string{"k", "n"} {
		r.exec("INSERT INTO " + table + " VALUES (1, 1), (2, 1.7976931348623157e308), (3, -1.7976931348623157e308)")
		for where, want := range map[string]string{
			"g > 0.5": "1,2", "g < 0.5": "3", "g >= 1.0": "1,2", "g BETWEEN 0.5 AND 1.5": "1", "g NOT BETWEEN 0.5 AND 1.5": "2,3",
			"g IN (1.0, 2.5)": "1", "g <> 1.0": "2,3", "0.5 < g": "1,2", "g > 0.5 AND g < 1.5": "1",
		} {
			if got := strings.Join(r.rows("SELECT id FROM "+table+" WHERE "+where+" ORDER BY id"), ","); got != want {
				t.Errorf("%s of %s: got %s, want %s", where, table, got, want)
			}
			result, err := r.db.Exec("DELETE FROM " + table + " WHERE " + where + " AND id > 0")
			if err != nil {
				t.Fatal(err)
			}
			if n, _ := result.RowsAffected(); int(n) != strings.Count(want, ",")+1 {
				t.Errorf("DELETE of %s where %s: %d rows, want %s", table, where, n, want)
			}
			r.exec("REPLACE INTO " + table + " VALUES (1, 1), (2, 1.7976931348623157e308), (3, -1.7976931348623157e308)")
		}
	}
}

// TestMissingObjects checks the numbers by which programs know that what they drop is not there.
func TestMissingObjects(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY)")
	r.fails(1051, "DROP TABLE nothing")
	r.fails(1051, "drop temporary table nothing")
	r.fails(1008, "DROP DATABASE nowhere")
	r.fails(1008, "DROP SCHEMA nowhere")
	r.fails(1091, "ALTER TABLE t DROP COLUMN nothing")
	r.fails(1091, "ALTER TABLE t DROP FOREIGN KEY nothing")
	r.fails(1091, "ALTER TABLE t DROP INDEX nothing")
	r.fails(1054, "ALTER TABLE t MODIFY COLUMN nothing INT")
	r.fails(1146, "SELECT * FROM nothing")
	r.fails(1049, "USE nowhere")
	r.fails(1065, " ; ")
	r.exec("DROP TABLE IF EXISTS nothing", "DROP DATABASE IF EXISTS nowhere")
}

func TestShowCreateTable(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (a INT, e ENUM('new','old') NOT NULL DEFAULT 'old', s SET('a','b') DEFAULT 'a,b', n SET('a','b') NOT NULL DEFAULT '', " +
		"v INT GENERATED ALWAYS AS (a + 1) VIRTUAL, w INT GENERATED ALWAYS AS (a + 2) STORED)")
	text := strings.TrimPrefix(r.rows("SHOW CREATE TABLE t")[0], "t|")
	for _, want := range []string{"DEFAULT 'old'", "DEFAULT 'a,b'", "DEFAULT ''"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if strings.Count(text, "STORED") != 1 {
		t.Errorf("one column is STORED:\n%s", text)
	}
	r.exec("DROP TABLE t", text) // the text makes the same table again
	if again := strings.TrimPrefix(r.rows("SHOW CREATE TABLE t")[0], "t|"); again != text {
		t.Errorf("got\n%s\nof\n%s", again, text)
	}
	r.exec("INSERT INTO t (a) VALUES (1)")
	r.want("SELECT * FROM t", "1|old|a,b||2|3")
}

// TestColumnMetadata checks what clients learn about columns.
func TestColumnMetadata(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, e ENUM('a','b') NOT NULL, s SET('a','b'), b VARBINARY(9), x BLOB, v VARCHAR(9), t TIME(3), d DATETIME(3), z TIMESTAMP(2) NULL)",
		"INSERT INTO t VALUES (1, 'b', 'a,b', 'x', 'y', 'z', '76:06:41.924', '2020-01-02 03:04:05.6', '2020-01-02 03:04:05.6')")
	for _, query := range []string{"SELECT * FROM t", "SELECT * FROM t WHERE id = ?"} {
		var args []any
		if strings.Contains(query, "?") {
			args = append(args, 1)
		}
		rows, err := r.db.Query(query, args...)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.ColumnTypes()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range columns {
			got = append(got, c.DatabaseTypeName())
		}
		if text := strings.Join(got, " "); text != "INT ENUM SET VARBINARY BLOB VARCHAR TIME DATETIME TIMESTAMP" {
			t.Errorf("%s: %s", query, text)
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		if got := r.rows(query, args...)[0]; got != "1|b|a,b|x|y|z|76:06:41.924000|2020-01-02 03:04:05.600|2020-01-02 03:04:05.60" {
			t.Errorf("%s: %s", query, got)
		}
	}
}

// TestLocalInfileOff checks the number that tells a client to switch LOAD DATA LOCAL on.
func TestLocalInfileOff(t *testing.T) {
	r := start(t)
	r.want("SELECT @@global.local_infile", "1")
	r.exec("CREATE TABLE l (id INT PRIMARY KEY)", "SET GLOBAL local_infile = 0")
	defer r.exec("SET GLOBAL local_infile = 1")
	r.fails(3948, "LOAD DATA LOCAL INFILE '/dev/null' INTO TABLE l")
}

// TestTextOfPrepare checks that a client can read the answer to PREPARE.
func TestTextOfPrepare(t *testing.T) {
	r := start(t)
	c, err := r.db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.ExecContext(context.Background(), "PREPARE p FROM 'SELECT 1 + 1'"); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := c.QueryRowContext(context.Background(), "EXECUTE p").Scan(&n); err != nil || n != 2 {
		t.Errorf("%d %v", n, err)
	}
}

// TestProcessList checks who is seen to be connected, and KILL of a number that is nobody's.
func TestProcessList(t *testing.T) {
	r := start(t)
	idle, err := r.connect("", "").Conn(context.Background()) // has logged in and done nothing since
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	list := r.rows("SELECT user, command, state FROM information_schema.processlist ORDER BY command, id")
	if len(list) < 2 {
		t.Fatalf("one connection is missing: %v", list)
	}
	for _, line := range list {
		if !strings.HasPrefix(line, "root|") || strings.Contains(line, "Connect|") || strings.Contains(line, "\n") {
			t.Errorf("process %q", line)
		}
	}
	if got := r.rows("SHOW PROCESSLIST"); !strings.Contains(strings.Join(got, ""), "|running|SHOW PROCESSLIST") {
		t.Errorf("process list %q", got)
	}
	r.fails(1094, "KILL 999999")
	r.fails(1094, "KILL QUERY 999999")
}

func TestSystemTablesWithoutDatabase(t *testing.T) {
	r := start(t)
	db := r.connect("", "")
	defer db.Close()
	for _, query := range []string{
		"SELECT name FROM V$PARAMETER", "SELECT v$parameter.name FROM v$parameter", "SELECT p.name FROM V$PARAMETER p JOIN V$DATABASE d ON TRUE",
		"SELECT * FROM (SELECT name FROM `V$PARAMETER`) x", "SELECT name FROM redoubt.V$PARAMETER WHERE EXISTS (SELECT 1 FROM V$DATABASE)",
	} {
		got, err := queryRows(db, query)
		if err != nil || len(got) != 1 || got[0] != "mysql" {
			t.Errorf("%s: %v %v", query, got, err)
		}
	}
	for _, query := range []string{"DESCRIBE V$PARAMETER", "SHOW COLUMNS FROM V$PARAMETER"} {
		if got, err := queryRows(db, query); err != nil || len(got) < 3 {
			t.Errorf("%s: %v %v", query, got, err)
		}
	}
	_, err := queryRows(db, "SELECT * FROM nothing")
	if known, ok := err.(*mysqldriver.MySQLError); !ok || known.Number != 1046 {
		t.Errorf("a table without a database: %v", err)
	}
	if fmt.Sprint(r.rows("SELECT name FROM V$PARAMETER")) != "[mysql]" {
		t.Error("with a current database it is another table")
	}
}

// TestRefusedInSilenceBefore: what the engine would take for something else.
func TestRefusedInSilenceBefore(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v TEXT)")
	r.fails(1068, "CREATE TABLE bad (id INT PRIMARY KEY, b INT PRIMARY KEY)")
	r.fails(1068, "CREATE TABLE bad (id INT PRIMARY KEY, b INT, PRIMARY KEY (b))")
	r.fails(1235, "SELECT * FROM t PARTITION (p0)")
	r.fails(1235, "DELETE FROM t PARTITION (p0)")
	r.want("SELECT id, row_number() OVER (PARTITION BY id) FROM t")
	r.fails(1222, "SELECT 1 UNION SELECT 1, 2")
	r.fails(1193, "SET nosuchvar = 1")
	r.fails(1231, "SET SESSION sql_mode = 'NOPE'")
	r.fails(1191, "SELECT * FROM t WHERE MATCH (v) AGAINST ('x')")
	r.fails(1824, "CREATE TABLE bad (id INT, FOREIGN KEY (id) REFERENCES nope (id))")
}

// TestBackslashBeforeWildcard: in a text, \_ and \% keep their backslash, with which LIKE takes them for themselves.
func TestBackslashBeforeWildcard(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE o (id INT PRIMARY KEY, name VARCHAR(20), KEY (name))",
		`INSERT INTO o VALUES (1, '_transient_a'), (2, 'xtransientxb'), (3, '50%'), (4, '500'), (5, 'a\_b'), (6, 'a\\_b')`,
		`CREATE VIEW v AS SELECT id FROM o WHERE name LIKE '\_transient\_%'`,
		`CREATE TRIGGER c BEFORE INSERT ON o FOR EACH ROW SET NEW.name = CONCAT(NEW.name, '\_')`)
	r.want("SELECT id FROM v", "1")
	r.want(`SELECT id FROM o WHERE name LIKE '50\%'`, "3")
	r.want(`SELECT id FROM o WHERE name LIKE "50\\%"`, "3")
	r.want(`SELECT id FROM o WHERE name = 'a\_b' ORDER BY id`, "5", "6")
	r.want(`SELECT LENGTH('\_'), LENGTH('\%'), LENGTH('\x'), LENGTH('\\_'), LENGTH(N'\_')`, "2|2|1|2|2")
	r.exec("INSERT INTO o VALUES (7, 'z')", `PREPARE s FROM 'SELECT id FROM o WHERE name = ''z\\_'''`)
	r.want("EXECUTE s", "7")
	r.exec(`DELETE FROM o WHERE name LIKE '\_transient\_%'`)
	r.want("SELECT COUNT(*) FROM o", "6")
}

// TestLikeInDefinitions: LIKE, REGEXP and comparisons with fractions are the same in views, triggers and procedures as elsewhere.
func TestLikeInDefinitions(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE o (id INT PRIMARY KEY, name VARCHAR(20), price DECIMAL(5,2), KEY (name), KEY (price))",
		"INSERT INTO o VALUES (1, 'az', 1.50), (2, 'a', 1.51), (3, 'a日本', 2), (4, 'Ab', 3), (5, '_x', 4), (6, 'yx', 5)",
		"CREATE TABLE found (id INT)",
		"CREATE VIEW v AS SELECT id, name LIKE 'a%' FROM o WHERE name LIKE 'a%'", "CREATE VIEW w AS SELECT id FROM o WHERE name LIKE '\\_%'",
		"CREATE VIEW x AS SELECT id FROM o WHERE name REGEXP '^A' AND price > 1.504",
		"CREATE PROCEDURE p() SELECT id FROM o WHERE name LIKE 'a%' ORDER BY id",
		"CREATE TRIGGER c AFTER UPDATE ON o FOR EACH ROW INSERT INTO found SELECT id FROM o WHERE name LIKE 'a%'")
	r.want("SELECT * FROM v ORDER BY id", "1|1", "2|1", "3|1", "4|1")
	r.want("SELECT * FROM w", "5")
	r.want("SELECT * FROM x ORDER BY id", "2", "3", "4")
	r.want("CALL p()", "1", "2", "3", "4")
	r.exec("UPDATE o SET price = 9 WHERE id = 6")
	r.want("SELECT id FROM found ORDER BY id", "1", "2", "3", "4")
}

// TestShowLike: a pattern of SHOW may say that _ and % are themselves, as WordPress and dumps do.
func TestShowLike(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE wp_options (a INT)", "CREATE TABLE wpxoptions (a INT)", "CREATE TABLE wp日本 (a INT)")
	r.want(`SHOW TABLES LIKE 'wp\_options'`, "wp_options")
	r.want(`SHOW TABLES LIKE 'wp\\_options'`, "wp_options")
	r.want(`SHOW TABLES LIKE 'wp\_o%'`, "wp_options")
	r.want(`SHOW TABLES LIKE 'wp%'`, "wp_options", "wpxoptions", "wp日本")
	r.want(`SHOW FULL TABLES LIKE 'wp\_%'`, "wp_options|BASE TABLE")
	if n := len(r.rows(`SHOW TABLE STATUS LIKE 'wp\_options'`)); n != 1 {
		t.Errorf("SHOW TABLE STATUS gave %d rows", n)
	}
}
