// Package store is where a repository lies: names and the bytes that belong to them, in a directory or elsewhere.
//
// The nouns:
//
//   - Store: the port that every kind of storage implements.
//   - object: a name and its bytes. It is there whole or not at all, and never changes; it may be replaced.
//   - Dir: a Store in a local directory.
//   - S3: a Store in a bucket; upload: an object on its way there, in parts.
//
// Life of an object: (1) Put takes its bytes from a reader, to a place where nobody looks; (2) when all are durable the object
// gets its name; (3) List finds it; (4) Get reads it; (5) Delete takes it away.
//
// The package knows nothing of what objects mean, and trusts no length that a storage tells: who reads verifies. A Store is
// safe for concurrent use.
package store
