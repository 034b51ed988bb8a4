package rowcommit

import (
	"bytes"
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"redoubt/engine/txn"
)

// What was committed is in the table, in the columns it was divided between.
func TestRowsAreThere(t *testing.T) {
	s, err := open(t.TempDir(), 1, 10)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := s.Commit(t.Context(), make([]byte, 256)); err != nil {
			t.Fatal(err)
		}
	}
	rows := s.engine.Begin(txn.Options{}).Scan(s.table, txn.Range{})
	n := 0
	for rows.Next() {
		n++
		var got []byte
		for _, c := range rows.Row()[1:] {
			got = append(got, c.Value.Data()...)
		}
		if want := s.text.At(uint64(n), 256)[:250]; !bytes.Equal(got, want) {
			t.Errorf("row %d is %q, want %q", n, got, want)
		}
	}
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
	if n != 3 {
		t.Errorf("%d rows, want 3", n)
	}
	if s.Syncs() < 3 {
		t.Errorf("%d syncs for 3 commits, one after the other", s.Syncs())
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// BenchmarkCommit is for profiles: 1,024 callers commit rows of 256 bytes. It reports what a commit costs of the
// processor, on every core and in every goroutine, sealing and compaction included.
func BenchmarkCommit(b *testing.B) {
	for _, columns := range []int{1, 10} {
		b.Run(fmt.Sprintf("columns=%d", columns), func(b *testing.B) {
			s, err := open(b.TempDir(), 1, columns)
			if err != nil {
				b.Fatal(err)
			}
			payload, before := make([]byte, 256), processorTime()
			b.ReportAllocs()
			b.SetParallelism(1024 / runtime.GOMAXPROCS(0))
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := s.Commit(b.Context(), payload); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.StopTimer()
			b.ReportMetric(float64((processorTime()-before).Microseconds())/float64(b.N), "cpu-µs/op")
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// processorTime is what the process has used of the processor so far.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
