// Package replication keeps the log on every node of the cluster and drives the state machine with it: a Raft node,
// of one member or more, with group commit in front.
//
// The nouns:
//
//   - Node: one member. Leader or follower, it applies what is committed.
//   - Proposal: one transaction on its way into the log; its outcome is certain, or ErrOutcomeUnknown.
//   - Group and entry: up to 256 transactions that share one log entry, and so one sync.
//   - StateMachine: the port through which the log is certified against, applied to, and made durable in, a state.
//   - Position: a log index with the SCN reached there. Snapshot: a position up to which log may go.
//   - Mark: an entry without data that tells a new leader that everything before it was applied.
//
// Life of a commit on the leader: (1) Propose queues it; (2) the batcher gives it the next SCN and asks the state
// machine to certify it; (3) with what else has come while raft was at the disk it becomes a group with commit times,
// tagged with the term it was certified in; (4) raft stores the entry through logStore, durable on return, and sends it
// to the followers;
// (5) once a quorum has it, fsm decides whether the group counts and the state machine applies it; (6) the flight
// lands, and every proposer hears SCN, time and index. A restart replays (5) from the state's own position; a new
// leader first writes a mark, and then certifies on top of what that has shown to be applied.
//
// It never looks into a transaction, never decides what conflicts, never retries a failed write, and never calls an
// unknown outcome a failure. A failure of log, term or state machine stops the node, Options.OnFatal.
//
// Concurrency: the batcher (certify, hand over), its lander (answer), the checkpointer, the watches of leadership and
// of failure are goroutines of the node, joined by Close; raft has its own, which apply, store and snapshot. A Node
// may be used from any goroutine. Locks are leaves: none is held while another is taken.
package replication
