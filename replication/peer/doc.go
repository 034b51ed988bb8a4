// Package peer is how nodes of a cluster reach one another: one port for the log, calls and copies.
//
// The nouns:
//
//   - Hub: a node's end. It listens on the node's address for others, and connects to theirs.
//   - Service: what a connection is for. The first bytes of a connection, its hello, name it, the database and the node that calls.
//   - Caller: calls of other nodes, over connections that are kept.
//
// Life of a connection: (1) one node dials, and says hello; (2) the other compares the database with its own, and answers that it
// is welcome or why not; (3) the service's handler has the connection from then on. With Options.TLS both show a certificate first.
//
// It knows neither raft nor what calls mean. A Hub and a Caller may be used by many goroutines.
package peer
