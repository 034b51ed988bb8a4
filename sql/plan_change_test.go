package sql

import (
	"fmt"
	"strings"
	"testing"
)

// TestPlanChanges: a statement whose index goes away has a change of plan, with what it cost before and after; others have none,
// whatever their literals are and whichever path they take.
func TestPlanChanges(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, a INT, b VARCHAR(20), KEY ta (a))", "CREATE TABLE u (id INT PRIMARY KEY, a INT)")
	for i := range 20 {
		var rows []string
		for k := range 50 {
			n := i*50 + k
			rows = append(rows, fmt.Sprintf("(%d, %d, 'b%d')", n, n%100, n))
		}
		r.exec("INSERT INTO t VALUES " + strings.Join(rows, ","))
	}
	r.exec("INSERT INTO u SELECT id, a FROM t WHERE id < 10")
	work := func() {
		for i := range 4 {
			r.rows(fmt.Sprintf("SELECT b FROM t WHERE a = %d", i))                                         // short path, once its columns are known
			r.rows(fmt.Sprintf("SELECT COUNT(*), MAX(UPPER(b)) FROM t WHERE a = %d AND LENGTH(b) > 1", i)) // full way
			r.rows(fmt.Sprintf("SELECT b FROM t WHERE id = %d", i))
			r.rows(fmt.Sprintf("SELECT t.b FROM u JOIN t ON t.id = u.a WHERE u.id = %d", i))
			r.exec(fmt.Sprintf("UPDATE t SET b = 'x' WHERE id = %d", i), fmt.Sprintf("INSERT INTO u VALUES (%d, 1)", 1000+i), fmt.Sprintf("DELETE FROM u WHERE id = %d", 1000+i))
		}
	}
	changes := "SELECT sql_text, times, first_scn > 1, old_executions, new_executions, old_rows_read < 20, new_rows_read FROM v$sql_plan_change ORDER BY sql_text"
	work()
	work()
	r.want(changes)
	r.exec("ALTER TABLE t DROP INDEX ta")
	work()
	r.want(changes, "select b from t where a = ?|1|1|8|4|1|1000", "select count(*), max(upper(b)) from t where a = ? and length(b) > ?|1|1|8|4|1|1000")
	text := strings.Join(r.rows("SELECT old_plan_text, new_plan_text FROM v$sql_plan_change WHERE sql_text LIKE 'select count%'"), "\n")
	if before, after, _ := strings.Cut(text, "|"); !strings.Contains(before, "using ta") || !strings.Contains(after, "Table scan on t") {
		t.Errorf("plans:\n%s", text)
	}
	r.exec("ALTER TABLE t ADD INDEX ta (a)")
	work()
	r.exec("ALTER TABLE t DROP INDEX ta")
	work()
	r.want("SELECT times, old_executions, new_executions FROM v$sql_plan_change WHERE sql_text = 'select b from t where a = ?' ORDER BY times", "1|8|12", "2|12|8")
	r.want("SELECT executions, rows_read, current FROM v$sqlstats_plan_hash WHERE sql_text = 'select b from t where a = ?' ORDER BY executions", "8|8000|1", "12|120|0")
	r.want("SELECT COUNT(*) FROM v$sql JOIN v$sqlstats_plan_hash AS p USING (sql_id, plan_hash_value) WHERE p.current AND p.sql_text LIKE 'select b from t where %'", "2")
	r.want("SELECT plan_changes, plan_changes_evicted, plans_evicted, plan_texts_left_out, plan_text_bytes > 100 FROM v$sqlstats_summary", "6|0|0|0|1")
}
