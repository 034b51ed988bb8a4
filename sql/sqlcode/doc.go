// Package sqlcode is the one reviewed table of the errors that a user can see.
//
// Nouns: Code, an entry of the table, with its number for MySQL clients, SQLSTATE, text, cause and action; Error, one
// occurrence of a Code; Map, which turns any error into the packet that a client gets.
//
// The life of an error:
//  1. Our own layers make an Error by a constructor, e.g. BadAsOf. Its text ends with its code in brackets.
//  2. It rises through the SQL engine, which may wrap it, or keep nothing of it but the text.
//  3. Map, at the edge, finds the Code again: by type, or, when only text is left, by the code in it. Errors of the SQL
//     engine get the number and SQLSTATE that MySQL has for them, by kind or by their text.
//
// What it never does: log, or hide the cause of an error it does not know.
//
// The table is constant after start; every function may be called from any goroutine.
package sqlcode
