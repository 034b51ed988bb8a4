package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/backup"
	"redoubt/backup/lease"
	"redoubt/backup/repository"
	"redoubt/backup/throttle"
	"redoubt/engine"
	"redoubt/pitr"
	"redoubt/sql"
)

// SynthesizeOptions say of which repository a full backup is made, without a node.
type SynthesizeOptions struct {
	Repository *repository.Repository
	Work       string // directory for temporary files; empty: that of the system
	Tag        string
	Limit      string                             // of what is sent in a second; empty: none
	Progress   func(step string, done, of uint64) // may be nil
}

// Synthesized tells what was made.
type Synthesized struct {
	backup.Taken
	From string // what the state was made from, in words
}

// Synthesize makes a full backup from what is in a repository: the state at the newest backup that is only the log, if it is
// newer than the newest state, else at the newest archived commit. It leaves nothing behind but the backup.
func Synthesize(ctx context.Context, o SynthesizeOptions) (s Synthesized, err error) {
	limit := int64(0)
	if o.Limit != "" {
		if limit, err = throttle.Parse(o.Limit); err != nil {
			return s, err
		}
	}
	using, err := lease.Take(ctx, o.Repository, lease.Use, "synthetic backup", nil)
	if err != nil {
		return s, fmt.Errorf("make a full backup in %s: %w", o.Repository, err)
	}
	defer func() { err = errors.Join(err, using.Release()) }()
	ctx = using.Context()
	list, err := backup.List(ctx, o.Repository)
	if err != nil {
		return s, fmt.Errorf("make a full backup in %s: %w", o.Repository, err)
	}
	dir, release, err := temporaryDir(o.Work, "redoubt-synthetic-")
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, release()) }()
	r := RecoverOptions{Repository: o.Repository, Data: filepath.Join(dir, "data"), Progress: o.Progress}
	mark := newestMark(list)
	if mark != nil {
		r.Target, r.Incarnation = pitr.Target{SCN: mark.SCN}, mark.Incarnation
	}
	made, err := Recover(ctx, r)
	if err != nil {
		return s, err
	}
	if hash := fmt.Sprintf("%016x", made.StateHash); mark != nil && hash != mark.StateHash {
		return s, fmt.Errorf("the state at SCN %d has hash %s, backup %s says %s: no backup was made", made.SCN, hash, mark.ID, mark.StateHash)
	}
	if s.From = "the first commit"; made.Backup != "" {
		s.From = "backup " + made.Backup
	}
	s.Taken, err = backup.Take(throttle.With(ctx, throttle.NewRate(limit)), backup.TakeOptions{
		Store: throttle.Wrap(o.Repository), Kind: backup.Full, Dir: filepath.Join(dir, "checkpoint"), Tag: o.Tag, Now: time.Now,
		Checkpoint: func(to string, m *backup.Manifest) error {
			m.Synthetic, m.Version, m.Incarnation = true, Version, made.Parent
			return checkpointOf(r.Data, to, m)
		},
	})
	return s, err
}

// newestMark is the newest backup that is only the log; nil if a newer one has a state, or if there is none.
func newestMark(list []backup.Manifest) *backup.Manifest {
	if n := len(list); n > 0 && !list[n-1].HasState() {
		return &list[n-1]
	}
	return nil
}

// checkpointOf links the state of a data directory that no node has open, and reads what it is.
func checkpointOf(data, to string, m *backup.Manifest) error {
	identity, err := readIdentity(data)
	if err != nil {
		return err
	}
	m.DatabaseID = identity.DatabaseID
	e, err := engine.Open(engine.Options{
		FS: vfs.Default, Dir: filepath.Join(data, stateDir), Collator: sql.Collator(), NodeOrdinal: firstOrdinal, StoreLogger: quietLogger{pebble.DefaultLogger},
	})
	if err != nil {
		return err
	}
	if err := errors.Join(e.Checkpoint(to), e.Close()); err != nil {
		return err
	}
	_, err = summarizeState(to, m)
	return err
}

// temporaryDir makes a directory under dir, the system's by default, and gives what takes it away. Those that processes left
// that are gone, however they went, are taken away, too.
func temporaryDir(dir, prefix string) (path string, release func() error, err error) {
	if dir == "" {
		dir = os.TempDir()
	}
	left, err := filepath.Glob(filepath.Join(dir, prefix+"*"))
	if err != nil {
		return "", nil, err
	}
	for _, old := range left {
		if _, err := os.Stat(filepath.Join(old, lockFile)); err != nil {
			continue // it is being made
		}
		lock, err := vfs.Default.Lock(filepath.Join(old, lockFile))
		if err != nil {
			continue // its process lives, or it is somebody else's
		}
		if err := errors.Join(os.RemoveAll(old), lock.Close()); err != nil {
			return "", nil, err
		}
	}
	if path, err = os.MkdirTemp(dir, prefix); err != nil {
		return "", nil, err
	}
	lock, err := vfs.Default.Lock(filepath.Join(path, lockFile))
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(path))
	}
	return path, func() error { return errors.Join(os.RemoveAll(path), lock.Close()) }, nil
}
