// Package rowcommit measures durable commits of rows through a whole node: a transaction of the engine that inserts one
// row, certified by the leader, in the log, applied, and only then answered.
//
// The nouns:
//
//   - table: an integer key and one or more columns of bytes, between which the payload is divided.
//   - text: what stands for the payload's bytes, since a node compresses and its peers do not.
//   - system: a node of one member, for the callers of redoubt/bench/commit.
//
// Life of a measurement: (1) a node starts in an empty directory, as the server does, with its own settings; (2) it gets
// the table; (3) each commit begins a transaction, inserts the next key, and commits; (4) syncs are read from the node's
// own page of figures.
//
// It never goes around a part: certification, replication, state, sums and commit times are all there; only the SQL
// front is not. A system is used by all callers at once.
package rowcommit
