// Package backout takes committed transactions back by a new one, while everything else that was committed stays.
//
// The nouns:
//
//   - Request: which transactions, and what to do about others that depend on them.
//   - member: a transaction that is taken back, with its changes.
//   - Dependent: a later transaction that could not have happened, or not so, without one before it.
//   - target: a row, what it is now, and what it is to be.
//   - Rules: the port to what only SQL knows of a row: generated columns and CHECKs.
//   - Result: what was done, or would be.
//
// Life of a request: (1) ids are looked up, and the changes of these transactions read from the log; (2) the log behind them
// is read for transactions that touch the same tables, or tables that foreign keys link to them, and those that depend on a
// member are found: they changed the same columns of the same rows, used a key that a member had freed, or referred to a row
// that a member had made; (3) the changes of each row are taken back on what the row is now, newest first, column by column:
// a column that does not hold what the member wrote is a conflict; (4) one transaction brings the rows there, checks unique
// keys, foreign keys and CHECKs, and commits. If others changed something meanwhile, it begins again.
//
// What a flashback has taken back already is left out: a change counts if the lineage of its table, now, has it.
//
// The package never takes back changes of definitions, ends nobody's session, and knows no SQL text. A Manager is safe for
// concurrent use.
package backout
