package keyring

import (
	"context"
	"encoding/json"
	"errors"
	"hash/crc32"
	"net/url"
	"regexp"
	"strconv"
)

// gcp is a symmetric key of Google's Cloud KMS, by its REST API of version 1.
type gcp struct {
	key, endpoint string
	token         func() (string, error)
	client        *kmsClient
}

var validGCPKey = regexp.MustCompile(`^projects/[^/?#]+/locations/[^/?#]+/keyRings/[^/?#]+/cryptoKeys/[^/?#]+$`)

func newGCP(k KMS, u *url.URL, own KMSCredentials, client *kmsClient) (kmsService, error) {
	g := &gcp{key: u.Host + u.Path, client: client}
	if !validGCPKey.MatchString(g.key) {
		return nil, errors.New("write gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K")
	}
	g.token = func() (string, error) { return kmsToken(k.CredentialsFile, own.GCPToken, "GOOGLE_OAUTH_ACCESS_TOKEN") }
	var err error
	g.endpoint, err = kmsEndpoint(u, "https://cloudkms.googleapis.com")
	return g, err
}

func (g *gcp) name() string { return g.key }

// crcOf is the CRC32C of something, as the API writes 64-bit integers. The service compares it, as we do with its own.
func crcOf(b []byte) string {
	return strconv.FormatUint(uint64(crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))), 10)
}

// errGarbled says that what arrived is not what was sent.
var errGarbled = errors.New("what the service sent, or got, was changed on its way: its CRC32C is another one")

func (g *gcp) encrypt(ctx context.Context, plaintext, associated []byte) ([]byte, error) {
	var answer struct {
		Ciphertext              []byte `json:"ciphertext"`
		CiphertextCrc32c        string `json:"ciphertextCrc32c"`
		VerifiedPlaintextCrc32c bool   `json:"verifiedPlaintextCrc32c"`
	}
	err := g.ask(ctx, "encrypt", map[string]any{
		"plaintext": plaintext, "plaintextCrc32c": crcOf(plaintext), "additionalAuthenticatedData": associated, "additionalAuthenticatedDataCrc32c": crcOf(associated),
	}, &answer)
	if err == nil && (!answer.VerifiedPlaintextCrc32c || answer.CiphertextCrc32c != crcOf(answer.Ciphertext)) {
		err = errGarbled
	}
	return answer.Ciphertext, err
}

func (g *gcp) decrypt(ctx context.Context, ciphertext, associated []byte) ([]byte, error) {
	var answer struct {
		Plaintext       []byte `json:"plaintext"`
		PlaintextCrc32c string `json:"plaintextCrc32c"`
	}
	err := g.ask(ctx, "decrypt", map[string]any{
		"ciphertext": ciphertext, "ciphertextCrc32c": crcOf(ciphertext), "additionalAuthenticatedData": associated, "additionalAuthenticatedDataCrc32c": crcOf(associated),
	}, &answer)
	if err == nil && answer.PlaintextCrc32c != crcOf(answer.Plaintext) {
		err = errGarbled
	}
	return answer.Plaintext, err
}

func (g *gcp) ask(ctx context.Context, verb string, body, into any) error {
	return g.client.post(ctx, g.endpoint+"/v1/"+g.key+":"+verb, body, bearer(g.token), gcpRefusal, into)
}

func gcpRefusal(_ int, body []byte) *kmsRefusal {
	var said struct {
		Error struct{ Message, Status string } `json:"error"`
	}
	_ = json.Unmarshal(body, &said) // what is not JSON says nothing more than its status
	return &kmsRefusal{code: said.Error.Status, message: said.Error.Message}
}
