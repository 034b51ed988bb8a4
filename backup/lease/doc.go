// Package lease keeps those who use a repository and those who delete from it apart.
//
// The nouns:
//
//   - Lease: an object of the repository that says who is at work there. It lasts as long as it changes.
//   - Use: of a backup being made, a recovery, a verification. There may be any number of them.
//   - Delete: of whoever takes objects away. It is alone.
//   - Holder: who has a lease: host, process, what it does and since when.
//   - Birth: which process that is, among all that this machine has had since its boot; on Linux.
//
// Life of a lease: (1) it is written; (2) the others are listed: if one conflicts, one's own is taken away again, so of two that
// come at once at most one stays; (3) it is rewritten from time to time; (4) it is taken away. One whose holder died is found
// dead by the next that it conflicts with: if it stays the same for long enough by that one's own clock, or, on the same machine,
// if its process is gone.
//
// Clocks of two machines are never compared. A holder that could not renew its lease for as long learns it from Held and from
// its context, before anybody may have found it dead. A Lease is safe for concurrent use.
package lease
