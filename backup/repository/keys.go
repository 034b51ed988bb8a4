package repository

import (
	"context"
	"fmt"

	"redoubt/backup/crypt"
	"redoubt/backup/keyring"
)

// Key is a data key of an encrypted repository, and what is encrypted with it.
type Key struct {
	keyring.Info
	crypt.Use
}

// Keys lists the data keys, the primary one first, and the objects that should be encrypted and are not. It needs no KEK. One
// that is not encrypted has none.
func (r *Repository) Keys(ctx context.Context) (keys []Key, plain []string, err error) {
	i, err := readIdentity(ctx, r.base)
	if err != nil || i.Encryption == "" {
		return nil, nil, err
	}
	infos, err := keyring.List(ctx, r.base)
	if err != nil {
		return nil, nil, err
	}
	uses, plain, err := crypt.Uses(ctx, r.base, isClear)
	for _, i := range infos {
		keys = append(keys, Key{i, uses[i.ID]})
	}
	return keys, plain, err
}

// Audit gives the trail of what was done with the keys, the oldest entry first, and notes on what is wrong with it. It needs no KEK.
func (r *Repository) Audit(ctx context.Context) ([]keyring.Entry, []string, error) {
	return keyring.Audit(ctx, r.base)
}

// ring is that of an encrypted repository.
func (r *Repository) ring(ctx context.Context) (*keyring.Ring, error) {
	o, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	if o.ring == nil {
		return nil, fmt.Errorf("repository %s is not encrypted: it has no keys", r)
	}
	return o.ring, nil
}

// Rotate makes a new data key, which new objects are encrypted with from now on; what is there stays as it is.
func (r *Repository) Rotate(ctx context.Context) (keyring.DataKey, error) {
	ring, err := r.ring(ctx)
	if err != nil {
		return keyring.DataKey{}, err
	}
	return ring.Rotate(ctx)
}

// Rewrap locks the data keys with another KEK, which is needed from then on; how many they are.
func (r *Repository) Rewrap(ctx context.Context, to keyring.KEK) (int, error) {
	ring, err := r.ring(ctx)
	if err != nil {
		return 0, err
	}
	return ring.Rewrap(ctx, to)
}

// Retire deletes a data key that no object needs, by its name or its id.
func (r *Repository) Retire(ctx context.Context, key string) error {
	ring, err := r.ring(ctx)
	if err != nil {
		return err
	}
	return ring.Retire(ctx, key, func(ctx context.Context) (map[uint32]crypt.Use, error) {
		uses, _, err := crypt.Uses(ctx, r.base, isClear)
		return uses, err
	})
}
