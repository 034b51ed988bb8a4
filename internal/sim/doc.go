// Package sim runs a whole node but for SQL, log, replication and state, on a file system in memory that can be cut,
// damaged and made to fail at any operation.
//
// The nouns:
//
//   - Database: an engine, its log and its replication on one crashfs.FS.
//   - Workload: random transactions on it; each acknowledged commit is marked in the file system's journal.
//   - Truth: the state hash of every SCN, as the undisturbed run had it.
//
// Life of a test: (1) Open on a fresh file system; (2) run a Workload; (3) for each state that a power cut may have
// left, open again and compare with the Truth: nothing acknowledged may be missing, and the state must be what the log
// gives. Everything random follows from one seed, but for how goroutines interleave. A Database belongs to one
// goroutine.
package sim
