package sql

import "testing"

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
