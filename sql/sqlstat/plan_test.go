package sqlstat

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// run adds an execution by a plan.
func run(s *Store, digest, plan uint64, when int64, text string) {
	s.Ended(digest, Execution{Ended: when, Took: time.Duration(plan) * time.Millisecond, RowsRead: plan}, Ran{Plan: plan, Text: func() string { return text }, At: func() uint64 { return uint64(when) }}, func() About {
		return About{Text: fmt.Sprint(digest)}
	})
}

// TestPlansAreBounded: however many statements change their plans how often, what is kept is bounded, and what goes is counted.
func TestPlansAreBounded(t *testing.T) {
	s := New(1600)
	text := strings.Repeat("x", 2*PlanTextMax)
	for i := range uint64(3000) {
		for plan := range uint64(5) {
			run(s, i*0x9e3779b97f4a7c15+1, plan+1, int64(10*i+plan), text)
		}
	}
	p := s.PlanStats()
	if p.Changes != 4*3000 || len(s.Changes()) != ChangesMax || p.ChangesEvicted != 4*3000-ChangesMax || p.PlansForgotten != 2*3000 {
		t.Errorf("%+v, %d changes kept", p, len(s.Changes()))
	}
	texts, plans := 0, 0
	for _, k := range s.All() {
		for _, plan := range s.Plans(k) {
			texts, plans = texts+len(plan.Text), plans+1
		}
	}
	if plans != PlansMax*s.Len() || p.TextBytes != texts || texts > planTextsMax || p.TextsLeftOut == 0 {
		t.Errorf("%d plans of %d statements, %d bytes of texts, counted as %d, %d left out", plans, s.Len(), texts, p.TextBytes, p.TextsLeftOut)
	}
	latest := s.Changes()[0]
	if latest.Old.Hash != 4 || latest.New.Hash != 5 || latest.Times != 1 || latest.FirstAt != 29_994 || latest.New.RowsRead() != 5 {
		t.Errorf("%+v", latest)
	}
}

// TestPlansTakeTurns: a statement that goes back and forth between plans has two changes, counted, and the figures of each plan are
// its own.
func TestPlansTakeTurns(t *testing.T) {
	s := New(64)
	var group sync.WaitGroup
	for w := range 4 {
		group.Go(func() {
			for i := range 1000 {
				run(s, 42, uint64(1+(i+w)%2), int64(i), "plan")
			}
		})
	}
	group.Wait()
	k, _ := s.Find(42)
	for _, p := range s.Plans(k) {
		if p.Executions() != 2000 || p.Total() != 2000*time.Duration(p.Hash)*time.Millisecond {
			t.Errorf("plan %d: %d executions, %v", p.Hash, p.Executions(), p.Total())
		}
	}
	changes := s.Changes()
	if len(changes) != 2 || changes[0].Times+changes[1].Times != s.PlanStats().Changes {
		t.Errorf("%d changes of %d", len(changes), s.PlanStats().Changes)
	}
}
