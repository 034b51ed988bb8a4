package sql

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"redoubt/sql/sqlstat"
)

// TestFirstOfAView: a view that finds its first rows itself gives those that a sort of all rows gives, whatever they are sorted
// and filtered by.
func TestFirstOfAView(t *testing.T) {
	r := startWith(t, func(o *Options) { o.StatementDigests = 5000 })
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 7))
	t.Logf("seed %d", seed)
	for i := range uint64(2000) {
		x := sqlstat.Execution{Ended: int64(i), Took: time.Duration(random.IntN(1_000_000)) * time.Microsecond, Failed: random.IntN(3) == 0, RowsRead: random.Uint64N(50)}
		for range 1 + random.IntN(3) {
			r.server.statistics.Ended((i+1)*0x9e3779b97f4a7c15, x, sqlstat.Ran{}, func() sqlstat.About {
				return sqlstat.About{Text: fmt.Sprint("made ", i), Kind: []string{"select", "insert", ""}[i%3]}
			})
		}
	}
	const own = "sql_text LIKE 'made %'"
	filters := []string{"", " AND executions > 1", " AND command = 'insert'", " AND rows_read BETWEEN 10 AND 20 AND errors = 0", " AND p95_us > 500000", " AND LENGTH(sql_id) = 3", " AND command <=> NULL"}
	orders := []string{"elapsed_time DESC", "rows_read, sql_id", "command, p95_us DESC", "command DESC, average_us", "elapsed_time / executions DESC", "sql_text"}
	selects := []string{"sql_id, elapsed_time, command", "*", "elapsed_time AS e, UPPER(sql_text)", "p50_us"}
	for range 60 {
		filter, order, columns := filters[random.IntN(len(filters))], orders[random.IntN(len(orders))], selects[random.IntN(len(selects))]
		limit, offset := 1+random.IntN(20), random.IntN(2)*random.IntN(30)
		// The second has all rows made: more are asked for than a view ranks.
		query := fmt.Sprintf("SELECT %s FROM v$sql AS s WHERE %s%s ORDER BY %s, sql_id", columns, own, filter, order)
		got := r.rows(fmt.Sprintf("%s LIMIT %d OFFSET %d", query, limit, offset))
		all := r.rows(query)
		want := all[min(offset, len(all)):min(offset+limit, len(all))]
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("seed %d: %s LIMIT %d OFFSET %d\n got %v\nwant %v", seed, query, limit, offset, got, want)
		}
	}
	if n := r.rows("SELECT COUNT(*) FROM v$sql WHERE " + own)[0]; n != "2000" {
		t.Errorf("%s statements", n)
	}
	joined := r.rows("SELECT a.sql_id FROM v$sql a JOIN v$sqlarea b ON a.sql_id = b.sql_id WHERE a." + own + " ORDER BY b.elapsed_time DESC, a.sql_id LIMIT 3")
	if plain := r.rows("SELECT sql_id FROM v$sql WHERE " + own + " ORDER BY elapsed_time DESC, sql_id LIMIT 3"); fmt.Sprint(joined) != fmt.Sprint(plain) {
		t.Errorf("joined %v, plain %v", joined, plain)
	}
}
