// Package replay does again on a server what a log says, as SQL, transaction by transaction.
//
// The nouns:
//
//   - Options: the log, what of it is wanted, the server, and the pace.
//   - step: one statement of a transaction, with its parameters and what it is about.
//   - Differ: what taking a table back did to its rows.
//   - Conflict: a row that is not as the log says.
//   - Result: how far it came, and how fast.
//
// Life of a transaction: (1) its lines in the log become steps, typed SQL that finds a row only if it holds what the log found;
// (2) the pace says when it is due; (3) the steps run in one transaction of the server, deletions first and insertions last, so that
// a key that moves between rows is free; (4) a step that changes no row, or meets a key that is taken, is a Conflict: it
// ends the replay, and the transaction is rolled back, or it is counted. A change of definitions is the statement that was sent then. Of tables
// that were taken back, the log has no rows: a Differ tells them, and they become steps.
//
// What triggers and foreign keys did is in the log: triggers must not be there, and foreign keys are not looked at. Triggers that the log
// makes are made at the end. The package opens neither the log nor the connection; a replay belongs to one goroutine.
package replay
