// Package flashback measures how long it takes to get a table back after more and more of its rows were changed.
//
// The nouns:
//
//   - table: rows of about 100 B with a secondary index, of which an update changes two columns, one of them indexed.
//   - way: a statement, or a few, after which the table is what it was.
//   - system: redoubt with its flashbacks; mariadb, which writes the old rows of a system-versioned table back, or loads a file
//     that was written before; postgresql, which loads such a file.
//
// Life of a measurement: (1) the server starts over an empty directory and the table is filled; (2) for each number of rows so
// many are changed; (3) each way is taken and timed, and undone, some times over; redoubt's are preceded by a commit of one
// row, whose time is what a flashback is compared with, and followed by a first read; (4) the table must have the sum that it
// had before.
//
// Clients, durability and machine are the same for all. One measurement at a time.
package flashback
