package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/backup/lease"
	"redoubt/engine"
	"redoubt/sql"
	"redoubt/sql/transfer"
)

// State is the state of a database as it was at a point, recovered into a temporary directory to be read. There is no node on it,
// and no log behind it.
type State struct {
	Recovered
	engine *engine.Engine
	dir    string
}

// RecoverInto recovers a table or schema, as transfer.Name says it, through a copier that has a connection to a server. It leaves
// nothing else behind.
func RecoverInto(ctx context.Context, o RecoverOptions, c *transfer.Copier, of, as transfer.Name) (Recovered, transfer.Result, error) {
	s, err := RecoverState(ctx, o)
	if err != nil {
		return Recovered{}, transfer.Result{}, err
	}
	copied, err := s.CopyTo(ctx, c, of, as)
	return s.Recovered, copied, errors.Join(err, s.Close())
}

// RecoverState recovers the state alone, in a directory below that for temporary files. Close removes it.
func RecoverState(ctx context.Context, o RecoverOptions) (*State, error) {
	if o.Progress == nil {
		o.Progress = func(string, uint64, uint64) {}
	}
	r := &recovery{RecoverOptions: o, ctx: ctx}
	using, err := r.use()
	if err != nil {
		return nil, fmt.Errorf("recover from %s: %w", o.Repository, err)
	}
	if r.Data, err = os.MkdirTemp(o.Work, "redoubt-recover-"); err != nil {
		return nil, errors.Join(fmt.Errorf("make a place to recover in: %w", err), using())
	}
	s := &State{dir: r.Data}
	if err = s.recover(r); err != nil {
		err = fmt.Errorf("recover from %s: %w", o.Repository, err)
		if cause := context.Cause(r.ctx); errors.Is(cause, lease.ErrLost) {
			err = errors.Join(err, cause)
		}
	}
	if err := errors.Join(err, using()); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *State) recover(r *recovery) (err error) {
	s.engine, err = r.state()
	s.Recovered = r.result
	return err
}

// state recovers the state alone, into a directory that is there, and opens it. Of the log only what it needs is fetched.
func (r *recovery) state() (e *engine.Engine, err error) {
	r.stateOnly = true
	for _, step := range []func() error{r.plan, r.resolve, r.settle, r.replay} {
		if err = errors.Join(step(), r.ctx.Err()); err != nil {
			break
		}
	}
	if r.log != nil {
		err = errors.Join(err, r.log.Close())
	}
	if err != nil {
		return nil, err
	}
	return engine.Open(engine.Options{
		FS: vfs.Default, Dir: filepath.Join(r.Data, stateDir), ReadOnly: true, Collator: sql.Collator(), NodeOrdinal: firstOrdinal, StoreLogger: quietLogger{pebble.DefaultLogger},
	})
}

// CopyTo copies a table or, without a name of one, a schema to a server, under a name that is free there.
func (s *State) CopyTo(ctx context.Context, c *transfer.Copier, of, as transfer.Name) (transfer.Result, error) {
	view, err := s.engine.View(s.SCN)
	if err != nil {
		return transfer.Result{}, err
	}
	defer view.Rollback()
	c.Source = transfer.Source{Engine: s.engine, View: view}
	if of.Table == "" {
		return c.Schema(ctx, of.Schema, as.Schema)
	}
	return c.Table(ctx, of, as)
}

// Close removes the state.
func (s *State) Close() error {
	var err error
	if s.engine != nil {
		err = s.engine.Close()
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}
