// Package replay measures how fast a log is replayed onto a state that was kept before.
//
// The nouns:
//
//   - workload: sysbench's oltp_write_only: an update of an indexed column, one of another, a delete and an insert in a
//     transaction, on one table.
//   - base: what there is before the workload: a backup of redoubt's; a checkpoint of postgresql's; a copy of mariadb's files.
//   - replay: what brings the base to the end of the workload: redoubt's recovery from a repository; postgresql's redo after
//     kill -9, which is what its recovery to a point does, too; mariadb-binlog into a server.
//
// Life of a measurement: (1) the table is filled and the base kept; (2) the workload runs; (3) the replay is timed, without what
// comes before and after it; (4) the table must be what it was.
//
// One measurement at a time.
package replay
