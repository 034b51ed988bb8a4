package ash

import (
	"context"
	"fmt"
	"testing"
	"time"

	"redoubt/telemetry"
)

// clock is one that stands still.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newSampler(t testing.TB, o Options) (*Sampler, *telemetry.Slots, *clock) {
	t.Helper()
	c := &clock{time.UnixMicro(1_700_000_000_000_000)}
	o.Slots, o.Now = telemetry.NewSlots(), c.now
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, o.Slots, c
}

// pass sweeps for so many seconds.
func pass(t testing.TB, s *Sampler, c *clock, seconds int) {
	t.Helper()
	for range seconds * finePerPlain {
		c.at = c.at.Add(FinePeriod)
		if err := s.Sweep(); err != nil {
			t.Fatal(err)
		}
	}
}

func read(t testing.TB, s *Sampler, source Source) (out []telemetry.Sample) {
	t.Helper()
	if err := s.Read(source, 0, 1<<62, func(x *telemetry.Sample) bool { out = append(out, *x); return true }); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTruth: what sessions did is what the samples, the series and the sums by event say.
func TestTruth(t *testing.T) {
	s, slots, c := newSampler(t, Options{})
	update, sel := "update", "select"
	blocker := slots.Take(telemetry.Identity{Session: 1, User: "ann"})
	blocker.Snapshot(77, 5) // idle, in a transaction
	waiter := slots.Take(telemetry.Identity{Session: 2, User: "bob", Host: "10.0.0.2", Program: "shop"})
	waiter.Call(0xabc, &update, c.at.UnixMicro())
	waiter.Touch(9)
	waiter.Snapshot(78, 6)
	waiter.BeginFor(telemetry.RowLock, 77)
	busy := slots.Take(telemetry.Identity{Session: 3, User: "cyd"})
	busy.Call(0xdef, &sel, c.at.UnixMicro())
	sleeper := slots.Take(telemetry.Identity{Session: 4})
	sleeper.Call(0x123, &sel, c.at.UnixMicro())
	sleeper.Begin(telemetry.ScheduledSleep)
	worker := slots.Background("LGWR", "log writer")
	worker.Begin(telemetry.LogFileWrite)
	pass(t, s, c, 20)
	busy.Done()
	pass(t, s, c, 10)

	seconds := read(t, s, Seconds)
	if len(seconds) != 20*3+10*2 {
		t.Fatalf("%d samples, want %d", len(seconds), 20*3+10*2)
	}
	waiting := 0
	for _, x := range seconds {
		switch x.Session {
		case 2:
			waiting++
			if x.State() != "WAITING" || x.Event != telemetry.RowLock || x.BlockedBy != 1 || x.Blocker != 77 || x.User != "bob" || x.Host != "10.0.0.2" ||
				x.Program != "shop" || x.Kind != "update" || x.SQL != 0xabc || x.Object != 9 || x.XID != 78 || x.ReadSCN != 6 || x.Weight != 1e6 {
				t.Fatalf("the waiter: %+v", x)
			}
		case 3:
			if x.State() != "ON CPU" || x.SQL != 0xdef {
				t.Fatalf("the busy one: %+v", x)
			}
		case 1, 4:
			t.Fatal("an idle session was sampled")
		}
	}
	if last := seconds[len(seconds)-1]; waiting != 30 || last.Waited < 29e6 && !last.Background {
		t.Errorf("the waiter has %d samples; the last %+v", waiting, last)
	}
	if n := len(read(t, s, Fine)); n != 10*len(seconds) {
		t.Errorf("%d samples of 100 ms, want %d", n, 10*len(seconds))
	}
	points := s.Series(c.at.Add(-time.Hour), c.at.Add(time.Second), 10*time.Second)
	total := [telemetry.Classes]float64{}
	for _, p := range s.Series(c.at.Add(-time.Hour), c.at.Add(time.Second), time.Second) {
		for k, v := range p.Active {
			total[k] += v
		}
	}
	if total[telemetry.Application] != 30 || total[telemetry.CPU] != 20 || total[telemetry.SystemIO] != 0 {
		t.Errorf("the series adds up to %v", total)
	}
	if len(points) == 0 || len(points) > 4 {
		t.Errorf("%d points of ten seconds: %v", len(points), points)
	}
	sessions, background := s.Sampled()
	if sessions[telemetry.RowLock] != 30*time.Second || background[telemetry.LogFileWrite] != 30*time.Second || sessions[telemetry.OnCPU] != 20*time.Second {
		t.Errorf("by event: %v; background %v", sessions, background)
	}
	for _, l := range slots.All() {
		if l.Who.Session == 2 {
			if w := s.Waited(l.Place(), l.Who.Serial); w == nil || w[telemetry.RowLock] != 30*time.Second {
				t.Errorf("the waiter waited %v", w)
			}
			if since := s.WaitingSince(&l); c.at.UnixMicro()-since < 29e6 {
				t.Errorf("the waiter waits since %d", since)
			}
		}
	}
}

// TestLateSampler: a row stands for the time since the one before, within bounds.
func TestLateSampler(t *testing.T) {
	s, slots, c := newSampler(t, Options{})
	slots.Take(telemetry.Identity{Session: 1}).Call(1, nil, 1)
	pass(t, s, c, 1)
	c.at = c.at.Add(2 * time.Second)
	pass(t, s, c, 1)
	c.at = c.at.Add(time.Hour)
	pass(t, s, c, 1)
	got := read(t, s, Seconds)
	var weights []int64
	for _, x := range got {
		weights = append(weights, x.Weight)
	}
	if fmt.Sprint(weights) != "[1000000 3000000 5000000]" && fmt.Sprint(weights) != "[5000000]" {
		t.Errorf("weights %v", weights)
	}
}

func TestRingIsBounded(t *testing.T) {
	s, slots, c := newSampler(t, Options{Bytes: 4 * chunkRows * rowBytes * 4})
	for i := range 500 {
		slots.Take(telemetry.Identity{Session: uint32(i)}).Call(1, nil, 1)
	}
	pass(t, s, c, 60)
	st := s.Stats()
	if st.Bytes > 4*chunkRows*rowBytes*4 || st.Dropped == 0 || st.Rows == 0 {
		t.Errorf("%+v", st)
	}
	got := read(t, s, Seconds)
	if last := got[len(got)-1].Micros; last != c.at.UnixMicro() {
		t.Errorf("the newest sample is of %d, want %d", last, c.at.UnixMicro())
	}
	for i := range got[1:] {
		if got[i].Micros > got[i+1].Micros {
			t.Fatal("samples are out of order")
		}
	}
}

func TestSubscribe(t *testing.T) {
	s, slots, c := newSampler(t, Options{})
	seconds, stop := s.Subscribe(4)
	slots.Take(telemetry.Identity{Session: 1, User: "ann"}).Call(1, nil, 1)
	pass(t, s, c, 2)
	for range 2 {
		second := <-seconds
		n := 0
		for x := range second.Samples {
			n++
			if x.User != "ann" {
				t.Errorf("%+v", x)
			}
		}
		if n != 1 || second.Active[telemetry.CPU] != 1 {
			t.Errorf("%d samples, %v", n, second.Active)
		}
	}
	pass(t, s, c, 10) // nobody takes them
	stop()
	pass(t, s, c, 1)
	if len(seconds) != 4 {
		t.Errorf("%d seconds wait, want 4", len(seconds))
	}
}

// TestRun: a Sampler that runs samples by itself, and ends.
func TestRun(t *testing.T) {
	slots := telemetry.NewSlots()
	s, err := New(Options{Slots: slots})
	if err != nil {
		t.Fatal(err)
	}
	slots.Take(telemetry.Identity{Session: 1}).Call(1, nil, 1)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	deadline := time.Now().Add(2 * time.Minute)
	for s.Stats().Samples == 0 {
		if time.Now().After(deadline) {
			t.Fatal("no sample")
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	<-done
}

// BenchmarkSweep sweeps 1,024 sessions of which 128 are active, and keeps what it sees.
func BenchmarkSweep(b *testing.B) {
	s, slots, c := newSampler(b, Options{})
	kind := "select"
	for i := range 1024 {
		slot := slots.Take(telemetry.Identity{Session: uint32(i), User: "root", Host: "127.0.0.1"})
		if i%8 == 0 {
			slot.Call(uint64(i), &kind, 1)
			slot.Begin(telemetry.LogFileSync)
		}
	}
	for b.Loop() {
		c.at = c.at.Add(FinePeriod)
		if err := s.Sweep(); err != nil {
			b.Fatal(err)
		}
	}
}
