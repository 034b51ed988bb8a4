package archive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"redoubt/backup/store"
	"redoubt/scn"
)

// Floor says where the archived log of an incarnation begins: what lies below was let go, and is not sent again.
type Floor struct {
	Incarnation scn.Incarnation `json:"incarnation"`
	SCN         scn.SCN         `json:"scn"`
}

// FloorsName has the floors of all incarnations.
const FloorsName = "floors.json"

// Floors reads where the archived log begins.
func Floors(ctx context.Context, s store.Store) (out []Floor, err error) {
	b, err := store.Read(ctx, s, FloorsName, 1<<20)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &out); err != nil {
		return nil, fmt.Errorf("%s of %s: %w: %w: redoubt repo repair writes it anew", FloorsName, s, store.ErrDamaged, err)
	}
	return out, nil
}

// PutFloors says where the archived log begins, before what lies below is deleted.
func PutFloors(ctx context.Context, s store.Store, floors []Floor) error {
	b, err := json.Marshal(floors)
	if err != nil {
		return err
	}
	return s.Put(ctx, FloorsName, bytes.NewReader(append(b, '\n')))
}

// below tells whether a piece was let go.
func below(floors []Floor, incarnation scn.Incarnation, last scn.SCN) bool {
	for _, f := range floors {
		if f.Incarnation == incarnation {
			return last < f.SCN
		}
	}
	return false
}
