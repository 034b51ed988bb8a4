package sql

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"redoubt/sql/sqlstat"
	"redoubt/telemetry"
)

// BenchmarkViews reads each view of sessions and statements with 1,024 sessions and 100,000 statements known. No view is to take
// more than 50 ms: those that divide each row's values in SQL, or join two views, do.
func BenchmarkViews(b *testing.B) {
	r := startWith(b, func(o *Options) { o.StatementDigests = 200_000 })
	kind := "select"
	for i := range 1024 {
		s := r.server.options.Slots.Take(telemetry.Identity{Session: uint32(i + 1000), User: "root", Host: "127.0.0.1", Program: "bench"})
		if i%8 == 0 {
			s.Call(uint64(i), &kind, time.Now().UnixMicro())
			s.BeginFor(telemetry.RowLock, 7)
		}
	}
	for i := range uint64(100_000) {
		for k := range 1 + i%3 {
			took := time.Duration((i%1000)<<k) * time.Microsecond
			r.server.statistics.Ended(i*0x9e3779b97f4a7c15, sqlstat.Execution{Took: took}, sqlstat.Ran{Plan: 1 + i%50, Text: func() string { return "-> Table scan" }}, func() sqlstat.About {
				return sqlstat.About{Text: fmt.Sprint("select ", i), Kind: kind}
			})
		}
	}
	for _, query := range []string{
		"SELECT COUNT(*) FROM v$session", "SELECT * FROM v$session", "SELECT * FROM v$session_event", "SELECT * FROM v$sesstat", "SELECT * FROM v$system_event",
		"SELECT * FROM v$sysstat", "SELECT * FROM v$sql_monitor", "SELECT * FROM v$sql ORDER BY elapsed_time DESC LIMIT 10", "SELECT COUNT(*) FROM v$sql",
		"SELECT sql_id, sql_text, p95_us FROM v$sql WHERE executions > 0 AND command = 'select' ORDER BY p95_us DESC LIMIT 10", "SELECT command, SUM(elapsed_time) FROM v$sql GROUP BY command",
		"SELECT sql_id, elapsed_time FROM v$sql WHERE sql_text LIKE '%12345%'",
		"SELECT * FROM v$sqlstats_plan_hash ORDER BY elapsed_time DESC LIMIT 10", "SELECT * FROM v$sql_plan_change", "SELECT * FROM v$sqlstats_summary",
		"SELECT COUNT(*) FROM v$sql WHERE errors > 0", "SELECT SUM(executions), SUM(elapsed_time), MAX(max_us) FROM v$sql", "SELECT schema_name, command, COUNT(*), MAX(p95_us) FROM v$sql GROUP BY schema_name, command",
		"SELECT * FROM v$sql ORDER BY rows_read DESC LIMIT 10", "SELECT * FROM v$sql ORDER BY p99_us DESC LIMIT 10", "SELECT * FROM v$sql ORDER BY average_us DESC LIMIT 10",
		"SELECT * FROM v$sql ORDER BY last_active_time DESC LIMIT 10", "SELECT * FROM v$sql ORDER BY sql_text LIMIT 10", "SELECT * FROM v$sql ORDER BY sql_id LIMIT 10",
		"SELECT * FROM v$sql ORDER BY elapsed_time / executions DESC LIMIT 10", "SELECT sql_text FROM v$sql WHERE sql_text NOT LIKE '%9%' AND average_us > 500 ORDER BY max_us LIMIT 10",
		"SELECT sql_id, sql_text FROM v$sql WHERE last_active_time > NOW() - INTERVAL 5 MINUTE", "SELECT sql_id FROM v$sql WHERE sql_text LIKE 'select_12%'",
		"SELECT sql_id, sql_text, schema_name, executions, errors, average_us, p95_us, rows_processed FROM v$sql WHERE sql_id IN ('1715609f7c746c69', '9e3779b97f4a7c15', '3c6ef372fe94f82a')",
		"SELECT s.sid, q.sql_text FROM v$session s JOIN v$sql q ON q.sql_id = s.sql_id",
		"SELECT * FROM v$sqlstats_plan_hash WHERE sql_id = '1715609f7c746c69'", "SELECT executions, rows_read, current FROM v$sqlstats_plan_hash WHERE sql_text LIKE '%sum%shop.orders%'",
		"SELECT * FROM v$sql LIMIT 10", fmt.Sprintf("SELECT * FROM v$sql WHERE sql_id = '%016x'", func() uint64 { n := uint64(5); return n * 0x9e3779b97f4a7c15 }()),
	} {
		b.Run(query, func(b *testing.B) {
			before := processorTime(b)
			for b.Loop() {
				r.rows(query)
			}
			b.ReportMetric(float64((processorTime(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/op") // other work of the machine is not in it
		})
	}
}

// processorTime is what the process has used.
func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
