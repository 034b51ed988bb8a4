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

// TestLimitLocksWhatItShows: a LIMIT locks the rows that it shows, whichever way the statement goes, and SKIP LOCKED leaves
// out rows before they count.
func TestLimitLocksWhatItShows(t *testing.T) {
	r, a, b := pair(t, readCommitted)
	r.exec("CREATE TABLE j (id INT PRIMARY KEY, s CHAR(1), p INT, KEY (s))", "INSERT INTO j VALUES (1,'n',3),(2,'n',2),(3,'n',1),(4,'o',0)")
	for _, c := range []struct{ query, shown, free string }{
		{"SELECT id FROM j WHERE s = 'n' ORDER BY id LIMIT 1", "1", "2 3 4"},
		{"SELECT id FROM j WHERE s = 'n' ORDER BY p LIMIT 1", "3", "1 2 4"},
		{"SELECT id, p + 1 AS x FROM j WHERE s = 'n' ORDER BY x LIMIT 1", "3|2", "1 2 4"},
		{"SELECT * FROM j AS other ORDER BY p DESC LIMIT 1", "1|n|3", "2 3 4"},
		{"SELECT * FROM j WHERE s = 'n' AND p > 1 ORDER BY p LIMIT 1", "2|n|2", "1 3 4"},
		{"SELECT id FROM j WHERE s = 'n' LIMIT 2", "1 2", "3 4"},
		{"SELECT id FROM j WHERE s = 'n' ORDER BY p LIMIT 0", "", "1 2 3 4"},
	} {
		for _, clause := range []string{" FOR UPDATE", " FOR UPDATE NOWAIT", " FOR UPDATE SKIP LOCKED", " FOR UPDATE /* the full way */"} {
			for range 2 { // the short path knows the columns the second time
				a.exec("BEGIN")
				shown, err := queryRows(a, c.query+clause)
				free, freeErr := queryRows(b, "SELECT id FROM j ORDER BY id FOR UPDATE SKIP LOCKED")
				if strings.Join(shown, " ") != c.shown || strings.Join(free, " ") != c.free || err != nil || freeErr != nil {
					t.Errorf("%s: shows %v, %v, others may lock %v, %v, want %q and %q", c.query+clause, shown, err, free, freeErr, c.shown, c.free)
				}
				a.exec("ROLLBACK")
			}
		}
	}
	a.exec("BEGIN", "SELECT id FROM j WHERE s = 'n' ORDER BY p LIMIT 1 FOR UPDATE")
	for _, text := range []string{"", " /* the full way */"} {
		got, err := queryRows(b, "SELECT id FROM j WHERE s = 'n' ORDER BY p LIMIT 1 FOR UPDATE SKIP LOCKED"+text)
		if strings.Join(got, " ") != "2" || err != nil {
			t.Errorf("SKIP LOCKED%s gives %v, %v, want the next row", text, got, err)
		}
	}
	a.exec("ROLLBACK")
}
