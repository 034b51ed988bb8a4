package keyring

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"

	"redoubt/backup/store"
)

var update = flag.Bool("update", false, "write the fixtures of this format anew")

// copied gives a copy of a file with a mode that key files must have, which a checkout does not keep.
func copied(t *testing.T, path string) string {
	t.Helper()
	if *update {
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if _, err := CreateFile(path, newClock().now()); err != nil {
				t.Fatal(err)
			}
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

// makeFixture writes a repository with two keys and an object of the older one.
func makeFixture(t *testing.T, dir string, k KEK) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.OpenDir(absolute)
	if err != nil {
		t.Fatal(err)
	}
	r := newRing(s, k, newClock())
	if err := r.Create(ctx); err != nil {
		t.Fatal(err)
	}
	if err := encrypted(s, r).Put(ctx, "files/ab/fixture", strings.NewReader("what the first version wrote\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Rotate(ctx); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "incoming")); err != nil {
		t.Fatal(err)
	}
}

// TestWrongKeys gives each kind of key where another one is needed.
func TestWrongKeys(t *testing.T) {
	v := newVault(t)
	named := map[string]KEK{
		"a key file": someKEK(t), "another key file": someKEK(t), "a passphrase": NewPassphrase("one"), "another passphrase": NewPassphrase("two"),
		"a key of Vault": v.kek(t, "redoubt", v.token), "another key of Vault": v.kek(t, "other", v.token),
	}
	for needed, k := range named {
		s := newStore(t)
		if err := newRing(s, k, newClock()).Create(ctx); err != nil {
			t.Fatalf("%s: %v", needed, err)
		}
		for given, k := range named {
			err := newRing(s, k, newClock()).Ready(ctx)
			var wrong *WrongKeyError
			if (given == needed) != (err == nil) || err != nil && !errors.As(err, &wrong) {
				t.Errorf("needed %s, given %s: %v", needed, given, err)
			}
		}
		locked, err := LockedWith(ctx, s)
		if words := strings.Fields(needed); err != nil || !strings.Contains(locked, words[len(words)-1]) {
			t.Errorf("%s: it says that it is locked with %q, %v", needed, locked, err)
		}
	}
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backup.key")
	id, err := CreateFile(path, time.Now())
	if err != nil || len(id) != 8 {
		t.Fatalf("made %q, %v", id, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("it has mode %v, %v", info.Mode(), err)
	}
	if _, err := CreateFile(path, time.Now()); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("a key file was replaced: %v", err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"root:x:0:0": "not a key file", "": "not a key file", "{}": "not a key file",
		strings.Replace(string(whole), `"format": 1`, `"format": 2`, 1):                      "format 2",
		strings.Replace(string(whole), `"kind": "file"`, `"kind": "hsm"`, 1):                 `kind "hsm"`,
		strings.Replace(string(whole), `"key": "`, `"key": "AAAA`, 1):                        "damaged",
		strings.Replace(string(whole), `"id": "`+id, `"id": "`+strings.Repeat("0", 8), 1):    "damaged",
		strings.Repeat(" ", keyFileBytesMax+1):                                               "more than",
		`{"format":1,"kind":"vault","vault":{"address":"http://vault.example","name":"x"}}`:  "https",
		`{"format":1,"kind":"vault","vault":{"address":"https://x","mount":"a","name":"b"}}`: "VAULT_TOKEN",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := (&Source{KeyFile: path}).KEK()
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "root:x") {
			t.Errorf("%.40q: %v, want an error with %q", text, err, want)
		}
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := (&Source{KeyFile: path}).KEK(); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key file that everybody can read: %v", err)
	}
	if _, err := (&Source{KeyFile: t.TempDir()}).KEK(); err == nil {
		t.Error("a directory was taken for a key file")
	}
	if k, err := (&Source{}).KEK(); k != nil || err != nil {
		t.Errorf("no key at all: %v, %v", k, err)
	}
}

func TestPassphraseFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passphrase")
	if err := os.WriteFile(path, []byte("one line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := (&Source{PassphraseFile: path, Passphrase: "from the environment"}).KEK()
	if err != nil {
		t.Fatal(err)
	}
	s := newStore(t)
	if err := newRing(s, NewPassphrase("one line"), newClock()).Create(ctx); err != nil {
		t.Fatal(err)
	}
	ready(t, s, k)
	// Its parameters are stored, and bounded.
	l, err := k.NewLock()
	if err != nil || l.Argon2id.Time != 3 || l.Argon2id.MemoryKiB != 64<<10 || l.Argon2id.Threads != 4 || len(l.Argon2id.Salt) != 16 {
		t.Errorf("parameters %+v, %v", l.Argon2id, err)
	}
	for _, bad := range []argon2id{{}, {make([]byte, 16), 1000, 64 << 10, 4}, {make([]byte, 16), 1, 1 << 31, 4}, {make([]byte, 16), 1, 64 << 10, 0}, {nil, 1, 64 << 10, 1}} {
		if _, err := k.AEAD(ctx, Lock{Kind: kindPassphrase, Argon2id: &bad}); err == nil {
			t.Errorf("parameters %+v were taken", bad)
		}
	}
	if err := os.WriteFile(path, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (&Source{PassphraseFile: path}).KEK(); err == nil || !strings.Contains(err.Error(), "no passphrase") {
		t.Errorf("an empty file: %v", err)
	}
}

// vaultServer answers as the documentation of Vault's transit engine says.
type vaultServer struct {
	*httptest.Server
	token string
	keys  map[string]*subtle.AESGCM
	state int // of the answers; 0: as it should be
}

func newVault(t *testing.T) *vaultServer {
	t.Helper()
	v := &vaultServer{token: "s.secret", keys: map[string]*subtle.AESGCM{}}
	for i, name := range []string{"redoubt", "other"} {
		k, err := subtle.NewAESGCM([]byte(strings.Repeat(string(rune('a'+i)), 32)))
		if err != nil {
			t.Fatal(err)
		}
		v.keys[name] = k
	}
	v.Server = httptest.NewServer(v)
	t.Cleanup(v.Close)
	return v
}

func (v *vaultServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fail := func(status int, text string) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"errors": []string{text}})
	}
	var body struct {
		Plaintext  string `json:"plaintext"`
		Ciphertext string `json:"ciphertext"`
		Associated string `json:"associated_data"`
	}
	path := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/transit/"), "/")
	switch {
	case v.state != 0:
		fail(v.state, "as the test wants")
		return
	case r.Header.Get("X-Vault-Token") != v.token:
		fail(http.StatusForbidden, "permission denied")
		return
	case r.Method != http.MethodPost || len(path) != 2 || v.keys[path[1]] == nil || json.NewDecoder(r.Body).Decode(&body) != nil:
		fail(http.StatusBadRequest, "encryption key not found")
		return
	}
	associated, err := base64.StdEncoding.DecodeString(body.Associated)
	data := map[string]string{}
	switch path[0] {
	case "encrypt":
		var plaintext, out []byte
		if plaintext, err = base64.StdEncoding.DecodeString(body.Plaintext); err == nil {
			out, err = v.keys[path[1]].Encrypt(plaintext, associated)
		}
		data["ciphertext"] = "vault:v1:" + base64.StdEncoding.EncodeToString(out)
	case "decrypt":
		var ciphertext, out []byte
		if ciphertext, err = base64.StdEncoding.DecodeString(strings.TrimPrefix(body.Ciphertext, "vault:v1:")); err == nil {
			out, err = v.keys[path[1]].Decrypt(ciphertext, associated)
		}
		data["plaintext"] = base64.StdEncoding.EncodeToString(out)
	}
	if err != nil {
		fail(http.StatusBadRequest, err.Error())
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"data": data})
}

