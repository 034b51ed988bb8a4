package keyring

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
)

// kmsDouble answers as the documentation of a cloud's service says, and really encrypts. It checks what it is asked.
type kmsDouble struct {
	*httptest.Server
	t     *testing.T
	keys  map[string]*subtle.AESGCM
	rsa   map[string]*rsa.PrivateKey // by version, of Azure
	token string                     // of Google and Azure; of AWS the secret access key

	mu       sync.Mutex
	requests int
	disabled bool
	busy     int // so many answers say that it is too busy
}

func newDouble(t *testing.T, answer func(*kmsDouble, *http.Request, []byte) (int, any)) *kmsDouble {
	t.Helper()
	d := &kmsDouble{t: t, keys: map[string]*subtle.AESGCM{}, rsa: map[string]*rsa.PrivateKey{}, token: "the-secret-of-the-test"}
	for i, name := range []string{"redoubt", "other"} {
		k, err := subtle.NewAESGCM([]byte(strings.Repeat(string(rune('k'+i)), 32)))
		if err != nil {
			t.Fatal(err)
		}
		d.keys[name] = k
	}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost {
			t.Errorf("a request %s, %v", r.Method, err)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		d.requests++
		status, out := answer(d, r, body)
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(out)
	}))
	t.Cleanup(d.Close)
	return d
}

func (d *kmsDouble) set(disabled bool, busy int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.disabled, d.busy, d.requests = disabled, busy, 0
}

func (d *kmsDouble) isBusy() bool {
	if d.busy == 0 {
		return false
	}
	d.busy--
	return true
}

func (d *kmsDouble) decode(body []byte, into any) {
	if err := json.Unmarshal(body, into); err != nil {
		d.t.Errorf("the body %s: %v", body, err)
	}
}

// awsSignature computes the signature of a request from what arrived, on its own.
func awsSignature(r *http.Request, body []byte, secret string) string {
	var credential, signed string
	for _, part := range strings.Split(strings.TrimPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 "), ", ") {
		if v, ok := strings.CutPrefix(part, "Credential="); ok {
			credential = v
		}
		if v, ok := strings.CutPrefix(part, "SignedHeaders="); ok {
			signed = v
		}
	}
	lines := []string{r.Method, r.URL.Path, r.URL.RawQuery}
	for _, name := range strings.Split(signed, ";") {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		lines = append(lines, name+":"+value)
	}
	lines = append(lines, "", signed, fmt.Sprintf("%x", sha256.Sum256(body)))
	_, scope, _ := strings.Cut(credential, "/")
	mac := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	s := strings.Split(scope, "/")
	if len(s) != 4 {
		return "no scope"
	}
	key := mac(mac(mac(mac([]byte("AWS4"+secret), s[0]), s[1]), s[2]), s[3])
	return hex.EncodeToString(mac(key, "AWS4-HMAC-SHA256\n"+r.Header.Get("X-Amz-Date")+"\n"+scope+"\n"+fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(lines, "\n"))))))
}

// answerAWS is TrentService.
func answerAWS(d *kmsDouble, r *http.Request, body []byte) (int, any) {
	fail := func(kind, text string) (int, any) {
		return http.StatusBadRequest, map[string]string{"__type": kind, "message": text}
	}
	authorization := r.Header.Get("Authorization")
	for _, name := range []string{"host", "content-type", "x-amz-date", "x-amz-target", "x-amz-security-token"} {
		if !strings.Contains(authorization, name) {
			d.t.Errorf("the header %s is not signed: %s", name, authorization)
		}
	}
	if !strings.Contains(authorization, "/eu-test-1/kms/aws4_request, ") || r.URL.Path != "/" || r.Header.Get("Content-Type") != "application/x-amz-json-1.1" {
		d.t.Errorf("the request: %s %v", r.URL, r.Header)
	}
	var in struct {
		KeyId                     string //nolint:revive // AWS's name
		Plaintext, CiphertextBlob []byte
		EncryptionContext         map[string]string
	}
	d.decode(body, &in)
	key := d.keys[strings.TrimPrefix(in.KeyId, "alias/")]
	context := []byte(in.EncryptionContext["redoubt"])
	switch {
	case !strings.HasSuffix(authorization, "Signature="+awsSignature(r, body, d.token)):
		return fail("InvalidSignatureException", "The request signature we calculated does not match")
	case d.isBusy():
		return fail("ThrottlingException", "Rate exceeded")
	case key == nil:
		return fail("NotFoundException", "Alias is not found")
	case d.disabled:
		return fail("DisabledException", "is disabled")
	case r.Header.Get("X-Amz-Target") == "TrentService.Encrypt":
		out, err := key.Encrypt(in.Plaintext, context)
		if err != nil {
			d.t.Error(err)
		}
		return http.StatusOK, map[string]any{"CiphertextBlob": out, "KeyId": in.KeyId, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}
	case r.Header.Get("X-Amz-Target") == "TrentService.Decrypt":
		out, err := key.Decrypt(in.CiphertextBlob, context)
		if err != nil {
			return fail("com.amazonaws.kms#InvalidCiphertextException", "")
		}
		return http.StatusOK, map[string]any{"Plaintext": out, "KeyId": in.KeyId}
	}
	return fail("UnknownOperationException", r.Header.Get("X-Amz-Target"))
}

