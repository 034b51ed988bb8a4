// Package redo is the codec of what the log says: values, changes, transactions, and the groups they travel in.
//
// The nouns:
//
//   - Value: one typed datum, self-describing, so that a record can be read without a catalog.
//   - Change: one row inserted, updated or deleted, with its images before and after.
//   - Claim: a key or range that must not have been touched by others since a given SCN.
//   - Transaction: who did it, on which snapshot, its changes and claims.
//   - Group: consecutive transactions in one log entry, with the first SCN and a commit time for each.
//
// Life of a record: (1) a session encodes its Transaction; (2) the leader certifies it, stamps a commit time and
// puts it into a Group; (3) the group is a log entry; (4) every reader, live or years later, decodes the group and
// then the transactions it cares for.
//
// It is a leaf: it never reads files, knows no framing of the log and no SQL. Decoders bound every size before
// they allocate and never panic; decoded byte slices point into the input. Functions are pure and safe anywhere.
package redo
