// Package sqlstat keeps statistics of statements by digest: how often, how long, with what outcome, and what they waited for.
//
// The nouns:
//
//   - digest: what statements have in common that differ only in their literals.
//   - Statement: what is known of one digest since it was first seen.
//   - Execution: one statement that has ended.
//   - evicted: the one row into which digests are folded that had to go.
//
// Life of an execution: (1) the handler tells of it when it has ended; (2) its digest's counters are added to, made anew if
// the digest is not known; (3) if there are too many digests, one that was not used for long is folded into evicted, and
// counted. So sums over all rows stay right, and memory is bounded.
//
// The package knows no SQL and reads no clock. A Store is safe for concurrent use.
package sqlstat
