// Package redosql writes the SQL that does a change of a row again, or takes it back.
//
// The nouns:
//
//   - Table: a table's definition as at the change, ready to write SQL about its rows.
//   - Change: one row inserted, updated or deleted, as the log has it.
//   - Writer: the Tables of one scan of the log, by their definitions.
//
// Life of a statement: (1) whoever reads the log finds the definition that a change was made under; (2) Redo or Undo
// writes one statement that any MySQL client can send as it is: names are quoted, values typed, generated columns left
// out; (3) sent, it changes the row only if that still holds what the change left behind, or, for Redo, found.
//
// A row is told by its primary key. In a table without one it is told by all its columns and LIMIT 1: rows that are
// equal are the same to SQL. For an UPDATE there, Change.Whole must be set, since the log has the changed columns only.
// An UPDATE assigns the columns that the change changed, and no others; columns ON UPDATE CURRENT_TIMESTAMP are assigned
// in any case, so that they do not move by themselves, and are not asked for in WHERE. Text is compared byte by byte,
// whatever its collation, but for key columns.
//
// Statements are text in UTF-8, with backslash escapes, which every session has; they mean the same in every time zone, since
// a TIMESTAMP here is what was written. The package reads nothing but what it is given; a Writer belongs to one goroutine.
package redosql
