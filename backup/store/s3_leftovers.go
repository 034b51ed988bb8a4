package store

import (
	"context"
	"errors"
	"strings"
	"time"
)

var _ Leftovers = (*S3)(nil)

// Leftovers implements the interface: uploads that nobody went on with. They are resumed for a week, however short the age.
func (s *S3) Leftovers(ctx context.Context, age time.Duration) (out []Object, err error) {
	abandoned, err := s.abandoned(ctx, max(age, abandonedAfter))
	for _, o := range abandoned {
		out = append(out, Object{Name: strings.TrimPrefix(o.Key, s.key(""))})
	}
	return out, err
}

// RemoveLeftovers implements Leftovers.
func (s *S3) RemoveLeftovers(ctx context.Context, age time.Duration) error {
	abandoned, err := s.abandoned(ctx, max(age, abandonedAfter))
	for _, o := range abandoned {
		err = errors.Join(err, s.abort(ctx, o.Key, o.UploadID))
	}
	return err
}
