package versions

import (
	"bytes"
	"errors"
	"fmt"

	"redoubt/scn"
	"redoubt/wal/redo"
)

// runs makes rows of the states of one key, given one after the other.
type runs struct {
	life       *Life
	within     Range
	key        []byte
	yield      func(*Row, error) bool
	generation *Generation // of the next state

	live    bool
	run     Row     // without its end
	at      scn.SCN // of the commit that wrote what is visible: the run's, or that of its copy in a table made by ALTER
	raw     []byte
	stopped bool // the consumer wants no more
}

var errStopped = errors.New("the consumer wants no more")

// step takes the state from an SCN on.
func (r *runs) step(at scn.SCN, s state) error {
	if r.stopped {
		return errStopped
	}
	switch {
	case !s.live && !r.live:
		return nil
	case !s.live:
		r.end(at)
		deletion := r.run
		deletion.Start, deletion.End, deletion.Operation = at, 0, Delete
		r.live = false
		if !r.stopped {
			r.give(&deletion)
		}
		return nil
	}
	row, _, err := redo.DecodeRow(bytes.Clone(s.value), nil)
	if err != nil {
		return fmt.Errorf("row at SCN %d: %w", s.at, err)
	}
	if r.live && r.same(s, row) {
		r.run.Generation, r.run.Values = r.generation, row
		r.at, r.raw = s.at, append(r.raw[:0], s.value...)
		return nil
	}
	next := Row{Key: r.key, Values: row, SCN: s.at, Start: at, Operation: Insert, Generation: r.generation}
	if r.live {
		next.Operation = Update
		r.end(at)
	}
	if at < r.within.From {
		next.Start, next.Operation = 0, Unknown
	}
	r.live, r.run, r.at, r.raw = true, next, s.at, append(r.raw[:0], s.value...)
	return nil
}

// same tells whether a state is the version that is visible already.
func (r *runs) same(s state, row redo.Row) bool {
	old := r.run.Generation
	if old == r.generation {
		return s.at == r.at && bytes.Equal(s.value, r.raw)
	}
	before := r.life.Sources(old, old.at(old.Last))
	after := r.life.Sources(r.generation, r.generation.at(r.generation.First))
	for i := range r.life.Table.Columns {
		c := &r.life.Table.Columns[i]
		if !before[i].Of(c, r.run.Values).Equal(after[i].Of(c, row)) {
			return false
		}
	}
	return true
}

// end gives the run that a change at an SCN ends.
func (r *runs) end(at scn.SCN) {
	run := r.run
	run.End, run.Then = at, run.Generation.at(min(at-1, run.Generation.Last))
	r.run.Then = run.Then
	if run.Start != 0 || at > r.within.From || r.within.Before {
		r.give(&run)
	}
}

// finish gives the run that lasts to the end of the range.
func (r *runs) finish() bool {
	if r.live && !r.stopped {
		r.run.Then = r.run.Generation.at(min(r.within.To, r.run.Generation.Last))
		r.give(&r.run)
	}
	return !r.stopped
}

func (r *runs) give(row *Row) { r.stopped = !r.yield(row, nil) }
