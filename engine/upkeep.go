package engine

import (
	"sync/atomic"
)

// upkeepCounts count what work in the background has done since the start.
type upkeepCounts struct {
	folds     atomic.Uint64
	folded    atomic.Uint64 // bytes of copies
	collected atomic.Uint64 // versions
	spaces    atomic.Uint64
	versions  versionCounts
}

// UpkeepStats tells what work in the background has done since the start, and what waits for it.
type UpkeepStats struct {
	Unfolded          int    // flashbacks of tables and indexes that wait to be folded
	Folds             uint64 // that were folded
	FoldedBytes       uint64 // written for them
	CollectedVersions uint64
	CollectedSpaces   uint64 // of dropped tables and indexes
	Floor             uint64 // SCN
}

// UpkeepStats gives the figures of work in the background.
func (e *Engine) UpkeepStats() UpkeepStats {
	return UpkeepStats{
		Unfolded: e.Unfolded(), Folds: e.counts.folds.Load(), FoldedBytes: e.counts.folded.Load(),
		CollectedVersions: e.counts.collected.Load(), CollectedSpaces: e.counts.spaces.Load(), Floor: uint64(e.Floor(0).SCN),
	}
}
