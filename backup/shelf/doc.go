// Package shelf keeps named directories in one directory, each of which is there whole or not at all.
//
// The nouns:
//
//   - Shelf: the directory that the others are in.
//   - note: a JSON file in each, which says what it is.
//   - Size: what a directory takes that no other has, and what it shares with others by hard links.
//
// Life of a directory: (1) it is filled under a name of its own kind, its note last; (2) one rename puts it on the shelf;
// (3) one rename takes it away, and then its files go. What a crash leaves in between has neither name, and Clean removes it.
//
// The package does not know what is in the directories. Put and Remove of one shelf are for one goroutine at a time; reading goes on
// beside them.
package shelf
