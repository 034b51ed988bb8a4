package replication

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/hashicorp/raft"

	"redoubt/internal/durable"
)

// snapshotStore is raft's SnapshotStore. A snapshot holds no state: it says that the state machine is durable up to
// an index, so that the log up to there may go. There is one, in SnapshotFile, replaced atomically.
type snapshotStore struct {
	fs  vfs.FS
	dir string
	log *logStore

	mu     sync.Mutex
	loaded *snapshotMeta // nil until the first; replaced, never changed
}

// openSnapshotStore loads the snapshot file, if there is one.
func openSnapshotStore(fs vfs.FS, dir string, log *logStore) (*snapshotStore, error) {
	s := &snapshotStore{fs: fs, dir: dir, log: log}
	path := fs.PathJoin(dir, SnapshotFile)
	b, err := readFile(fs, path)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if s.loaded, err = decodeSnapshot(b, path); err != nil {
		return nil, err
	}
	log.snapshotAt.Store(s.loaded.Index)
	return s, nil
}

func readFile(fs vfs.FS, path string) ([]byte, error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, snapshotBytesMax+1))
}

// current is the last durable snapshot, or nil.
func (s *snapshotStore) current() *snapshotMeta {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.loaded
}

// Create starts a snapshot at index.
func (s *snapshotStore) Create(_ raft.SnapshotVersion, index, term uint64, config raft.Configuration,
	configIndex uint64, _ raft.Transport,
) (raft.SnapshotSink, error) {
	return &snapshotSink{store: s, meta: snapshotMeta{
		Index: index, Term: term, ConfigIndex: configIndex, Configuration: config.Clone(),
	}}, nil
}

// List gives the one snapshot.
func (s *snapshotStore) List() ([]*raft.SnapshotMeta, error) {
	m := s.current()
	if m == nil {
		return nil, nil
	}
	return []*raft.SnapshotMeta{{
		Version: raft.SnapshotVersionMax, ID: snapshotID(m), Index: m.Index, Term: m.Term,
		Configuration: m.Configuration.Clone(), ConfigurationIndex: m.ConfigIndex,
	}}, nil
}

// Open is what raft calls to send a snapshot to a follower: see resumption.
func (s *snapshotStore) Open(string) (*raft.SnapshotMeta, io.ReadCloser, error) {
	list, err := s.List()
	if err != nil {
		return nil, nil, err
	}
	if len(list) == 0 {
		return nil, nil, ErrSnapshotTransfer
	}
	return list[0], &resumption{list[0]}, nil
}

// write replaces the snapshot file.
func (s *snapshotStore) write(m *snapshotMeta) error {
	path := s.fs.PathJoin(s.dir, SnapshotFile)
	if err := durable.Replace(s.fs, path, encodeSnapshot(m)); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	s.mu.Lock()
	s.loaded = m
	s.mu.Unlock()
	s.log.snapshotAt.Store(m.Index)
	return nil
}

func snapshotID(m *snapshotMeta) string { return fmt.Sprintf("%d-%d", m.Term, m.Index) }

// snapshotSink is a snapshot in the making. The file is written on Close, and only if the state machine has told how
// far it is durable; a peer's snapshot, which brings bytes instead, is refused.
type snapshotSink struct {
	store     *snapshotStore
	meta      snapshotMeta
	onDurable func() // set by Persist; called when the file is durable
}

// ID names the snapshot.
func (k *snapshotSink) ID() string { return snapshotID(&k.meta) }

// Write refuses: a snapshot has no content.
func (k *snapshotSink) Write([]byte) (int, error) { return 0, ErrSnapshotTransfer }

// Cancel forgets the snapshot.
func (k *snapshotSink) Cancel() error { return nil }

// Close makes the snapshot durable.
func (k *snapshotSink) Close() error {
	if k.onDurable == nil {
		return ErrSnapshotTransfer
	}
	if err := k.store.write(&k.meta); err != nil {
		return err
	}
	k.onDurable()
	return nil
}

var _ raft.SnapshotStore = (*snapshotStore)(nil)
