// Package awr keeps snapshots of the workload: what a node had counted at moments of the past, so that two of them tell what
// was done in between.
//
// The nouns:
//
//   - snapshot: all figures of a node at a moment, and the statements that took most since the one before.
//   - Source: who knows these figures.
//   - Keeper: takes snapshots, and keeps them on disk within a limit and for a time.
//   - baseline: snapshots that are kept under a name, in files of their own, until it is dropped.
//
// Life of a snapshot: (1) it is time, somebody asks, or the node starts or stops; (2) the Source tells its figures; (3) of the
// statements, what they did since the snapshot before is kept: those that took most time, read most rows or met most conflicts
// each have a row, all others share one, so sums stay right; (4) it is written; (5) the oldest files go when there are too many bytes, and
// snapshots that are too old are no longer shown.
//
// The package reads no clock but its options', and knows no SQL. A Keeper is safe for concurrent use.
package awr
