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
	"redoubt/backup/catalog"
	"redoubt/backup/lease"
	"redoubt/backup/repository"
	"redoubt/backup/throttle"
	"redoubt/engine"
	"redoubt/engine/txn"
	"redoubt/sql"
)

const (
	// backupDir, in the data directory, has the checkpoint of a backup that is being made.
	backupDir = "backup"
	// backupKnownFile, in the data directory, remembers what is in the files of the state.
	backupKnownFile = "backup-files.json"
)

// backingUp is a backup that is being made. A node makes one at a time.
type backingUp struct {
	progress backup.Progress
	rate     *throttle.Rate
}

// Backup makes a backup in a repository, by default the first one that the log goes to. On a node that follows it is one of the state that
// this node has applied; its log is sent by the node that leads.
func (n *Node) Backup(ctx context.Context, r sql.BackupRequest) (sql.Backup, error) {
	d, limit, err := n.backupTo(ctx, r)
	if err != nil {
		return sql.Backup{}, err
	}
	own := &backingUp{rate: throttle.NewRate(limit)}
	if !n.backup.CompareAndSwap(nil, own) {
		return sql.Backup{}, errors.New("another backup is being made on this node: wait until it is done, or stop it with KILL QUERY")
	}
	defer n.backup.Store(nil)
	var b sql.Backup
	err = lease.With(ctx, d.store, lease.Use, "BACKUP by "+n.identity.NodeID, nil, func(ctx context.Context) (err error) {
		b, err = n.backUp(throttle.With(ctx, own.rate), d, own, r)
		return err
	})
	return b, err
}

// backUp makes a backup in a repository that nobody deletes from meanwhile.
func (n *Node) backUp(ctx context.Context, d *destination, own *backingUp, r sql.BackupRequest) (_ sql.Backup, err error) {
	began := time.Now()
	if r.Kind == sql.BackupLog {
		own.progress.Start(backup.Point{Kind: sql.BackupLog, Store: d.store.String(), Step: backup.StepLog, Started: began, StepFrom: began})
		return n.backupLog(ctx, d, began)
	}
	o := backup.TakeOptions{
		Store: d.store, Kind: backup.Kind(r.Kind), Log: clusterLog{n, d}, Checkpoint: n.checkpoint, Dir: filepath.Join(n.config.Data, backupDir),
		Known: backup.OpenKnown(filepath.Join(n.config.Data, backupKnownFile)), Tag: r.Tag, Parallel: n.config.BackupParallel, Progress: &own.progress, Now: time.Now,
	}
	if err := os.RemoveAll(o.Dir); err != nil { // of one that was interrupted
		return sql.Backup{}, err
	}
	if o.Kind != backup.Full {
		if o.Base, err = n.backupBase(ctx, d, o.Kind); err != nil {
			return sql.Backup{}, err
		}
		if o.Base == nil {
			o.Kind = backup.Full // there is nothing that it could be relative to
		}
	}
	t, err := backup.Take(ctx, o)
	if err != nil {
		return sql.Backup{}, err
	}
	return sql.Backup{
		ID: t.ID, Kind: string(t.Kind), Base: t.Base, Log: !t.HasState(), Repository: d.store.String(), SCN: t.SCN, TimeMicros: t.TimeMicros,
		Files: len(t.Files), Bytes: t.Bytes(), LogBytes: t.LogBytes, LackingBytes: t.LackingBytes,
		SentFiles: t.Sent, SentPieces: t.Log.Pieces, SentBytes: t.SentBytes + int64(t.Log.Bytes), Took: time.Since(began), StateHash: t.StateHash,
	}, nil
}

// backupTo gives the repository and the limit that were asked for.
func (n *Node) backupTo(ctx context.Context, r sql.BackupRequest) (*destination, int64, error) {
	if r.Repository == "" {
		if len(n.config.Archive) == 0 {
			return nil, 0, errors.New("say where to: BACKUP DATABASE TO 'file:///DIRECTORY', or set archive")
		}
		r.Repository = n.config.Archive[0]
	}
	limit := int64(0)
	if r.Limit != "" {
		var err error
		if limit, err = throttle.Parse(r.Limit); err != nil {
			return nil, 0, err
		}
	}
	d, err := n.openDestination(ctx, r.Repository, r.Key)
	return d, limit, err
}

