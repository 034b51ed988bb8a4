package store

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"
)

// A request is tried attemptsMax times: at once, and then after waits that double from retryFirst to retryMost.
const (
	attemptsMax = 6
	retryFirst  = 100 * time.Millisecond
	retryMost   = 5 * time.Second
)

// retry does what may be done twice until it succeeds, fails for good, or was tried often enough.
func retry(ctx context.Context, do func() error) error {
	wait := retryFirst
	for attempt := 1; ; attempt++ {
		err := do()
		if err == nil || attempt == attemptsMax || ctx.Err() != nil || !mayPass(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(wait):
		}
		wait = min(2*wait, retryMost)
	}
}

// mayPass tells whether the same request may succeed later: the network failed, the server has a problem, or it got other
// bytes than were sent.
func mayPass(err error) bool {
	var answer minio.ErrorResponse
	if !errors.As(err, &answer) {
		return true
	}
	switch answer.Code {
	case "InternalError", "SlowDown", "ServiceUnavailable", "RequestTimeout", "OperationAborted", "BadDigest", "IncompleteBody", "XAmzContentSHA256Mismatch":
		return true
	}
	switch answer.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	}
	return answer.StatusCode >= 500 && answer.StatusCode != http.StatusNotImplemented
}
