// Package start measures what a server takes before it has done anything: the time from its process to its first answer
// after kill -9, its memory at rest, and the time to build it.
//
// The nouns:
//
//   - crashed directory: what kill -9 left of a server that had written so much redo.
//   - start: a copy of it, a new process over the copy, and the time until it answers a query by key.
//   - rest: a new server with nothing in it.
//
// Life of a measurement: (1) Crash fills a table until the server says that it has written enough redo, and kills it;
// (2) each round copies the directory, syncs, starts the server over the copy, asks, and kills it.
//
// It never starts over the same crashed directory twice, since a start changes it. One server runs at a time.
package start
