package sqlstat

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"redoubt/telemetry"
)

func TestQuantiles(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	for round := range 50 {
		var h histogram
		var all []uint64
		for range 1 + random.IntN(2000) {
			v := uint64(math.Exp(random.Float64() * 18))
			all = append(all, v)
			h.add(v)
		}
		slices.Sort(all)
		shares := [3]float64{0.5, 0.95, 0.99}
		for i, got := range h.quantiles(shares) {
			want := all[int(math.Ceil(shares[i]*float64(len(all))))-1]
			if diff := math.Abs(float64(got) - float64(want)); diff > 0.13*float64(want)+1 {
				t.Fatalf("seed %d, round %d: quantile %v of %d values is %d, want %d", seed, round, shares[i], len(all), got, want)
			}
		}
	}
}

func TestBucketsAreInOrder(t *testing.T) {
	last := 0
	for v := uint64(0); v < 1<<20; v++ {
		b := bucketOf(v)
		if b < last || b > last+1 {
			t.Fatalf("%d is in bucket %d, %d in %d", v, b, v-1, last)
		}
		last = b
	}
	if b := bucketOf(math.MaxUint64); b != histogramBuckets-1 {
		t.Errorf("the longest duration is in bucket %d", b)
	}
}

// TestEvictionLosesNothing: whatever goes, the sums over all rows are what was told.
func TestEvictionLosesNothing(t *testing.T) {
	s := New(64)
	const workers, each = 8, 5000
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			random := rand.New(rand.NewPCG(7, uint64(w)))
			for i := range each {
				digest := random.Uint64N(400) * 0x9e3779b97f4a7c15
				s.Ended(digest, Execution{Ended: int64(i), Took: 3 * time.Microsecond, Failed: i%10 == 0, RowsRead: 2}, Ran{}, func() About {
					return About{Text: fmt.Sprint(digest)}
				})
				s.Waited(digest, telemetry.Commit, time.Microsecond)
			}
		})
	}
	group.Wait()
	var executions, failures, rows uint64
	var took, waited time.Duration
	list := s.List()
	for _, x := range list {
		executions, failures, rows, took = executions+x.Executions, failures+x.Failures, rows+x.RowsRead, took+x.Total
		waited += x.Waits[telemetry.Commit]
	}
	if executions != workers*each || failures != workers*each/10 || rows != 2*workers*each || took != 3*workers*each*time.Microsecond {
		t.Errorf("%d executions, %d failures, %d rows, %v", executions, failures, rows, took)
	}
	if s.Len() > 64 || s.Evicted() == 0 || !slices.ContainsFunc(list, func(x Statement) bool { return x.Text == "<evicted>" }) {
		t.Errorf("%d digests, %d evicted", s.Len(), s.Evicted())
	}
	if waited == 0 || waited > workers*each*time.Microsecond {
		t.Errorf("waited %v", waited)
	}
}

// TestHotStays: what is used again and again is not evicted by what comes once.
func TestHotStays(t *testing.T) {
	s := New(64)
	for i := range uint64(10_000) {
		s.Ended(42, Execution{}, Ran{}, func() About { return About{Text: "hot"} })
		s.Ended(i*0x9e3779b97f4a7c15, Execution{}, Ran{}, func() About { return About{} })
	}
	if hot, ok := s.Get(42); !ok || hot.Executions < 9_999 || hot.Text != "hot" {
		t.Errorf("the hot statement: %+v, %v", hot, ok)
	}
}

func BenchmarkEnded(b *testing.B) {
	s := New(0)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			s.Ended(42, Execution{Took: time.Millisecond}, Ran{}, func() About { return About{} })
		}
	})
}

// BenchmarkAll looks at one figure of each of 100,000 digests.
func BenchmarkAll(b *testing.B) {
	s := New(200_000)
	for i := range uint64(100_000) {
		s.Ended(i*0x9e3779b97f4a7c15, Execution{Took: time.Duration(i)}, Ran{}, func() About { return About{} })
	}
	for b.Loop() {
		n, took := 0, time.Duration(0)
		for _, k := range s.All() {
			n, took = n+1, took+k.Total()
		}
		if n != 100_000 || took == 0 {
			b.Fatal(n, took)
		}
	}
}
