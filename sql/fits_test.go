package sql

import (
	"fmt"
	"strings"
	"testing"
)

// TestAssignFitting: an UPDATE refuses what an integer column cannot hold, and leaves the row alone.
func TestAssignFitting(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, n TINYINT, i INT, u INT UNSIGNED, b BIGINT, v BIGINT UNSIGNED)", "INSERT INTO t VALUES (1, 1, 1, 1, 1, 1), (2, NULL, NULL, NULL, NULL, NULL)")
	for _, set := range []string{
		"n = 128", "n = -129", "n = '300'", "n = id + 300", "n = 127.5", "i = 99999999999", "i = i + 2147483647", "i = 1e30", "i = -3000000000.5",
		"u = -1", "u = 4294967296", "u = CAST(-5 AS SIGNED)", "u = -0.5", "b = 9223372036854775808", "v = -1", "v = 18446744073709551616",
	} {
		for _, form := range []string{
			"UPDATE t SET %s WHERE id = 1", "UPDATE t SET %s WHERE i = 1", "UPDATE t JOIN t AS o ON t.id = o.id SET t.%s WHERE o.i = 1", "INSERT INTO t (id) VALUES (1) ON DUPLICATE KEY UPDATE %s",
		} {
			if strings.Contains(form, "JOIN") && set != "u = -1" {
				continue // its columns are of two tables
			}
			r.fails(1264, fmt.Sprintf(form, set))
		}
	}
	r.want("SELECT * FROM t WHERE id = 1", "1|1|1|1|1|1")
	r.exec("UPDATE t SET n = 127.4, u = 4294967295, v = 18446744073709551615, b = '-9223372036854775808', i = NULL WHERE id = 1")
	r.want("SELECT * FROM t WHERE id = 1", "1|127|NULL|4294967295|-9223372036854775808|18446744073709551615")
	r.exec("CREATE TRIGGER c BEFORE UPDATE ON t FOR EACH ROW SET NEW.n = NEW.i + 100")
	r.fails(1264, "UPDATE t SET i = 100 WHERE id = 1")
	r.exec("UPDATE t SET i = 10 WHERE id = 1")
	r.want("SELECT n FROM t WHERE id = 1", "110")
}

// TestFitting puts what a column does not hold into it in every way: an error, or with IGNORE the nearest value and a warning.
func TestFitting(t *testing.T) {
	r := start(t)
	r.db.SetMaxOpenConns(1)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, n TINYINT, b BIGINT, u BIGINT UNSIGNED, d DECIMAL(5,2), f DOUBLE, tm TIME)")
	for _, c := range []struct {
		column, value string
		errno         uint16 // 0: it fits
		held          string
	}{
		{"n", "''", 1366, "0"},
		{"n", "'abc'", 1366, "0"},
		{"n", "'12x'", 1265, "12"},
		{"n", "'-300x'", 1264, "-128"},
		{"n", "300", 1264, "127"},
		{"n", "1e300", 1264, "127"},
		{"n", "'1e999999999'", 1264, "127"},
		{"n", "'1e-999999999'", 0, "0"},
		{"n", "' 12 '", 0, "12"},
		{"n", "'2.5'", 0, "3"},
		{"b", "'9223372036854775808'", 1264, "9223372036854775807"},
		{"b", "-9223372036854775809", 1264, "-9223372036854775808"},
		{"u", "18446744073709551616", 1264, "18446744073709551615"},
		{"u", "'18446744073709551616'", 1264, "18446744073709551615"},
		{"u", "-1", 1264, "0"},
		{"u", "'-1'", 1264, "0"},
		{"u", "18446744073709551615.0", 0, "18446744073709551615"},
		{"u", "'9007199254740993.0'", 0, "9007199254740993"},
		{"u", "9007199254740992.0 + 1", 0, "9007199254740993"},
		{"d", "''", 1366, "0.00"},
		{"d", "'1x'", 1265, "1.00"},
		{"d", "1000", 1264, "999.99"},
		{"d", "-999.999", 1264, "-999.99"},
		{"d", "'1e99999'", 1264, "999.99"},
		{"d", "'1.005'", 0, "1.01"},
		{"f", "''", 1366, "0"},
		{"f", "'1.5x'", 1265, "1.5"},
		{"tm", "''", 1292, "00:00:00.000000"},
		{"tm", "'839:00:00'", 1292, "838:59:59.000000"},
		{"tm", "-8390000", 1292, "-838:59:59.000000"},
		{"tm", "'838:59:59'", 0, "838:59:59.000000"},
	} {
		for _, form := range []string{
			"INSERT %[3]s INTO t (id, %[1]s) VALUES (2, %[2]s)", "INSERT %[3]s INTO t (id, %[1]s) SELECT 2, %[2]s", "UPDATE %[3]s t SET %[1]s = %[2]s WHERE id = 1",
			"INSERT %[3]s INTO t (id) VALUES (1) ON DUPLICATE KEY UPDATE %[1]s = %[2]s",
		} {
			r.exec("DELETE FROM t", "INSERT INTO t (id) VALUES (1)")
			if statement := fmt.Sprintf(form, c.column, c.value, ""); c.errno != 0 {
				r.fails(c.errno, statement)
				r.want(fmt.Sprintf("SELECT COUNT(*), COUNT(%s) FROM t", c.column), "1|0")
			}
			r.exec(fmt.Sprintf(form, c.column, c.value, "IGNORE"))
			warnings := r.rows("SHOW WARNINGS")
			if c.errno == 0 && len(warnings) != 0 || c.errno != 0 && (len(warnings) != 1 || !strings.HasPrefix(warnings[0], fmt.Sprintf("Warning|%d|", c.errno))) {
				t.Errorf(form+": warnings %[4]v, want %[5]d", c.column, c.value, "IGNORE", warnings, c.errno)
			}
			got := strings.TrimSuffix(strings.Join(r.rows(fmt.Sprintf("SELECT %s FROM t WHERE %[1]s IS NOT NULL", c.column)), " "), ".000000")
			if got != strings.TrimSuffix(c.held, ".000000") {
				t.Errorf(form+": holds %[4]s, want %[5]s", c.column, c.value, "IGNORE", got, c.held)
			}
		}
	}
	r.fails(1366, "REPLACE INTO t (id, n) VALUES (1, ?)", "")
	r.fails(1264, "INSERT INTO t (id, u) VALUES (7, ?)", "18446744073709551616")
	r.fails(1264, "UPDATE t SET n = ? WHERE id = 1", 300)
	r.exec("CREATE TABLE g (n TINYINT, more INT AS (n + 1))", "INSERT IGNORE INTO g (n) VALUES (300), ('5x')")
	r.want("SELECT * FROM g", "127|128", "5|6")
}
