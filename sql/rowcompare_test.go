package sql

import (
	"fmt"
	"strings"
	"testing"
)

// TestCompareRows compares rows with NULL in them, by an index and without, with literals, columns and subqueries.
func TestCompareRows(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, s VARCHAR(9), d DECIMAL(5,2), KEY (a, b))",
		"CREATE TABLE u (id INT PRIMARY KEY, a INT, b INT, s VARCHAR(9), d DECIMAL(5,2))",
		"INSERT INTO t VALUES (1, 1, 2, 'x', 1.5), (2, 1, NULL, 'X', 2), (3, NULL, 2, NULL, 3), (4, NULL, NULL, 'y', 4), (5, 2, 2, 'z', 5), (6, 1, 3, 'x', 6), (7, 2, NULL, 'a', 7)",
		"INSERT INTO u SELECT * FROM t")
	for _, c := range []struct{ condition, is, isNot string }{
		{"(a, b) = (1, 2)", "1", "5 6 7"},
		{"(a, b) <> (1, 2)", "5 6 7", "1"},
		{"(a, b) <=> (1, 2)", "1", "2 3 4 5 6 7"},
		{"(a, b) <=> (1, NULL)", "2", "1 3 4 5 6 7"},
		{"(1, NULL) = (a, b)", "", "5 7"},
		{"(a, b) < (2, 2)", "1 2 6", "5"},
		{"(a, b) <= (1, 2)", "1", "5 6 7"},
		{"(a, b) > (1, 2)", "5 6 7", "1"},
		{"(a, b) >= (1, NULL)", "5 7", ""},
		{"(1, 2) < (a, b)", "5 6 7", "1"},
		{"(a, b) IN ((1, 2), (2, NULL))", "1", "6"},
		{"(a, b + 0) = (1, 2)", "1", "5 6 7"},
		{"(a + 0, b) > (ABS(1), 2)", "5 6 7", "1"},
		{"(a, (b, id)) = (1, (2, 1))", "1", "2 3 4 5 6 7"},
		{"(a, (b, id)) < (1, (3, 0))", "1", "5 6 7"},
		{"(s, a) = ('X', 1)", "1 2 6", "4 5 7"},
		{"(a, d) = (1, 1.504)", "", "1 2 3 4 5 6 7"},
		{"(a, d) IN ((1, 1.504))", "", "1 2 3 4 5 6 7"},
		{"(a, b) = (SELECT 1, 2)", "1", "5 6 7"},
		{"(a, b) <=> (SELECT 1, NULL)", "2", "1 3 4 5 6 7"},
		{"(a, b) > (SELECT 1, 2)", "5 6 7", "1"},
		{"(SELECT 1, 2) >= (a, b)", "1", "5 6 7"},
		{"(a, b) = (SELECT 1, 2 FROM t WHERE id = 100)", "", ""},
		{"(a, b) <=> (SELECT 1, 2 FROM t WHERE id = 100)", "4", "1 2 3 5 6 7"},
		{"(s, d) <= (SELECT 'X', 1.504)", "1 7", "2 4 5 6"},
	} {
		for _, table := range []string{"t", "u"} {
			for not, want := range map[string]string{"": c.is, "NOT ": c.isNot} {
				if got := strings.Join(r.rows(fmt.Sprintf("SELECT id FROM %s WHERE %s(%s) ORDER BY id", table, not, c.condition)), " "); got != want {
					t.Errorf("%s: %s%s: got %s, want %s", table, not, c.condition, got, want)
				}
			}
		}
	}
	if got := strings.Join(r.rows("SELECT id FROM t WHERE NOT (a, b) = (?, ?) ORDER BY id", 1, 2), " "); got != "5 6 7" {
		t.Errorf("prepared: got %s", got)
	}
	r.want("SELECT t.id, u.id FROM t LEFT JOIN u ON (t.a, t.b) = (u.a, u.b) ORDER BY 1, 2", "1|1", "2|NULL", "3|NULL", "4|NULL", "5|5", "6|6", "7|NULL")
	r.want("SELECT t.id, u.id FROM t JOIN u ON (t.a, t.b) <=> (u.a, u.b) ORDER BY 1, 2", "1|1", "2|2", "3|3", "4|4", "5|5", "6|6", "7|7")
	r.want("SELECT t.id, u.id FROM t JOIN u ON (t.a, t.b) < (u.a, u.b) ORDER BY 1, 2", "1|5", "1|6", "1|7", "2|5", "2|7", "6|5", "6|7")
	r.want("SELECT id FROM t WHERE (a, b) = (SELECT u.a, u.b FROM u WHERE u.id = t.id) ORDER BY 1", "1", "5", "6")
	if plan := strings.Join(r.rows("EXPLAIN SELECT id FROM t WHERE (a, b) > (1, 2)"), "\n"); !strings.Contains(plan, "Index range scan") {
		t.Errorf("(a, b) > (1, 2) uses no index:\n%s", plan)
	}
	r.fails(1241, "SELECT * FROM t WHERE (a, b) = (1, 2, 3)")
	r.fails(1241, "SELECT * FROM t WHERE (a, b) BETWEEN (1, 1) AND (2, 2)")
	r.fails(1242, "SELECT * FROM t WHERE (a, b) = (SELECT a, b FROM u)")
	r.exec("CREATE TABLE checked (a INT, b INT, CHECK ((a, b) < (5, 5)))", "INSERT INTO checked VALUES (5, 4), (NULL, 9), (5, NULL)")
	r.fails(3819, "INSERT INTO checked VALUES (5, 5)")
	r.fails(3819, "UPDATE checked SET a = 6 WHERE (a, b) = (5, 4)")
	r.exec("UPDATE u SET s = 'not' WHERE NOT (a, b) = (1, 2)", "DELETE FROM u WHERE (a, b) <> (SELECT 2, 2)")
	r.want("SELECT id, s FROM u ORDER BY id", "3|NULL", "4|y", "5|not", "7|not")
}
