package awr

import (
	"cmp"
	"slices"
	"time"

	"redoubt/telemetry"
)

// How many statements of a snapshot have rows of their own: those that took most time, read most rows, met most conflicts.
const (
	byTime      = 100
	byRows      = 30
	byConflicts = 20
)

// others is the text of the row for all that have none.
const others = "<others>"

// counts are what is counted of a statement.
type counts [numbers + int(telemetry.Classes)]uint64

const (
	executions = iota
	failures
	conflicts
	rowsRead
	rowsSent
	rowsChanged
	shortRun
	micros

	numbers
)

func countsOf(s *telemetry.WorkloadStatement) (c counts) {
	c = counts{s.Executions, s.Failures, s.Conflicts, s.RowsRead, s.RowsSent, s.RowsChanged, s.ShortRun, uint64(s.Took.Microseconds())}
	for i, w := range s.Waits {
		c[numbers+i] = uint64(w.Microseconds())
	}
	return c
}

// minus takes away, down to nothing.
func (c counts) minus(other counts) counts {
	for i := range c {
		c[i] -= min(other[i], c[i])
	}
	return c
}

func (c counts) plus(other counts) counts {
	for i := range c {
		c[i] += other[i]
	}
	return c
}

// put gives a statement these counts.
func (c counts) put(s *telemetry.WorkloadStatement) {
	s.Executions, s.Failures, s.Conflicts, s.RowsRead, s.RowsSent, s.RowsChanged, s.ShortRun = c[executions], c[failures], c[conflicts], c[rowsRead], c[rowsSent], c[rowsChanged], c[shortRun]
	s.Took = time.Duration(c[micros]) * time.Microsecond
	for i := range s.Waits {
		s.Waits[i] = time.Duration(c[numbers+i]) * time.Microsecond
	}
}

// did is a statement with what it did since the snapshot before. There may be a hundred thousand, so it is small.
type did struct {
	digest, plan uint64
	counts       counts
}

// statements gives what statements did since the snapshot before, and their counts of now.
func (k *Keeper) statements() (out []telemetry.WorkloadStatement, now map[uint64]counts) {
	now = make(map[uint64]counts, len(k.before))
	var all []did
	var folded counts // what was told of statements that were forgotten since: it is once more in the row of the forgotten, which has no digest
	k.options.Source.Statements(func(s *telemetry.WorkloadStatement) {
		c, then := countsOf(s), k.before[s.Digest]
		now[s.Digest] = c
		if c[executions] < then[executions] { // forgotten, and seen again
			folded, then = folded.plus(then), counts{}
		}
		all = append(all, did{s.Digest, s.Plan, c.minus(then)})
	})
	for digest, then := range k.before {
		if _, known := now[digest]; !known {
			folded = folded.plus(then)
		}
	}
	for i := range all {
		if all[i].digest == 0 {
			all[i].counts = all[i].counts.minus(folded)
		}
	}
	all = slices.DeleteFunc(all, func(d did) bool { return d.counts[executions] == 0 })
	kept := map[uint64]bool{0: false}
	for _, most := range []struct{ of, number int }{{micros, byTime}, {rowsRead, byRows}, {conflicts, byConflicts}} {
		slices.SortFunc(all, func(a, b did) int {
			return cmp.Or(cmp.Compare(b.counts[most.of], a.counts[most.of]), cmp.Compare(a.digest, b.digest))
		})
		for _, d := range all[:min(most.number, len(all))] {
			kept[d.digest] = kept[d.digest] || d.digest != 0 && d.counts[most.of] > 0
		}
	}
	var rest counts
	for i := range all {
		d := &all[i]
		if !kept[d.digest] {
			rest = rest.plus(d.counts)
			continue
		}
		s := telemetry.WorkloadStatement{Digest: d.digest, Plan: d.plan}
		d.counts.put(&s)
		k.options.Source.Texts(&s)
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b telemetry.WorkloadStatement) int {
		return cmp.Or(cmp.Compare(b.Took, a.Took), cmp.Compare(a.Digest, b.Digest))
	})
	if rest[executions] > 0 {
		s := telemetry.WorkloadStatement{Text: others}
		rest.put(&s)
		out = append(out, s)
	}
	return out, now
}
