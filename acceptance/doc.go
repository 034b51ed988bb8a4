// Package acceptance tests Redoubt as its users meet it: the real binary, real clients, real neighbours.
//
// The nouns:
//
//   - Server: a running redoubt process with a data directory of its own.
//   - Peer: a running mariadbd, whose answers say what is right.
//   - Script: a file of named statements that both must answer alike. Random queries join it.
//   - Ledger: what clients were told, kept outside of the server, to hold against what it says after a crash.
//   - Model: every state that a database has been in, by SCN, to hold reads AS OF against.
//   - Known finding: a defect that is known and open; a test that meets it goes on, one that no longer meets it fails.
//
// The life of a run: (1) the binary is built once, from the module above; (2) each test starts the processes it needs
// on free ports of the loopback interface, with directories below its own temporary one; (3) it works through
// ordinary clients; (4) it ends what it started, by process id.
//
//	go test -C acceptance -timeout 60m ./...    # all of it: about a quarter of an hour, more than go test allows by itself
//	go test -C acceptance -short ./...          # the same, smaller: about three minutes
//	go test -C acceptance -run TestAsOf -seed 7 -steps 500 -v .    # one random test, replayed
//
// mariadbd, mariadb, mariadb-dump, sysbench, node with npm, java, and Debian's python3-pymysql, python3-sqlalchemy and
// libmariadb-java must be installed. The package has no code outside of its tests and never imports Redoubt's packages.
// Tests run one after another: each wants the machine for itself.
package acceptance
