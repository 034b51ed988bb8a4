package keyring

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"redoubt/backup/store"
)

// Info is what the repository tells of a data key to those who cannot open it.
type Info struct {
	DataKey
	Created time.Time
	Primary bool
	Locks   []string // what it is locked with
	Errors  []error  // of slots that cannot be read
}

// List gives the data keys of a repository, the primary one first. It needs no KEK.
func List(ctx context.Context, s store.Store) ([]Info, error) {
	slots, err := slotsOf(ctx, s)
	if err != nil {
		return nil, err
	}
	var out []Info
	for k, names := range slots {
		i := Info{DataKey: k}
		for _, name := range names {
			if !slices.Contains(names, twin(name)) {
				i.Errors = append(i.Errors, fmt.Errorf("%s in %s is there once only: rewrap writes %s again", name, s, twin(name)))
			}
			slot, err := readSlot(ctx, s, name)
			if err != nil {
				i.Errors = append(i.Errors, err)
				continue
			}
			i.Created = slot.Created
			if l := slot.Lock.String(); !slices.Contains(i.Locks, l) {
				i.Locks = append(i.Locks, l)
			}
		}
		out = append(out, i)
	}
	slices.SortFunc(out, func(a, b Info) int {
		if a.newer(b.DataKey) {
			return -1
		}
		return 1
	})
	if len(out) > 0 {
		out[0].Primary = true
	}
	return out, nil
}

// twin is the other name that a slot has.
func twin(name string) string {
	if rest, ok := strings.CutPrefix(name, slotFolder); ok {
		return copyFolder + rest
	}
	return slotFolder + strings.TrimPrefix(name, copyFolder)
}

// LockedWith says what a repository's keys are locked with, for who has to find the key.
func LockedWith(ctx context.Context, s store.Store) (string, error) {
	keys, err := List(ctx, s)
	if err != nil {
		return "", err
	}
	var locks []string
	for _, k := range keys {
		for _, l := range k.Locks {
			if !slices.Contains(locks, l) {
				locks = append(locks, l)
			}
		}
	}
	return strings.Join(locks, ", "), nil
}
