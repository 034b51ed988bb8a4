// Package failover measures how long nobody can commit when the node that leads a cluster goes away.
//
// The nouns:
//
//   - trio: three processes on loopback, a cluster.
//   - client: one at each node, which inserts the next number in a closed loop, and tries again whenever it gets no answer.
//   - fault: kill -9 of the leader, SIGSTOP of it, a partition that cuts it off, or a switchover.
//
// Life of a round: (1) the three nodes are up and the clients commit; (2) the leader gets the fault; (3) the time from then to the
// first commit that was begun after it is taken; (4) the node comes back, and the next round waits until all three count. In the end each
// number that was acknowledged is in the table once, on every node.
//
// MeasureLoad counts how often another node is elected though nothing is wrong, under full load.
//
// A client knows of the fault only by what clients see: a connection that breaks, or a time limit. One measurement at a time.
package failover
