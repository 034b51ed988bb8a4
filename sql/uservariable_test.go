package sql

import "testing"

// User variables have no type for dates and times: they hold their texts.
func TestTimesInUserVariables(t *testing.T) {
	r := start(t)
	r.db.SetMaxOpenConns(1)
	r.exec("SET @d = DATE '2001-02-03', @at = TIMESTAMP '2001-02-03 04:05:06.7', @span = TIME '04:05:06'")
	r.want("SELECT @d, CONCAT(@d), CONCAT(@at), CONCAT(@span), @d + INTERVAL 1 DAY", "2001-02-03|2001-02-03|2001-02-03 04:05:06.7|04:05:06|2001-02-04")
	r.want("SELECT @x := DATE('2001-02-03'), CONCAT(@x)", "2001-02-03|2001-02-03")
	r.exec("CREATE TABLE t (d DATE, at DATETIME(1))", "INSERT INTO t VALUES (@d, @at)", "SET @d = (SELECT d FROM t), @at = (SELECT at FROM t)")
	r.want("SELECT @d, @at", "2001-02-03|2001-02-03 04:05:06.7")
	r.want("SELECT COUNT(*) FROM t WHERE d = @d AND at = @at", "1")
	r.exec("PREPARE s FROM 'SELECT COUNT(*) FROM t WHERE d = ?'")
	r.want("EXECUTE s USING @d", "1")
}
