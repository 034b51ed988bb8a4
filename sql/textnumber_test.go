package sql

import (
	"strings"
	"testing"
)

// textNumberRows are texts that begin with numbers, and numbers to compare them with.
const textNumberRows = `(1,'5','5',5,5,5), (2,'05','05',5,5,5), (3,'5.0','5.0',6,5.5,5.5), (4,'10abc','10abc',10,10,10), (5,'abc','abc',0,0,0),
	(6,'','',0,0,0), (7,NULL,NULL,NULL,NULL,NULL), (8,' 5','-3',5,5,5), (9,'5e0','x',5,0.1,0.1), (10,'0.1','x',5,0.1,0.1), (11,'-7','',-7,1,1)`

// TestTextIsNumberBesideNumber: a text that is compared with a number is the number that it begins with, whether there is an index of the
// texts or of the numbers, or none. The answers are MariaDB's.
func TestTextIsNumberBesideNumber(t *testing.T) {
	r := start(t)
	const columns = "(id INT PRIMARY KEY, s VARCHAR(20), b VARBINARY(20), n INT, d DECIMAL(10,2), f DOUBLE"
	r.exec("CREATE TABLE plain "+columns+")", "CREATE TABLE indexed "+columns+", KEY (s), KEY (b), KEY (n), KEY (d))")
	r.exec("INSERT INTO plain VALUES "+textNumberRows, "INSERT INTO indexed SELECT * FROM plain")
	for _, table := range []string{"plain", "indexed"} {
		for condition, want := range map[string]string{
			"s = 5": "1,2,3,8,9", "5 = s": "1,2,3,8,9", "s = 5.0": "1,2,3,8,9", "s = 10": "4", "s = 0": "5,6", "s <=> 5": "1,2,3,8,9",
			"s > 4": "1,2,3,4,8,9", "s < 5": "5,6,10,11", "s <= 0.1": "5,6,10,11", "s <> 5": "4,5,6,10,11", "NOT s = 5": "4,5,6,10,11",
			"s IN (5, 10)": "1,2,3,4,8,9", "s NOT IN (5, 10)": "5,6,10,11", "s IN (5, 'abc')": "1,2,3,5,8,9", "s NOT IN (5, 'abc')": "4,6,10,11",
			"s BETWEEN 4 AND 6": "1,2,3,8,9", "s BETWEEN 4 AND '6'": "1,2,3,8,9", "s NOT BETWEEN 4 AND 6": "4,5,6,10,11",
			"7 BETWEEN s AND '8'": "1,2,3,5,6,8,9,10,11", "n BETWEEN '5x' AND '7y'": "1,2,3,8,9,10",
			"s = n": "1,2,4,5,6,8,9,11", "s = d": "1,2,4,5,6,8,10", "s = f": "1,2,4,5,6,8,10", "b = 5": "1,2,3", "b > 4": "1,2,3,4",
			"CONCAT(s, '') = 5": "1,2,3,8,9", "n = '5x'": "1,2,8,9,10", "n + 0 = '5x'": "1,2,8,9,10", "n IN ('5x', '0abc')": "1,2,5,6,8,9,10",
			"(s, n) = (5, 5)": "1,2,8,9", "(s, n) IN ((5, 5), (10, 10))": "1,2,4,8,9", "(s, n) IN ((5, 5), ('abc', 0))": "1,2,5,8,9",
			"s = -7": "11", "s": "1,2,3,4,8,9,10,11", "NOT s": "5,6", "s AND n = 5": "1,2,8,9,10", "s OR n = 0": "1,2,3,4,5,6,8,9,10,11",
			"s XOR n = 5": "3,4,11", "s = (SELECT n FROM plain WHERE id = 1)": "1,2,3,8,9",
			"s IN (SELECT n FROM plain)": "1,2,3,4,5,6,8,9,11", "n IN (SELECT s FROM plain)": "1,2,4,5,6,8,9,10,11",
			"EXISTS (SELECT 1 FROM indexed x WHERE x.s = outer_.n)": "1,2,4,5,6,8,9,10,11", "s >= ALL (SELECT 6)": "4",
			"6 > ANY (SELECT x.s FROM indexed x WHERE x.id = outer_.id)": "1,2,3,5,6,8,9,10,11",
		} {
			query := "SELECT id FROM " + table + " outer_ WHERE " + condition + " ORDER BY id"
			got, err := queryRows(r.db, query)
			if err != nil {
				t.Errorf("%s: %v", query, err)
			} else if ids := strings.Join(got, ","); ids != want {
				t.Errorf("%s\n got %s\nwant %s", query, ids, want)
			}
		}
	}
	got := r.rows("SELECT id FROM indexed WHERE s = ? ORDER BY id", 5)
	if ids := strings.Join(got, ","); ids != "1,2,3,8,9" {
		t.Errorf("prepared: %s", ids)
	}
	r.want("SELECT a.id, b.id FROM indexed a JOIN indexed b ON a.s = b.n WHERE a.id IN (4, 5, 11) ORDER BY a.id, b.id", "4|4", "5|5", "5|6", "11|11")
	r.want("SELECT a.id, b.id FROM plain a LEFT JOIN indexed b ON b.d = a.s WHERE a.id IN (4, 7, 10) ORDER BY a.id, b.id", "4|4", "7|NULL", "10|9", "10|10")
	r.want("SELECT '10a' > 9, 1 = '1abc', 'a' = 0, x'41' = 65, x'41' = 'A', FIELD(5, '05', '5'), 'a' BETWEEN 0 AND 1", "1|1|1|1|1|1|1")
}

