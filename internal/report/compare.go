package report

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"time"
)

// Comparison is what a node did in one window of its workload against what it did in another one.
type Comparison struct {
	Against, This *AWR
	Notes         []string
	Statements    []ComparedStatement // those that cost most more come first
	Replanned     []ComparedStatement // those whose plans differ, in the same order
	Changed       map[string]PlanChange
}

// ComparedStatement is a statement in both windows. One that is not in a window has no executions there.
type ComparedStatement struct {
	ID, Text      string
	Against, This DoneStatement
	// Cost is the seconds that its executions of this window took more than they would have at what one took in the other; less than 0: they
	// took less. It is 0 for a statement that is in one window only: there is nothing to compare it with.
	Cost float64
	// Load is how many active sessions more it is.
	Load float64
}

// CollectComparison asks a node what it did in a window, and in the one that it is compared with.
func CollectComparison(ctx context.Context, c *sql.Conn, this, against Ends, now time.Time) (*Comparison, error) {
	x := &Comparison{Changed: map[string]PlanChange{}}
	var err error
	if x.This, err = collectAWR(ctx, c, this, "--", now); err != nil {
		return nil, err
	}
	if x.Against, err = collectAWR(ctx, c, against, "--against-", now); err != nil {
		return nil, err
	}
	if x.This.Elapsed == 0 || x.Against.Elapsed == 0 {
		return nil, fmt.Errorf("the node started between all snapshots of a window: nothing says how long it ran, so there is nothing by the second to compare: %w", ErrSnapshots)
	}
	x.notes()
	x.statements()
	return x, x.changes(ctx, c)
}

// inOrder gives the windows, the one that began first first.
func (x *Comparison) inOrder() (first, second *AWR) {
	if x.This.Begin.ID < x.Against.Begin.ID {
		return x.This, x.Against
	}
	return x.Against, x.This
}

func (x *Comparison) notes() {
	first, second := x.inOrder()
	if second.Begin.ID < first.End.ID {
		x.Notes = append(x.Notes, "the windows overlap: what was done in both is on both sides")
	}
	if first.End.Started != second.Begin.Started {
		x.Notes = append(x.Notes, "the node started between the windows: its counters began anew, which differences within a window do not see, and its caches were empty then")
	}
}

// each is the seconds of one execution.
func (s *DoneStatement) each() float64 { return ratio(s.Seconds, s.Executions) }

func (x *Comparison) statements() {
	at := map[string]int{}
	find := func(s *DoneStatement) *ComparedStatement {
		i, known := at[s.ID]
		if !known {
			i = len(x.Statements)
			at[s.ID] = i
			x.Statements = append(x.Statements, ComparedStatement{ID: s.ID, Text: s.Text})
		}
		return &x.Statements[i]
	}
	for i := range x.Against.Statements {
		find(&x.Against.Statements[i]).Against = x.Against.Statements[i]
	}
	for i := range x.This.Statements {
		find(&x.This.Statements[i]).This = x.This.Statements[i]
	}
	for i := range x.Statements {
		s := &x.Statements[i]
		s.Load = s.This.Seconds/x.This.Elapsed - s.Against.Seconds/x.Against.Elapsed
		if s.ID != "" && s.This.Executions > 0 && s.Against.Executions > 0 {
			s.Cost = s.This.Executions * (s.This.each() - s.Against.each())
		}
	}
	slices.SortFunc(x.Statements, func(a, b ComparedStatement) int {
		return cmp.Or(descending(a.Cost, b.Cost, "", ""), descending(math.Abs(a.Load), math.Abs(b.Load), a.ID, b.ID))
	})
	for _, s := range x.Statements {
		if s.This.PlanHash != "" && s.Against.PlanHash != "" && s.This.PlanHash != s.Against.PlanHash {
			x.Replanned = append(x.Replanned, s)
		}
	}
}

// changes asks when the statements whose plans differ last began to run by another one, from the first window to the second.
func (x *Comparison) changes(ctx context.Context, c *sql.Conn) error {
	if len(x.Replanned) == 0 {
		return nil
	}
	first, second := x.inOrder()
	whole := &AWR{Begin: first.Begin, End: second.End}
	if err := whole.changes(ctx, c, nil); err != nil {
		return err
	}
	for i := range whole.Changes { // the newest first
		if p := whole.Changes[i]; x.Changed[p.ID].ID == "" {
			x.Changed[p.ID] = p
		}
	}
	return nil
}
