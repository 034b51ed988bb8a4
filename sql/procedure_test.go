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
