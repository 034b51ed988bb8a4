package sql

import (
	"fmt"
	"testing"
)

// manyTexts makes a table of so many thousands of rows, each with the same text of 100 bytes; k counts to a thousand.
func (r *running) manyTexts(table string, rows int) {
	r.t.Helper()
	r.exec("CREATE TABLE " + table + " (id INT PRIMARY KEY, k INT, s VARCHAR(100))")
	for first := 0; first < rows; first += 1000 {
		text := ""
		for k := range 1000 {
			text += fmt.Sprintf(",(%d,%d,REPEAT('x',100))", first+k, k)
		}
		r.exec("INSERT INTO " + table + " VALUES " + text[1:])
	}
}

// A statement that would hold too many rows in memory is refused, and the next one has all of it again.
func TestStatementMemory(t *testing.T) {
	r := startWith(t, func(o *Options) { o.StatementBytesMax = 400 << 10 })
	r.manyTexts("big", 10_000)
	r.exec("CREATE TABLE few (id INT PRIMARY KEY)", "INSERT INTO few VALUES (1)")
	for _, query := range []string{
		"SELECT id FROM big ORDER BY s, k",
		"SELECT s, id, COUNT(*) FROM big GROUP BY s, id",
		"SELECT COUNT(*) FROM (SELECT DISTINCT id, s FROM big) x",
		"SELECT a.id FROM big b JOIN big a ON a.k + b.k < 0",
		"SELECT id, ROW_NUMBER() OVER (ORDER BY s) FROM big",
		"SELECT COUNT(DISTINCT id, s) FROM big",
		"SELECT id FROM few WHERE id + 1 IN (SELECT id + k FROM big)",
		"SELECT COUNT(*) FROM (SELECT id, s FROM big UNION SELECT id + 1, s FROM big) x",
	} {
		r.fails(1038, query)
		r.want("SELECT COUNT(*) FROM big", "10000")
	}
	r.want("SELECT k, COUNT(*) FROM big GROUP BY k ORDER BY k LIMIT 1", "0|10")
	r.want("SELECT id FROM big ORDER BY s, k, id LIMIT 1", "0")
	r.want("SELECT COUNT(*) FROM (SELECT DISTINCT s FROM big) x", "1")
	// What a subquery held for one row of the query around is free again for the next.
	r.want("SELECT COUNT(*) FROM few f WHERE (SELECT MAX(x.s) FROM (SELECT s FROM big b WHERE b.k < 50 ORDER BY b.s LIMIT 400) x) > ''", "1")
}

// TestFirstRowsMemory: the first rows of a sort are counted while they are kept, and only those.
func TestFirstRowsMemory(t *testing.T) {
	r := startWith(t, func(o *Options) { o.StatementBytesMax = 400 << 10 })
	r.manyTexts("big", 4000)
	for _, query := range []string{
		"SELECT id FROM big ORDER BY s, k LIMIT 100000000",
		"SELECT id, s FROM big ORDER BY s, k LIMIT 3500",
		"SELECT * FROM big ORDER BY s, k LIMIT 10 OFFSET 3500",
		"SELECT SQL_CALC_FOUND_ROWS id FROM big ORDER BY s, k LIMIT 100000000",
		"SELECT id + 1, UPPER(s) FROM big ORDER BY s, k LIMIT 100000000",
		"SELECT id FROM big b WHERE b.id IN (SELECT x.id FROM (SELECT * FROM big ORDER BY s, k LIMIT 100000000) x)",
		"SELECT id, s FROM big UNION ALL SELECT id, s FROM big ORDER BY s, id LIMIT 100000000",
		"SELECT id, s FROM big UNION ALL SELECT id, s FROM big ORDER BY s, id",
	} {
		r.fails(1038, query)
		r.want("SELECT COUNT(*) FROM big", "4000")
	}
	for range 3 { // what was held is free again
		r.want("SELECT id FROM big ORDER BY s DESC, k DESC, id DESC LIMIT 2 OFFSET 500", "3874", "2874")
		r.want("SELECT COUNT(*) FROM big b WHERE b.k < 2 AND (SELECT MAX(x.id) FROM (SELECT * FROM big WHERE k = b.k ORDER BY s, id LIMIT 300) x) >= 0", "8")
	}
	r.want("SELECT id, k FROM big WHERE k < 2 ORDER BY k LIMIT 6", "0|0", "1000|0", "2000|0", "3000|0", "1|1", "1001|1")
	r.want("SELECT id FROM big ORDER BY s, id LIMIT 0")
	r.want("SELECT id FROM big WHERE id = 5 UNION ALL SELECT id FROM big WHERE id < 3 ORDER BY id LIMIT 3", "0", "1", "2")
}

