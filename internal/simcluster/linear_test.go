package simcluster

import (
	"testing"

	"redoubt/internal/history"
)

// TestLinearizable: what cannot have happened one after the other is found, and nothing else.
func TestLinearizable(t *testing.T) {
	appends := func(v, begin, end int64, outcome history.Outcome) *Op {
		return &Op{Begin: begin, End: end, outcome: outcome, ops: []history.Op{{Key: 1, Append: v}}}
	}
	reads := func(begin, read int64, values ...int64) *Op {
		return &Op{Begin: begin, Read: read, End: read, outcome: history.Committed, ops: []history.Op{{Key: 1, Read: values}}}
	}
	const done, unknown = history.Committed, history.Unknown
	for _, c := range []struct {
		name  string
		order []int64
		ops   []*Op
		ok    bool
	}{
		{"one after the other", []int64{7, 8}, []*Op{appends(7, 1, 2, done), reads(3, 4, 7), appends(8, 5, 6, done), reads(7, 8, 7, 8)}, true},
		{"a read beside an append, either way", []int64{7}, []*Op{appends(7, 1, 9, done), reads(2, 3), reads(4, 5, 7), reads(6, 7, 7)}, true},
		{"an append that was over is not read", []int64{7}, []*Op{appends(7, 1, 2, done), reads(3, 4)}, false},
		{"a read goes back behind another", []int64{7}, []*Op{appends(7, 1, 9, done), reads(2, 3, 7), reads(4, 5)}, false},
		{"appends in the wrong order", []int64{8, 7}, []*Op{appends(7, 1, 2, done), appends(8, 3, 4, done)}, false},
		{"a value is read before its append began", []int64{7}, []*Op{reads(1, 2, 7), appends(7, 3, 4, done)}, false},
		{"an append of unknown outcome binds nobody", []int64{7}, []*Op{appends(7, 1, 0, unknown), reads(2, 3), reads(4, 5, 7)}, true},
		{"another key", nil, []*Op{{Begin: 1, End: 2, outcome: done, ops: []history.Op{{Key: 2, Append: 7}}}, reads(3, 4)}, true},
	} {
		if err := linearizable(1, c.order, c.ops); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
