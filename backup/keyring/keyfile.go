package keyring

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

const (
	keyFileFormat   = 1
	keyFileBytesMax = 1 << 16
	kekBytes        = 32
	kekIDBytes      = 4
)

// keyFile is the content of a key file: a key, or the name of one that Vault or a cloud has.
type keyFile struct {
	Format  int       `json:"format"`
	Kind    string    `json:"kind"`
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	Key     []byte    `json:"key,omitempty"`
	Vault   *Vault    `json:"vault,omitempty"`
	KMS     *KMS      `json:"kms,omitempty"`
}

// fileKEK is a KEK of random bytes.
type fileKEK struct {
	id   string
	aead tink.AEAD
}

// idOf is a name for a key that says nothing of it.
func idOf(purpose string, key []byte) string {
	h := sha256.Sum256(append([]byte(purpose), key...))
	return hex.EncodeToString(h[:kekIDBytes])
}

func idOfFile(key []byte) string { return idOf("redoubt key file\x00", key) }

func newFileKEK(key []byte) (*fileKEK, error) {
	a, err := subtle.NewAESGCM(key)
	return &fileKEK{idOfFile(key), a}, err
}

// NewLock implements KEK.
func (k *fileKEK) NewLock() (Lock, error) { return Lock{Kind: kindFile, ID: k.id}, nil }

// AEAD implements KEK.
func (k *fileKEK) AEAD(_ context.Context, l Lock) (tink.AEADWithContext, error) {
	if l.Kind != kindFile || l.ID != k.id {
		return nil, &WrongKeyError{l.String(), k.String()}
	}
	return withContext{k.aead}, nil
}

// String implements KEK.
func (k *fileKEK) String() string { return "key file " + k.id }

// CreateFile makes a key file with a new key, for the user's eyes only, and gives its id. A file that exists is left alone.
func CreateFile(path string, now time.Time) (id string, err error) {
	key := make([]byte, kekBytes)
	rand.Read(key)
	id = idOfFile(key)
	return id, writeKeyFile(path, &keyFile{Format: keyFileFormat, Kind: kindFile, ID: id, Created: now.UTC(), Key: key})
}

// CreateVaultFile makes a key file that names a key of Vault, and gives its id. There is no secret in it.
func CreateVaultFile(path string, v Vault, now time.Time) (id string, err error) {
	if err := v.check(); err != nil {
		return "", err
	}
	id = v.transit.id()
	return id, writeKeyFile(path, &keyFile{Format: keyFileFormat, Kind: kindVault, ID: id, Created: now.UTC(), Vault: &v})
}

// CreateKMSFile makes a key file that names a key of a cloud's service, and gives its id. There is no secret in it.
func CreateKMSFile(path string, k KMS, now time.Time) (id string, err error) {
	kek, err := k.kek(KMSCredentials{})
	if err != nil {
		return "", err
	}
	lock, err := kek.NewLock()
	if err != nil {
		return "", err
	}
	return lock.ID, writeKeyFile(path, &keyFile{Format: keyFileFormat, Kind: kindKMS, ID: lock.ID, Created: now.UTC(), KMS: &k})
}

func writeKeyFile(path string, k *keyFile) (err error) {
	b, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already: a key file that something is locked with must not be lost; choose another name", path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// loadFile reads a key file.
func loadFile(path string, s *Source) (KEK, error) {
	b, err := readSecret(path, keyFileBytesMax)
	if err != nil {
		return nil, err
	}
	var f keyFile
	if json.Unmarshal(b, &f) != nil || f.Format == 0 {
		return nil, fmt.Errorf("key file %s: %w", path, errNotKeyFile)
	}
	switch {
	case f.Format != keyFileFormat:
		err = fmt.Errorf("it has format %d, this version reads %d", f.Format, keyFileFormat)
	case f.Kind == kindVault && f.Vault != nil:
		return f.Vault.kek(s.VaultToken)
	case f.Kind == kindKMS && f.KMS != nil:
		return f.KMS.kek(s.KMS)
	case f.Kind != kindFile:
		err = fmt.Errorf("this version knows no key of kind %q", f.Kind)
	case len(f.Key) != kekBytes || idOfFile(f.Key) != f.ID:
		err = errors.New("it is damaged: its key does not have its id")
	default:
		return newFileKEK(f.Key)
	}
	return nil, fmt.Errorf("key file %s: %w", path, err)
}

// readSecret reads a small file that nobody else may read or change. Its group may read it, as containers have it.
func readSecret(path string, bytesMax int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", path)
	}
	if mode := info.Mode().Perm(); mode&0o027 != 0 {
		return nil, fmt.Errorf("%s has mode %04o, so that others can read or change it: chmod 600 %s", path, mode, path)
	}
	b, err := io.ReadAll(io.LimitReader(f, bytesMax+1))
	if err == nil && int64(len(b)) > bytesMax {
		err = fmt.Errorf("%s has more than %d bytes", path, bytesMax)
	}
	return b, err
}
