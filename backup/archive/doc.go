// Package archive keeps the log in a repository, while it grows: every sealed segment, and every few seconds what is not sealed
// yet.
//
// The nouns:
//
//   - Piece: one object of the archived log: a segment, sealed or of the open tail. Its name says which SCNs it has, its hash and
//     that of the piece before it.
//   - Chain: pieces of which each goes on where the one before it ends, by SCN and by hash.
//   - Archiver: the worker that makes the repository's chain follow the log.
//   - Status: how far the archived log is behind, and whether it moves.
//
// Life of a commit in the archive: (1) it is applied; (2) with the next round it goes, with what else is new, into a piece of the
// tail; (3) when the log is sealed, the sealed segment is verified, and goes into the repository as it is; (4) the tail's pieces
// that it covers are deleted. Through is a round that somebody waits for, a backup: it ends when the listing has the log.
//
// The archiver never says that something is archived before the storage has it durably, and never replaces a piece by
// another of the same SCNs: that is another history, and an error. Everything is safe for concurrent use; rounds go
// one after the other.
package archive
