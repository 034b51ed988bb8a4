package node

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"redoubt/backup"
	"redoubt/backup/repository"
	"redoubt/pitr"
)

// TestRestore recovers to a backup, in a temporary directory under work, and compares the state hash; nil stands for the newest
// archived commit. A backup with a state of its own must be what the recovery begins from. It leaves nothing behind.
func TestRestore(ctx context.Context, from *repository.Repository, work string, m *backup.Manifest) error {
	_, err := testRestore(ctx, from, work, m)
	return err
}

// testRestore is TestRestore, and tells what the recovery did.
func testRestore(ctx context.Context, from *repository.Repository, work string, m *backup.Manifest) (r Recovered, err error) {
	dir, release, err := temporaryDir(work, "redoubt-restore-test-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, release()) }()
	o := RecoverOptions{Repository: from, Data: filepath.Join(dir, "data")}
	if m != nil {
		o.Target, o.Incarnation = pitr.Target{SCN: m.SCN}, m.Incarnation
		if m.HasState() {
			o.Backup = m.ID
		}
	}
	if r, err = Recover(ctx, o); err != nil || m == nil {
		return r, err
	}
	if hash := fmt.Sprintf("%016x", r.StateHash); hash != m.StateHash {
		return r, fmt.Errorf("recovered to SCN %d it has state hash %s, not %s", r.SCN, hash, m.StateHash)
	}
	if m.HasState() && r.Backup != m.ID {
		return r, fmt.Errorf("it could not begin from the backup, but only from %q: %v", r.Backup, r.Notes)
	}
	return r, nil
}
