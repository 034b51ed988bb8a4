// Package engine is the state that follows from the log: rows, dictionary, time, and the sums that prove it.
//
// The nouns:
//
//   - Engine: one database's state on this node, and the door to transactions on it.
//   - Commit: a group of committed transactions as the log delivers it; Apply is the only way state changes.
//   - Position: how far the log has been applied.
//   - StateHash: a sum over all rows, equal wherever the same log was applied.
//
// Life of a commit: (1) Begin gives a txn.Txn on the newest applied SCN; (2) its Commit proposes a record; (3) the
// leader calls Certify; (4) once committed, the log calls Apply with the group, on every node; (5) Apply writes row
// versions, derives index entries, sums and commit times, and the position, as one batch; (6) then the new SCN is
// what Begin gives.
//
// The package does not know where a record came from: leader, follower, restart and replay are the same to it. It
// never writes a log. Apply belongs to one goroutine at a time; all else is safe for concurrent use.
package engine