// TestHeldElsewhere: so is what set operations, recursive expressions, and procedures hold; what they let go is free again.
func TestHeldElsewhere(t *testing.T) {
	r := startWith(t, func(o *Options) { o.StatementBytesMax = 400 << 10 })
	r.manyTexts("big", 10_000)
	r.exec("CREATE TABLE two (n INT PRIMARY KEY)", "INSERT INTO two VALUES (1), (2)",
		"CREATE PROCEDURE large() BEGIN SELECT * FROM big; END",
		"CREATE PROCEDURE opens() BEGIN DECLARE a INT; DECLARE c CURSOR FOR SELECT id FROM big; OPEN c; FETCH c INTO a; CLOSE c; END",
		`CREATE PROCEDURE often() BEGIN
			DECLARE i INT DEFAULT 0; DECLARE n INT DEFAULT 0;
			WHILE i < 40 DO
				BEGIN
					DECLARE c CURSOR FOR SELECT id FROM big WHERE id < 300;
					OPEN c; FETCH c INTO n; FETCH c INTO n; CLOSE c;
				END;
				SET i = i + 1;
			END WHILE;
			SELECT i, n;
		END`)
	for _, query := range []string{
		"SELECT COUNT(*) FROM (SELECT id FROM big EXCEPT SELECT id FROM big WHERE id < 5) x",
		"SELECT COUNT(*) FROM (SELECT id FROM big INTERSECT SELECT n FROM two) x",
		"WITH RECURSIVE t (i, s) AS (SELECT id, s FROM big UNION ALL SELECT i + 1, s FROM t WHERE i < 0) SELECT COUNT(*) FROM t",
		"WITH RECURSIVE t (i) AS (SELECT 1 UNION SELECT i + 1 FROM t WHERE i < 9500) SELECT COUNT(*) FROM t",
		"CALL large()", "CALL opens()",
	} {
		r.fails(1038, query)
		r.want("SELECT COUNT(*) FROM big", "10000")
	}
	r.want("SELECT COUNT(*) FROM (SELECT id FROM big WHERE id < 3000 EXCEPT SELECT id FROM big WHERE id < 5) x", "2995")
	r.want("WITH RECURSIVE t (i, s) AS (SELECT 1, REPEAT('x', 1000) UNION ALL SELECT i + 1, s FROM t WHERE i < 900) SELECT COUNT(*) FROM t", "900")
	// What each of them held is free for the next.
	r.want("SELECT SUM((WITH RECURSIVE t (i) AS (SELECT b.id UNION SELECT i + 1 FROM t WHERE i < 1000) SELECT COUNT(*) FROM t)) FROM big b WHERE b.id < 50", "48825")
	r.want("SELECT SUM((SELECT COUNT(*) FROM (SELECT id FROM big x WHERE x.id < b.id + 2000 INTERSECT SELECT id FROM big WHERE id < 3000) y)) FROM big b WHERE b.id < 20", "40190")
	r.want("CALL often()", "40|1")
}

// TestKeylessMemory: the rows of a table without a key, which an UPDATE or DELETE finds by their content, are counted.
func TestKeylessMemory(t *testing.T) {
	r := startWith(t, func(o *Options) { o.StatementBytesMax = 400 << 10 })
	r.manyTexts("big", 2000)
	r.exec("CREATE TABLE keyless (id INT, s VARCHAR(100))", "INSERT INTO keyless SELECT id, s FROM big")
	for _, statement := range []string{"UPDATE keyless SET s = '' WHERE id = 7", "DELETE FROM keyless WHERE id = 7"} {
		r.fails(1038, statement)
		r.want("SELECT COUNT(*) FROM keyless WHERE s > ''", "2000")
	}
	r.exec("CREATE TABLE fewer (id INT, s VARCHAR(100))", "INSERT INTO fewer SELECT id, s FROM keyless WHERE id < 1000",
		"CREATE TRIGGER again AFTER UPDATE ON fewer FOR EACH ROW INSERT INTO two VALUES (NEW.id)", "CREATE TABLE two (id INT)")
	r.exec("UPDATE fewer SET s = 'y' WHERE id < 10", "DELETE FROM fewer WHERE id > 990 AND s > ''", "DELETE FROM two WHERE id < 5")
	r.want("SELECT (SELECT COUNT(*) FROM fewer), (SELECT COUNT(*) FROM fewer WHERE s = 'y'), (SELECT COUNT(*) FROM two)", "991|10|5")
}
