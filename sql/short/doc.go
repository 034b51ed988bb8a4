// Package short is the short path: simple statements by key, run straight on a transaction of the engine, past the SQL
// engine's planner.
//
// The nouns:
//
//   - template: a statement's text with its literals left out, and what has been found out about it.
//   - argument: a literal of a text, or a value bound to a prepared statement.
//   - plan: what a template does to one table of one dictionary; it never changes.
//   - Statement: a template with the arguments of one execution.
//   - refusal: why a statement goes the full way.
//
// Life of a statement: (1) its text is cut into template and arguments; (2) the template's plan is made, or made anew
// if the dictionary has changed; (3) the arguments become values of the plan's columns; (4) the plan runs in the
// session's transaction; (5) the result has the columns that the SQL engine gave when the statement went the full way
// once.
//
// The path takes only what it is sure of: an argument that is not exactly a value of its column, a NULL where none may
// be, a privilege that is missing, anything that could end in a warning or an error of the SQL engine's goes the full
// way, which says it. So both ways give the same answers. A statement is refused before it has changed anything.
//
// A Path is safe for concurrent use; a Statement belongs to its connection.
package short
