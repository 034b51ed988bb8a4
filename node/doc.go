// Package node builds a running Redoubt out of its parts, in one readable list, and takes it down again.
//
// The nouns:
//
//   - Config: what the user set, in flags and file; Settings lists all of it.
//   - Identity: what a data directory says about itself: format, database, node.
//   - Node: the parts, running.
//
// Life of a node: (1) Open claims the data directory and opens state, log, segments and replication, in this order;
// (2) it waits until the log is applied; (3) the page for health and figures, then SQL, take connections; (4) Done
// tells of a failure that ends it; (5) Close stops the parts in the opposite order.
//
// There is no logic here beyond construction and the adapters that let two parts meet which must not know each
// other. Open and Close belong to one goroutine.
package node
