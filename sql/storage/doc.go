// Package storage gives the SQL engine its databases, tables and indexes, all of them kept by package engine.
//
// The nouns:
//
//   - Store: what all sessions share: the engine, the shapes of tables, the tables that are not stored.
//   - Session and Transaction: a client's state and its open engine transaction.
//   - Provider and Database: schemas, of the transaction's snapshot or of a point in the past.
//   - Table, Index, editor: one table as one statement sees it, the ranges it is read by, the rows it changes.
//   - rewrite: a change of a table's definition that needs its rows.
//
// Life of a statement: (1) the session begins, or goes on with, an engine transaction and gives it a snapshot;
// (2) the SQL engine asks the Provider for databases and tables, which are made from the catalog of that snapshot;
// (3) rows are read by ranges of keys and decoded as they are asked for; (4) editors turn SQL rows into changes of
// the transaction, each under a savepoint; (5) the commit hands the transaction to the log.
//
// The package never writes past a transaction and never keeps rows between statements. A Session and all that hangs
// on it belong to one connection; the Store is shared and safe.
package storage
