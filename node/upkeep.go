package node

import (
	"context"
	"errors"
	"time"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/flashback"
	"redoubt/internal/clock"
	"redoubt/scn"
)

// startUpkeep folds flashbacks and drops history that is no longer kept, from time to time.
func (n *Node) startUpkeep(context.Context) error {
	n.upkeepSlot = n.slots.Background("UPKP", "folds flashbacks and drops history that is no longer kept")
	n.background(func(ctx context.Context) {
		timer := time.NewTicker(n.config.UpkeepEvery)
		defer timer.Stop()
		for {
			select {
			case <-timer.C:
				n.keepUp(ctx)
			case <-ctx.Done():
				return
			}
		}
	})
	return nil
}

// keepUp is one round. Each step is idempotent: what fails is tried again in the next one.
func (n *Node) keepUp(ctx context.Context) {
	n.upkeepSlot.Call(0, nil, time.Now().UnixMicro())
	defer n.upkeepSlot.Done()
	pace := engine.Pace{BytesPerSecond: n.config.UpkeepRate, Share: float64(n.config.UpkeepShare) / 100, Slot: n.upkeepSlot}
	folded, err := n.engine.Fold(ctx, pace)
	purged, moved, done := 0, 0, engine.Collected{}
	if _, _, leads := n.replication.Leader(); err == nil && leads {
		bin := flashback.New(flashback.Options{Engine: n.engine})
		if purged, err = bin.PurgeExpired(ctx, clock.Now().Add(-n.config.BinAge).UnixMicro(), n.config.BinObjects); err == nil {
			moved, err = n.engine.MoveFloors(ctx)
		}
	}
	if err == nil {
		done, err = n.engine.Collect(ctx, pace)
	}
	err = errors.Join(err, n.shelves.keepUp(ctx))
	switch {
	case errors.Is(err, context.Canceled):
	case err != nil:
		n.logger.Warn().Err(err).Msg("upkeep of history: it is tried again")
	case folded > 0 || purged > 0 || moved > 0 || done != engine.Collected{}:
		n.logger.Debug().Int("folded", folded).Int("purged", purged).Int("floors", moved).Uint64("versions", done.Versions).Uint64("spaces", done.Spaces).
			Bool("held", done.Held).Msg("upkeep of history")
	}
}

// retention is what a new database keeps.
func (n *Node) retention() catalog.Retention {
	return catalog.Retention{Kind: catalog.RetainAge, Amount: uint64(n.config.Retention.Microseconds())}
}

func (n *Node) upkeepMetrics() {
	type stats = engine.UpkeepStats
	expose(n.metrics, n.engine.UpkeepStats, []figure[stats]{
		{"redoubt_flashbacks_unfolded", func(s stats) uint64 { return uint64(s.Unfolded) }, false},
		{"redoubt_flashbacks_folded_total", func(s stats) uint64 { return s.Folds }, true},
		{"redoubt_flashbacks_folded_bytes_total", func(s stats) uint64 { return s.FoldedBytes }, true},
		{"redoubt_history_dropped_versions_total", func(s stats) uint64 { return s.CollectedVersions }, true},
		{"redoubt_history_dropped_spaces_total", func(s stats) uint64 { return s.CollectedSpaces }, true},
		{"redoubt_scn_floor", func(s stats) uint64 { return s.Floor }, false},
	})
}

// logHolds tells what keeps the log of this node.
func (n *Node) logHolds() []engine.Hold {
	stats := n.replication.Stats()
	holds := []engine.Hold{{
		Kind: "checkpoint", SCN: stats.Durable.SCN, Pins: "log", Local: true, Bytes: uint64(max(stats.LogBytesPending, 0)),
	}}
	if list := n.segments.Segments(); len(list) > 0 {
		holds = append(holds, engine.Hold{Kind: "sealing", SCN: list[len(list)-1].LastSCN, Pins: "log", Local: true})
	}
	for _, h := range n.holds.List() {
		holds = append(holds, engine.Hold{Kind: "segments", Name: h.Name, SCN: h.SCN, Owner: h.Owner, Pins: "sealed log"})
	}
	return holds
}

// redoSince is the size of the sealed redo after an SCN.
func (n *Node) redoSince(after scn.SCN) (bytes uint64) {
	for _, s := range n.segments.Segments() {
		if s.LastSCN > after {
			bytes += uint64(s.Bytes)
		}
	}
	return bytes
}
