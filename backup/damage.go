package backup

import (
	"errors"
	"fmt"
	"strings"

	"redoubt/backup/store"
	"redoubt/scn"
	"redoubt/segments"
)

// DamageKind says in which way an object is not what it was.
type DamageKind string

// The kinds of damage.
const (
	Missing      DamageKind = "missing"
	Torn         DamageKind = "torn"              // it ends too early
	Mismatch     DamageKind = "checksum mismatch" // bytes of it have changed
	BadHeader    DamageKind = "bad header"        // its beginning is not that of such an object
	BadData      DamageKind = "bad data"          // its checksums agree, and what they are of makes no sense
	OtherContent DamageKind = "other content"     // it has the content of another object
	OlderCopy    DamageKind = "older copy"        // it has the content of an older object of the same place
	Unreadable   DamageKind = "unreadable"        // the storage does not give it
	NotRestored  DamageKind = "not restored"      // a recovery from it failed
)

// Damage is what a verification found.
type Damage struct {
	Object string     `json:"object"`
	Kind   DamageKind `json:"kind"`
	// Offset is where damage begins, in bytes; -1: all of it. Of a file of a backup, Block is the first damaged block and Blocks
	// how many are.
	Offset int64 `json:"offset"`
	Block  int64 `json:"block"`
	Blocks int64 `json:"blocks,omitempty"`
	// First and Last are the SCNs that cannot be relied on: of a piece of the log those that it has from there on, of a
	// backup's file those of the backups that need it.
	First   scn.SCN  `json:"first_scn,omitempty"`
	Last    scn.SCN  `json:"last_scn,omitempty"`
	Backups []string `json:"backups,omitempty"` // that need it
	Detail  string   `json:"detail,omitempty"`
}

// Error implements error: the damage in words.
func (d *Damage) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", d.Object, d.Kind)
	switch {
	case d.Blocks > 1:
		fmt.Fprintf(&b, " in %d blocks from block %d on, at byte %d", d.Blocks, d.Block, d.Offset)
	case d.Block >= 0:
		fmt.Fprintf(&b, " in block %d, at byte %d", d.Block, d.Offset)
	case d.Offset >= 0:
		fmt.Fprintf(&b, " at byte %d", d.Offset)
	}
	switch {
	case d.Last > d.First:
		fmt.Fprintf(&b, "; SCN %d to %d", d.First, d.Last)
	case d.Last > 0:
		fmt.Fprintf(&b, "; SCN %d", d.Last)
	}
	if len(d.Backups) > 0 {
		fmt.Fprintf(&b, "; needed by %s", strings.Join(d.Backups, ", "))
	}
	if d.Detail != "" {
		fmt.Fprintf(&b, ": %s", d.Detail)
	}
	return b.String()
}

// segmentDamage tells what an error of package segments means for a piece.
func segmentDamage(d *Damage, err error) {
	d.Detail = err.Error()
	var place *segments.CorruptionError
	if errors.As(err, &place) {
		d.Offset = place.Offset
		if d.First = max(d.First, place.SCN); d.First > d.Last {
			d.First = d.Last
		}
		d.Detail = place.Err.Error()
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		d.Kind = Missing
	case errors.Is(err, segments.ErrLength):
		d.Kind = Torn
	case errors.Is(err, segments.ErrBadMagic), errors.Is(err, segments.ErrVersion), errors.Is(err, segments.ErrChecksum) && d.Offset <= 0:
		d.Kind, d.Offset = BadHeader, 0
	case errors.Is(err, segments.ErrChecksum):
		d.Kind = Mismatch
	case errors.Is(err, segments.ErrContent):
		d.Kind = BadData
	case errors.Is(err, segments.ErrOtherDatabase), errors.Is(err, segments.ErrMisplaced):
		d.Kind = OtherContent
	default:
		d.Kind = unreadable(err)
	}
}

// unreadable is the kind of an error of a storage. One that encrypts finds damage itself.
func unreadable(err error) DamageKind {
	switch {
	case errors.Is(err, store.ErrTorn):
		return Torn
	case errors.Is(err, store.ErrSwapped):
		return OtherContent
	case errors.Is(err, store.ErrDamaged):
		return Mismatch
	}
	return Unreadable
}
