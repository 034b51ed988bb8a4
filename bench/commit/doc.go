// Package commit measures durable commits of opaque payloads by many callers: replication over wal, and the same raft
// library over raft-boltdb with an entry for each payload.
//
// The nouns:
//
//   - Config: how many callers, how large a payload, for how long, in which directory.
//   - System: something that makes a payload durable. Redoubt and BoltDB are the two.
//   - Measurement: commits a second and latencies of one system in one round.
//
// Life of a comparison: (1) all systems are opened, each in a new directory, so that what that writes is not measured;
// (2) each round takes them in turn; (3) callers propose in a closed loop, first to warm up and then for the figures;
// (4) the Comparison gives medians of figures, and medians of the ratios of each round.
//
// It never tunes one side alone: both have raft's largest sensible batches, and one sync for each batch of the log.
// Each function runs its own goroutines and joins them; run one at a time, or they measure each other.
package commit
