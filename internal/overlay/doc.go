// Package overlay lays a directory that may be written over one that must not change.
//
// The nouns: the lower directory, which is only read; the upper one, which takes all that is written; the FS, in which
// they look like one.
//
// Life of a file: (1) it is read where it lies in the lower directory; (2) who writes it anew writes it in the upper one,
// where it is found from then on; who writes into it gets a copy there; (3) who removes it removes the upper one, and
// the lower one is no longer seen. Names outside of the lower directory are not touched at all.
//
// It is for looking at a state store of a directory that no node has open, which has to go on from what it was: nothing
// of the lower directory is ever written, linked or locked. It is safe for concurrent use.
package overlay
