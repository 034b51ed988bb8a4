package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"redoubt/backup/path"
	"redoubt/pitr"
	"redoubt/scn"
)

// OpenRepository opens the log of a repository to be mined. What says what it means, the dictionary of each SCN, is in the state
// at the end of what is asked for, or later: that is recovered into a temporary directory, from the nearest backup or the first
// commit. Close removes it.
func OpenRepository(ctx context.Context, l RepositoryLog) (*Offline, error) {
	return openRepository(ctx, l, (*Offline).recoverState)
}

// OpenRepositoryLog opens the log of a repository alone, without a state: it can be dumped, but not mined.
func OpenRepositoryLog(ctx context.Context, l RepositoryLog) (*Offline, error) {
	return openRepository(ctx, l, nil)
}

// complete puts something in the place of what may be nil.
func (l *RepositoryLog) complete() {
	if l.Note == nil {
		l.Note = func(string) {}
	}
	if l.Progress == nil {
		l.Progress = func(string, uint64, uint64) {}
	}
}

func openRepository(ctx context.Context, l RepositoryLog, state func(*Offline, *archivedLog, use) error) (*Offline, error) {
	l.complete()
	o := &Offline{}
	if err := o.openArchived(ctx, l, state); err != nil {
		return nil, errors.Join(fmt.Errorf("read the log of %s: %w", l.Repository, err), o.Close())
	}
	return o, nil
}

func (o *Offline) openArchived(ctx context.Context, l RepositoryLog, state func(*Offline, *archivedLog, use) error) error {
	u, err := useRepository(ctx, l.Repository, "looking into the log")
	if err != nil {
		return err
	}
	o.closers = append(o.closers, u.release)
	if u.note != "" {
		l.Note(u.note)
	}
	dir, err := os.MkdirTemp("", "redoubt-log-")
	if err != nil {
		return fmt.Errorf("make a place for pieces of the log: %w", err)
	}
	o.closers = append(o.closers, func() error { return os.RemoveAll(dir) })
	log := &archivedLog{RepositoryLog: l, using: u.ctx, dir: dir}
	if err := log.load(u.ctx); err != nil {
		return err
	}
	if after := log.Kept(); after > 0 && l.From == 0 {
		l.Note(fmt.Sprintf("the log is there without a gap from SCN %d on: what was before is not looked into", after+1))
	}
	o.end, o.history = log.end, log
	if state == nil {
		return nil
	}
	return state(o, log, u)
}

// recoverState recovers the state at the end of the log, and opens it. If that cannot be reached, a later one has the same dictionaries.
func (o *Offline) recoverState(log *archivedLog, u use) error {
	r, err := o.recoverAt(log, u, log.end)
	var gap *path.Gap
	if errors.As(err, &gap) && gap.Above > log.end {
		r, err = o.recoverAt(log, u, gap.Above)
	}
	if err != nil {
		return fmt.Errorf("recover the dictionary: %w", err)
	}
	for _, note := range r.result.Notes {
		log.Note(note)
	}
	if pieces := r.way.Pieces(); len(pieces) > 0 {
		log.fetched = filepath.Join(r.Data, fetchDir, pieces[0].Hash)
	}
	return nil
}

func (o *Offline) recoverAt(log *archivedLog, u use, at scn.SCN) (r *recovery, err error) {
	r = &recovery{
		RecoverOptions: RecoverOptions{
			Repository: log.Repository, Data: filepath.Join(log.dir, "recovered-"+at.String()), Target: pitr.Target{SCN: at}, Incarnation: log.Incarnation, Progress: log.Progress,
		},
		ctx: u.ctx, id: u.id,
	}
	if err := os.Mkdir(r.Data, 0o700); err != nil {
		return r, err
	}
	if o.engine, err = r.state(); err == nil {
		o.closers = append(o.closers, o.engine.Close)
	}
	return r, err
}
