// Package keyring keeps the keys of an encrypted repository in the repository itself, locked with a key that is not in it.
//
// The nouns:
//
//   - data key: what objects are encrypted with; a Tink keyset of one key. The one with the highest number is the primary one.
//   - KEK, key-encryption key: what locks data keys: a key file, a passphrase, a key of a Vault server or of a cloud.
//   - Lock: what the repository tells of the KEK: its kind, its id, the salt of a passphrase. Nothing that opens it.
//   - slot: the object that holds a data key, locked with a KEK.
//   - Entry: a line of the audit trail.
//
// Life of a data key: (1) Create makes the first one; (2) objects are encrypted with it; (3) Rotate makes another the primary one,
// and this one only opens what is there; (4) Rewrap locks all of them with another KEK; (5) Retire deletes it when no object
// needs it.
//
// None of this touches an object that is encrypted. A slot is never deleted before another one holds its data key. Every change
// is in the audit trail before it is made. A Ring is safe for concurrent use, also by several processes.
package keyring
