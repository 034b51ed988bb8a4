package throttle

import (
	"context"
	"io"

	"redoubt/backup/store"
)

type key struct{}

// With gives a context whose Puts heed a Rate.
func With(ctx context.Context, r *Rate) context.Context { return context.WithValue(ctx, key{}, r) }

// Wrap gives a store whose Puts heed the Rate of their context.
func Wrap(s store.Store) store.Store { return throttled{s} }

type throttled struct{ store.Store }

// Put implements store.Store.
func (t throttled) Put(ctx context.Context, name string, r io.Reader) error {
	if rate, ok := ctx.Value(key{}).(*Rate); ok {
		r = &reader{ctx: ctx, rate: rate, r: r}
	}
	return t.Store.Put(ctx, name, r)
}

// reader reads no faster than its Rate.
type reader struct {
	ctx  context.Context
	rate *Rate
	r    io.Reader
}

func (r *reader) Read(b []byte) (int, error) {
	b = b[:min(len(b), r.rate.piece())]
	n, err := r.r.Read(b)
	if n > 0 {
		if waitErr := r.rate.wait(r.ctx, n); waitErr != nil {
			return 0, waitErr
		}
	}
	return n, err
}
