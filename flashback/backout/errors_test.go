package backout_test

import (
	"context"
	"errors"
	"iter"
	"testing"

	"redoubt/flashback/backout"
	"redoubt/flashback/redolog"
	"redoubt/scn"
)

// shortLog is a log whose beginning is gone.
type shortLog struct {
	redolog.Log
	from scn.SCN
}

func (l shortLog) Scan(ctx context.Context, f redolog.Filter) iter.Seq2[redolog.Record, error] {
	if f.SCNs.After < l.from {
		return func(yield func(redolog.Record, error) bool) { yield(redolog.Record{}, redolog.ErrGone) }
	}
	return l.Log.Scan(ctx, f)
}

// TestNotKept: a transaction whose redo is gone is refused, by name, and one behind it is not.
func TestNotKept(t *testing.T) {
	m := &model{t: t, now: state{}, alive: [2]map[uint64]bool{{}, {}}, past: map[scn.SCN]moment{}}
	m.open()
	m.bring(state{{0, 1}: {1, 1, 1}})
	m.bring(state{{0, 1}: {2, 1, 1}})
	short := backout.New(backout.Options{Engine: m.d.Engine, Log: shortLog{m.d.Log, m.d.Engine.Applied() - 1}})
	var refused *backout.Error
	_, err := short.Run(context.Background(), backout.Request{XIDs: []uint64{m.events[0].xid}}, noRules{})
	if !errors.As(err, &refused) || refused.Kind != backout.NotKept || refused.XID != m.events[0].xid || !errors.Is(err, redolog.ErrGone) {
		t.Fatalf("got %v", err)
	}
	r, err := short.Run(context.Background(), backout.Request{XIDs: []uint64{m.events[1].xid}}, noRules{})
	if err != nil || r.Members[0].Restored != 1 {
		t.Fatalf("got %+v, %v", r, err)
	}
	if got := m.read()[place{0, 1}]; got != (cells{1, 1, 1}) {
		t.Fatalf("row is %v", got)
	}
}
