// Package cluster makes the nodes of a cluster one database: any of them takes commits and reads.
//
// The nouns:
//
//   - Cluster: this node's part in it. It hands proposals to whoever leads, and makes reads as new as they must be.
//   - Info: a node as the database has it: name, ordinal, addresses. Registry keeps them.
//   - Status: how a node is, by its own account.
//   - Change: of the members, or of who leads.
//
// Life of a commit on a node that does not lead: (1) Propose sends the redo, not the SQL, to the leader; (2) there it is certified
// and goes into the log as any other; (3) the answer comes with the entry that carries it; (4) this node waits until it has applied
// that entry, so that its client reads what it wrote. If the connection breaks in (2) or (3), or the leader does, the outcome is
// looked up by the transaction's id at the new leader; that call also makes sure that a proposal that is late is refused, so the
// answer stays true. Only if nobody can be asked is the outcome unknown.
//
// Life of a strong read: the leader asks a quorum whether it still leads (there are no leases), and gives the entry up to which
// must be applied; this node waits for that. Those who ask at the same time share the question.
//
// It never looks into a transaction. A Cluster may be used by many goroutines.
package cluster
