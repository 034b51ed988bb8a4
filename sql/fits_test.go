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
