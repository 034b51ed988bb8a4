// Package mvcc is the state store: every version of every row and index entry, by key and SCN, in an LSM tree.
//
// The nouns:
//
//   - Store: the tree on disk (Pebble without a log of its own: the redo log is its log).
//   - Space: the rows of one table, or the entries of one index.
//   - Version: what a key was from one SCN on; a deletion is a version too.
//   - Batch: the versions of one or more commits, and the position they bring the store to, written as one.
//   - Iterator: the keys of a space, each with the version that a lineage sees.
//
// Life of a version: (1) applying a commit puts it into a Batch with the commit's SCN; (2) Batch.Commit makes it
// visible, in memory; (3) a flush makes it durable, always together with everything before it; (4) what was not
// flushed when the process died is applied again from the log.
//
// The package does not know what keys and values mean, and decides nothing about visibility beyond the lineage it
// is given. A Store is safe for concurrent use; a Batch or an Iterator belongs to one goroutine.
package mvcc
