package sql

import (
	"fmt"
	"strings"
	"testing"
)

// A SELECT of a procedure, and a cursor, show what there was when they were run.
func TestProcedureReadsInOrder(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (n INT)", "INSERT INTO t VALUES (1)",
		"CREATE PROCEDURE shows() BEGIN SELECT n FROM t; UPDATE t SET n = n + 1; END")
	r.want("CALL shows()", "1")
	r.want("SELECT n FROM t", "2")
	r.exec(`CREATE PROCEDURE fetches() BEGIN
		DECLARE a INT; DECLARE b INT;
		DECLARE rows_of CURSOR FOR SELECT n FROM t;
		OPEN rows_of;
		UPDATE t SET n = 10;
		FETCH rows_of INTO a;
		SELECT n INTO b FROM t;
		SELECT a, b;
		CLOSE rows_of;
	END`)
	r.want("CALL fetches()", "2|10")
}

// SELECT … INTO sets its variables in every round, user variables too; with no row they stay, and several are an error.
func TestProcedureSelectInto(t *testing.T) {
	r := start(t)
	r.db.SetMaxOpenConns(1)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, n INT)", "INSERT INTO t VALUES (1,10),(2,20),(3,30)",
		"CREATE PROCEDURE rounds() BEGIN DECLARE i, v INT DEFAULT 0; WHILE i < 3 DO SET i = i + 1; SET v = 0; SELECT n INTO v FROM t WHERE id = i; INSERT INTO t VALUES (10 * i, v); END WHILE; END",
		"CALL rounds()")
	r.want("SELECT n FROM t WHERE id >= 10", "10", "20", "30")
	r.exec("CREATE PROCEDURE user_variables() BEGIN DECLARE v INT; SELECT id, n INTO v, @v FROM t WHERE id = 1; SELECT 3 INTO @w; SELECT v; END")
	r.want("CALL user_variables()", "1")
	r.want("SELECT @v, @w", "10|3")
	r.exec("CREATE PROCEDURE none() BEGIN DECLARE v INT DEFAULT 7; SELECT n INTO v FROM t WHERE id = 99; SELECT v; END",
		"CREATE PROCEDURE several() BEGIN DECLARE v INT; SELECT n INTO v FROM t; END",
		"CREATE PROCEDURE column_of_table() BEGIN DECLARE n INT DEFAULT 777; SELECT t.n INTO n FROM t WHERE t.n = 20 LIMIT 1; SELECT n; END",
		"CREATE PROCEDURE fetches() BEGIN DECLARE c CURSOR FOR SELECT 1; OPEN c; FETCH c INTO @f; END")
	r.want("CALL none()", "7")
	r.fails(1172, "CALL several()")
	r.want("CALL column_of_table()", "20")
	r.fails(1064, "CALL fetches()")
	r.exec("CREATE TABLE l (n INT)", "CREATE PROCEDURE logs(i INT) BEGIN DECLARE v INT; SELECT i + 1 INTO v; INSERT INTO l VALUES (v); END",
		"CREATE TRIGGER logged AFTER INSERT ON t FOR EACH ROW CALL logs(new.n)", "INSERT INTO t VALUES (100, 1), (101, 2)")
	r.want("SELECT n FROM l", "2", "3")
}

// A handler runs its statement and goes on or leaves; one that cannot be run is refused.
func TestProcedureHandlers(t *testing.T) {
	r := start(t)
	r.db.SetMaxOpenConns(1)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)", "CREATE TABLE l (n INT)")
	for i, c := range []struct{ declare, body, ask, want string }{
		{"CONTINUE HANDLER FOR NOT FOUND SET @a = 1", "SELECT id INTO v FROM t WHERE id = 9; SET @b = 2", "SELECT @a, @b", "1|2"},
		{"EXIT HANDLER FOR NOT FOUND SET @a = 3", "SELECT id INTO v FROM t WHERE id = 9; SET @b = 4", "SELECT @a, @b", "3|2"},
		{"EXIT HANDLER FOR SQLEXCEPTION BEGIN SET @a = 5; END", "INSERT INTO t VALUES (1); SET @b = 4", "SELECT @a, @b", "5|2"},
		{"EXIT HANDLER FOR SQLEXCEPTION ROLLBACK", "START TRANSACTION; INSERT INTO l VALUES (1); INSERT INTO t VALUES (1); COMMIT", "SELECT COUNT(*) FROM l", "0"},
		{"CONTINUE HANDLER FOR SQLEXCEPTION INSERT INTO l VALUES (7)", "INSERT INTO t VALUES (1); INSERT INTO t VALUES (1); SET @b = 6", "SELECT COUNT(*), @b FROM l", "2|6"},
		{"CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END", "INSERT INTO t VALUES (1); SET @b = 8", "SELECT @b", "8"},
		{"CONTINUE HANDLER FOR SQLEXCEPTION SET v = 9", "INSERT INTO t VALUES (1); SET @b = v", "SELECT @b", "9"},
	} {
		name := string(rune('a' + i))
		r.exec("CREATE PROCEDURE "+name+"() BEGIN DECLARE v INT; DECLARE "+c.declare+"; "+c.body+"; END", "CALL "+name+"()")
		r.want(c.ask, c.want)
	}
	for i, declare := range []string{
		"CONTINUE HANDLER FOR SQLEXCEPTION BEGIN SET @a = 1; SET @b = 2; END", "CONTINUE HANDLER FOR SQLEXCEPTION INSERT INTO l VALUES (v)",
		"EXIT HANDLER FOR SQLEXCEPTION SELECT 1", "EXIT HANDLER FOR SQLEXCEPTION IF v THEN SET v = 1; END IF",
	} {
		name := "refused" + string(rune('a'+i))
		r.exec("CREATE PROCEDURE " + name + "() BEGIN DECLARE v INT; DECLARE " + declare + "; INSERT INTO t VALUES (1); END")
		r.fails(1235, "CALL "+name+"()")
	}
}