// TestTextNumberOfChanges: a statement that changes the rows it finds does not take a text for 0.
func TestTextNumberOfChanges(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (s VARCHAR(20) PRIMARY KEY, n INT)", "INSERT INTO t VALUES ('5', 1), ('05', 2), ('abc', 3)")
	for _, statement := range []string{
		"UPDATE t SET n = 9 WHERE s = 5", "DELETE FROM t WHERE s = 0", "UPDATE t SET n = 9 WHERE s IN (5, 6)", "DELETE FROM t WHERE n = '2x'",
		"UPDATE t SET n = 9 WHERE s", "DELETE FROM t WHERE 0 BETWEEN s AND 1", "DELETE a FROM t a JOIN t b ON a.s = b.n",
	} {
		r.fails(1292, statement)
	}
	r.want("SELECT * FROM t ORDER BY n", "5|1", "05|2", "abc|3")
	r.exec("UPDATE IGNORE t SET n = n + 10 WHERE s = 5")
	r.want("SELECT * FROM t ORDER BY n", "abc|3", "5|11", "05|12")
	r.exec("DELETE FROM t WHERE s = 'abc'", "UPDATE t SET n = n + 10 WHERE s = 5", "DELETE FROM t WHERE n = '22'")
	r.want("SELECT * FROM t", "5|21")
}

// TestTextNumberWarns: each text that is not wholly a number is told, of which the first 1,024 are kept.
func TestTextNumberWarns(t *testing.T) {
	_, a, _ := pair(t, readCommitted)
	a.exec("CREATE TABLE w (id INT PRIMARY KEY, s VARCHAR(20))")
	a.exec("INSERT INTO w VALUES (1, '5'), (2, '5x'), (3, '')")
	a.want("SELECT id FROM w WHERE s = 5 ORDER BY id", "1", "2")
	a.want("SHOW WARNINGS", "Warning|1292|Truncated incorrect DOUBLE value: '5x'", "Warning|1292|Truncated incorrect DOUBLE value: ''")
	a.exec("INSERT INTO w WITH RECURSIVE r AS (SELECT 10 AS i UNION ALL SELECT i + 1 FROM r WHERE i < 5000) SELECT i, 'x' FROM r")
	a.want("SELECT COUNT(*) FROM w WHERE s = 7", "0")
	a.want("SELECT @@warning_count", "4993")
	a.want("SELECT COUNT(*) FROM w WHERE s = 7", "0")
	a.want("SHOW COUNT(*) WARNINGS", "4993")
	if got, err := queryRows(a, "SHOW WARNINGS"); len(got) != 1024 || err != nil {
		t.Errorf("%d warnings are kept, %v", len(got), err)
	}
}

// TestConditionsOfDefinitions: generated columns, defaults and checks can be comparisons, of texts with numbers, too, and are so after a restart.
func TestConditionsOfDefinitions(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (s VARCHAR(10), five INT AS (s = 5) STORED, none INT GENERATED ALWAYS AS (s IS NULL), few INT DEFAULT (1 < 2 AND 3 IN (3, 4)), CHECK (s < 100))",
		"ALTER TABLE t ADD COLUMN like_a INT AS (s LIKE 'a%')", "CREATE VIEW v AS (SELECT s FROM t WHERE s = 5)")
	for range 2 {
		r.exec("DELETE FROM t", "INSERT INTO t (s) VALUES ('05'), ('5x'), ('abc'), (NULL)")
		r.fails(3819, "INSERT INTO t (s) VALUES ('100.5x')")
		r.want("SELECT * FROM t ORDER BY s", "NULL|NULL|1|1|NULL", "05|1|0|1|0", "5x|1|0|1|0", "abc|0|0|1|1")
		r.want("SELECT s FROM v ORDER BY s", "05", "5x")
		r.restart()
	}
}

// TestUpdateOfJoinKeepsChecks: the checks of tables whose columns have the same names hold in an UPDATE of their join.
func TestUpdateOfJoinKeepsChecks(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE a (id INT PRIMARY KEY, q INT, CHECK (q < 100))", "CREATE TABLE b (id INT PRIMARY KEY, q INT, CHECK (q < 50))",
		"INSERT INTO a VALUES (1, 1), (2, 2), (4, 4)", "INSERT INTO b VALUES (1, 1), (2, 2), (3, 3)")
	for _, statement := range []string{
		"UPDATE a JOIN b ON a.id = b.id SET a.q = 10 WHERE b.q = 1", "UPDATE a, b SET a.q = 20 WHERE a.id = b.id AND b.q = 2",
		"UPDATE a x JOIN a y ON x.id = y.id SET x.q = y.q + 1 WHERE y.q = 20",
	} {
		r.exec(statement)
	}
	r.want("SELECT * FROM a", "1|10", "2|21", "4|4")
	r.fails(3819, "UPDATE a JOIN b ON a.id = b.id SET a.q = 100 WHERE b.q = 1")
	r.fails(3819, "UPDATE a JOIN b ON a.id = b.id SET b.q = a.q + 40 WHERE b.q = 1")
	r.want("SELECT * FROM a", "1|10", "2|21", "4|4")
	r.want("SELECT * FROM b", "1|1", "2|2", "3|3")
}
