// Package bridge lets the log and the state meet, which know nothing of each other.
//
// The nouns:
//
//   - StateMachine: the engine as replication drives it.
//   - Proposer: replication as the engine's transactions reach it.
//
// Life of a commit across it: (1) a transaction proposes; Proposer hands its bytes to the log, and the decoded
// form with them; (2) the log asks StateMachine to certify; (3) the log applies the group through StateMachine; (4)
// Proposer answers with the SCN, or with an error that sessions know. It holds no state of its own and is safe for
// concurrent use as far as its two sides are.
package bridge
