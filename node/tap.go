package node

import (
	"context"
	"fmt"
	"io"

	"github.com/VictoriaMetrics/metrics"

	"redoubt/sql"
	"redoubt/telemetry/tap"
)

// startTap follows the log to tell what is written, where, and by whom.
func (n *Node) startTap(context.Context) error {
	if !n.config.Sampling {
		return nil
	}
	n.tap = tap.New(tap.Options{
		Log: n.history, Applied: n.engine.Applied, Slot: n.slots.Background("LTAP", "reads the tail of the log, for V$HOT_TABLE and its like"),
	})
	n.background(n.tap.Run)
	n.metrics.RegisterMetricsWriter(func(w io.Writer) {
		at, skipped, _ := n.tap.Position()
		metrics.WriteGaugeUint64(w, "redoubt_tap_scn", uint64(at))
		metrics.WriteCounterUint64(w, "redoubt_tap_skipped_scns_total", skipped)
	})
	return nil
}

// checkTap tells whether the tap can read the log.
func (n *Node) checkTap(context.Context) error {
	if n.tap == nil {
		return nil
	}
	if _, _, err := n.tap.Position(); err != nil {
		return fmt.Errorf("the log tap cannot read the tail of the log; V$REDO_RATE lacks what it has missed: %w", err)
	}
	return nil
}

// tapped is the tap as views read it.
type tapped struct{ *tap.Tap }

// tapView is what the tail of the log tells; nil if nobody looks.
func (n *Node) tapView() sql.Tap {
	if n.tap == nil {
		return nil
	}
	return tapped{n.tap}
}

// Rates implements sql.Tap.
func (t tapped) Rates() []sql.RedoRate {
	rates := t.Tap.Rates()
	out := make([]sql.RedoRate, len(rates))
	for i, r := range rates {
		out[i] = sql.RedoRate(r)
	}
	return out
}

// Tables implements sql.Tap.
func (t tapped) Tables() (out []sql.Written) {
	for _, c := range t.Tap.Tables() {
		w := written(c.Changes, c.Excess, c.Amounts)
		w.Table = c.Key
		out = append(out, w)
	}
	return out
}

// Keys implements sql.Tap.
func (t tapped) Keys() (out []sql.Written) {
	for _, c := range t.Tap.Keys() {
		w := written(c.Changes, c.Excess, c.Amounts)
		w.Table, w.Key = c.Key.Table, []byte(c.Key.Key)
		out = append(out, w)
	}
	return out
}

// Writers implements sql.Tap.
func (t tapped) Writers() (out []sql.Written) {
	for _, c := range t.Tap.Writers() {
		w := written(c.Changes, c.Excess, c.Amounts)
		w.User, w.Program = c.Key.User, c.Key.Program
		out = append(out, w)
	}
	return out
}

func written(changes, excess uint64, a tap.Amounts) sql.Written {
	return sql.Written{
		Changes: changes, Excess: excess, Transactions: a.Transactions, Inserts: a.Inserts, Updates: a.Updates, Deletes: a.Deletes, Bytes: a.Bytes,
	}
}
