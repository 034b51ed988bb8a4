package catalog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"redoubt/backup"
	"redoubt/backup/path"
	"redoubt/backup/retention"
	"redoubt/backup/store"
)

// Names of the repository.
const (
	MarksFolder = "marks/"
	policyName  = "policy.json"
	ratesName   = "rates.json"
)

// objectBytesMax bounds a small object.
const objectBytesMax = 1 << 20

// Marks are what is said of a backup.
type Marks struct {
	Tag         *string   `json:"tag,omitempty"` // instead of the manifest's
	KeepUntil   time.Time `json:"keep_until,omitzero"`
	KeepForever bool      `json:"keep_forever,omitempty"`
	Unavailable bool      `json:"unavailable,omitempty"` // somebody said not to use it
	Corrupted   string    `json:"corrupted,omitempty"`   // what a verification or a recovery found
}

// Empty tells whether nothing is said.
func (m *Marks) Empty() bool { return *m == Marks{} }

// Hand tells how somebody keeps the backup; empty if nobody does.
func (m *Marks) Hand(now time.Time) string {
	switch {
	case m.KeepForever:
		return "KEEP FOREVER"
	case m.KeepUntil.After(now):
		return "KEEP UNTIL " + m.KeepUntil.UTC().Format(time.DateTime)
	}
	return ""
}

// MarksObject is the name of the marks of a backup.
func MarksObject(id string) string { return MarksFolder + id + ".json" }

// Mark changes what is said of a backup. Two that change the same backup at once leave what one of them said.
func Mark(ctx context.Context, s store.Store, id string, change func(*Marks)) error {
	var m Marks
	if err := readJSON(ctx, s, MarksObject(id), &m); err != nil && !absent(err) {
		return err
	}
	old := m
	change(&m)
	switch {
	case m == old:
		return nil
	case m.Empty():
		return s.Delete(ctx, MarksObject(id))
	}
	return writeJSON(ctx, s, MarksObject(id), &m)
}

// MarkVerified says of each backup that was verified whether it is damaged. One that was only looked at stays what it was.
func MarkVerified(ctx context.Context, s store.Store, v *backup.Verification) error {
	for i := range v.Manifests {
		corrupted, id := "", v.Manifests[i].ID
		if damage := v.DamageOf(id); len(damage) > 0 {
			corrupted = damage[0].Error()
		} else if !v.Level.Covers(backup.Whole) {
			continue
		}
		if err := Mark(ctx, s, id, func(m *Marks) { m.Corrupted = corrupted }); err != nil {
			return err
		}
	}
	return nil
}

// SetPolicy changes the policy of a repository.
func SetPolicy(ctx context.Context, s store.Store, p *retention.Policy) error {
	if err := p.Validate(); err != nil {
		return err
	}
	return writeJSON(ctx, s, policyName, p)
}

// rates is how fast recoveries were, as it lies in the repository.
type rates struct {
	State     float64   `json:"state_bytes_per_second,omitempty"`
	Log       float64   `json:"log_bytes_per_second,omitempty"`
	Noted     time.Time `json:"noted"`
	NotedFrom string    `json:"from"` // what was measured
}

// NoteRates lets a repository know how fast a recovery was; what it did not measure, 0, stays what it was.
func NoteRates(ctx context.Context, s store.Store, r path.Rates, now time.Time, from string) error {
	var old rates
	if err := readJSON(ctx, s, ratesName, &old); err != nil && !absent(err) {
		return err
	}
	if r.State > 0 {
		old.State = r.State
	}
	if r.Log > 0 {
		old.Log = r.Log
	}
	old.Noted, old.NotedFrom = now.UTC(), from
	return writeJSON(ctx, s, ratesName, &old)
}

func readJSON(ctx context.Context, s store.Store, name string, into any) error {
	b, err := store.Read(ctx, s, name, objectBytesMax)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%s of %s: %w: %w", name, s, store.ErrDamaged, err)
	}
	return nil
}

func writeJSON(ctx context.Context, s store.Store, name string, from any) error {
	b, err := json.MarshalIndent(from, "", "  ")
	if err != nil {
		return err
	}
	return s.Put(ctx, name, bytes.NewReader(append(b, '\n')))
}

// marksOf reads all marks. Those that are damaged are notes: whatever they said, the backup is there.
func (c *Catalog) marksOf(ctx context.Context, s store.Store) (map[string]Marks, error) {
	objects, err := s.List(ctx, MarksFolder)
	if err != nil {
		return nil, err
	}
	out := map[string]Marks{}
	for _, o := range objects {
		id, ok := strings.CutSuffix(strings.TrimPrefix(o.Name, MarksFolder), ".json")
		if !ok {
			continue
		}
		var m Marks
		err := readJSON(ctx, s, o.Name, &m)
		if err != nil && !absent(err) && !errors.Is(err, store.ErrDamaged) {
			return nil, err
		}
		if errors.Is(err, store.ErrDamaged) {
			c.Notes = append(c.Notes, fmt.Sprintf("%v: the backup is kept until somebody says anew what becomes of it", err))
			m = Marks{KeepForever: true}
		}
		out[id] = m
	}
	return out, nil
}
