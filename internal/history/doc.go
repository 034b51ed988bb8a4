// Package history judges what transactions saw of each other: whether it fits the isolation level that was promised.
//
// The nouns:
//
//   - list: what a key holds. Transactions append values to lists and read them whole; no value is appended twice. So a
//     list tells the order of its writers, and a read tells exactly which of them it saw.
//   - Txn: what one transaction did and read, and what became of it.
//   - dependency: B saw what A wrote (wr), B wrote behind A (ww), or B wrote what A did not see yet (rw).
//   - Anomaly: something that the level forbids, with the transactions that show it.
//
// Life of a check: (1) the longest list of each key is its order; every other read must be a beginning of it; (2) values
// of transactions that were rolled back, or that a transaction wrote over itself, must not be seen by others, and values
// that were committed must be there; (3) dependencies make a graph, and each level forbids some of its circles.
//
// The method is that of Elle (Kingsbury and Alvaro, "Elle: Inferring Isolation Anomalies from Experimental
// Observations", VLDB 2020). It finds nothing wrong where nothing is: each anomaly is shown by the history itself.
// Package history knows no database; everything in it is pure.
package history
