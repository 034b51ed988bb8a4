// Package simcluster runs whole clusters but for SQL, in one process and in virtual time, while everything goes wrong that may, and
// judges what their clients saw.
//
// The nouns:
//
//   - Cluster: nodes on one simnet.Network. Engine, log, raft, forwarding, read index and look-up of outcomes are the real ones; file
//     systems and the network are in memory.
//   - node: a place with a file system and a clock of its own. life: one run of the process there. A crash ends a life, and the next one
//     begins with what a power cut may have left of the file system.
//   - client: it runs transactions at nodes it picks at random: appends of unique values to lists, and reads of whole lists. It is
//     impatient: it gives up waiting, and asks another node what became of its transaction.
//   - fault: a thing that goes wrong for a while.
//   - Defect: something broken on purpose between the parts, to see that the checks find it.
//
// Life of a simulation: (1) the nodes start from one image; (2) clients and faults, for some seconds; (3) everything is made whole, and
// all nodes must come up, agree on one state, and know the outcome of every transaction; (4) the judges: what was acknowledged is there
// once, what was refused is not, transactions saw snapshots (package history), strong reads were linearizable, outcomes never change.
//
// All of it must run in a bubble of testing/synctest, which ends only when every goroutine has: nothing is left behind. Everything
// that is chance here follows from the seed; the order in which goroutines run does not, nor do raft's own timeouts. So a seed gives the
// same plan, and mostly, not always, the same run. A pause is one of what is heard, sent and stored: goroutines cannot be stopped, and
// timers go on.
package simcluster
