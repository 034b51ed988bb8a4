package keyring

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
)

// azure is an RSA key of Azure Key Vault, by its REST API 7.4. Such a key wraps a few bytes and knows no associated data: so it wraps
// a key of its own for each text, which the text is encrypted with here.
type azure struct {
	vault, key, endpoint string
	token                func() (string, error)
	client               *kmsClient
}

const (
	azureAPI = "7.4"
	azureAlg = "RSA-OAEP-256"
)

var (
	validAzureVault   = regexp.MustCompile(`^[A-Za-z0-9.-]+(:\d+)?$`)
	validAzureKey     = regexp.MustCompile(`^/keys/([A-Za-z0-9-]{1,127})$`)
	validAzureVersion = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)
)

func newAzure(k KMS, u *url.URL, own KMSCredentials, client *kmsClient) (kmsService, error) {
	m := validAzureKey.FindStringSubmatch(u.Path)
	if m == nil || !validAzureVault.MatchString(u.Host) {
		return nil, errors.New("write azurekv://VAULT.vault.azure.net/keys/NAME; its newest version locks, the one that locked opens")
	}
	a := &azure{vault: strings.ToLower(u.Host), key: m[1], client: client}
	a.token = func() (string, error) { return kmsToken(k.CredentialsFile, own.AzureToken, "AZURE_ACCESS_TOKEN") }
	var err error
	a.endpoint, err = kmsEndpoint(u, "https://"+a.vault)
	return a, err
}

func (a *azure) name() string { return a.vault + "/keys/" + a.key }

// sealed is what the lock holds: a key that the vault wrapped, and what is encrypted with it.
type sealed struct {
	Version string `json:"version"` // of the vault's key
	Wrapped []byte `json:"wrapped"`
	Sealed  []byte `json:"sealed"`
}

// keyOperation is the body of a request to a vault, and of its answer. Values are base64 of the URL kind, without padding.
type keyOperation struct {
	Alg   string `json:"alg,omitempty"`
	Kid   string `json:"kid,omitempty"`
	Value string `json:"value"`
}

func (a *azure) encrypt(ctx context.Context, plaintext, associated []byte) ([]byte, error) {
	key := make([]byte, kekBytes)
	rand.Read(key)
	aead, err := subtle.NewAESGCM(key)
	if err != nil {
		return nil, err
	}
	var out sealed
	if out.Sealed, err = aead.Encrypt(plaintext, associated); err != nil {
		return nil, err
	}
	var kid string
	if out.Wrapped, kid, err = a.ask(ctx, "", "wrapkey", key); err != nil {
		return nil, err
	}
	if out.Version = kid[strings.LastIndexByte(kid, '/')+1:]; !validAzureVersion.MatchString(out.Version) {
		return nil, fmt.Errorf("the vault does not say which version of the key it took, but %q", kid)
	}
	return json.Marshal(out)
}

func (a *azure) decrypt(ctx context.Context, ciphertext, associated []byte) ([]byte, error) {
	var in sealed
	if err := json.Unmarshal(ciphertext, &in); err != nil || !validAzureVersion.MatchString(in.Version) {
		return nil, errors.New("what was locked with a key of Azure has another form: it is damaged")
	}
	key, _, err := a.ask(ctx, in.Version, "unwrapkey", in.Wrapped)
	if err != nil {
		return nil, err
	}
	aead, err := subtle.NewAESGCM(key)
	if err != nil {
		return nil, fmt.Errorf("the vault gave no such key: %w", err)
	}
	return aead.Decrypt(in.Sealed, associated)
}

// ask lets a version of the key, by default the newest, do something.
func (a *azure) ask(ctx context.Context, version, verb string, value []byte) ([]byte, string, error) {
	path := "/keys/" + a.key
	if version != "" {
		path += "/" + version
	}
	var answer keyOperation
	err := a.client.post(ctx, a.endpoint+path+"/"+verb+"?api-version="+azureAPI, keyOperation{Alg: azureAlg, Value: base64.RawURLEncoding.EncodeToString(value)}, bearer(a.token), azureRefusal, &answer)
	if err != nil {
		return nil, "", err
	}
	out, err := base64.RawURLEncoding.DecodeString(answer.Value)
	return out, answer.Kid, err
}

func azureRefusal(_ int, body []byte) *kmsRefusal {
	var said struct {
		Error struct {
			Code, Message string
			InnerError    struct{ Code string } `json:"innererror"`
		} `json:"error"`
	}
	_ = json.Unmarshal(body, &said) // what is not JSON says nothing more than its status
	code := said.Error.Code
	if _, known := kmsMeaning[said.Error.InnerError.Code]; known {
		code = said.Error.InnerError.Code
	}
	return &kmsRefusal{code: code, message: said.Error.Message}
}
