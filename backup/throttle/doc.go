// Package throttle bounds how fast objects are sent to a repository.
//
// The nouns:
//
//   - Rate: bytes in a second; it may be changed while it is in use.
//   - Store: a store whose Puts heed the Rate of their context, if it has one.
//
// Life of a Put: (1) With puts a Rate into the context of the work; (2) the Store reads the object in small pieces and waits
// before each until the Rate has room; (3) several Puts of one Rate share it.
//
// The package never delays what has no Rate, and never reads ahead. Everything is safe for concurrent use.
package throttle
