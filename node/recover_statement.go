package node

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"redoubt/backup/repository"
	"redoubt/pitr"
	"redoubt/sql"
	"redoubt/sql/transfer"
)

// recoverDir, in the data directory, has what recoveries by statement need while they run.
const recoverDir = "recover"

// recoveries is the node for its SQL server.
type recoveries struct{ *Node }

var _ sql.Recoveries = recoveries{}

// recovering is a recovery by statement that is under way. A node makes one at a time: each takes the disk of a whole state.
type recovering struct {
	mu sync.Mutex
	at sql.RecoveryProgress
}

func (r *recovering) step(step string, done, of uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at.Step, r.at.Done, r.at.Of = step, done, of
}

func (r *recovering) progress() sql.RecoveryProgress {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at
}

// Progress implements sql.Recoveries.
func (r recoveries) Progress() []sql.RecoveryProgress {
	if own := r.recovery.Load(); own != nil {
		return []sql.RecoveryProgress{own.progress()}
	}
	return nil
}

// Recover implements sql.Recoveries.
func (r recoveries) Recover(ctx context.Context, request sql.RecoverRequest, conn *stdsql.Conn) (sql.Recovered, error) {
	return r.recoverPart(ctx, request, false, func(o RecoverOptions) (Recovered, transfer.Result, error) {
		copier := &transfer.Copier{Conn: conn, Progress: func(table string, rows, of uint64) { o.Progress("copy "+table, rows, of) }}
		return RecoverInto(ctx, o, copier, request.Of, request.As)
	})
}

// Plan implements sql.Recoveries.
func (r recoveries) Plan(ctx context.Context, request sql.RecoverRequest) (sql.Recovered, error) {
	return r.recoverPart(ctx, request, true, func(o RecoverOptions) (Recovered, transfer.Result, error) {
		plan, err := Recover(ctx, o)
		return plan, transfer.Result{}, err
	})
}

// recoverPart does something about a request, and tells how it went.
func (n *Node) recoverPart(ctx context.Context, request sql.RecoverRequest, preview bool, do func(RecoverOptions) (Recovered, transfer.Result, error)) (_ sql.Recovered, err error) {
	from, err := n.recoverFrom(ctx, &request)
	if err != nil {
		return sql.Recovered{}, err
	}
	o := RecoverOptions{Repository: from, Preview: preview, Target: pitr.Target{
		SCN: request.SCN, Time: request.Time, RestorePoint: request.RestorePoint, Transaction: request.Transaction, Before: request.Before,
	}}
	began := time.Now()
	own := &recovering{at: sql.RecoveryProgress{
		Object: request.Of.String(), As: request.As.String(), Repository: from.String(), Target: o.Target.String(), Step: "plan", Started: began,
	}}
	if !n.recovery.CompareAndSwap(nil, own) {
		return sql.Recovered{}, errors.New("another RECOVER runs on this node: wait until it is done, or stop it with KILL QUERY; V$RECOVERY_PROGRESS shows it")
	}
	defer n.recovery.Store(nil)
	o.Progress, o.Work = own.step, filepath.Join(n.config.Data, recoverDir)
	if err := os.MkdirAll(o.Work, 0o700); err != nil {
		return sql.Recovered{}, fmt.Errorf("make a place to recover in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.Work)) }()
	done, copied, err := do(o)
	if err != nil {
		return sql.Recovered{}, err
	}
	out := sql.Recovered{
		Repository: from.String(), SCN: done.SCN, TimeMicros: done.TimeMicros, Backup: done.Backup, From: done.From, Pieces: done.Pieces, Bytes: done.Bytes,
		Took: time.Since(began), PredictedBy: done.PredictedBy, Tables: copied.Tables, Objects: copied.Objects, Notes: append(done.Notes, copied.Notes...),
	}
	if o.Preview {
		out.Took = done.Predicted
	}
	return out, nil
}

// recoverFrom opens the repository that was asked for, by default the first one that the log goes to.
func (n *Node) recoverFrom(ctx context.Context, r *sql.RecoverRequest) (*repository.Repository, error) {
	if r.Repository == "" {
		if len(n.config.Archive) == 0 {
			return nil, errors.New("say from where: RECOVER … FROM 'file:///DIRECTORY', or set archive")
		}
		r.Repository = n.config.Archive[0]
	}
	options, err := n.repositoryOptions(r.Key)
	if err != nil {
		return nil, err
	}
	return repository.Open(ctx, r.Repository, options)
}
