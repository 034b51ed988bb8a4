// Package prune takes away what a repository need not keep, checks a repository, and repairs what crashes have left in it.
//
// The nouns:
//
//   - Plan: what would go, and the proof that every promised point that can be reached stays reachable.
//   - intent: a plan that was begun, as an object of the repository. Whoever deletes next finishes it first.
//   - floor: up to which SCN an incarnation's log was let go, so that an archiver does not send it again.
//   - Finding: what a check found: an object, what is odd about it, and what a repair does with it.
//
// Life of a deletion: (1) alone, by a lease; (2) the plan is proven; (3) the intent is written; (4) manifests go; (5) then files that
// no manifest names any more; (6) then log, behind its floor; (7) then the intent. A crash in between leaves objects that nobody
// names, and the intent by which they are found.
//
// What an archiver works on, the tail and the newest log, is left alone. Nothing here is safe for concurrent use; the lease makes
// that hold between processes.
package prune
