package node

import (
	"context"
	"path/filepath"
	"strings"

	"redoubt/backup"
	"redoubt/scn"
	"redoubt/sql"
)

// backups is the node for its SQL server.
type backups struct{ *Node }

var _ sql.Backups = backups{}

// ArchivedLog implements sql.Backups.
func (b backups) ArchivedLog(ctx context.Context) ([]sql.ArchivedPiece, error) {
	return b.archivedLog(ctx)
}

// Backups implements sql.Backups.
func (b backups) Backups(ctx context.Context) ([]sql.RepositoryBackup, error) {
	return b.repositoryBackups(ctx)
}

// Reaches implements sql.Backups.
func (b backups) Reaches(ctx context.Context) ([]sql.Reach, error) { return b.reaches(ctx) }

// Verifications implements sql.Backups.
func (b backups) Verifications(ctx context.Context) (out []sql.Verification, err error) {
	for _, d := range b.followed {
		list, err := backup.Verifications(ctx, d.store)
		if err != nil {
			return nil, err
		}
		for i := range list {
			v := &list[i]
			row := sql.Verification{
				Repository: d.store.String(), ID: v.ID, Level: string(v.Level), Started: v.Started, Finished: v.Finished,
				Objects: v.Objects, Read: v.Read, ReadBytes: v.ReadBytes, Restored: v.Restored,
			}
			if len(v.Damage) == 0 {
				out = append(out, row)
			}
			for _, damage := range v.Damage {
				row.Damaged, row.Object, row.Damage, row.Block, row.Offset = true, damage.Object, string(damage.Kind), damage.Block, damage.Offset
				row.First, row.Last, row.Backups, row.Detail = damage.First, damage.Last, strings.Join(damage.Backups, " "), damage.Detail
				out = append(out, row)
			}
		}
	}
	return out, nil
}

// Progress implements sql.Backups.
func (b backups) Progress() []sql.BackupProgress {
	own := b.backup.Load()
	if own == nil {
		return nil
	}
	p := own.progress.Point()
	if p.Step == "" {
		return nil
	}
	switch p.Step {
	case backup.StepLog:
		p.Done = min(own.rate.Sent(), p.Of)
	case backup.StepSend:
		p.Of += p.LogOf
		p.Done = max(p.Done+p.LogDone, min(own.rate.Sent(), p.Of))
	}
	return []sql.BackupProgress{{
		Kind: string(p.Kind), Repository: p.Store, Tag: p.Tag, SCN: p.SCN, Step: p.Step, Done: p.Done, Of: p.Of, Files: p.Files, FilesOf: p.FilesOf,
		Sent: own.rate.Sent(), Limit: own.rate.BytesPerSecond(), Started: p.Started, StepFrom: p.StepFrom,
	}}
}

// ChangeTracking implements sql.Backups.
func (b backups) ChangeTracking(ctx context.Context) (out []sql.ChangeTracking, err error) {
	for _, d := range b.followed {
		c := sql.ChangeTracking{Repository: d.store.String(), SCN: b.engine.Applied()}
		base, err := b.backupBase(ctx, d, backup.Incremental)
		if err != nil {
			return nil, err
		}
		if base == nil {
			out = append(out, c)
			continue
		}
		weight, err := d.archiver.Weigh(ctx, base.SCN, c.SCN)
		if err != nil {
			return nil, err
		}
		c.Base, c.BaseSCN, c.LogBytes, c.LogLacking = base.ID, base.SCN, weight.Range, weight.Lacking
		if c.Files, c.FileBytes, err = b.changedFiles(ctx, d, c.SCN); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// changedFiles tells which files of the state a repository lacks, by those that a backup of this node has read. What is not in
// files yet counts with the size of its log.
func (n *Node) changedFiles(ctx context.Context, d *destination, now scn.SCN) (files int, bytes int64, err error) {
	lacks, err := backup.OpenKnown(filepath.Join(n.config.Data, backupKnownFile)).Lacking(ctx, d.store, filepath.Join(n.config.Data, stateDir))
	if err != nil {
		return 0, 0, err
	}
	for _, size := range lacks {
		files, bytes = files+1, bytes+size
	}
	durable, err := n.engine.Durable()
	if err != nil {
		return 0, 0, err
	}
	unflushed, err := d.archiver.Weigh(ctx, min(durable.SCN, now), now)
	return files, bytes + unflushed.Range, err
}
