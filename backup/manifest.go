package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"redoubt/backup/store"
	"redoubt/scn"
)

// Names of the repository: a file's is that of its SHA-256, a manifest's that of its time and SCN.
const (
	filesFolder     = "files/"
	manifestsFolder = "backup/"
	manifestSuffix  = ".json"
)

// manifestFormat is the version of manifests.
const manifestFormat = 2

// Kind says what a backup is relative to.
type Kind string

// The kinds.
const (
	Full         Kind = "full"         // to nothing
	Incremental  Kind = "incremental"  // to the newest backup before it
	Differential Kind = "differential" // to the newest full one before it
)

// Manifest is a backup. It has a state of its own, in Files, or it is a range of the log that leads there from the state of
// another.
type Manifest struct {
	Format      int             `json:"format"`
	ID          string          `json:"id"`
	Kind        Kind            `json:"kind"`
	Base        string          `json:"base,omitempty"` // id of the backup that it is relative to
	LogAfter    scn.SCN         `json:"log_after"`      // the log in (LogAfter, SCN] was in the repository when it was made
	DatabaseID  string          `json:"database_id"`
	Incarnation scn.Incarnation `json:"incarnation"` // of the log in which SCN lies
	SCN         scn.SCN         `json:"scn"`
	TimeMicros  int64           `json:"time"` // commit time of SCN
	StateHash   string          `json:"state_hash"`
	Tag         string          `json:"tag,omitempty"`
	Node        string          `json:"node,omitempty"`      // that made it; empty: none did, or before that was said
	Version     string          `json:"version"`             // of the program
	Synthetic   bool            `json:"synthetic,omitempty"` // made in the repository from an older backup and the log
	Started     time.Time       `json:"started"`
	Finished    time.Time       `json:"finished"`
	LogBytes    int64           `json:"log_bytes,omitempty"`   // about the size of the log since Base
	BlockBytes  int64           `json:"block_bytes,omitempty"` // of File.Blocks
	Files       []File          `json:"files,omitempty"`       // sorted by name; none: the log leads here from Base
	Checksum    string          `json:"checksum"`              // SHA-256 of the manifest with this empty
}

// File is one file of a backed-up state.
type File struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	Blocks string `json:"blocks"` // XXH64 of each block, 16 hexadecimal digits each
}

func (f *File) object() string { return filesFolder + f.SHA256[:2] + "/" + f.SHA256 }

// HasState tells whether a recovery can begin from it alone.
func (m *Manifest) HasState() bool { return len(m.Files) > 0 }

// Bytes is the size of the state.
func (m *Manifest) Bytes() (n int64) {
	for i := range m.Files {
		n += m.Files[i].Bytes
	}
	return n
}

var (
	validHash = regexp.MustCompile(`^[0-9a-f]{64}$`)
	validFile = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)
)

func (m *Manifest) check() error {
	switch {
	case m.Format != manifestFormat:
		return fmt.Errorf("format %d, this version reads %d", m.Format, manifestFormat)
	case m.SCN == 0 || len(m.StateHash) != 16 || m.LogAfter > m.SCN:
		return errors.New("it is not whole")
	case m.Kind != Full && m.Kind != Incremental && m.Kind != Differential:
		return fmt.Errorf("its kind is %q", m.Kind)
	case m.Kind == Full && m.Base != "", m.Kind != Full && m.Base == "", m.Kind == Full && !m.HasState():
		return fmt.Errorf("it is %s, with %d files and base %q", m.Kind, len(m.Files), m.Base)
	}
	for _, f := range m.Files {
		if !validFile.MatchString(f.Name) || !validHash.MatchString(f.SHA256) || f.Bytes < 0 {
			return fmt.Errorf("file %q of it is not one", f.Name)
		}
		if m.BlockBytes < 1 || int64(len(f.Blocks)) != 16*((f.Bytes+m.BlockBytes-1)/m.BlockBytes) {
			return fmt.Errorf("file %q of it has checksums of other blocks", f.Name)
		}
	}
	return nil
}

// sum is the checksum that a manifest must have.
func (m *Manifest) sum() (string, error) {
	bare := *m
	bare.Checksum = ""
	b, err := json.Marshal(&bare)
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:]), err
}

// write writes the manifest, with its checksum: from then on the backup is there.
func (m *Manifest) write(ctx context.Context, s store.Store) (err error) {
	if m.Checksum, err = m.sum(); err != nil {
		return err
	}
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return s.Put(ctx, m.Object(), bytes.NewReader(append(b, '\n')))
}

// manifestBytesMax bounds a manifest: 100,000 files take 15 MB.
const manifestBytesMax = 64 << 20

// List gives the backups of a repository, the newest SCN last. One that cannot be read is an error that names it.
func List(ctx context.Context, s store.Store) ([]Manifest, error) {
	list, damaged, err := Load(ctx, s)
	for i := range damaged {
		err = errors.Join(err, fmt.Errorf("manifest %s of %s: %w", damaged[i].Object, s, damaged[i].Err))
	}
	return list, err
}

// sortManifests puts the newest SCN last.
func sortManifests(list []Manifest) {
	slices.SortStableFunc(list, func(a, b Manifest) int {
		switch {
		case a.Incarnation != b.Incarnation:
			return int(a.Incarnation) - int(b.Incarnation)
		case a.SCN < b.SCN:
			return -1
		case a.SCN > b.SCN:
			return 1
		}
		return a.Finished.Compare(b.Finished)
	})
}

// FindBase finds what a backup of a kind is relative to, in a list as of List: nil if there is none. ours tells whether a backup
// is of the history that goes on.
func FindBase(list []Manifest, kind Kind, ours func(*Manifest) bool) *Manifest {
	for i := len(list) - 1; i >= 0; i-- {
		if m := &list[i]; (kind == Incremental || m.Kind == Full) && ours(m) {
			return m
		}
	}
	return nil
}

// Why something is no manifest.
var (
	errManifestFormat = errors.New("it is of another format")
	errManifestSum    = errors.New("it has another checksum: it was changed or damaged")
	errOtherManifest  = errors.New("it is another one")
)

// decode reads a manifest, which must be what its name says.
func decode(b []byte, name string) (*Manifest, error) {
	m := &Manifest{}
	if err := json.Unmarshal(b, m); err != nil {
		return nil, fmt.Errorf("it is damaged: %w", err)
	}
	if m.Format != manifestFormat {
		return nil, fmt.Errorf("%w: %d, this version reads %d", errManifestFormat, m.Format, manifestFormat)
	}
	if sum, err := m.sum(); err != nil || sum != m.Checksum {
		return nil, errors.Join(errManifestSum, err)
	}
	if m.Object() != name {
		return nil, fmt.Errorf("%w: %s", errOtherManifest, m.Object())
	}
	return m, m.check()
}
