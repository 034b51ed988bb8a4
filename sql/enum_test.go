package sql

import "testing"

// TestEnumsAsTexts: ENUM and SET are texts wherever a text is wanted. What is expected is what MariaDB gives.
func TestEnumsAsTexts(t *testing.T) {
	r := start(t)
	r.db.SetMaxOpenConns(1) // for variables
	r.exec("CREATE TABLE en (id INT PRIMARY KEY, e ENUM('b','a','c'), st SET('x','y','z'), v VARCHAR(10), KEY (e))",
		"INSERT INTO en VALUES (1, 'b', 'x,z', 'b'), (2, 'a', 'y', 'q'), (3, NULL, NULL, NULL), (4, 'c', 'x', 'c')")
	for _, c := range []struct {
		query string
		want  []string
	}{
		{"SELECT upper(e), char_length(st), replace(e, 'b', 'X'), hex(e) FROM en WHERE id = 1", []string{"B|3|X|62"}},
		{"SELECT coalesce(e, 'none'), ifnull(st, 'none'), if(id < 3, e, st) FROM en ORDER BY id", []string{"b|x,z|b", "a|y|a", "none|none|NULL", "c|x|x"}},
		{"SELECT CASE id WHEN 1 THEN st ELSE e END, nullif(v, e) FROM en ORDER BY id", []string{"x,z|NULL", "a|q", "NULL|NULL", "c|NULL"}},
		{"SELECT v = e, e < v, e < 'c', e LIKE 'b%', v IN (e), e BETWEEN 'a' AND 'b' FROM en WHERE id < 3 ORDER BY id", []string{"1|0|1|1|1|1", "0|1|1|0|0|1"}},
		{"SELECT max(e), min(e), max(st), min(st), group_concat(e ORDER BY id) FROM en", []string{"c|a|y|x|b,a,c"}},
		{"SELECT e + 0, st + 0, sum(e) OVER (), cast(e AS SIGNED) FROM en WHERE id = 1", []string{"1|5|1|1"}},
		{"SELECT json_array(e, st) FROM en WHERE id = 1", []string{`["b", "x,z"]`}},
		{"SELECT e FROM en WHERE e = 2", []string{"a"}},
		{"SELECT e FROM en WHERE e = '2'", nil},
		{"SELECT e FROM en WHERE e = 'B' ORDER BY id", []string{"b"}},
		{"SELECT concat(x, '!') FROM (SELECT e AS x FROM en UNION ALL SELECT st FROM en) q WHERE x IS NOT NULL", []string{"b!", "a!", "c!", "x,z!", "y!", "x!"}},
		{"SELECT a.id, b.id FROM en a JOIN en b ON a.e = b.v ORDER BY a.id", []string{"1|1", "4|4"}},
		{"SELECT id FROM en WHERE v IN (SELECT e FROM en) ORDER BY id", []string{"1", "4"}},
		{"SELECT id FROM en WHERE e IN (SELECT v FROM en) ORDER BY id", []string{"1", "4"}},
		{"SELECT CASE e WHEN 'c' THEN 1 WHEN 'b' THEN 2 END, CASE v WHEN e THEN 1 END FROM en ORDER BY id", []string{"2|1", "NULL|NULL", "NULL|NULL", "1|1"}},
	} {
		r.want(c.query, c.want...)
	}
	r.exec("SET @e = (SELECT e FROM en WHERE id = 2)")
	r.want("SELECT @e", "a")
	r.exec("CREATE TABLE other (e ENUM('c','a','b'), n INT, t TEXT)", "INSERT INTO other SELECT e, e, st FROM en WHERE id < 3")
	r.want("SELECT e, e + 0, n, t FROM other ORDER BY n", "b|3|1|x,z", "a|2|2|y")
	r.exec("UPDATE en SET v = e WHERE id = 2")
	r.want("SELECT v FROM en WHERE id = 2", "a")
	r.exec("UPDATE en SET v = st WHERE e = v AND id = 2", "INSERT INTO en VALUES (1, 'c', 'y', 'n') ON DUPLICATE KEY UPDATE v = values(e)")
	r.want("SELECT v FROM en WHERE id < 3 ORDER BY id", "c", "y")
	r.exec("CREATE TABLE made AS SELECT coalesce(e, 'longer') AS c, concat(e, st) AS d FROM en")
	r.want("SELECT * FROM made WHERE c = 'longer'", "longer|NULL")
	r.exec("DELETE FROM en WHERE v = st")
	r.want("SELECT id FROM en ORDER BY id", "1", "3", "4")
}

// IN with one text is no comparison with it: the SQL engine looks the value up among the texts' keys.
func TestEnumInList(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, e ENUM('new', 'done'), s SET('x', 'y'))", "INSERT INTO t VALUES (1, 'new', 'x'), (2, 'done', 'y')",
		"CREATE VIEW v AS SELECT id FROM t")
	r.want("SELECT id FROM t WHERE e IN ('new')", "1")
	r.want("SELECT id FROM t WHERE e IN ('NEW')", "1")
	r.want("SELECT id FROM t WHERE e NOT IN ('new')", "2")
	r.want("SELECT id FROM t WHERE e IN ('new', 'done')", "1", "2")
	r.want("SELECT id FROM t WHERE s IN ('y')", "2")
	r.want("SELECT table_name FROM information_schema.tables WHERE table_schema = 'test' AND table_type IN ('VIEW')", "v")
	r.exec("DELETE FROM t WHERE e IN ('new')")
	r.want("SELECT id FROM t", "2")
}