// A procedure with statements that would mean something else there is not made.
func TestProcedureTransactionWords(t *testing.T) {
	r := start(t)
	r.fails(1235, "CREATE PROCEDURE p() BEGIN SET TRANSACTION READ ONLY; START TRANSACTION; COMMIT; END")
	for _, end := range []string{"COMMIT AND CHAIN", "ROLLBACK WORK AND CHAIN"} {
		r.fails(1235, "CREATE PROCEDURE p() BEGIN START TRANSACTION; "+end+"; END")
	}
	r.exec("CREATE PROCEDURE p() BEGIN START TRANSACTION; COMMIT WORK AND NO CHAIN; END")
}

// A procedure may end with a statement that gives no result.
func TestProcedureEndsTransaction(t *testing.T) {
	r := start(t)
	r.db.SetMaxOpenConns(1)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY)")
	for _, body := range []string{"START TRANSACTION; INSERT INTO t VALUES (1); COMMIT", "INSERT INTO t VALUES (2); COMMIT", "START TRANSACTION; INSERT INTO t VALUES (3); ROLLBACK", "SAVEPOINT s"} {
		r.exec("CREATE PROCEDURE p() BEGIN "+body+"; END", "CALL p()", "DROP PROCEDURE p")
	}
	r.want("SELECT id FROM t", "1", "2")
}

// TestProcedureOfOneStatement: a procedure without BEGIN and END finds its parameters wherever one with them does.
func TestProcedureOfOneStatement(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (a INT PRIMARY KEY, b INT, c DATE)", "INSERT INTO t VALUES (1, 10, '2024-01-01'), (2, 20, NULL), (3, 30, '2024-03-01')")
	for i, body := range []string{
		"SELECT a FROM t WHERE a BETWEEN x AND x + 1", "SELECT x IS NULL, a FROM t ORDER BY a = x DESC, a LIMIT 2",
		"SELECT t.a FROM t JOIN t u ON t.a = u.a + x WHERE EXISTS (SELECT 1 FROM t v WHERE v.a = x)", "SELECT b FROM t GROUP BY b HAVING b > 10 * x",
		"SELECT DATE_ADD(c, INTERVAL x DAY) FROM t WHERE a = 1", "IF x IS NULL THEN SELECT 'none'; ELSE SELECT 'one'; END IF",
		"CASE x WHEN 2 THEN SELECT 'two'; ELSE SELECT 'other'; END CASE", "SELECT x",
	} {
		name := fmt.Sprintf("p%d", i)
		r.exec("CREATE PROCEDURE "+name+"(x INT) "+body, "CREATE PROCEDURE "+name+"_block(x INT) BEGIN "+body+"; END")
		want := [][]string{{"2", "3"}, {"0|2", "0|1"}, {"3"}, {"30"}, {"2024-01-03"}, {"one"}, {"two"}, {"2"}}[i]
		r.want("CALL "+name+"(2)", want...)
		r.want("CALL "+name+"_block(2)", want...)
	}
	r.exec("CREATE PROCEDURE add_to(x INT) UPDATE t SET b = b + x WHERE a BETWEEN x AND x + 1", "CREATE PROCEDURE put(x INT) INSERT INTO t VALUES (x, x, NULL)",
		"CREATE PROCEDURE fill(x INT) WHILE x > 0 DO INSERT INTO t VALUES (100 + x, x, NULL); SET x = x - 1; END WHILE", "CREATE PROCEDURE again(x INT) CALL put(x + 1)",
		"CREATE PROCEDURE more(INOUT x INT) SET x = x + 1", "SET @n = 5")
	r.exec("CALL add_to(2)", "CALL put(50)", "CALL fill(2)", "CALL again(60)")
	r.want("SELECT a, b FROM t", "1|10", "2|22", "3|32", "50|50", "61|61", "101|1", "102|2")
	r.restart()
	r.exec("CALL put(70)")
	r.want("SELECT b FROM t WHERE a = 70", "70")
}

// TestProcedureNamesColumns: what a procedure shows has the name that it is written by, not that of what carries the value.
func TestProcedureNamesColumns(t *testing.T) {
	r := start(t)
	r.exec("CREATE PROCEDURE p(x INT) BEGIN DECLARE total INT DEFAULT 3; SELECT total, x, x + 1 AS next, total IS NULL, DATE_ADD('2024-01-01', INTERVAL x DAY); END")
	rows, err := r.db.Query("CALL p(1)")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if want := "total x next total is null date_add('2024-01-01', interval x day)"; err != nil || !strings.EqualFold(strings.Join(names, " "), want) {
		t.Errorf("%q, %v", names, err)
	}
}