func crc(b []byte) string {
	return fmt.Sprint(crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}

// answerGCP is Cloud KMS.
func answerGCP(d *kmsDouble, r *http.Request, body []byte) (int, any) {
	fail := func(status int, code, text string) (int, any) {
		return status, map[string]any{"error": map[string]any{"code": status, "status": code, "message": text}}
	}
	var in struct {
		Plaintext, Ciphertext, AdditionalAuthenticatedData                   []byte
		PlaintextCrc32c, CiphertextCrc32c, AdditionalAuthenticatedDataCrc32c string
	}
	d.decode(body, &in)
	name, verb, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v1/projects/p/locations/eu/keyRings/r/cryptoKeys/"), ":")
	key := d.keys[name]
	if in.AdditionalAuthenticatedDataCrc32c != crc(in.AdditionalAuthenticatedData) || r.URL.RawQuery != "" {
		d.t.Errorf("the request: %s %s", r.URL, body)
	}
	switch {
	case r.Header.Get("Authorization") != "Bearer "+d.token:
		return fail(http.StatusUnauthorized, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
	case d.isBusy():
		return fail(http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", "Quota exceeded")
	case key == nil:
		return fail(http.StatusNotFound, "NOT_FOUND", "CryptoKey not found.")
	case d.disabled:
		return fail(http.StatusBadRequest, "FAILED_PRECONDITION", "is not enabled, current state is: DISABLED.")
	case verb == "encrypt" && in.PlaintextCrc32c == crc(in.Plaintext):
		out, err := key.Encrypt(in.Plaintext, in.AdditionalAuthenticatedData)
		if err != nil {
			d.t.Error(err)
		}
		return http.StatusOK, map[string]any{"name": name + "/cryptoKeyVersions/1", "ciphertext": out, "ciphertextCrc32c": crc(out), "verifiedPlaintextCrc32c": true}
	case verb == "decrypt" && in.CiphertextCrc32c == crc(in.Ciphertext):
		out, err := key.Decrypt(in.Ciphertext, in.AdditionalAuthenticatedData)
		if err != nil {
			return fail(http.StatusBadRequest, "INVALID_ARGUMENT", "Decryption failed: the ciphertext is invalid.")
		}
		return http.StatusOK, map[string]any{"plaintext": out, "plaintextCrc32c": crc(out)}
	}
	return fail(http.StatusBadRequest, "INVALID_ARGUMENT", "?")
}

// answerAzure is Key Vault, with keys of RSA, each of which has got a new version.
func answerAzure(d *kmsDouble, r *http.Request, body []byte) (int, any) {
	fail := func(status int, code, inner, text string) (int, any) {
		return status, map[string]any{"error": map[string]any{"code": code, "message": text, "innererror": map[string]string{"code": inner}}}
	}
	var in struct{ Alg, Value string }
	d.decode(body, &in)
	value, err := base64.RawURLEncoding.DecodeString(in.Value)
	path := strings.Split(strings.TrimPrefix(r.URL.Path, "/keys/"), "/")
	if err != nil || in.Alg != "RSA-OAEP-256" || r.URL.RawQuery != "api-version=7.4" || len(path) < 2 {
		d.t.Errorf("the request: %s %s", r.URL, body)
		return fail(http.StatusBadRequest, "BadParameter", "", "?")
	}
	name, verb := path[0], path[len(path)-1]
	version := "2"
	if len(path) == 3 {
		version = path[1]
	}
	key := d.rsa[name+"/"+version]
	switch {
	case r.Header.Get("Authorization") != "Bearer "+d.token:
		return fail(http.StatusUnauthorized, "Unauthorized", "", "AKV10032: Invalid issuer.")
	case d.isBusy():
		return fail(http.StatusTooManyRequests, "Throttled", "", "Too many requests")
	case key == nil:
		return fail(http.StatusNotFound, "KeyNotFound", "", "A key with (name/id) was not found in this key vault.")
	case d.disabled:
		return fail(http.StatusForbidden, "Forbidden", "KeyDisabled", "Operation is not allowed on a disabled key.")
	}
	var out []byte
	switch verb {
	case "wrapkey":
		out, err = rsa.EncryptOAEP(sha256.New(), rand.Reader, &key.PublicKey, value, nil)
	case "unwrapkey":
		out, err = rsa.DecryptOAEP(sha256.New(), nil, key, value, nil)
	}
	if err != nil {
		return fail(http.StatusBadRequest, "BadParameter", "", "The parameter is incorrect.")
	}
	return http.StatusOK, map[string]string{"kid": "https://v.vault.azure.net/keys/" + name + "/" + version, "value": base64.RawURLEncoding.EncodeToString(out)}
}

// makeVersion gives a key of Azure a version.
func (d *kmsDouble) makeVersion(names ...string) {
	for _, name := range names {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			d.t.Fatal(err)
		}
		d.rsa[name] = k
	}
}
