package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"golang.org/x/time/rate"
)

// S3 is a Store in a bucket of a server that speaks S3. An object is there when its last byte is: a small one is sent by one
// request, a large one in parts that an upload collects and completes.
//
// A Put of a large object goes on with an open upload of the same name that a process left when it was killed: parts of
// which the server tells the MD5 that ours have are not sent again. What two processes put under one name at the same time
// may meet in one upload; one of them is then stored, or both get an error.
type S3 struct {
	address s3Address
	core    *minio.Core
	limit   *rate.Limiter // nil: none
	now     func() time.Time

	mu        sync.Mutex
	busy      map[string]bool // uploads, by their id, that this process is sending
	beginning sync.Mutex      // held from looking for an upload until it is known to be busy
}

var _ Store = (*S3)(nil)

// openS3 gives a Store in a bucket. It sends nothing: whether bucket and credentials are right shows by the first use.
func openS3(u *url.URL, o Options) (*S3, error) {
	a, err := parseS3(u)
	if err != nil {
		return nil, err
	}
	if o.S3.AccessKeyID == "" || o.S3.SecretAccessKey == "" {
		return nil, fmt.Errorf("repository %s: there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", a)
	}
	lookup := minio.BucketLookupPath
	if a.endpoint.String() == defaultEndpoint {
		lookup = minio.BucketLookupAuto
	}
	core, err := minio.NewCore(a.endpoint.Host, &minio.Options{
		Creds:  credentials.NewStaticV4(o.S3.AccessKeyID, o.S3.SecretAccessKey, o.S3.SessionToken),
		Secure: a.endpoint.Scheme == "https", Region: a.region, BucketLookup: lookup,
		MaxRetries: 1, // retry has the limits, in one place
	})
	if err != nil {
		return nil, fmt.Errorf("repository %s: %w", a, err)
	}
	s := &S3{address: a, core: core, now: o.Now, busy: map[string]bool{}}
	if s.now == nil {
		s.now = time.Now
	}
	if o.PutRate > 0 {
		s.limit = rate.NewLimiter(rate.Limit(o.PutRate), int(min(o.PutRate, burstBytes)))
	}
	return s, nil
}

// String implements Store.
func (s *S3) String() string { return s.address.String() }

func (s *S3) key(name string) string { return s.address.prefix + "/" + name }

// Get implements Store. The reader ends with ctx.
func (s *S3) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	var body io.ReadCloser
	err := retry(ctx, func() (err error) {
		body, _, _, err = s.core.GetObject(ctx, s.address.bucket, s.key(name), minio.GetObjectOptions{})
		return err
	})
	if code(err) == minio.NoSuchKey {
		return nil, fmt.Errorf("read %s from %s: %w", name, s, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s from %s: %w", name, s, s.explain(err))
	}
	return body, nil
}

// List implements Store.
func (s *S3) List(ctx context.Context, prefix string) (out []Object, err error) {
	err = retry(ctx, func() error {
		out = nil
		for o := range s.core.ListObjectsIter(ctx, s.address.bucket, minio.ListObjectsOptions{Prefix: s.key(prefix), Recursive: true}) {
			if o.Err != nil {
				return o.Err
			}
			name, ok := strings.CutPrefix(o.Key, s.key(""))
			if ok && strings.HasPrefix(name, prefix) && checkName(name) == nil {
				out = append(out, Object{name, o.Size})
			}
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", s, s.explain(err))
	}
	slices.SortFunc(out, func(a, b Object) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// Delete implements Store.
func (s *S3) Delete(ctx context.Context, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	err := retry(ctx, func() error {
		return s.core.RemoveObject(ctx, s.address.bucket, s.key(name), minio.RemoveObjectOptions{})
	})
	if err != nil && code(err) != minio.NoSuchKey {
		return fmt.Errorf("delete %s from %s: %w", name, s, s.explain(err))
	}
	return nil
}

// explain says what to do about an answer of the server.
func (s *S3) explain(err error) error {
	switch c := code(err); c {
	case minio.NoSuchBucket:
		return fmt.Errorf("there is no bucket %s: make it, or correct the address: %w", s.address.bucket, err)
	case "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken":
		return fmt.Errorf("the server refuses (%s): check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, and what they may do: %w", c, err)
	}
	return err
}

// code is the code of an S3 error, empty for other errors.
func code(err error) string {
	var answer minio.ErrorResponse
	if errors.As(err, &answer) {
		return answer.Code
	}
	return ""
}
