package sql

import (
	"fmt"
	"strings"
	"testing"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/scn"
)

func TestVersions(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(10), KEY (v))")
	s0 := r.scn()
	r.exec("INSERT INTO t VALUES (1,'a'),(2,'b')") // s0+1
	r.exec("UPDATE t SET v = 'c' WHERE id = 1")    // s0+2
	r.exec("DELETE FROM t WHERE id = 2")           // s0+3
	r.exec("INSERT INTO t VALUES (2,'c')")         // s0+4
	r.exec("UPDATE t SET v = 'c' WHERE id = 2")    // nothing changes
	n := func(i uint64) string { return fmt.Sprint(s0 + i) }
	columns := "id, v, versions_startscn, versions_endscn, versions_operation"
	check := func() {
		t.Helper()
		r.want("SELECT "+columns+" FROM t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE",
			"1|a|"+n(1)+"|"+n(2)+"|I", "1|c|"+n(2)+"|NULL|U",
			"2|b|"+n(1)+"|"+n(3)+"|I", "2|b|"+n(3)+"|NULL|D", "2|c|"+n(4)+"|NULL|I")
		r.want("SELECT * FROM t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE WHERE id = 1", "1|a", "1|c")
		r.want("SELECT *, versions_operation AS op FROM t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE WHERE id = 1", "1|a|I", "1|c|U")
		r.want(fmt.Sprintf("SELECT %s FROM t VERSIONS BETWEEN SCN %d AND %d", columns, s0+2, s0+3),
			"1|c|"+n(2)+"|NULL|U", "2|b|NULL|"+n(3)+"|NULL", "2|b|"+n(3)+"|NULL|D")
		r.want(fmt.Sprintf("SELECT versions_startscn, versions_starttime, versions_xid, versions_user, versions_operation, versions_incarnation, ora_rowscn FROM t VERSIONS BETWEEN SCN %d AND %d WHERE id = 2 AND versions_operation IS NULL", s0+2, s0+3),
			"NULL|NULL|NULL|NULL|NULL|1|"+n(1))
		r.want("SELECT id, v, versions_user, versions_starttime = SCN_TO_TIMESTAMP(versions_startscn), versions_xid > 0 FROM t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE WHERE v = 'c'",
			"1|c|root|1|1", "2|c|root|1|1")
		r.want(fmt.Sprintf("SELECT id, versions_startscn FROM t VERSIONS BETWEEN TIMESTAMP SCN_TO_TIMESTAMP(%d) AND SCN_TO_TIMESTAMP(%d)", s0+2, s0+2), "1|"+n(2), "2|NULL")
		r.want(fmt.Sprintf("SELECT id, v, versions_startscn FROM t VERSIONS BETWEEN TIMESTAMP SCN_TO_TIMESTAMP(%d) - INTERVAL 1 MICROSECOND AND SCN_TO_TIMESTAMP(%d)", s0+2, s0+2), "1|a|NULL", "1|c|"+n(2), "2|b|NULL")
		r.want("SELECT a.id, a.v, b.v FROM t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE a JOIN t b ON a.id = b.id WHERE a.versions_operation = 'I' ORDER BY a.id, a.versions_startscn", "1|a|c", "2|b|c", "2|c|c")
		r.want("SELECT b.v, b.versions_startscn FROM t a JOIN t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE b ON a.id = b.id WHERE a.id = 1 ORDER BY 2", "a|"+n(1), "c|"+n(2))
		r.want("SELECT max(versions_startscn) FROM t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE", n(4))
		r.want("SELECT id FROM t WHERE (SELECT count(*) FROM t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE x WHERE x.id = t.id) = 2", "1")
		for _, c := range []struct {
			query string
			args  []any
			want  string
		}{
			{"SELECT id, v, versions_operation FROM t VERSIONS BETWEEN SCN ? AND ? WHERE id = ?", []any{s0, s0 + 2, 1}, "1|a|I 1|c|U"},
			{"SELECT *, versions_operation FROM t VERSIONS BETWEEN SCN ? AND MAXVALUE WHERE id = ?", []any{s0, 1}, "1|a|I 1|c|U"},
			{"SELECT v FROM t VERSIONS BETWEEN SCN ? AND ? + 1", []any{s0 + 1, s0}, "a b"},
		} {
			if got := strings.Join(r.rows(c.query, c.args...), " "); got != c.want {
				t.Fatalf("%s: %s, want %s", c.query, got, c.want)
			}
		}
	}
	check()
	r.restart()
	check()
	r.exec("DROP TABLE t")
	r.want("SELECT id, v, versions_startscn, versions_operation FROM t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE WHERE id = 1",
		"1|a|"+n(1)+"|I", "1|c|"+n(2)+"|U", "1|c|"+fmt.Sprint(r.scn())+"|D")
}

