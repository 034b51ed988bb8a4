package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/sql/parser"
	"redoubt/sql/sqlcode"
)

// backup runs BACKUP DATABASE and BACKUP ARCHIVELOG.
func (c commands) backup(ctx *gsql.Context, s *parser.Backup) (gsql.RowIter, error) {
	if err := c.server.requireAdmin(ctx); err != nil {
		return nil, err
	}
	backups := c.server.options.Backups
	if backups == nil {
		return nil, sqlcode.Unsupported(s.CommandName() + " on this node")
	}
	b, err := backups.Backup(ctx, BackupRequest{Kind: s.Kind, Repository: s.Repository, Tag: s.Tag, Limit: s.Limit, Key: s.Key})
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err() // KILL QUERY, or the client is gone
		}
		return nil, sqlcode.New(sqlcode.IDBackup, err.Error())
	}
	when, err := wallClock(ctx, b.TimeMicros)
	if err != nil {
		return nil, err
	}
	if s.Kind == BackupLog {
		return gsql.RowsToRowIter(gsql.Row{b.Repository, uint64(b.SCN), when, b.SentPieces, uint64(b.SentBytes), uint64(b.Took.Milliseconds())}), nil
	}
	row := gsql.Row{
		b.ID, b.Kind, "files", nil, b.Repository, uint64(b.SCN), when, uint64(b.Files), uint64(b.Bytes), nil, uint64(b.LackingBytes), uint64(b.SentFiles),
		b.SentPieces, uint64(b.SentBytes), uint64(b.Took.Milliseconds()), b.StateHash,
	}
	if b.Log {
		row[2] = "log"
	}
	if b.Base != "" {
		row[3], row[9] = b.Base, uint64(b.LogBytes)
	}
	return gsql.RowsToRowIter(row), nil
}

// limitBackup runs ALTER BACKUP LIMIT.
func (c commands) limitBackup(ctx *gsql.Context, s *parser.LimitBackup) (gsql.RowIter, error) {
	if err := c.server.requireAdmin(ctx); err != nil {
		return nil, err
	}
	backups := c.server.options.Backups
	if backups == nil {
		return nil, sqlcode.Unsupported(s.CommandName() + " on this node")
	}
	if err := backups.LimitBackup(s.Limit); err != nil {
		return nil, sqlcode.CommandArgument(s.CommandName() + ": " + err.Error())
	}
	return done(), nil
}
