package keyring

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// cloud is a double, and how its keys are named.
type cloud struct {
	*kmsDouble
	scheme      string
	url         func(name string) string
	credentials func(secret string) KMSCredentials
	file        func(secret string) string // a file of credentials
}

func clouds(t *testing.T) []cloud {
	t.Helper()
	aws, gcp, azure := newDouble(t, answerAWS), newDouble(t, answerGCP), newDouble(t, answerAzure)
	azure.makeVersion("redoubt/1", "redoubt/2", "other/2")
	token := func(secret string) string { return secret + "\n" }
	return []cloud{
		{
			aws, "awskms", func(name string) string { return "awskms:///alias/" + name + "?region=eu-test-1&endpoint=" + aws.URL },
			func(secret string) KMSCredentials {
				return KMSCredentials{AWS: AWSCredentials{"AKIDTEST", secret, "session-of-the-test"}}
			},
			func(secret string) string {
				return "[other]\naws_access_key_id = x\n[default]\naws_access_key_id = AKIDTEST\naws_secret_access_key=" + secret + "\naws_session_token = s\n"
			},
		},
		{gcp, "gcpkms", func(name string) string {
			return "gcpkms://projects/p/locations/eu/keyRings/r/cryptoKeys/" + name + "?endpoint=" + gcp.URL
		}, func(secret string) KMSCredentials { return KMSCredentials{GCPToken: secret} }, token},
		{azure, "azurekv", func(name string) string { return "azurekv://v.vault.azure.net/keys/" + name + "?endpoint=" + azure.URL }, func(secret string) KMSCredentials {
			return KMSCredentials{AzureToken: secret}
		}, token},
	}
}

// kek opens a key. Waiting takes no time, and is counted.
func (c *cloud) kek(t *testing.T, name, secret string) (KEK, *[]time.Duration) {
	t.Helper()
	k, err := (&Source{KeyFile: c.url(name), KMS: c.credentials(secret)}).KEK()
	if err != nil {
		t.Fatal(err)
	}
	var waits []time.Duration
	c.clientOf(k).wait = func(ctx context.Context, d time.Duration) error {
		waits = append(waits, d)
		return ctx.Err()
	}
	return k, &waits
}

func (c *cloud) clientOf(k KEK) *kmsClient {
	switch s := k.(*kmsKEK).kmsService.(type) {
	case *aws:
		return s.client
	case *gcp:
		return s.client
	case *azure:
		return s.client
	}
	return nil
}

// TestKMS locks keys with doubles of the clouds' services, which check each request and really encrypt.
func TestKMS(t *testing.T) {
	for _, c := range clouds(t) {
		t.Run(c.scheme, func(t *testing.T) { testKMS(t, &c) })
	}
}

func testKMS(t *testing.T, c *cloud) {
	s := newStore(t)
	k, waits := c.kek(t, "redoubt", c.token)
	outlivesRotation(t, s, k)
	if locked, err := LockedWith(ctx, s); err != nil || !strings.HasPrefix(locked, "key "+c.scheme+"://") || strings.Contains(locked, "endpoint") {
		t.Errorf("it says that it is locked with %q, %v", locked, err)
	}
	open := func(name, secret string) error {
		k, w := c.kek(t, name, secret)
		waits = w
		return newRing(s, k, newClock()).Ready(ctx)
	}
	refused := func(what string, err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), c.token) || strings.Contains(err.Error(), "session-of-the-test") {
			t.Errorf("%s: %v, want an error with %q", what, err, want)
		}
	}
	refused("wrong credentials", open("redoubt", "wrong"), kmsDenied)
	if c.set(true, 0); true {
		refused("a disabled key", open("redoubt", c.token), kmsDisabled)
	}
	if len(*waits) != 0 {
		t.Errorf("for a disabled key it waited %v", *waits)
	}
	if c.set(false, kmsTries-1); true {
		if err := open("redoubt", c.token); err != nil || len(*waits) != kmsTries-1 || (*waits)[1] < 2*kmsFirstWait {
			t.Errorf("of a busy service: %v, it waited %v", err, *waits)
		}
	}
	if c.set(false, 1000); true {
		refused("a service that stays busy", open("redoubt", c.token), "too busy")
	}
	if len(*waits) != kmsTries-1 { // not for each of the locks
		t.Errorf("for a busy service it waited %v", *waits)
	}
	c.set(false, 0)
	refused("no credentials", open("redoubt", ""), "set ")
	var wrong *WrongKeyError
	if err := open("other", c.token); !errors.As(err, &wrong) {
		t.Errorf("another key: %v", err)
	}
	moved := &kmsKEK{k.(*kmsKEK).kmsService, c.scheme}
	sealedText, err := moved.EncryptWithContext(ctx, []byte("plain"), []byte("for this"))
	if err != nil || strings.Contains(string(sealedText), "plain") {
		t.Fatalf("%q, %v", sealedText, err)
	}
	if _, err := moved.DecryptWithContext(ctx, sealedText, []byte("for that")); err == nil {
		t.Error("it opens in another place")
	}
	if c.scheme != "azurekv" { // there the key that wraps is named in what it wrapped, and another one is refused by its name
		elsewhere, _ := c.kek(t, "other", c.token)
		_, err := elsewhere.(*kmsKEK).DecryptWithContext(ctx, sealedText, []byte("for this"))
		refused("another key's ciphertext", err, kmsWrong)
	}
	missing, _ := c.kek(t, "nothing", c.token)
	_, err = missing.(*kmsKEK).EncryptWithContext(ctx, []byte("plain"), nil)
	refused("a key that is not there", err, kmsNoKey)
	stopped, stop := context.WithCancel(ctx)
	stop()
	if _, err := moved.DecryptWithContext(stopped, sealedText, []byte("for this")); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	t.Run("file", func(t *testing.T) { testKMSFile(t, c) })
	c.Close()
	refused("without a service", open("redoubt", c.token), "connection refused")
	if len(*waits) != kmsTries-1 {
		t.Errorf("it waited %v", *waits)
	}
}

