// Command peers measures what Redoubt is compared with: the logs of raft-wal, etcd and raft-boltdb, the raft library
// over them, and etcd itself.
//
// The nouns:
//
//   - subject: log or commit, measured by the same code as Redoubt, of redoubt/bench/logappend and redoubt/bench/commit.
//   - system: a peer behind the interface of that code.
//
// Life of a measurement: (1) redoubt/bench/cmd/bench starts "peers run SUBJECT CONFIG"; (2) the system is opened in the
// directory that CONFIG names; (3) the figures go to standard output as JSON.
//
// It is a module of its own, so that peers never decide on the versions that Redoubt is built with. It never changes a
// peer's durability: all of them sync before they answer. One measurement a process.
package main
