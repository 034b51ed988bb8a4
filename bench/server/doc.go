// Package server runs the database servers that are measured: Redoubt, MariaDB and PostgreSQL, each with a data directory
// of its own, on loopback, as children of the process that measures.
//
// The nouns:
//
//   - Kind: a sort of server: how to make a data directory, start, ask, and say how much redo it has written.
//   - Running: a started server. Answer waits for its first answer, Kill is kill -9, Stop is gentle.
//   - Client: one session, which gives answers as text.
//   - Counter: a figure on the page of figures of a Redoubt node.
//
// Life of a server: (1) Kind.Installed says whether it is there; (2) Init makes the data directory; (3) Start runs it;
// (4) Answer waits until it has answered a query; (5) Kill or Stop ends it, and waits until it has ended.
//
// It never uses a server that was running before, or a directory that it was not given. A Running and its clients belong
// to one goroutine each.
package server
