package keyring

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/streamingaead"
	"github.com/tink-crypto/tink-go/v2/tink"

	"redoubt/backup/crypt"
	"redoubt/backup/store"
)

// Folder has everything of this package in a repository, none of it encrypted.
const Folder = "keys/"

// Slots are called
//
//	keys/data/NUMBER-ID/LOCK.json
//
// with the number of the data key in 4 decimal digits, its id and that of its lock in 8 hexadecimal ones. Each lies there twice, in
// keys/copy, too: a damaged bit must not cost what a key has encrypted.
const (
	slotFolder = Folder + "data/"
	copyFolder = Folder + "copy/"
)

var slotName = regexp.MustCompile(`^keys/(?:data|copy)/(\d{4})-([0-9a-f]{8})/([0-9a-f]{8})\.json$`)

const (
	slotFormat   = 1
	slotBytesMax = 1 << 16
	numberMax    = 9999
	algorithm    = "AES256-GCM-HKDF-1MB"
)

// DataKey names a data key.
type DataKey struct {
	Number int
	ID     uint32
}

// String is the key as it is shown and given: its number and its id.
func (k DataKey) String() string { return fmt.Sprintf("%04d-%s", k.Number, crypt.KeyName(k.ID)) }

// newer tells which of two is rather the primary one.
func (k DataKey) newer(other DataKey) bool {
	return k.Number > other.Number || k.Number == other.Number && k.ID > other.ID
}

// slot is a data key, locked.
type slot struct {
	Format     int       `json:"format"`
	DatabaseID string    `json:"database_id"`
	Number     int       `json:"number"`
	ID         string    `json:"id"`
	Created    time.Time `json:"created"` // the data key
	Algorithm  string    `json:"algorithm"`
	Lock       Lock      `json:"lock"`
	Keyset     []byte    `json:"keyset"` // a Tink EncryptedKeyset; all before it is its associated data
	SHA256     string    `json:"sha256"` // of all before it, to tell damage from a wrong key
}

func (s *slot) name(folder string) string {
	return fmt.Sprintf("%s%04d-%s/%s.json", folder, s.Number, s.ID, s.Lock.ID)
}

// parseSlotName takes a name apart; false if it is not a slot's.
func parseSlotName(name string) (k DataKey, lock string, ok bool) {
	m := slotName.FindStringSubmatch(name)
	if m == nil {
		return k, "", false
	}
	number, err1 := strconv.Atoi(m[1])
	id, err2 := strconv.ParseUint(m[2], 16, 32)
	return DataKey{number, uint32(id)}, m[3], errors.Join(err1, err2) == nil
}

// without is the JSON of the slot without its checksum, and without the keyset.
func (s slot) without(keyset bool) ([]byte, error) {
	s.SHA256 = ""
	if keyset {
		s.Keyset = nil
	}
	return json.Marshal(s)
}

func (s *slot) sum() (string, error) {
	b, err := s.without(false)
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:]), err
}

// newHandle makes a data key.
func newHandle() (*keyset.Handle, uint32, error) {
	h, err := keyset.NewHandle(streamingaead.AES256GCMHKDF1MBKeyTemplate())
	if err != nil {
		return nil, 0, err
	}
	e, err := h.Primary()
	if err != nil {
		return nil, 0, err
	}
	return h, e.KeyID(), nil
}

// close locks a data key into the slot, which has all its other fields.
func (s *slot) close(ctx context.Context, kek KEK, h *keyset.Handle) error {
	aead, err := kek.AEAD(ctx, s.Lock)
	if err != nil {
		return err
	}
	associated, err := s.without(true)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	said := &hearing{AEADWithContext: aead}
	if err := h.WriteWithContext(ctx, keyset.NewBinaryWriter(&out), said, associated); err != nil {
		return said.or(err)
	}
	s.Keyset = out.Bytes()
	s.SHA256, err = s.sum()
	return err
}

// open gives the data key of the slot.
func (s *slot) open(ctx context.Context, kek KEK) (*keyset.Handle, error) {
	aead, err := kek.AEAD(ctx, s.Lock)
	if err != nil {
		return nil, err
	}
	associated, err := s.without(true)
	if err != nil {
		return nil, err
	}
	said := &hearing{AEADWithContext: aead}
	h, err := keyset.ReadWithContext(ctx, keyset.NewBinaryReader(bytes.NewReader(s.Keyset)), said, associated)
	if err != nil {
		return nil, said.or(err)
	}
	e, err := h.Primary()
	if err == nil && crypt.KeyName(e.KeyID()) != s.ID {
		err = fmt.Errorf("it holds key %08x", e.KeyID())
	}
	return h, err
}

// hearing keeps the error of an AEAD, of which Tink passes on the text only.
type hearing struct {
	tink.AEADWithContext
	err error
}

func (a *hearing) EncryptWithContext(ctx context.Context, plaintext, associated []byte) (out []byte, err error) {
	out, a.err = a.AEADWithContext.EncryptWithContext(ctx, plaintext, associated)
	return out, a.err
}

func (a *hearing) DecryptWithContext(ctx context.Context, ciphertext, associated []byte) (out []byte, err error) {
	out, a.err = a.AEADWithContext.DecryptWithContext(ctx, ciphertext, associated)
	return out, a.err
}

func (a *hearing) or(err error) error {
	if a.err != nil {
		return a.err
	}
	return err
}

func (s *slot) write(ctx context.Context, to store.Store) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	for _, folder := range []string{copyFolder, slotFolder} {
		if err := to.Put(ctx, s.name(folder), bytes.NewReader(append(b, '\n'))); err != nil {
			return err
		}
	}
	return nil
}

// readSlot reads a slot and checks that it is what its name says.
func readSlot(ctx context.Context, from store.Store, name string) (*slot, error) {
	b, err := store.Read(ctx, from, name, slotBytesMax)
	if err != nil {
		return nil, err
	}
	s := &slot{}
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("%s in %s is damaged: %w", name, from, err)
	}
	if s.Format != slotFormat || s.Algorithm != algorithm {
		return nil, fmt.Errorf("%s in %s has format %d and algorithm %q, this version reads %d and %s", name, from, s.Format, s.Algorithm, slotFormat, algorithm)
	}
	sum, err := s.sum()
	if err != nil {
		return nil, err
	}
	if sum != s.SHA256 {
		return nil, fmt.Errorf("%s in %s is damaged: its checksum is another one", name, from)
	}
	if is := s.name(slotFolder); is != name && s.name(copyFolder) != name {
		return nil, fmt.Errorf("%s in %s is %s, put in its place", name, from, is)
	}
	return s, nil
}
