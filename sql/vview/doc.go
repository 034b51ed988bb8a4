// Package vview is the V$ tables: what the server knows about itself, as tables that are made when they are read.
//
// The nouns:
//
//   - View: one table: its columns and the function that gives its rows.
//   - Lazy: a view of many things, such as 100,000 statements: of each it computes the columns that are asked for, and only if a
//     judge lets it through: a condition that is judged from the thing itself, before there is a row.
//   - Registry: all views of a server, found by name in every database.
//
// Life of a query: (1) the storage adapter finds a name with a dollar sign in the Registry; (2) the SQL engine reads
// the View's only partition; (3) the rows are made at that moment.
//
// The package never changes anything and keeps no rows. A Registry is filled before the server starts and safe for
// concurrent use from then on.
package vview