// openDestination opens a repository for a backup, which reads its keys anew: so that a wrong one is said, and a new one is used.
// What is put there heeds the limit of the backup, but not the log of one that is followed: it goes there anyway, and must not be late.
func (n *Node) openDestination(ctx context.Context, address, keyFile string) (*destination, error) {
	options, err := n.repositoryOptions(keyFile)
	if err != nil {
		return nil, err
	}
	storage, name, err := openStorage(address, options)
	if err != nil {
		return nil, err
	}
	id, err := n.identity.Database()
	if err != nil {
		return nil, err
	}
	to := repository.In(throttle.Wrap(storage), options)
	if err := n.claim(ctx, to, id); err != nil {
		return nil, err
	}
	if d := n.follows(name); d != nil {
		return &destination{name: name, store: to, archiver: d.archiver}, nil
	}
	return n.newDestination(ctx, name, to)
}

// backupLog makes a repository hold the log up to the newest commit.
func (n *Node) backupLog(ctx context.Context, d *destination, began time.Time) (sql.Backup, error) {
	sent, err := clusterLog{n, d}.Through(ctx, n.engine.Applied())
	if err != nil {
		return sql.Backup{}, fmt.Errorf("back up the log to %s: %w", d.store, err)
	}
	micros, err := n.engine.SCNToTime(sent.Through)
	return sql.Backup{
		Kind: sql.BackupLog, Repository: d.store.String(), SCN: sent.Through, TimeMicros: micros, SentPieces: sent.Pieces, SentBytes: int64(sent.Bytes), Took: time.Since(began),
	}, err
}

// backupBase finds what an incremental or differential backup is relative to; nil if there is nothing. What cannot be used is passed
// over; manifests that cannot be read are said in the log.
func (n *Node) backupBase(ctx context.Context, d *destination, kind backup.Kind) (*backup.Manifest, error) {
	c, err := catalog.Load(ctx, d.store, time.Now())
	if err != nil {
		return nil, err
	}
	for i := range c.Damaged {
		n.logger.Warn().Err(c.Damaged[i].Err).Str("manifest", c.Damaged[i].Object).Msg("a backup cannot be the base of another")
	}
	var usable []backup.Manifest
	for i := range c.Entries {
		if c.Entries[i].Problem == "" {
			usable = append(usable, c.Entries[i].Manifest)
		}
	}
	return backup.FindBase(usable, kind, n.ours), nil
}

// ours tells whether a backup is of the history that this node goes on with: by its state hash, which is kept of every commit.
func (n *Node) ours(m *backup.Manifest) bool {
	if m.DatabaseID != n.identity.DatabaseID || m.SCN > n.engine.Applied() || !n.ownHistory(m.Incarnation, m.SCN) {
		return false
	}
	hash, err := n.engine.StateHashAt(m.SCN)
	var floor *txn.FloorError
	if errors.As(err, &floor) {
		return true // history is not kept so far back: its incarnation has to do
	}
	return err == nil && fmt.Sprintf("%016x", hash.Hash) == m.StateHash
}

// LimitBackup changes how fast the backup that is being made may send.
func (n *Node) LimitBackup(text string) error {
	limit, err := throttle.Parse(text)
	if err != nil {
		return err
	}
	own := n.backup.Load()
	if own == nil {
		return errors.New("no backup is being made on this node")
	}
	own.rate.Set(limit)
	return nil
}

// checkpoint links the files of the state into a directory, and reads there what they are.
func (n *Node) checkpoint(dir string, m *backup.Manifest) error {
	if err := n.engine.Checkpoint(dir); err != nil {
		return err
	}
	m.DatabaseID, m.Incarnation, m.Node, m.Version = n.identity.DatabaseID, n.identity.incarnation(), n.identity.NodeID, Version
	_, err := summarizeState(dir, m)
	return err
}

// summarizeState reads position and hash of a state that nobody changes.
func summarizeState(dir string, m *backup.Manifest) (engine.Position, error) {
	e, err := engine.Open(engine.Options{
		FS: vfs.Default, Dir: dir, ReadOnly: true, Collator: sql.Collator(), NodeOrdinal: firstOrdinal, StoreLogger: quietLogger{pebble.DefaultLogger},
	})
	if err != nil {
		return engine.Position{}, err
	}
	at := e.Position()
	m.SCN, m.TimeMicros, m.StateHash = at.SCN, at.TimeMicros, fmt.Sprintf("%016x", e.StateHash().Hash)
	return at, e.Close()
}
