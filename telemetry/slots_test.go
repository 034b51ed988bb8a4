package telemetry

import (
	"sync"
	"testing"
	"unsafe"
)

func TestEventsAreInOrder(t *testing.T) {
	seen := map[string]bool{}
	for i, info := range EventList() {
		if i > 0 && info.Event <= EventList()[i-1].Event {
			t.Errorf("event %d stands at place %d", info.Event, i)
		}
		if info.Event.Info() != info {
			t.Errorf("event %d is told to be %+v", info.Event, info.Event.Info())
		}
		if i > 0 && (info.Name == "" || seen[info.Name]) || info.Help == "" || info.Seen == "" {
			t.Errorf("event %d has no name of its own, or no help: %+v", i, info)
		}
		seen[info.Name] = true
	}
}

func TestSlotSharesNoLine(t *testing.T) {
	var s Slot
	if at := unsafe.Offsetof(s.counters); at != 128 {
		t.Errorf("what a sweep reads takes %d bytes, want 128", at)
	}
	if size := unsafe.Sizeof(s); size%64 != 0 {
		t.Errorf("a slot takes %d bytes, which is no whole number of cache lines", size)
	}
}

func TestSlots(t *testing.T) {
	table := NewSlots()
	kind := "update"
	blocker, waiter := table.Take(Identity{Session: 1, User: "a"}), table.Take(Identity{Session: 2, User: "b"})
	waiter.Call(7, &kind, 1000)
	waiter.Snapshot(22, 5)
	waiter.BeginFor(RowLock, 11)
	var looks []Look
	table.Sweep(false, func(l *Look) { looks = append(looks, *l) })
	if len(looks) != 1 {
		t.Fatalf("%d sessions are active, want 1: %+v", len(looks), looks)
	}
	l := looks[0]
	if l.State() != "WAITING" || l.Shown() != RowLock || l.Blocker != 11 || l.SQL != 7 || l.Kind != "update" || l.XID != 22 || l.ReadSCN != 5 || l.Waits != 1 {
		t.Errorf("the waiter: %+v", l)
	}
	if all := table.All(); len(all) != 2 || all[0].State() != "IDLE" || all[0].Shown() != ClientMessage {
		t.Errorf("all: %+v", all)
	}
	waiter.Begin(ClientWrite) // another goroutine of the session
	waiter.EndFor(RowLock)
	if l := table.All()[1]; l.Event != ClientWrite || l.Blocker != 0 {
		t.Errorf("a wait that another replaced: %+v", l)
	}
	waiter.End(ClientWrite)
	if l := table.All()[1]; l.State() != "ON CPU" {
		t.Errorf("after its waits: %s", l.State())
	}
	waiter.Add(FigureCommits, 3)
	table.GiveBack(waiter)
	again := table.Take(Identity{Session: 3})
	if again != waiter {
		t.Fatal("a slot was not given again")
	}
	if l := table.All()[1]; l.Who.Session != 3 || l.Who.Serial != 3 || l.Counts() != [Events]uint64{} || l.SQL != 0 {
		t.Errorf("a slot kept what its last owner left: %+v", l)
	}
	if totals := table.FigureTotals(); totals[FigureCommits] != 3 {
		t.Errorf("the sums lost what a session that ended had counted: %v", totals)
	}
	if e := table.EventTotals()[RowLock]; e.Waits != 1 {
		t.Errorf("row lock waits: %+v", e)
	}
	table.GiveBack(blocker)
	var none *Slot
	none.Begin(RowLock)
	none.EndFor(RowLock)
	none.Call(1, nil, 1)
}

// TestSlotsGrow: the table takes as many sessions as come, from many goroutines, while it is swept.
func TestSlotsGrow(t *testing.T) {
	table := NewSlots()
	var group sync.WaitGroup
	for g := range 8 {
		group.Go(func() {
			for i := range 500 {
				s := table.Take(Identity{Session: uint32(g*1000 + i)})
				s.Call(uint64(i), nil, 1)
				s.Begin(LogFileSync)
				table.Sweep(false, func(l *Look) { _ = l.State() })
				s.End(LogFileSync)
				if i%2 == 0 {
					table.GiveBack(s)
				}
			}
		})
	}
	group.Wait()
	if n := len(table.All()); n != 8*250 {
		t.Errorf("%d sessions, want %d", n, 8*250)
	}
	if e := table.EventTotals()[LogFileSync]; e.Waits != 4000 {
		t.Errorf("%d waits, want 4000", e.Waits)
	}
}

func TestWaitAllocatesNothing(t *testing.T) {
	s := NewSlots().Take(Identity{})
	if n := testing.AllocsPerRun(100, func() { s.BeginFor(RowLock, 1); s.EndFor(RowLock) }); n != 0 {
		t.Errorf("a wait allocates %v times", n)
	}
}

// BenchmarkWait is one change of what a session waits for: its target is 20 ns.
func BenchmarkWait(b *testing.B) {
	s := NewSlots().Take(Identity{})
	b.Run("begin", func(b *testing.B) {
		for b.Loop() {
			s.Begin(LogFileSync)
		}
	})
	b.Run("end", func(b *testing.B) {
		for b.Loop() {
			s.End(LogFileSync)
		}
	})
	b.Run("begin and end", func(b *testing.B) {
		for b.Loop() {
			s.Begin(LogFileSync)
			s.End(LogFileSync)
		}
	})
}

// BenchmarkSweep looks at 1,024 sessions, of which 128 are active: its target is 10 µs.
func BenchmarkSweep(b *testing.B) {
	table := NewSlots()
	for i := range 1024 {
		s := table.Take(Identity{Session: uint32(i)})
		if i%8 == 0 {
			s.Call(uint64(i), nil, 1)
			s.Begin(LogFileSync)
		}
	}
	n := 0
	for b.Loop() {
		table.Sweep(false, func(*Look) { n++ })
	}
	if n == 0 {
		b.Fatal("nobody was active")
	}
}
