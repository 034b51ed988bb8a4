// Package acceptance tests Redoubt as its users meet it: the real binary, real clients, real neighbours.
//
// The nouns:
//
//   - Server: a running redoubt process with a data directory of its own.
//   - Peer: a running mariadbd, whose answers say what is right.
//   - Script: a file of named statements that both must answer alike. Random queries join it.
//   - Ledger: what clients were told, kept outside of the server, to hold against what it says after a crash.
//   - Model: every state that a database has been in, by SCN, to hold reads AS OF against.
//   - Trio: a cluster of three processes. Chaos: a trio under load, to which faults happen.
//   - Known finding: a defect that is known and open; a test that meets it goes on, one that no longer meets it fails.
//
// The life of a run: (1) the binary is built once, from the module above; (2) each test starts the processes it needs
// on free ports of the loopback interface, with directories below its own temporary one; (3) it works through
// ordinary clients; (4) it ends what it started, by process id.
//
//	go test -C acceptance -timeout 60m ./...    # all of it: about a quarter of an hour, more than go test allows by itself
//	go test -C acceptance -short ./...          # the same, smaller: about three minutes
//	go test -C acceptance -run TestAsOf -seed 7 -steps 500 -v .    # one random test, replayed
//	go test -C acceptance -run '^TestCluster$' -cluster-time 10m -v .    # faults of a cluster; left out without -cluster-time
//
// mariadbd, mariadb, mariadb-dump, sysbench, node with npm, chromium, java, and Debian's python3-pymysql, python3-sqlalchemy and
// libmariadb-java must be installed. nft and ip must be, too; as root, TestCluster makes a network of
// its own and cuts it. The package has no code outside of its tests and imports nothing of Redoubt but internal/history, a judge that
// knows no database.
// Tests run one after another: each wants the machine for itself.
package acceptance
