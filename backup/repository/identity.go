package repository

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"redoubt/backup/keyring"
	"redoubt/backup/store"
)

// identity is what a repository says of itself.
type identity struct {
	Format     int    `json:"format"`
	DatabaseID string `json:"database_id"`
	Encryption string `json:"encryption,omitempty"` // of all objects that isClear does not accept; empty: of none
}

const (
	identityName     = "repository.json"
	repositoryFormat = 1
	identityBytesMax = 1 << 16
	encryption       = "AES256-GCM-HKDF-1MB"
)

// isClear tells which objects of an encrypted repository lie there as they are.
func isClear(name string) bool {
	return name == identityName || strings.HasPrefix(name, keyring.Folder)
}

// readIdentity reads it; store.ErrNotFound if there is none.
func readIdentity(ctx context.Context, s store.Store) (i identity, err error) {
	b, err := store.Read(ctx, s, identityName, identityBytesMax)
	if errors.Is(err, store.ErrNotFound) {
		return i, err
	}
	if err != nil {
		return i, fmt.Errorf("read %s from %s: %w", identityName, s, err)
	}
	if err := json.Unmarshal(b, &i); err != nil {
		return i, fmt.Errorf("%s in %s is damaged: %w", identityName, s, err)
	}
	switch {
	case i.Format != repositoryFormat:
		err = fmt.Errorf("repository %s has format %d, this version reads %d", s, i.Format, repositoryFormat)
	case i.Encryption != "" && i.Encryption != encryption:
		err = fmt.Errorf("repository %s is encrypted with %q, this version knows %s", s, i.Encryption, encryption)
	}
	return i, err
}

func (i *identity) write(ctx context.Context, s store.Store) error {
	b, err := json.Marshal(i)
	if err != nil {
		return err
	}
	return s.Put(ctx, identityName, bytes.NewReader(append(b, '\n')))
}
