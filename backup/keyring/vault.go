package keyring

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/tink-crypto/tink-go/v2/tink"
)

// transit names a key of Vault's transit engine.
type transit struct {
	Mount string `json:"mount"`
	Name  string `json:"name"`
}

func (t *transit) id() string { return idOf("redoubt vault\x00", []byte(t.Mount+"\x00"+t.Name)) }

// Vault says where a key of Vault's (or OpenBao's) transit engine is, and who asks.
type Vault struct {
	Address string `json:"address"` // https://HOST:PORT
	transit
	Namespace string `json:"namespace,omitempty"`
	TokenFile string `json:"token_file,omitempty"` // read anew for each request, as agents renew it
}

// NewVault names a key; mount and name are those of the transit engine and of its key.
func NewVault(address, mount, name string) Vault {
	return Vault{Address: address, transit: transit{mount, name}}
}

const (
	vaultTimeout       = 30 * time.Second
	vaultAnswerBytes   = 1 << 20
	vaultTokenBytesMax = 1 << 16
)

var validVaultName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._/-]*$`)

func (v *Vault) check() error {
	u, err := url.Parse(v.Address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return fmt.Errorf("vault address %q: write https://HOST:PORT", v.Address)
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("vault address %s: keys go over the network, so it must be https", v.Address)
	}
	if !validVaultName.MatchString(v.Mount) || !validVaultName.MatchString(v.Name) || strings.Contains(v.Name, "/") {
		return fmt.Errorf("vault has no transit key %q of %q", v.Name, v.Mount)
	}
	return nil
}

// vaultKEK is a KEK that does not leave its server.
type vaultKEK struct {
	Vault
	token  string // if there is no TokenFile
	client *http.Client
}

func (v *Vault) kek(token string) (KEK, error) {
	if err := v.check(); err != nil {
		return nil, err
	}
	if v.TokenFile == "" && token == "" {
		return nil, fmt.Errorf("vault %s: there is no token: set VAULT_TOKEN, or token_file in the key file", v.Address)
	}
	client := &http.Client{Timeout: vaultTimeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // the token would go wherever it says
	}}
	return &vaultKEK{*v, token, client}, nil
}

// NewLock implements KEK.
func (k *vaultKEK) NewLock() (Lock, error) {
	t := k.transit
	return Lock{Kind: kindVault, ID: t.id(), Vault: &t}, nil
}

// AEAD implements KEK.
func (k *vaultKEK) AEAD(_ context.Context, l Lock) (tink.AEADWithContext, error) {
	if l.Kind != kindVault || l.ID != k.id() {
		return nil, &WrongKeyError{l.String(), k.String()}
	}
	return k, nil
}

// String implements KEK.
func (k *vaultKEK) String() string {
	own := Lock{Kind: kindVault, Vault: &k.transit}
	return own.String()
}

// vaultAnswer is what Vault says.
type vaultAnswer struct {
	Data struct {
		Ciphertext string `json:"ciphertext"`
		Plaintext  []byte `json:"plaintext"`
	} `json:"data"`
	Errors []string `json:"errors"`
}

// EncryptWithContext implements tink.AEADWithContext.
func (k *vaultKEK) EncryptWithContext(ctx context.Context, plaintext, associated []byte) ([]byte, error) {
	a, err := k.ask(ctx, "encrypt", map[string]any{"plaintext": plaintext, "associated_data": associated})
	if err == nil && a.Data.Ciphertext == "" {
		err = fmt.Errorf("vault %s gave no ciphertext", k.Address)
	}
	return []byte(a.Data.Ciphertext), err
}

// DecryptWithContext implements tink.AEADWithContext.
func (k *vaultKEK) DecryptWithContext(ctx context.Context, ciphertext, associated []byte) ([]byte, error) {
	a, err := k.ask(ctx, "decrypt", map[string]any{"ciphertext": string(ciphertext), "associated_data": associated})
	return a.Data.Plaintext, err
}

// ask sends a request to the transit engine. Slices of bytes go as base64, as the engine wants them.
func (k *vaultKEK) ask(ctx context.Context, verb string, body map[string]any) (a vaultAnswer, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s with %s at %s: %w", verb, k, k.Address, err)
		}
	}()
	b, err := json.Marshal(body)
	if err != nil {
		return a, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(k.Address, "/")+"/v1/"+k.Mount+"/"+verb+"/"+k.Name, bytes.NewReader(b))
	if err != nil {
		return a, err
	}
	token := k.token
	if k.TokenFile != "" {
		t, err := readSecret(k.TokenFile, vaultTokenBytesMax)
		if err != nil {
			return a, err
		}
		token = strings.TrimSpace(string(t))
	}
	request.Header.Set("X-Vault-Token", token)
	request.Header.Set("X-Vault-Request", "true")
	request.Header.Set("Content-Type", "application/json")
	if k.Namespace != "" {
		request.Header.Set("X-Vault-Namespace", k.Namespace)
	}
	response, err := k.client.Do(request)
	if err != nil {
		return a, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, vaultAnswerBytes))
	if err != nil {
		return a, err
	}
	parseErr := json.Unmarshal(text, &a)
	switch {
	case response.StatusCode == http.StatusForbidden:
		return a, errors.New("the server refuses the token, or its policy does not allow this: " + strings.Join(a.Errors, "; "))
	case response.StatusCode == http.StatusServiceUnavailable:
		return a, errors.New("the server is sealed, or stands by: " + strings.Join(a.Errors, "; "))
	case response.StatusCode != http.StatusOK:
		return a, fmt.Errorf("the server says %s: %s", response.Status, strings.Join(a.Errors, "; "))
	case parseErr != nil:
		return a, fmt.Errorf("what answers is not Vault: %w", parseErr)
	}
	return a, nil
}
