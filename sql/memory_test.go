package sql

import (
	"fmt"
	"testing"
)

// A statement that would hold too many rows in memory is refused, and the next one has all of it again.
func TestStatementMemory(t *testing.T) {
	r := startWith(t, func(o *Options) { o.StatementBytesMax = 400 << 10 })
	r.exec("CREATE TABLE big (id INT PRIMARY KEY, k INT, s VARCHAR(100))", "CREATE TABLE few (id INT PRIMARY KEY)", "INSERT INTO few VALUES (1)")
	for i := range 10 {
		text := ""
		for j := range 1000 {
			text += fmt.Sprintf(",(%d,%d,REPEAT('x',100))", i*1000+j, j)
		}
		r.exec("INSERT INTO big VALUES " + text[1:])
	}
	for _, query := range []string{
		"SELECT id FROM big ORDER BY s, k",
		"SELECT s, id, COUNT(*) FROM big GROUP BY s, id",
		"SELECT COUNT(*) FROM (SELECT DISTINCT id, s FROM big) x",
		"SELECT a.id FROM big b JOIN big a ON a.k + b.k < 0",
		"SELECT id, ROW_NUMBER() OVER (ORDER BY s) FROM big",
		"SELECT COUNT(DISTINCT id, s) FROM big",
		"SELECT id FROM few WHERE id + 1 IN (SELECT id + k FROM big)",
		"SELECT COUNT(*) FROM (SELECT id, s FROM big UNION SELECT id + 1, s FROM big) x",
	} {
		r.fails(1038, query)
		r.want("SELECT COUNT(*) FROM big", "10000")
	}
	r.want("SELECT k, COUNT(*) FROM big GROUP BY k ORDER BY k LIMIT 1", "0|10")
	r.want("SELECT id FROM big ORDER BY s, k, id LIMIT 1", "0")
	r.want("SELECT COUNT(*) FROM (SELECT DISTINCT s FROM big) x", "1")
	// What a subquery held for one row of the query around is free again for the next.
	r.want("SELECT COUNT(*) FROM few f WHERE (SELECT MAX(x.s) FROM (SELECT s FROM big b WHERE b.k < 50 ORDER BY b.s LIMIT 400) x) > ''", "1")
}