func TestVersionsOfViews(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(10))", "INSERT INTO t VALUES (1,'a')", "UPDATE t SET v = 'b'",
		"CREATE VIEW history AS SELECT id, v, versions_operation AS op FROM t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE")
	r.want("SELECT * FROM history", "1|a|I", "1|b|U")
	r.exec("DELETE FROM t")
	r.want("SELECT v, op FROM history WHERE id = 1", "a|I", "b|U", "b|D")
	r.restart()
	r.want("SELECT v, op FROM history WHERE id = 1", "a|I", "b|U", "b|D")
	r.fails(1235, "SELECT * FROM history VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE")
	r.fails(1235, "SELECT * FROM V$PARAMETER VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE")
	r.fails(1235, "WITH c AS (SELECT * FROM t) SELECT * FROM c VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE")
	r.fails(1064, "SHOW CREATE TABLE t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE")
	r.fails(1288, "UPDATE t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE SET v = 'x'")
	r.fails(1525, "SELECT * FROM t VERSIONS BETWEEN SCN MAXVALUE AND MINVALUE")
	r.fails(1525, "SELECT * FROM t VERSIONS BETWEEN TIMESTAMP now() AND now() - INTERVAL 1 SECOND")
	r.fails(1525, "SELECT * FROM t VERSIONS BETWEEN SCN 3 AND 2")
	r.fails(1525, "SELECT * FROM t VERSIONS BETWEEN SCN 3 AND 999")
	r.fails(1525, "SELECT * FROM t VERSIONS BETWEEN SCN NULL AND MAXVALUE")
	r.fails(1525, "SELECT * FROM t VERSIONS BETWEEN TIMESTAMP 'x' AND MAXVALUE")
	r.fails(1146, "SELECT * FROM u VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE")
	r.fails(1146, "SELECT * FROM t VERSIONS BETWEEN SCN MINVALUE AND 1")
	r.fails(1054, "SELECT versions_startscn FROM t")
	r.fails(1235, "SELECT * FROM t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE FOR UPDATE")
}

func TestVersionsInPrograms(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(10))", "INSERT INTO t VALUES (1,'a')", "UPDATE t SET v = 'b'", "CREATE TABLE u (op CHAR(1))",
		"CREATE PROCEDURE p() SELECT v, versions_operation FROM t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE",
		"CREATE PROCEDURE q() BEGIN DECLARE n INT; SELECT count(*) INTO n FROM t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE WHERE versions_operation = 'U'; SELECT n, v, ora_rowscn > 0 FROM t; END",
		"CREATE TRIGGER w BEFORE INSERT ON u FOR EACH ROW SET NEW.op = (SELECT max(versions_operation) FROM t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE)",
		"INSERT INTO u VALUES ('')")
	r.restart()
	r.want("CALL p()", "a|I", "b|U")
	r.want("CALL q()", "1|b|1")
	r.want("SELECT op FROM u", "U")
}

// A column may be called as the words of the clause are.
func TestVersionsWords(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE software (id INT PRIMARY KEY, versions INT, minvalue INT, versions_xid INT)", "INSERT INTO software VALUES (1, 2, 3, 4)")
	r.want("SELECT id FROM software WHERE versions BETWEEN 1 AND 3", "1")
	r.want("SELECT versions BETWEEN minvalue AND 5 FROM software", "0")
	r.want("SELECT id FROM software s WHERE s.versions BETWEEN 1 AND minvalue AND (versions BETWEEN 2 AND 2)", "1")
	r.want("SELECT * FROM software AS v WHERE v.versions BETWEEN 2 AND 2", "1|2|3|4")
	r.want("SELECT versions_xid, versions_operation FROM software VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE", "4|I")
	r.want("SELECT *, versions_operation FROM software VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE", "1|2|3|4|I")
}

