// Package transfer copies tables and schemas of a state that nobody changes into a running server, through its MySQL port.
//
// The nouns:
//
//   - Source: the state that is read, as of one SCN.
//   - Copier: a Source and a connection to the server, with how far it has come.
//   - Result: what is there now, and what could not be made, with the reason.
//   - digest: number and sum of the rows of a table, the same on both sides or the copy is none.
//
// Life of a copy: (1) the name must be free, and is reserved by a lock of the server's; (2) a table, or all tables of a
// schema, are made under a hidden name, without foreign keys, and filled in batches; (3) foreign keys, then views,
// triggers, procedures and events follow; (4) the rows are read back and compared; (5) one statement gives it its name. What
// fails before leaves nothing behind; what a crash leaves has a hidden name, and the next copy to the same name removes it.
//
// Definitions are written from the dictionary, not from the statements that once made them. The package opens neither the
// state nor the connection. A Copier belongs to one goroutine.
package transfer
