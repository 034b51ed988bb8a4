package keyring

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
	"golang.org/x/crypto/argon2"
)

// argon2id are the parameters by which a passphrase becomes a key.
type argon2id struct {
	Salt      []byte `json:"salt"`
	Time      uint32 `json:"time"`
	MemoryKiB uint32 `json:"memory_kib"`
	Threads   uint8  `json:"threads"`
}

// The parameters of new locks are the second recommendation of RFC 9106, section 4. Those of others are bounded, so that nobody
// who can write to a repository makes a reader use up its memory.
const (
	argonTime         = 3
	argonMemoryKiB    = 64 << 10
	argonThreads      = 4
	argonSaltBytes    = 16
	argonTimeMax      = 64
	argonMemoryKiBMax = 2 << 20

	passphraseBytesMax = 4096
)

func (a *argon2id) check() error {
	if a == nil || len(a.Salt) < 8 || len(a.Salt) > 64 || a.Time == 0 || a.Time > argonTimeMax || a.Threads == 0 || a.MemoryKiB < 8 || a.MemoryKiB > argonMemoryKiBMax {
		return errors.New("the parameters of its passphrase are damaged")
	}
	return nil
}

// passphrase is a KEK that a person can remember.
type passphrase struct {
	text string

	mu   sync.Mutex
	keys map[string][]byte // by parameters: each costs 0.1 s
}

// NewPassphrase makes a KEK of a passphrase.
func NewPassphrase(text string) KEK { return &passphrase{text: text, keys: map[string][]byte{}} }

func loadPassphrase(path string) (KEK, error) {
	b, err := readSecret(path, passphraseBytesMax)
	if err != nil {
		return nil, err
	}
	text := strings.TrimRight(string(b), "\r\n")
	if text == "" {
		return nil, fmt.Errorf("%s has no passphrase", path)
	}
	return NewPassphrase(text), nil
}

func (p *passphrase) key(a *argon2id) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	of := fmt.Sprint(*a)
	if p.keys[of] == nil {
		p.keys[of] = argon2.IDKey([]byte(p.text), a.Salt, a.Time, a.MemoryKiB, a.Threads, kekBytes)
	}
	return p.keys[of]
}

func idOfPassphrase(key []byte) string { return idOf("redoubt passphrase\x00", key) }

// NewLock implements KEK. Each has a salt of its own.
func (p *passphrase) NewLock() (Lock, error) {
	a := &argon2id{make([]byte, argonSaltBytes), argonTime, argonMemoryKiB, argonThreads}
	rand.Read(a.Salt)
	return Lock{Kind: kindPassphrase, ID: idOfPassphrase(p.key(a)), Argon2id: a}, nil
}

// AEAD implements KEK.
func (p *passphrase) AEAD(_ context.Context, l Lock) (tink.AEADWithContext, error) {
	if l.Kind != kindPassphrase {
		return nil, &WrongKeyError{l.String(), p.String()}
	}
	if err := l.Argon2id.check(); err != nil {
		return nil, err
	}
	key := p.key(l.Argon2id)
	if idOfPassphrase(key) != l.ID {
		return nil, &WrongKeyError{l.String(), "another passphrase"}
	}
	a, err := subtle.NewAESGCM(key)
	return withContext{a}, err
}

// String implements KEK.
func (*passphrase) String() string { return "a passphrase" }
