package keyring

import (
	"context"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/tink"
)

// KEK is a key-encryption key. Implementations are safe for concurrent use.
type KEK interface {
	// NewLock describes a new lock for this KEK.
	NewLock() (Lock, error)
	// AEAD opens and closes a lock; a WrongKeyError if the lock is another KEK's.
	AEAD(ctx context.Context, l Lock) (tink.AEADWithContext, error)
	// String names it, without secrets.
	String() string
}

// The kinds of KEK.
const (
	kindFile       = "file"
	kindPassphrase = "passphrase"
	kindVault      = "vault"
)

// Lock says which KEK opens a data key.
type Lock struct {
	Kind     string    `json:"kind"`
	ID       string    `json:"id"`
	Argon2id *argon2id `json:"argon2id,omitempty"`
	Vault    *transit  `json:"vault,omitempty"`
	KMS      string    `json:"kms,omitempty"` // the key of a cloud's service
}

// String names the KEK that opens it.
func (l *Lock) String() string {
	switch l.Kind {
	case kindFile:
		return "key file " + l.ID
	case kindPassphrase:
		return "passphrase " + l.ID
	case kindVault:
		if l.Vault != nil {
			return fmt.Sprintf("key %s of Vault (%s)", l.Vault.Name, l.Vault.Mount)
		}
	}
	if l.Kind == kindKMS && l.KMS != "" {
		return "key " + l.KMS
	}
	return fmt.Sprintf("a key of kind %q", l.Kind)
}

// WrongKeyError says that a data key is locked with another KEK than the one that was given.
type WrongKeyError struct{ Needed, Given string }

func (e *WrongKeyError) Error() string {
	return fmt.Sprintf("wrong key: it is locked with %s; what was given is %s", e.Needed, e.Given)
}

// errNotKeyFile says nothing of what is in the file: it may be any file of the machine.
var errNotKeyFile = errors.New("it is not a key file; redoubt key create FILE makes one")

// Source says where a KEK comes from. At most one of KeyFile, PassphraseFile and Passphrase is used, in this order.
type Source struct {
	KeyFile        string // made by redoubt key create: it has the key, or says which key of Vault or of a KMS; or the URL of such a one
	PassphraseFile string
	Passphrase     string
	VaultToken     string // for a key file that names a key of Vault and no file with a token
	KMS            KMSCredentials
}

// KEK reads it; nil if there is none.
func (s *Source) KEK() (KEK, error) {
	switch {
	case isKMS(s.KeyFile):
		return KMS{URL: s.KeyFile}.kek(s.KMS)
	case s.KeyFile != "":
		return loadFile(s.KeyFile, s)
	case s.PassphraseFile != "":
		return loadPassphrase(s.PassphraseFile)
	case s.Passphrase != "":
		return NewPassphrase(s.Passphrase), nil
	}
	return nil, nil
}

// withContext is a local AEAD for those who have a context.
type withContext struct{ tink.AEAD }

func (a withContext) EncryptWithContext(_ context.Context, plaintext, associated []byte) ([]byte, error) {
	return a.Encrypt(plaintext, associated)
}

func (a withContext) DecryptWithContext(_ context.Context, ciphertext, associated []byte) ([]byte, error) {
	return a.Decrypt(ciphertext, associated)
}