func TestSystemTimePeriods(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1,1)")
	s := r.scn()
	r.exec("UPDATE t SET v = 2", "DELETE FROM t")
	r.want("SELECT v FROM t FOR SYSTEM_TIME ALL", "1", "2")
	r.want(fmt.Sprintf("SELECT v FROM t FOR SYSTEM_TIME BETWEEN SCN_TO_TIMESTAMP(%d) AND SCN_TO_TIMESTAMP(%d)", s, s+1), "1", "2")
	r.want(fmt.Sprintf("SELECT v FROM t FOR SYSTEM_TIME FROM SCN_TO_TIMESTAMP(%d) TO SCN_TO_TIMESTAMP(%d)", s, s+1), "1")
	r.want(fmt.Sprintf("SELECT v FROM t FOR SYSTEM_TIME FROM SCN_TO_TIMESTAMP(%d) TO SCN_TO_TIMESTAMP(%d)", s+1, s+2), "2")
	r.fails(1235, "SELECT v FROM t FOR SYSTEM_TIME CONTAINED IN ('2020-01-01', '2020-01-02')")
}

// Versions are shown in the columns at the end of the range, over changes of the definition that copy the table.
func TestVersionsAcrossDefinitions(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v INT, gone INT)", "INSERT INTO t VALUES (1,10,0),(2,20,0)", "UPDATE t SET v = 11 WHERE id = 1")
	before := r.scn()
	r.exec("ALTER TABLE t MODIFY v VARCHAR(9)", "ALTER TABLE t ADD COLUMN n INT DEFAULT 7", "ALTER TABLE t DROP COLUMN gone")
	r.exec("UPDATE t SET v = 'x' WHERE id = 1", "ALTER TABLE t MODIFY id VARCHAR(5)", "RENAME TABLE t TO u", "UPDATE u SET n = 8 WHERE id = '2'")
	r.want("SELECT v, n, versions_operation FROM u VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE WHERE id = '1' ORDER BY versions_startscn, versions_operation = 'I'",
		"10|7|I", "11|7|U", "11|7|U", "x|7|U", "x|7|D", "x|7|I")
	r.want(fmt.Sprintf("SELECT id, v, gone, versions_operation FROM t VERSIONS BETWEEN SCN MINVALUE AND %d", before), "1|10|0|I", "1|11|0|U", "2|20|0|I")
	r.exec("DROP TABLE u", "CREATE TABLE u (id VARCHAR(5) PRIMARY KEY, n TINYINT)", "INSERT INTO u VALUES ('2', 1)")
	r.want("SELECT n, versions_operation FROM u VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE WHERE id = '2' AND versions_operation <> 'U' ORDER BY versions_startscn, versions_operation = 'I'",
		"NULL|I", "7|D", "7|I", "8|D", "1|I")
}

func TestVersionsPushDown(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v INT, w INT, KEY (v))", "INSERT INTO t VALUES (1,1,1),(2,2,2),(3,3,3)", "UPDATE t SET v = v + 1")
	plan := func(query, want string) {
		t.Helper()
		got := strings.Join(r.rows("EXPLAIN "+query), "\n")
		if !strings.Contains(got, want) || !strings.Contains(got, "versions: MINVALUE to MAXVALUE") {
			t.Errorf("%s:\n%s\nwant %s", query, got, want)
		}
	}
	from := " FROM t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE "
	plan("SELECT *"+from+"WHERE id = 2", "Index range scan on t using PRIMARY")
	plan("SELECT *"+from+"WHERE v = 2", "Index range scan on t using v")
	plan("SELECT *"+from+"WHERE w = 2", "Table scan on t")
	r.want("SELECT id, v, versions_operation"+from+"WHERE v = 2 ORDER BY id", "1|2|U", "2|2|I")
	r.want("SELECT id, v, versions_operation"+from+"WHERE v BETWEEN 2 AND 3 ORDER BY id, versions_startscn", "1|2|U", "2|2|I", "2|3|U", "3|3|I")
	r.want("SELECT id, v, versions_operation"+from+"WHERE id IN (3, 1) ORDER BY id, versions_startscn", "1|1|I", "1|2|U", "3|3|I", "3|4|U")
	r.want("SELECT b.v FROM t a JOIN t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE b ON a.id = b.id WHERE a.w = 1", "1", "2")
	r.want("SELECT b.v, b.versions_operation FROM t a LEFT JOIN t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE b ON a.v = b.v ORDER BY 1, 2", "2|I", "2|U", "3|I", "3|U", "4|U")
	r.exec("ANALYZE TABLE t")
	r.exec("CREATE TABLE large (id INT PRIMARY KEY, v INT)", "INSERT INTO large WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i, i FROM n", "UPDATE large SET v = -v WHERE id = 2")
	plan("SELECT /*+ LOOKUP_JOIN(a,b) */ b.v FROM t a JOIN large VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE b ON a.id = b.id", "Index lookup on large using PRIMARY")
	r.want("SELECT /*+ LOOKUP_JOIN(a,b) */ b.v FROM t a JOIN large VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE b ON a.id = b.id ORDER BY 1", "-2", "1", "2", "3")
	plan("SELECT *"+from+"WHERE id = 2", "Index range scan on t using PRIMARY")
	plan("SELECT *"+from+"WHERE v = 2", "Index range scan on t using v")
}

