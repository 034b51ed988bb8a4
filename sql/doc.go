// Package sql is the SQL server: it puts the SQL engine, its MySQL protocol and our storage adapter together.
//
// The nouns:
//
//   - Server: the SQL engine with its listener; New, Serve, Shutdown.
//   - handler: what happens around each statement of a client: its transaction's end, its figures, its retries.
//   - processes: the connections that SHOW PROCESSLIST prints.
//   - rules and execution: where the SQL engine's plans, and the iterators that it makes of them, are corrected.
//   - commands: our own statements, which package parser recognises.
//   - privileges: the users, kept as a control value of the database.
//
// Life of a statement: (1) package wire brings it in; (2) the handler commits what was open if it changes the
// dictionary; (3) package parser reads it, the SQL engine plans and runs it over package storage; (4) the handler ends
// the statement, takes a failed one back, and runs one again that met a conflict before it had shown anything; (5)
// package sqlcode gives an error its number.
//
// The package never reads the store or the log itself; storage, datatype, vview, parser, wire and sqlcode below it
// each have one part. A Server is safe for concurrent use; each connection is served by one goroutine.
package sql