// testKMSFile names the key in a key file, and the credentials in another, which is read for each request.
func testKMSFile(t *testing.T, c *cloud) {
	dir := t.TempDir()
	path, secrets := filepath.Join(dir, "kms.key"), filepath.Join(dir, "credentials")
	id, err := CreateKMSFile(path, KMS{URL: c.url("redoubt"), CredentialsFile: secrets}, time.Now())
	if err != nil || id == "" {
		t.Fatal(err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(secrets, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	k, err := (&Source{KeyFile: path}).KEK()
	if err != nil {
		t.Fatal(err)
	}
	if err := newRing(newStore(t), k, newClock()).Create(ctx); err == nil || !strings.Contains(err.Error(), "credentials") {
		t.Errorf("without the file of credentials: %v", err)
	}
	write(c.file("old"))
	if err := newRing(newStore(t), k, newClock()).Create(ctx); err == nil || !strings.Contains(err.Error(), kmsDenied) {
		t.Errorf("with old credentials: %v", err)
	}
	write(c.file(c.token))
	if err := newRing(newStore(t), k, newClock()).Create(ctx); err != nil {
		t.Error(err)
	}
}

// TestKMSNames: what cannot be meant is refused, with what to write.
func TestKMSNames(t *testing.T) {
	for url, want := range map[string]string{
		"awskms://alias/x?region=eu-1":                                     "three slashes",
		"awskms:///alias/x":                                                "?region=REGION",
		"awskms:///alias/x?region=eu-1&profile=p":                          "nothing reads",
		"awskms:///arn:aws:kms:eu-1:1:key/2?region=eu-2":                   "the key is in eu-1",
		"awskms://id:secret@/alias/x":                                      "no password",
		"awskms:///alias/x?region=eu-1&endpoint=http://10.0.0.1":           "must be https",
		"awskms:///alias/x?region=eu-1&endpoint=ftp://x":                   "write https://HOST:PORT",
		"gcpkms://projects/p/cryptoKeys/k":                                 "write gcpkms://projects/P",
		"gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k?region=x": "nothing reads",
		"azurekv://v.vault.azure.net/secrets/x":                            "write azurekv://VAULT",
		"azurekv:///keys/x":                                                "write azurekv://VAULT",
	} {
		_, err := (&Source{KeyFile: url}).KEK()
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret@") {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
	}
	for url, want := range map[string]string{
		"awskms:///arn:aws:kms:eu-central-1:111122223333:key/1234": "https://kms.eu-central-1.amazonaws.com",
		"gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k":  "https://cloudkms.googleapis.com",
		"azurekv://Some.vault.azure.net/keys/x":                    "https://some.vault.azure.net",
	} {
		k, err := (&Source{KeyFile: url}).KEK()
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		endpoint := ""
		switch s := k.(*kmsKEK).kmsService.(type) {
		case *aws:
			endpoint = s.endpoint
		case *gcp:
			endpoint = s.endpoint
		case *azure:
			endpoint = s.endpoint
		}
		if endpoint != want {
			t.Errorf("%s is asked at %s", url, endpoint)
		}
	}
}

// TestSignature compares signatures with those of AWS's own test suite for version 4.
func TestSignature(t *testing.T) {
	at := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	c := AWSCredentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
	for method, want := range map[string]string{
		http.MethodGet:  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", // get-vanilla
		http.MethodPost: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b", // post-vanilla
	} {
		r, err := http.NewRequest(method, "https://example.amazonaws.com/", nil)
		if err != nil {
			t.Fatal(err)
		}
		signV4(r, nil, c, "us-east-1", "service", at)
		if got := r.Header.Get("Authorization"); got != "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature="+want {
			t.Errorf("%s: %s", method, got)
		}
	}
}
