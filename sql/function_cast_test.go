package sql

import "testing"

// TestCastWideNumbers: a number beyond all integers is the nearest, with a warning; it was -1.
func TestCastWideNumbers(t *testing.T) {
	r := start(t)
	r.db.SetMaxOpenConns(1)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, f DOUBLE, d DECIMAL(40,2))", "INSERT INTO t VALUES (1, 1e30, 1e30), (2, -1e30, -1e30), (3, 9.3e18, 9.3e18), (4, 2.5, 2.5)")
	r.want("SELECT CAST(1e30 AS SIGNED)", "9223372036854775807")
	r.want("SHOW WARNINGS", "Warning|1292|Truncated incorrect INTEGER value: '1e30'")
	r.want("SELECT CAST(12345678901234567890123 AS SIGNED), CAST(18446744073709551615 AS SIGNED)", "9223372036854775807|-1")
	r.want("SHOW WARNINGS", "Warning|1292|Truncated incorrect DECIMAL value: '12345678901234567890123'")
	r.want("SELECT CAST(f AS SIGNED), CAST(d AS SIGNED) FROM t ORDER BY id", "9223372036854775807|9223372036854775807",
		"-9223372036854775808|-9223372036854775808", "9223372036854775807|9223372036854775807", "2|3")
	r.want("SHOW COUNT(*) WARNINGS", "6")
	r.want("SELECT CAST(f AS UNSIGNED), CAST(d AS UNSIGNED) FROM t WHERE id IN (1, 3) ORDER BY id", "18446744073709551615|18446744073709551615",
		"9300000000000000000|9300000000000000000")
	r.want("SHOW COUNT(*) WARNINGS", "2")
	r.want("SELECT CAST('99999999999999999999' AS UNSIGNED)", "18446744073709551615")
	r.want("SHOW WARNINGS", "Warning|1292|Truncated incorrect INTEGER value: '99999999999999999999'")
}

// TestQuote: QUOTE of NULL is the word.
func TestQuote(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (v VARCHAR(10))", "INSERT INTO t VALUES (NULL)")
	r.want(`SELECT QUOTE(NULL) IS NULL, CONCAT('x', QUOTE(v)), QUOTE('it''s \\ a'), QUOTE(12), QUOTE(x'41001a') FROM t`, `0|xNULL|'it\'s \\ a'|'12'|'A\0\Z'`)
}
