package keyring

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"redoubt/backup/store"
)

// Entries are called
//
//	keys/audit/TIME-HASH.json
//
// with the time to the nanosecond, and the first 8 bytes of the SHA-256 of their content.
const (
	auditFolder    = Folder + "audit/"
	entryFormat    = 1
	entryBytesMax  = 1 << 16
	entryHashBytes = 8
)

var entryName = regexp.MustCompile(`^keys/audit/\d{8}T\d{6}\.\d{9}-([0-9a-f]{16})\.json$`)

// What was done.
type What string

// What can be done.
const (
	Created   What = "create"
	Rotated   What = "rotate"
	Rewrapped What = "rewrap"
	Retired   What = "retire"
)

// Entry says who changed what about the keys, and when. It is written before the change is made.
type Entry struct {
	Format int       `json:"format"`
	Time   time.Time `json:"time"`
	Who    string    `json:"who"`
	What   What      `json:"what"`
	Key    string    `json:"key,omitempty"`
	Detail string    `json:"detail,omitempty"`
	Before string    `json:"before,omitempty"` // the hash in the name of the newest entry before it; none: it is the first

	hash string
}

// record adds an entry.
func record(ctx context.Context, s store.Store, e Entry) error {
	objects, err := s.List(ctx, auditFolder)
	if err != nil {
		return err
	}
	e.Format = entryFormat
	for _, o := range objects {
		if m := entryName.FindStringSubmatch(o.Name); m != nil {
			e.Before = m[1]
		}
	}
	b, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	b = append(b, '\n')
	name := fmt.Sprintf("%s%s-%s.json", auditFolder, e.Time.Format("20060102T150405.000000000"), entryHash(b))
	return s.Put(ctx, name, bytes.NewReader(b))
}

func entryHash(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:entryHashBytes])
}

// Audit reads the trail, the oldest entry first. notes say what about it is not as it must be: entries that are missing or
// were changed. That the newest ones were taken away does not show.
func Audit(ctx context.Context, s store.Store) (trail []Entry, notes []string, err error) {
	objects, err := s.List(ctx, auditFolder)
	if err != nil {
		return nil, nil, err
	}
	there := map[string]bool{"": true}
	for _, o := range objects {
		m := entryName.FindStringSubmatch(o.Name)
		if m == nil {
			continue
		}
		b, err := store.Read(ctx, s, o.Name, entryBytesMax)
		if err != nil {
			return nil, nil, err
		}
		there[m[1]] = true
		e := Entry{hash: m[1]}
		if err := json.Unmarshal(b, &e); err != nil || entryHash(b) != m[1] || e.Format != entryFormat {
			notes = append(notes, o.Name+" was changed or damaged")
			continue
		}
		trail = append(trail, e)
	}
	first := 0
	for _, e := range trail {
		if !there[e.Before] {
			notes = append(notes, fmt.Sprintf("the entry before the one of %s is missing", e.Time.Format(time.RFC3339)))
		}
		if e.Before == "" {
			first++
		}
	}
	if first == 0 && len(trail) > 0 {
		notes = append(notes, "the first entry is missing")
	}
	return trail, notes, nil
}
