// Package crypt keeps objects encrypted in a store.
//
// The nouns:
//
//   - Store: a store.Store around another one. Who uses it sees names, contents and sizes as they were put; the other one has
//     ciphertext only.
//   - Key: what objects are encrypted with. Its id is part of the name that an object has inside, so that a listing tells which
//     keys are needed.
//   - header: the first bytes of an object: key and name, which the encryption covers.
//   - block: 1 MiB of an object, which is authenticated by itself.
//
// Life of an object: (1) Put takes the newest key; (2) block after block is encrypted by Tink's streaming AEAD AES256-GCM-HKDF-1MB,
// with the header as associated data, and sent on; (3) Get finds the key by the name, compares the header, and lets a block out when it
// is authentic; (4) at the end it is known that no block is missing.
//
// No byte that is not authentic leaves Get, and what is wrong with an object has an error of its own. That an object is an older
// one of the same name and key cannot be seen here: contents that matter have their hash in a name or in a manifest. A Store
// is safe for concurrent use.
package crypt
