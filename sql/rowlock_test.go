package sql

import (
	"strings"
	"testing"
)

// TestLockingReadsInPrograms: statements of procedures and triggers lock as they do outside; where a clause cannot be kept, the
// program is refused when it is made, as RD-1003 says.
func TestLockingReadsInPrograms(t *testing.T) {
	r, a, b := pair(t, readCommitted)
	r.exec("CREATE TABLE u (id INT PRIMARY KEY)",
		"CREATE TRIGGER tr BEFORE INSERT ON u FOR EACH ROW BEGIN DECLARE x INT; SELECT v INTO x FROM t WHERE id = 1 FOR UPDATE; END",
		"CREATE PROCEDURE by_cursor() BEGIN DECLARE x INT; DECLARE c CURSOR FOR SELECT v FROM t WHERE id = 2 FOR UPDATE; OPEN c; FETCH c INTO x; CLOSE c; END",
		"CREATE PROCEDURE by_set() BEGIN DECLARE x INT; SET x = (SELECT v FROM t WHERE id = 2 FOR UPDATE); END")
	for statement, free := range map[string]string{
		"INSERT INTO u VALUES (1)": "2", "CALL by_cursor()": "1", "CALL by_set()": "1",
	} {
		a.exec("BEGIN", statement)
		got, err := queryRows(b, "SELECT id FROM t ORDER BY id FOR UPDATE SKIP LOCKED")
		if err != nil || strings.Join(got, " ") != free {
			t.Errorf("%s: others may lock %v, %v, want %s", statement, got, err, free)
		}
		a.exec("ROLLBACK")
	}
	const locked = "(SELECT v FROM t WHERE id = 1 FOR UPDATE)"
	for _, statement := range []string{
		"CREATE PROCEDURE p() BEGIN IF " + locked + " = 10 THEN SELECT 1; END IF; END",
		"CREATE PROCEDURE p() BEGIN WHILE " + locked + " <> 10 DO SELECT 1; END WHILE; END",
		"CREATE PROCEDURE p() BEGIN CASE " + locked + " WHEN 10 THEN SELECT 1; END CASE; END",
		"CREATE PROCEDURE p() SELECT v FROM t AS OF SCN 3 FOR UPDATE",
		"CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO INSERT INTO u SELECT v FROM t FOR UPDATE",
		"CREATE TABLE copied AS SELECT * FROM t FOR UPDATE",
		"(SELECT v FROM t) UNION (SELECT v FROM t) FOR UPDATE",
	} {
		b.fails("RD-1003", statement)
	}
}
