package keyring

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// How often a request is made that the service could not answer just now, and how long is waited before the second; each time
// twice as long, and up to half of that more, so that many nodes do not come at once.
const (
	kmsTries     = 5
	kmsFirstWait = 200 * time.Millisecond
	kmsWaitMax   = 10 * time.Second
)

// kmsIllFor is how long a service that did not get well in all these tries is asked once only: a repository has several locks, each
// of which would wait as long.
const kmsIllFor = 30 * time.Second

// kmsClient sends requests of JSON.
type kmsClient struct {
	http *http.Client
	wait func(context.Context, time.Duration) error
	now  func() time.Time

	illUntil atomic.Int64 // nanoseconds since 1970; 0: it is well
}

func (c *kmsClient) tries() int {
	if c.now().UnixNano() < c.illUntil.Load() {
		return 1
	}
	return kmsTries
}

// kmsRefusal is an answer that is none of success. Code is the service's own word for it.
type kmsRefusal struct {
	status  int
	code    string
	message string
	busy    bool // the same request may succeed later
}

func (e *kmsRefusal) Error() string {
	text := fmt.Sprintf("the service says %d", e.status)
	if e.code != "" {
		text += " " + e.code
	}
	if e.message != "" {
		text += ": " + e.message
	}
	return e.advice() + text
}

// advice says first what it means, if that is known.
func (e *kmsRefusal) advice() string {
	if e.busy {
		return "the service is too busy, or ill; it was asked several times: "
	}
	return kmsMeaning[e.code]
}

// kmsMeaning is what codes of the services mean here. AWS has words ending in Exception, Google in capitals, Azure the others.
var kmsMeaning = map[string]string{
	"AccessDeniedException": kmsDenied, "UnrecognizedClientException": kmsDenied, "InvalidSignatureException": kmsDenied, "ExpiredTokenException": kmsDenied,
	"PERMISSION_DENIED": kmsDenied, "UNAUTHENTICATED": kmsDenied, "Forbidden": kmsDenied, "Unauthorized": kmsDenied,
	"DisabledException": kmsDisabled, "KMSInvalidStateException": kmsDisabled, "FAILED_PRECONDITION": kmsDisabled, "KeyDisabled": kmsDisabled,
	"NotFoundException": kmsNoKey, "NOT_FOUND": kmsNoKey, "KeyNotFound": kmsNoKey,
	"InvalidCiphertextException": kmsWrong, "IncorrectKeyException": kmsWrong, "INVALID_ARGUMENT": kmsWrong, "BadParameter": kmsWrong,
}

const (
	kmsDenied   = "the service refuses the credentials, or they do not allow this: "
	kmsDisabled = "the key is disabled, or about to be deleted; enable it: "
	kmsNoKey    = "the service has no such key: "
	kmsWrong    = "the key does not open this; it was locked with another one, or is damaged: "
)

// post sends a request, again as long as the service is busy or cannot be reached. sign adds credentials to each. refusal reads an
// answer that is none of success.
func (c *kmsClient) post(ctx context.Context, url string, body any, sign func(*http.Request, []byte) error, refusal func(status int, body []byte) *kmsRefusal, into any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	pause, tries := kmsFirstWait, c.tries()
	for try := 1; ; try++ {
		answer, after, err := c.once(ctx, url, b, sign, refusal)
		if err == nil {
			c.illUntil.Store(0)
			if err := json.Unmarshal(answer, into); err != nil {
				return fmt.Errorf("what answers at %s is not that service: %w", url, err)
			}
			return nil
		}
		if ctx.Err() != nil || !mayPass(err) {
			return err
		}
		if try == tries {
			c.illUntil.Store(c.now().Add(kmsIllFor).UnixNano())
			return err
		}
		if err := c.wait(ctx, max(after, pause+rand.N(pause/2))); err != nil {
			return err
		}
		pause *= 2
	}
}

// noCredentials says that a request was not sent.
type noCredentials struct{ error }

// mayPass tells whether the same request may succeed later.
func mayPass(err error) bool {
	switch err := err.(type) {
	case *kmsRefusal:
		return err.busy
	case *noCredentials:
		return false
	}
	return true
}

// once sends a request once. after is how long the service wants to be left alone.
func (c *kmsClient) once(ctx context.Context, url string, body []byte, sign func(*http.Request, []byte) error, refusal func(int, []byte) *kmsRefusal) (answer []byte, after time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	if err := sign(request, body); err != nil {
		return nil, 0, &noCredentials{err}
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(response.Body, vaultAnswerBytes))
	if err != nil || response.StatusCode == http.StatusOK {
		return answer, 0, err
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		after = min(time.Duration(seconds)*time.Second, kmsWaitMax)
	}
	refused := refusal(response.StatusCode, answer)
	refused.status = response.StatusCode
	refused.busy = refused.busy || response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= 500
	return nil, after, refused
}

// bearer signs requests with an access token.
func bearer(token func() (string, error)) func(*http.Request, []byte) error {
	return func(r *http.Request, _ []byte) error {
		text, err := token()
		r.Header.Set("Authorization", "Bearer "+text)
		return err
	}
}
