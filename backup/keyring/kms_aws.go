package keyring

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// AWSCredentials are an access key. SessionToken belongs to temporary ones.
type AWSCredentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// aws is a symmetric key of AWS KMS, by its API TrentService of 2014-11-01.
type aws struct {
	key, region, endpoint string
	credentials           func() (AWSCredentials, error)
	client                *kmsClient
}

var (
	validAWSKey = regexp.MustCompile(`^[A-Za-z0-9:/_-]+$`)
	awsARN      = regexp.MustCompile(`^arn:[a-z-]+:kms:([a-z0-9-]+):\d*:(?:key|alias)/`)
	awsRegion   = regexp.MustCompile(`^[a-z0-9-]+$`)
)

func newAWS(k KMS, u *url.URL, own KMSCredentials, client *kmsClient) (kmsService, error) {
	a := &aws{key: strings.TrimPrefix(u.Path, "/"), region: u.Query().Get("region"), client: client}
	if u.Host != "" || !validAWSKey.MatchString(a.key) {
		return nil, errors.New("write awskms:/// with three slashes, then the key's id, alias/NAME or ARN")
	}
	if arn := awsARN.FindStringSubmatch(a.key); arn != nil {
		if a.region != "" && a.region != arn[1] {
			return nil, fmt.Errorf("the key is in %s, the region says %s", arn[1], a.region)
		}
		a.region = arn[1]
	}
	if !awsRegion.MatchString(a.region) {
		return nil, errors.New("say ?region=REGION behind a key that is not an ARN")
	}
	var err error
	a.endpoint, err = kmsEndpoint(u, "https://kms."+a.region+".amazonaws.com")
	a.credentials = func() (AWSCredentials, error) { return own.AWS, nil }
	if k.CredentialsFile != "" {
		a.credentials = func() (AWSCredentials, error) { return readAWSProfile(k.CredentialsFile) }
	}
	return a, err
}

func (a *aws) name() string { return "/" + a.key + "?region=" + a.region }

// encryptionContext binds the ciphertext to what belongs to it. The service writes it into its own log, so that it is a hash.
func encryptionContext(associated []byte) map[string]string {
	h := sha256.Sum256(associated)
	return map[string]string{"redoubt": hex.EncodeToString(h[:])}
}

func (a *aws) encrypt(ctx context.Context, plaintext, associated []byte) ([]byte, error) {
	var answer struct{ CiphertextBlob []byte }
	err := a.ask(ctx, "Encrypt", map[string]any{"KeyId": a.key, "Plaintext": plaintext, "EncryptionContext": encryptionContext(associated)}, &answer)
	return answer.CiphertextBlob, err
}

func (a *aws) decrypt(ctx context.Context, ciphertext, associated []byte) ([]byte, error) {
	var answer struct{ Plaintext []byte }
	err := a.ask(ctx, "Decrypt", map[string]any{"KeyId": a.key, "CiphertextBlob": ciphertext, "EncryptionContext": encryptionContext(associated)}, &answer)
	return answer.Plaintext, err
}

func (a *aws) ask(ctx context.Context, action string, body, into any) error {
	sign := func(r *http.Request, body []byte) error {
		c, err := a.credentials()
		if err == nil && (c.AccessKeyID == "" || c.SecretAccessKey == "") {
			err = errors.New("there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or credentials_file in the key file")
		}
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", "TrentService."+action)
		signV4(r, body, c, a.region, "kms", a.client.now())
		return nil
	}
	return a.client.post(ctx, a.endpoint+"/", body, sign, awsRefusal, into)
}

func awsRefusal(_ int, body []byte) *kmsRefusal {
	var said struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(body, &said) // what is not JSON says nothing more than its status
	code := said.Type[strings.LastIndexByte(said.Type, '#')+1:]
	busy := code == "ThrottlingException" || code == "LimitExceededException" || code == "KMSInternalException" || code == "DependencyTimeoutException"
	return &kmsRefusal{code: code, message: said.Message, busy: busy}
}

// readAWSProfile reads the profile default of a file of AWS's.
func readAWSProfile(path string) (c AWSCredentials, err error) {
	b, err := readSecret(path, vaultTokenBytesMax)
	if err != nil {
		return c, err
	}
	into := map[string]*string{"aws_access_key_id": &c.AccessKeyID, "aws_secret_access_key": &c.SecretAccessKey, "aws_session_token": &c.SessionToken}
	inside := false
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			inside = line == "[default]"
			continue
		}
		name, value, _ := strings.Cut(line, "=")
		if at := into[strings.TrimSpace(name)]; inside && at != nil {
			*at = strings.TrimSpace(value)
		}
	}
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return c, fmt.Errorf("%s has no access key in a profile [default]", path)
	}
	return c, nil
}
