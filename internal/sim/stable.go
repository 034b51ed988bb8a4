package sim

import (
	"errors"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/internal/durable"
)

// Stable keeps term and vote in a file each, replaced as a whole, below raft. It is a replication.KV.
type Stable struct{ fs vfs.FS }

// NewStable makes one on a file system that has the directory raft.
func NewStable(fs vfs.FS) *Stable { return &Stable{fs: fs} }

func (s *Stable) path(key []byte) string { return "raft/" + string(key) }

// Set implements replication.KV.
func (s *Stable) Set(key, value []byte) error { return durable.Replace(s.fs, s.path(key), value) }

// Get implements replication.KV.
func (s *Stable) Get(key []byte) ([]byte, error) {
	f, err := s.fs.Open(s.path(key))
	if err != nil {
		return nil, errors.New("not found")
	}
	defer f.Close()
	return io.ReadAll(f)
}

// Close implements replication.KV.
func (*Stable) Close() error { return nil }
