// Package parser is the statement parser in front of the SQL engine's: it knows what the engine's grammar lacks.
//
// Nouns: Parser, the engine's sql.Parser; AsOf, a point in the past as a table reference named it; Command, a kind of
// statement of our own, and Statement, one of them read; Executor, the port through which the storage adapter runs it.
//
// The life of a statement:
//  1. One pass over its tokens refuses what is nested so deep that it would cost the process its stack (guard), and
//     decides whether there is anything for us. If not, the engine's parser gets the text as it is.
//  2. If it begins like a Command, the Command's grammar reads it. The Statement becomes a plan node, which evaluates
//     its values, parameters included, binds them, and calls the Executor.
//  3. Else the text is edited on its tokens: AS OF clauses become calls of the function redoubt_asof, VERSIONS BETWEEN
//     becomes an AS OF whose value is a call of redoubt_versions, words that the
//     engine's tokenizer does not take are quoted, executed comments are opened, what MariaDB and MySQL write into
//     dumps gets the spelling that the engine knows.
//  4. The engine's parser reads the edited text. Every offset in the tree, and every text that was cut out by one, is
//     brought back to the original, so that views, triggers and columns keep what the client wrote; stored text comes
//     through here again when it is used.
//  5. What the engine would read and then drop, periods, row locks where they cannot be kept, is refused. A refusal is a tree of
//     its own, because the engine keeps only the text of its parser's errors. Then the tree is completed where the
//     catalog is needed: pseudo-columns, and generated columns in dumps. This looks at the catalog before the statement's
//     transaction has begun.
//
// What the storage adapter has to do:
//   - Call Parser.Install once, after the engine is made and before it takes connections.
//   - In sql.VersionedDatabase call DecodeAsOf on the value it is given. Kinds AtSCN, AtTime and AtName are points;
//     Unbound means that a statement with a parameter in its AS OF is being prepared: return the table as it is now,
//     or as it last was if it has been dropped, since only its columns are looked at. Present is the table as it would
//     be without AS OF, with the transaction's own changes.
//   - Kind Between asks for the versions of the rows in AsOf.Range: the table as it was at its end. If AsOf.RowSCN is set, it
//     has the columns of VersionsColumns behind its own, and ora_rowscn, with Extra set to PseudoColumn; those whose name
//     one of its own columns has are left out.
//   - If AsOf.SchemaNow is set, return the rows of that point in today's columns; else in the columns of that point.
//   - If AsOf.RowSCN is set, return the table with one more column at the end, named ora_rowscn, of type
//     types.Uint64, not nullable, with the table's Source and DatabaseSource: the SCN of the commit that made the
//     row's version; rows that this transaction has changed but not committed have 0. Its PrimaryKeySchema must be
//     computed for this longer schema. Indexes stay usable. The parser takes care that `*` does not show the column.
//   - Implement Executor.RunCommand with a type switch over the Statements of this package, and check privileges in
//     it: nothing else does. Statements it does not run are left out of Options.Commands.
//
// What it never does: execute, read a clock, or keep anything between statements.
//
// A Parser may be used by many goroutines at a time; it is constant after New.
package parser
