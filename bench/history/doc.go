// Package history measures what kept history costs: updates a second, and bytes on disk for each version.
//
// The nouns:
//
//   - table: ten thousand rows of about 1 KB, of which updates change one column of four bytes.
//   - version: what one row was between two updates of it.
//   - system: redoubt, redoubt with a retention of one version, which lets go of the others each second, and mariadb with a plain and with a
//     system-versioned table.
//
// Life of a measurement: (1) the server starts over an empty directory and the table is filled; (2) clients update random
// rows for a while, each update a transaction, which is run again if it meets a deadlock: that is the rate; (3) every row is updated some times, so that the files are
// as they are in use, and their size is noted; (4) every row is updated many times more; (5) the growth is divided by
// these versions. Before a size is noted, the server is stopped, started again, and left alone until its files change no
// more.
//
// Redo and undo logs are not counted as size, since they are written over again. One measurement at a time.
package history
