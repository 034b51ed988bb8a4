package sql

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The statistics of a table are made when it has got many rows, and again when it has many more, without being asked.
func TestStatisticsRefresh(t *testing.T) {
	r := startWith(t, func(o *Options) { o.StatisticsEvery = 10 * time.Millisecond })
	r.exec("CREATE TABLE a (id INT PRIMARY KEY, k INT, KEY (k))", "CREATE TABLE few (id INT PRIMARY KEY)", "INSERT INTO few VALUES (1)")
	measured := func() uint64 { return r.server.figures.analyzed.Get() }
	fill := func(from int) {
		var rows []string
		for i := range 1000 {
			rows = append(rows, fmt.Sprintf("(%d, %d)", from+i, i%10))
		}
		r.exec("INSERT INTO a VALUES " + strings.Join(rows, ", "))
	}
	await := func(n uint64) {
		t.Helper()
		for end := time.Now().Add(2 * time.Minute); measured() < n; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("statistics were refreshed %d times, want %d", measured(), n)
			}
		}
	}
	fill(0)
	await(1)
	const cardinality = "SELECT JSON_EXTRACT(histogram, '$.statistic.distinct_count') FROM information_schema.column_statistics WHERE table_name = 'a' AND column_name = 'k'"
	r.want(cardinality, "10")
	fill(1000)
	await(2)
	r.restart()
	r.want(cardinality, "10")
	if n := measured(); n != 0 {
		t.Errorf("%d tables were measured again after a restart, for nothing", n)
	}
	then := r.scn()
	r.exec("UPDATE a SET k = id", "ANALYZE TABLE a")
	r.want(cardinality, "2000")
	before := measured()
	r.rows("FLASHBACK TABLE a TO SCN ?", then)
	await(before + 1)
	r.want(cardinality, "10")
}

// TestEitherOfSeveralColumns: the statistics of a key of several columns do not get into the way of an OR of its values.
func TestEitherOfSeveralColumns(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE a (x INT, y INT, z INT, PRIMARY KEY (x, y), KEY (z, y))",
		"INSERT INTO a VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3), (4, 4, 4), (5, 5, 5)", "ANALYZE TABLE a")
	for first := range 6 {
		for second := range 6 {
			for _, form := range []string{
				"x = %[1]d AND y = %[1]d OR x = %[2]d AND y = %[2]d", "(x, y) IN ((%[1]d, %[1]d), (%[2]d, %[2]d))", "z = %[1]d AND y = %[1]d OR z = %[2]d AND y = %[2]d",
				"x > 0 AND (x = %[1]d AND y = %[1]d OR x = %[2]d AND y = %[2]d)",
			} {
				where := fmt.Sprintf(form, first, second)
				var want []string
				for i := 1; i < 6; i++ {
					if i == first || i == second {
						want = append(want, fmt.Sprint(i))
					}
				}
				r.want("SELECT x FROM a WHERE "+where+" ORDER BY x", want...)
				r.exec("BEGIN", "DELETE FROM a WHERE "+where)
				r.want("SELECT COUNT(*) FROM a", fmt.Sprint(5-len(want)))
				r.exec("ROLLBACK", "BEGIN", "UPDATE a SET z = 9 WHERE "+where)
				r.want("SELECT COUNT(*) FROM a WHERE z = 9", fmt.Sprint(len(want)))
				r.exec("ROLLBACK")
			}
		}
	}
}

// What another server of the database has measured is known here, too: nodes of a cluster ask each other for nothing.
func TestStatisticsOfAnotherNode(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE a (id INT PRIMARY KEY, k INT, KEY (k))", "INSERT INTO a VALUES (1, 1), (2, 1), (3, 2)")
	other := &running{t: t, database: r.database, change: r.change}
	other.open()
	t.Cleanup(func() { other.close() })
	const cardinality = "SELECT JSON_EXTRACT(histogram, '$.statistic.distinct_count') FROM information_schema.column_statistics WHERE table_name = 'a' AND column_name = 'k'"
	other.want(cardinality)
	r.exec("ANALYZE TABLE a")
	r.want(cardinality, "2")
	other.want(cardinality, "2")
	r.exec("UPDATE a SET k = id", "ANALYZE TABLE a")
	other.want(cardinality, "3")
}
