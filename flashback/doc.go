// Package flashback takes tables, schemas and the whole database back to what they were, and everything that is made of
// the past by the same means: what was dropped, truncated tables, clones.
//
// The nouns:
//
//   - Request: what is to go back, and where to.
//   - plan: what that means for each schema, table and object: its definition now and then, and whether its rows go back.
//   - Result: what was done, and the statement that undoes it.
//   - Recycle bin: what was dropped and can be brought back.
//   - Incarnation: the part of history that a flashback of the database begins.
//
// Life of a flashback: (1) the past dictionary and the present one give a plan; (2) constraints are checked between what
// goes back and what stays; (3) one transaction puts the definitions as they were and one rewind for each table and index
// into the log: no row is read or written; (4) if somebody changed a definition meanwhile, it begins again with (1).
//
// The package changes nothing but by transactions of the engine, ends nobody's session, and knows no SQL text beyond the
// names that a Result shows. An Engine is safe for concurrent use, and so is a Manager.
package flashback
