package keyring

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/tink-crypto/tink-go/v2/tink"
)

// kindKMS is the kind of a KEK that a cloud's key management service has.
const kindKMS = "kms"

// KMS names a key of a key management service, and says who asks:
//
//	awskms:///KEY?region=REGION                             KEY is an id, an alias/NAME or an ARN, which has its region
//	gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K
//	azurekv://VAULT.vault.azure.net/keys/NAME
//
// endpoint=https://HOST behind a ? asks another server than the cloud's own.
type KMS struct {
	URL string `json:"url"`
	// CredentialsFile has what the service wants to see, read anew for each request: for awskms a file of profiles as AWS has them, of
	// which the one called default is used, for the others an access token. Empty: what KMSCredentials have.
	CredentialsFile string `json:"credentials_file,omitempty"`
}

// KMSCredentials are those of whoever runs this process.
type KMSCredentials struct {
	AWS        AWSCredentials
	GCPToken   string // access tokens
	AzureToken string
}

// EnvironmentKMS reads the variables that programs for these services read.
func EnvironmentKMS() KMSCredentials {
	return KMSCredentials{
		AWS:      AWSCredentials{os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")},
		GCPToken: os.Getenv("GOOGLE_OAUTH_ACCESS_TOKEN"), AzureToken: os.Getenv("AZURE_ACCESS_TOKEN"),
	}
}

// isKMS tells whether something names a key of a service rather than a file.
func isKMS(name string) bool {
	for scheme := range kmsServices {
		if strings.HasPrefix(name, scheme+"://") {
			return true
		}
	}
	return false
}

// NamesEndpoint tells whether something is the URL of a key that says which server is asked. Credentials go there.
func NamesEndpoint(name string) bool {
	if !isKMS(name) {
		return false
	}
	u, err := url.Parse(name)
	return err != nil || u.Query().Has("endpoint")
}

// kmsService encrypts and decrypts small texts in the service. Implementations are safe for concurrent use.
type kmsService interface {
	encrypt(ctx context.Context, plaintext, associated []byte) ([]byte, error)
	decrypt(ctx context.Context, ciphertext, associated []byte) ([]byte, error)
	// name is the key as the service calls it, the same wherever it is asked.
	name() string
}

// kmsServices make a service of a parsed URL, by scheme.
var kmsServices = map[string]func(KMS, *url.URL, KMSCredentials, *kmsClient) (kmsService, error){
	"awskms": newAWS, "gcpkms": newGCP, "azurekv": newAzure,
}

// kmsKEK is a KEK that does not leave its service.
type kmsKEK struct {
	kmsService
	scheme string
}

func (k KMS) parse() (*url.URL, error) {
	u, err := url.Parse(k.URL)
	switch {
	case err != nil || !isKMS(k.URL):
		return nil, fmt.Errorf("%q names no key: write awskms:///KEY?region=REGION, gcpkms://projects/…/cryptoKeys/KEY or azurekv://VAULT.vault.azure.net/keys/KEY", k.URL)
	case u.User != nil || u.Fragment != "":
		return nil, errors.New("the name of a key has no user, no password and no fragment: credentials come from the environment or a file")
	}
	for name := range u.Query() {
		if name != "endpoint" && !(name == "region" && u.Scheme == "awskms") {
			return nil, fmt.Errorf("%s has the parameter %q, which nothing reads", k.URL, name)
		}
	}
	return u, nil
}

func (k KMS) kek(credentials KMSCredentials) (*kmsKEK, error) {
	u, err := k.parse()
	if err != nil {
		return nil, err
	}
	service, err := kmsServices[u.Scheme](k, u, credentials, newKMSClient())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.URL, err)
	}
	return &kmsKEK{service, u.Scheme}, nil
}

func (k *kmsKEK) full() string { return k.scheme + "://" + k.name() }

// NewLock implements KEK.
func (k *kmsKEK) NewLock() (Lock, error) {
	return Lock{Kind: kindKMS, ID: idOf("redoubt kms\x00", []byte(k.full())), KMS: k.full()}, nil
}

// AEAD implements KEK.
func (k *kmsKEK) AEAD(_ context.Context, l Lock) (tink.AEADWithContext, error) {
	if l.Kind != kindKMS || l.KMS != k.full() {
		return nil, &WrongKeyError{l.String(), k.String()}
	}
	return k, nil
}

// String implements KEK.
func (k *kmsKEK) String() string { return "key " + k.full() }

// EncryptWithContext implements tink.AEADWithContext.
func (k *kmsKEK) EncryptWithContext(ctx context.Context, plaintext, associated []byte) ([]byte, error) {
	out, err := k.encrypt(ctx, plaintext, associated)
	if err == nil && len(out) == 0 {
		err = errors.New("the service gave no ciphertext")
	}
	if err != nil {
		return nil, fmt.Errorf("encrypt with %s: %w", k, err)
	}
	return out, nil
}

// DecryptWithContext implements tink.AEADWithContext.
func (k *kmsKEK) DecryptWithContext(ctx context.Context, ciphertext, associated []byte) ([]byte, error) {
	out, err := k.decrypt(ctx, ciphertext, associated)
	if err != nil {
		return nil, fmt.Errorf("decrypt with %s: %w", k, err)
	}
	return out, nil
}

// kmsEndpoint is the address that requests go to: the cloud's own, or another one. Keys go there, so it is encrypted, but on this
// machine.
func kmsEndpoint(u *url.URL, own string) (string, error) {
	text := u.Query().Get("endpoint")
	if text == "" {
		return own, nil
	}
	e, err := url.Parse(text)
	if err != nil || e.Host == "" || e.User != nil || e.RawQuery != "" || e.Scheme != "https" && e.Scheme != "http" {
		return "", fmt.Errorf("endpoint %q: write https://HOST:PORT", text)
	}
	if ip := net.ParseIP(e.Hostname()); e.Scheme == "http" && e.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", fmt.Errorf("endpoint %s: keys go over the network, so it must be https", text)
	}
	return strings.TrimRight(text, "/"), nil
}

// kmsToken is an access token, from a file or from the environment.
func kmsToken(file, own, variable string) (string, error) {
	if file != "" {
		b, err := readSecret(file, vaultTokenBytesMax)
		return strings.TrimSpace(string(b)), err
	}
	if own == "" {
		return "", fmt.Errorf("there is no access token: set %s, or credentials_file in the key file", variable)
	}
	return own, nil
}

func newKMSClient() *kmsClient {
	return &kmsClient{
		http: &http.Client{Timeout: vaultTimeout, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // credentials would go wherever it says
		}},
		wait: func(ctx context.Context, d time.Duration) error {
			timer := time.NewTimer(d)
			defer timer.Stop()
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-timer.C:
				return nil
			}
		},
		now: time.Now,
	}
}
