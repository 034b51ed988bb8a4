package node

import (
	"context"
	"errors"

	"redoubt/backup/lease"
	"redoubt/backup/repository"
	"redoubt/backup/store"
)

// use is a repository in use: nobody deletes from it until it is released.
type use struct {
	ctx     context.Context // of what it is used for: ends when others may delete again
	id      [16]byte        // of the database
	note    string          // why nothing keeps others from deleting; empty: something does
	release func() error
}

// useRepository keeps others from deleting from a repository. One that cannot be written to is no obstacle, but is told of.
func useRepository(ctx context.Context, r *repository.Repository, what string) (use, error) {
	u := use{ctx: ctx, release: func() error { return nil }}
	var err error
	if u.id, err = r.DatabaseID(ctx); errors.Is(err, store.ErrNotFound) {
		return u, errors.New("there is no repository of Redoubt")
	} else if err != nil {
		return u, err
	}
	l, err := lease.Take(ctx, r, lease.Use, what, nil)
	var conflict *lease.ConflictError
	switch {
	case errors.As(err, &conflict) || ctx.Err() != nil:
		return u, err
	case err != nil:
		u.note = err.Error() + "; nothing keeps others from deleting from the repository meanwhile"
	default:
		u.ctx, u.release = l.Context(), l.Release
	}
	return u, nil
}
