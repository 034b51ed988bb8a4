package sql

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestSubqueriesAndJoins holds what once gave wrong rows, or none, against what MariaDB gives.
func TestSubqueriesAndJoins(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE a (id int PRIMARY KEY, k int, d decimal(8,2), s varchar(10) COLLATE utf8mb4_general_ci, KEY (k))",
		"CREATE TABLE b (id int PRIMARY KEY, k int, n int, s varchar(10) COLLATE utf8mb4_general_ci, KEY (k), KEY (n))",
		"INSERT INTO a VALUES (1, 1, 1.50, 'x'), (2, 2, 2, 'Y'), (3, NULL, 3, NULL), (4, 9, 4, 'z')",
		"INSERT INTO b VALUES (1, 1, 2, 'X'), (2, 1, 2, 'y'), (3, NULL, 3, 'Q'), (4, 2, NULL, NULL)")
	for _, c := range []struct{ query, want string }{
		{"SELECT id FROM a WHERE k IN (SELECT k FROM b)", "1 2"},
		{"SELECT id FROM a WHERE k NOT IN (SELECT k FROM b)", ""},
		{"SELECT id FROM a WHERE k NOT IN (SELECT k FROM b WHERE k IS NOT NULL)", "4"},
		{"SELECT id FROM a WHERE k NOT IN (SELECT k FROM b WHERE id < 0)", "1 2 3 4"},
		{"SELECT id FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.k = a.k)", "1 2"},
		{"SELECT id FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.k = a.k)", "3 4"},
		{"SELECT id FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.k = a.k AND b.id > a.id)", "3 4"},
		{"SELECT id FROM a WHERE (k, id) NOT IN ((1, 1), (2, 3), (5, 3))", "2 4"},
		{"SELECT id FROM a WHERE (k, id) IN (SELECT k, id FROM b)", "1"},
		{"SELECT id FROM a WHERE s IN (SELECT DISTINCT s FROM b WHERE b.id >= a.id)", "1 2"},
		{"SELECT id FROM a WHERE d > ALL (SELECT n FROM b WHERE n < 3)", "3 4"},
		{"SELECT id FROM a WHERE d <> ANY (SELECT n FROM b WHERE n < 3)", "1 3 4"},
		{"SELECT a.id FROM a JOIN b ON a.d = b.n ORDER BY b.id", "2 2 3"}, // by an index, which 1.5 is not in
		{"SELECT a.id FROM a JOIN b ON a.k <=> b.k ORDER BY b.id", "1 1 3 2"},
		{"SELECT a.id FROM (SELECT id, concat(s, '') AS s FROM a) a JOIN (SELECT upper(s) AS s FROM b) b ON a.s = b.s", "1 2"},
		{"SELECT x.id FROM (SELECT id, k FROM a LIMIT 9) x LEFT JOIN b ON b.k = x.k JOIN a ON a.id = x.id AND x.k = 2", "2"},
		{"SELECT a.id FROM a JOIN b ON a.k = b.k GROUP BY a.id HAVING count(b.id) > 1", "1"},
		{"SELECT a.id FROM a JOIN b ON a.k = b.k OR a.id = b.id WHERE b.id = 4 ORDER BY a.id", "2 4"},
		{"SELECT id FROM a WHERE id IN (SELECT a.id FROM a JOIN b ON b.k = a.k) UNION SELECT id + 10 FROM b WHERE id = 1", "1 2 11"},
		{"SELECT a.id FROM a, a c WHERE a.d = c.d + 0.004", ""},
		{"SELECT id FROM a WHERE d + 0 BETWEEN 1.499 AND 1.501", "1"},
	} {
		if got := strings.Join(sortedUnlessOrdered(c.query, r.rows(c.query)), " "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.query, got, c.want)
		}
	}
}

func sortedUnlessOrdered(query string, rows []string) []string {
	if !strings.Contains(query, "ORDER BY") {
		slices.SortFunc(rows, func(a, b string) int {
			if len(a) != len(b) {
				return len(a) - len(b)
			}
			return strings.Compare(a, b)
		})
	}
	return rows
}

// TestDigits compares decimals with numbers of more digits, with and without an index.
func TestDigits(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE p (id int PRIMARY KEY, d decimal(8,2), i decimal(8,2), KEY (i))",
		"INSERT INTO p VALUES (1, 1.50, 1.50), (2, 1.51, 1.51), (3, NULL, NULL), (4, -1.50, -1.50)")
	for _, c := range []struct{ condition, want string }{
		{"%s = 1.504", ""},
		{"%s = 1.5", "1"},
		{"1.504 < %s", "2"},
		{"%s > 1.4999 AND %s < 1.5001", "1"},
		{"%s >= 1.5001", "2"},
		{"%s <= 1.5099", "1 4"},
		{"NOT %s = 1.504", "1 2 4"},
		{"%s <=> 1.504", ""},
		{"%s > -1.501 AND %s < 0.5", "4"},
		{"%s < -1.499", "4"},
		{"%s IN (1.504, 1.51)", "2"},
		{"%s BETWEEN 1.499 AND 1.501", "1"},
	} {
		for _, column := range []string{"d", "i"} {
			query := "SELECT id FROM p WHERE " + strings.ReplaceAll(c.condition, "%s", column) + " ORDER BY id"
			if got := strings.Join(r.rows(query), " "); got != c.want {
				t.Errorf("%s: got %q, want %q", query, got, c.want)
			}
		}
	}
	r.exec("UPDATE p SET id = id + 10 WHERE i = 1.504", "DELETE FROM p WHERE i > 1.5001", "UPDATE p SET id = id + 10 WHERE d < 1.5001 AND d > 0.5")
	if got := strings.Join(r.rows("SELECT id FROM p ORDER BY id"), " "); got != "3 4 11" {
		t.Errorf("after the changes: %s", got)
	}
}

// TestJoinsReadOnce lets joins and subqueries of many rows run that once read one side again for each row of the other.
func TestJoinsReadOnce(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE m (id int PRIMARY KEY, k int, n int)")
	var rows []string
	for i := range 6000 {
		rows = append(rows, fmt.Sprintf("(%d, %d, %d)", i, i/2, i%500))
	}
	r.exec("INSERT INTO m VALUES " + strings.Join(rows, ","))
	for _, c := range []struct{ query, want string }{
		{"SELECT count(*) FROM (SELECT k, count(*) AS c FROM m GROUP BY k) x JOIN (SELECT k, max(id) AS i FROM m GROUP BY k) y ON x.k = y.k", "3000"},
		{"SELECT count(*) FROM m x WHERE EXISTS (SELECT 1 FROM m y WHERE y.n = x.id)", "500"},
		{"SELECT count(*) FROM m x WHERE (k, n) NOT IN (SELECT n, k FROM m)", "5996"},
		{"SELECT count(*) FROM m x WHERE n >= ALL (SELECT n FROM m)", "12"},
		{"SELECT count(*) FROM m x JOIN m y ON x.k = y.n AND y.id < 500 OR x.id = y.id + 5990", "1010"},
	} {
		began := time.Now()
		if got := r.rows(c.query); len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: got %v, want %s", c.query, got, c.want)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s took %s", c.query, took)
		}
	}
}