// A flashback is a change of each row that it changed, and what it took away stays history.
func TestVersionsAcrossFlashback(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(10), KEY (v))")
	s := r.scn()
	r.exec("INSERT INTO t VALUES (1,'a'),(2,'b'),(4,'d')", "UPDATE t SET v = 'x' WHERE id = 1", "DELETE FROM t WHERE id = 2", "INSERT INTO t VALUES (3,'c')")
	r.exec(fmt.Sprintf("FLASHBACK TABLE t TO SCN %d", s+1))
	f := r.scn()
	query := "SELECT id, v, versions_startscn, versions_endscn, versions_operation, ora_rowscn FROM t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE"
	want := []string{
		fmt.Sprintf("1|a|%d|%d|I|%d", s+1, s+2, s+1), fmt.Sprintf("1|x|%d|%d|U|%d", s+2, f, s+2), fmt.Sprintf("1|a|%d|NULL|U|%d", f, s+1),
		fmt.Sprintf("2|b|%d|%d|I|%d", s+1, s+3, s+1), fmt.Sprintf("2|b|%d|NULL|D|%d", s+3, s+1), fmt.Sprintf("2|b|%d|NULL|I|%d", f, s+1),
		fmt.Sprintf("3|c|%d|%d|I|%d", s+4, f, s+4), fmt.Sprintf("3|c|%d|NULL|D|%d", f, s+4),
		fmt.Sprintf("4|d|%d|NULL|I|%d", s+1, s+1),
	}
	r.want(query, want...)
	r.restart()
	if _, err := r.database.Engine.Fold(t.Context(), engine.Pace{}); err != nil {
		t.Fatal(err)
	}
	r.want(query, want...)
	r.want("SELECT v, versions_operation FROM t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE WHERE v IN ('x', 'c') ORDER BY versions_startscn", "x|U", "c|I", "c|D")
	r.exec("TRUNCATE TABLE t")
	g := r.scn()
	r.want(fmt.Sprintf("SELECT id, versions_operation FROM t VERSIONS BETWEEN SCN %d AND MAXVALUE", g), "1|D", "2|D", "4|D")
	r.exec("UNFLASHBACK TABLE t")
	r.want(fmt.Sprintf("SELECT id, v, versions_operation, versions_incarnation FROM t VERSIONS BETWEEN SCN %d AND MAXVALUE", g+1), "1|a|I|1", "2|b|I|1", "4|d|I|1")
	r.exec("DELETE FROM t WHERE id > 1", fmt.Sprintf("FLASHBACK DATABASE TO SCN %d", f))
	h := r.scn()
	r.want(fmt.Sprintf("SELECT id, versions_operation, versions_incarnation FROM t VERSIONS BETWEEN SCN %d AND MAXVALUE", h-1), "1|NULL|1", "2|D|1", "2|I|2", "4|D|1", "4|I|2")
	r.exec("DROP TABLE t")
	d := r.scn()
	r.exec("FLASHBACK TABLE t TO BEFORE DROP")
	r.want(fmt.Sprintf("SELECT id, v, versions_startscn, versions_operation, versions_incarnation FROM t VERSIONS BETWEEN SCN %d AND MAXVALUE WHERE id = 1", d),
		fmt.Sprintf("1|a|%d|D|2", d), fmt.Sprintf("1|a|%d|I|2", r.scn()))
}

