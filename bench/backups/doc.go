// Package backups measures backups of a table, and what they cost after a part of it has changed.
//
// The nouns:
//
//   - table: sysbench's, filled by it; what changes is one column of rows chosen at random.
//   - system: who makes the backup: redoubt; mariadb-backup and pg_basebackup, both compressed as redoubt's files are; restic, of the
//     data directory of a stopped mariadb.
//   - sent: the bytes that the backup added to where backups lie.
//   - plain: the same number of bytes as the backup has, read from a file and written to another, with a sync at the end: what the
//     disk allows.
//
// Life of a measurement: (1) the table is filled, and the server starts anew, so that all is on disk; (2) a full backup; (3) the
// share of rows changes, and the server starts anew; (4) an incremental one, if the system has them, and another full one;
// (5) the machine is lost: a new directory is made of the first full backup, and the table in it must be what it was.
//
// One measurement at a time.
package backups