func (v *vaultServer) kek(t *testing.T, name, token string) KEK {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vault.key")
	if _, err := CreateVaultFile(path, NewVault(v.URL, "transit", name), time.Now()); err != nil {
		t.Fatal(err)
	}
	k, err := (&Source{KeyFile: path, VaultToken: token}).KEK()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestVault locks keys with a server that answers as Vault does; the acceptance tests have a real one.
func TestVault(t *testing.T) {
	v := newVault(t)
	s, k := newStore(t), v.kek(t, "redoubt", v.token)
	outlivesRotation(t, s, k)
	for what, c := range map[string]struct {
		state int
		token string
		want  string
	}{
		"another token":         {0, "s.other", "refuses the token"},
		"a sealed server":       {http.StatusServiceUnavailable, v.token, "sealed"},
		"a server that is sick": {http.StatusInternalServerError, v.token, "500"},
		"a redirection":         {http.StatusTemporaryRedirect, v.token, "307"},
	} {
		v.state = c.state
		if err := newRing(s, v.kek(t, "redoubt", c.token), newClock()).Ready(ctx); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), c.token) {
			t.Errorf("%s: %v, want an error with %q", what, err, c.want)
		}
		v.state = 0
	}
	v.Close()
	if err := newRing(s, k, newClock()).Ready(ctx); err == nil || !strings.Contains(err.Error(), "decrypt with key redoubt of Vault") {
		t.Errorf("without a server: %v", err)
	}
}
