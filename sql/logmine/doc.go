// Package logmine finds in the log what somebody looks for: who changed which row, when, and the SQL for it.
//
// The nouns:
//
//   - Filter: what is looked for, as a person or a program says it: SCNs, times, a table by name, a transaction, a user.
//   - Event: one change of a row, or one statement that changed definitions, with images of the row and SQL.
//   - Miner: a log and the state that goes with it, in which the dictionary of each SCN is.
//
// Life of a reading: (1) times, names and transaction ids become ranges of SCNs and ids of tables, so that the log skips
// what cannot match; (2) package redosql makes a line of each change, by the definitions of then; (3) lines that pass
// become Events as they come: a long range takes no more memory than its largest transaction.
//
// An Event carries everything whoever may see it: what a user may see is decided before, by views, or by who may open
// the door at all. The package writes nothing; a Miner is safe for concurrent use, a reading belongs to one goroutine.
package logmine
