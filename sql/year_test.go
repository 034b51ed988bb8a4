package sql

import (
	"strings"
	"testing"
)

// TestCompareYears compares YEARs, by an index and without, with literals of two digits and with numbers that are no years.
func TestCompareYears(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, y YEAR, yi YEAR, n INT, KEY (yi))",
		"INSERT INTO t VALUES (1, 2024, 2024, 24), (2, 1999, 1999, 99), (3, 2000, 2000, 2000), (4, 1970, 1970, 70), (5, NULL, NULL, NULL), (6, 0, 0, 0)")
	for _, c := range []struct{ condition, want string }{
		{"y = 24", "1"},
		{"24 = y", "1"},
		{"y <=> '24'", "1"},
		{"y = 24.0", "1"},
		{"y <> 99", "1 3 4 6"},
		{"y > 70", "1 2 3"},
		{"y = 0", "6"},
		{"y = '0'", "3"},
		{"y IN (24, '99')", "1 2"},
		{"y NOT IN (24, 100)", "2 3 4 6"},
		{"y IN (100, -1)", ""},
		{"y BETWEEN 70 AND 0099", "2 4"},
		{"y > 100", "1 2 3 4"},
		{"y < 2500", "1 2 3 4 6"},
		{"y >= -1", "1 2 3 4 6"},
		{"y = 2500", ""},
		{"y > 24.5", "1 2 3 4"},
		{"y = n", "3 6"},
		{"y = 20 + 4", "1"},
	} {
		for _, condition := range []string{c.condition, strings.Replace(c.condition, "y", "yi", 1)} {
			if got := strings.Join(r.rows("SELECT id FROM t WHERE "+condition+" ORDER BY id"), " "); got != c.want {
				t.Errorf("%s: got %s, want %s", condition, got, c.want)
			}
		}
	}
	for _, column := range []string{"y", "yi"} {
		if got := strings.Join(r.rows("SELECT id FROM t WHERE "+column+" = ?", 24), " "); got != "1" {
			t.Errorf("prepared %s: got %s", column, got)
		}
	}
	r.exec("UPDATE t SET n = 7 WHERE y = 24", "DELETE FROM t WHERE yi = 99")
	r.want("SELECT id, n FROM t WHERE id < 3", "1|7")
}