// Where history is no longer kept, a range from MINVALUE begins with what was there.
func TestVersionsFromTheFloor(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1,1),(2,2)", "UPDATE t SET v = 3 WHERE id = 1")
	floor := r.scn()
	r.exec("UPDATE t SET v = 4 WHERE id = 1", "DELETE FROM t WHERE id = 2")
	tx := r.database.Engine.Begin(txn.Options{})
	tx.StartStatement(0, "")
	if err := tx.PutFloor(catalog.Floor{SCN: scn.SCN(floor), By: "the test"}); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		columns := "SELECT id, v, versions_startscn, versions_operation FROM t VERSIONS BETWEEN SCN "
		want := []string{"1|3|NULL|NULL", fmt.Sprintf("1|4|%d|U", floor+1), "2|2|NULL|NULL", fmt.Sprintf("2|2|%d|D", floor+2)}
		r.want(columns+"MINVALUE AND MAXVALUE", want...)
		r.want(columns+fmt.Sprintf("%d AND MAXVALUE", floor), want...)
		r.want(columns+fmt.Sprintf("%d AND MAXVALUE", floor+1), fmt.Sprintf("1|4|%d|U", floor+1), "2|2|NULL|NULL", fmt.Sprintf("2|2|%d|D", floor+2))
		if _, err := queryRows(r.db, columns+fmt.Sprintf("%d AND MAXVALUE", floor-1)); err == nil || !strings.Contains(err.Error(), "no longer kept") {
			t.Fatalf("before the floor: %v", err)
		}
		if _, err := queryRows(r.db, fmt.Sprintf("FIND SCN WHERE (SELECT max(v) FROM t) = 4 BETWEEN %d AND MAXVALUE", floor-1)); err == nil || !strings.Contains(err.Error(), "no longer kept") {
			t.Fatalf("FIND SCN before the floor: %v", err)
		}
		if got := r.rows("FIND SCN WHERE (SELECT max(v) FROM t) = 4 BETWEEN MINVALUE AND MAXVALUE"); !strings.HasPrefix(got[0], fmt.Sprintf("%d|", floor+1)) {
			t.Fatalf("FIND SCN: %v", got)
		}
	}
	check()
	if _, err := r.database.Engine.Collect(t.Context(), engine.Pace{}); err != nil {
		t.Fatal(err)
	}
	check()
	r.restart()
	check()
}

// A clone begins with the rows that it took over; its source's history is not its own.
func TestVersionsOfClones(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v INT, KEY (v))", "INSERT INTO t VALUES (1,1),(2,2)")
	s := r.scn()
	r.exec("UPDATE t SET v = 9", fmt.Sprintf("CREATE TABLE c CLONE t AS OF SCN %d", s))
	cloned := r.scn()
	r.exec("UPDATE c SET v = 5 WHERE id = 1", "DELETE FROM c WHERE id = 2")
	check := func() {
		t.Helper()
		query := "SELECT id, v, versions_startscn, versions_endscn, versions_operation, ora_rowscn FROM c VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE"
		r.want(query, fmt.Sprintf("1|1|%d|%d|I|%d", cloned, cloned+1, s), fmt.Sprintf("1|5|%d|NULL|U|%d", cloned+1, cloned+1),
			fmt.Sprintf("2|2|%d|%d|I|%d", cloned, cloned+2, s), fmt.Sprintf("2|2|%d|NULL|D|%d", cloned+2, s))
		r.want(query+" WHERE v = 2", fmt.Sprintf("2|2|%d|%d|I|%d", cloned, cloned+2, s), fmt.Sprintf("2|2|%d|NULL|D|%d", cloned+2, s))
		r.want("SELECT id, v FROM t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE", "1|1", "1|9", "2|2", "2|9")
	}
	check()
	if _, err := r.database.Engine.Fold(t.Context(), engine.Pace{}); err != nil {
		t.Fatal(err)
	}
	check()
	r.restart()
	check()
}

// A name is followed into the past even if its database was another one then.
func TestVersionsOfARecreatedDatabase(t *testing.T) {
	r := start(t)
	r.exec("CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v INT)", "INSERT INTO d.t VALUES (1,1)", "DROP DATABASE d")
	r.exec("CREATE DATABASE d", "CREATE TABLE d.t (v BIGINT, id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (7,1)")
	r.want("SELECT id, v, versions_operation FROM d.t VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE WHERE id = 1", "1|1|I", "1|1|D", "1|7|I")
}
