// Package txn is transactions: a snapshot to read from, changes kept aside until commit, and the rules by which the
// leader lets a transaction into the log or refuses it.
//
// The nouns:
//
//   - Txn: one transaction of one session, reading one snapshot and its own changes.
//   - Overlay: the transaction's own rows and index entries, sorted like the store's.
//   - Rows: an iterator over both.
//   - Certifier: the leader's memory of what was committed lately, against which proposals are checked.
//   - Proposer: the way into the log.
//
// Life of a transaction: (1) it begins on the newest applied SCN; (2) each statement reads store and overlay, checks
// unique keys there, and writes to the overlay; a failed statement is taken back out of it; (3) commit turns the
// overlay into a redo.Transaction with the SCN of each version it replaces and claims on the keys it relied on, and
// proposes it; (4) the Certifier, on the leader, refuses it if any of that has changed; (5) once it is applied
// here, commit returns.
//
// Locks are a courtesy, certification is the law: nothing in this package relies on a lock to be right. The package
// never writes to the store. A Txn belongs to one goroutine; a Certifier to the one that puts entries into the log,
// but for its Applied and Abandon, which may be called from others.
package txn
