// Package repository opens repositories: the one way in for everybody who reads or writes one.
//
// The nouns:
//
//   - Repository: a store.Store that belongs to one database. It may be encrypted; who uses it does not see that.
//   - identity: the object repository.json, which says whose it is, and whether it is encrypted. It is never encrypted itself.
//   - KEK: the key that opens an encrypted one, as package keyring has it.
//
// Life of a repository: (1) At or Open finds the storage of an address; (2) the database that first writes to it claims it, and
// with a KEK makes it an encrypted one; (3) others may read it if they have the KEK, and another database's claim is refused.
//
// A repository is encrypted from its first object on or never: nothing can be put into one that nobody has claimed, one that is
// encrypted does not open without a KEK, and one that is not does not open with a KEK. The package knows nothing of what the objects
// mean. A Repository is safe for concurrent use.
package repository
