package node

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/backup/lease"
	"redoubt/backup/path"
	"redoubt/backup/repository"
	"redoubt/pitr"
	"redoubt/scn"
	"redoubt/segments"
)

// RecoverOptions say what is recovered, from where, and to where.
type RecoverOptions struct {
	Repository  *repository.Repository
	Data        string // a directory that is empty, or in which the same recovery was interrupted
	Target      pitr.Target
	Incarnation scn.Incarnation // whose history; 0: the newest
	Backup      string          // id of the one that it must begin from; empty: the best
	NodeID      string          // of the node that will have it; default n1
	Preview     bool            // only tell
	Work        string          // directory for what is temporary; empty: that of the system
	// Progress, if it is not nil, hears what is being done, and how much of it: SCNs, or pieces.
	Progress func(step string, done, of uint64)
}

// Recovered tells what a recovery did, or would do.
type Recovered struct {
	SCN         scn.SCN
	TimeMicros  int64
	Incarnation scn.Incarnation // that the recovered database is in
	Parent      scn.Incarnation // from which it goes on
	Pieces      int
	Bytes       int64
	StateHash   uint64
	Backup      string        // that it begins from; empty: the first commit
	From        scn.SCN       // of that
	LogAfter    scn.SCN       // the recovered log begins behind it: 0 if it has everything
	Predicted   time.Duration // by the rates of recoveries before
	PredictedBy string        // where the rates are from
	Replayed    pitr.Replayed
	Checked     int // backups on the way whose state hash was compared
	Notes       []string
}

// recoveringFile marks a directory in which a recovery is not finished.
const recoveringFile = "recovering.json"

// fetchDir has the archived log while it is looked through.
const fetchDir = "recovering"

// recovery is one on its way.
type recovery struct {
	RecoverOptions
	ctx    context.Context
	id     [16]byte
	known  path.Contents // of the repository, and what turned out to be damaged
	ways   *path.Map     // through that
	to     path.Point
	way    *path.Path
	log    *segments.Catalog // of the way, fetched; nil: it needs none
	island fetched           // in which the target was found
	rates  path.Rates        // measured; 0: not
	result Recovered

	stateOnly bool // the log before the state that it begins from is not needed
}

// Recover makes a data directory with the database as it was at a point, from the archived log. If it is interrupted, the same
// call goes on.
func Recover(ctx context.Context, o RecoverOptions) (Recovered, error) {
	if o.NodeID == "" {
		o.NodeID = defaultNodeID
	}
	if o.Progress == nil {
		o.Progress = func(string, uint64, uint64) {}
	}
	r := &recovery{RecoverOptions: o, ctx: ctx}
	using, err := r.use()
	if err != nil {
		return Recovered{}, fmt.Errorf("recover from %s: %w", o.Repository, err)
	}
	result, err := r.whole()
	if cause := context.Cause(r.ctx); err != nil && errors.Is(cause, lease.ErrLost) {
		err = errors.Join(err, cause)
	}
	return result, errors.Join(err, using())
}

// use keeps others from deleting from the repository meanwhile.
func (r *recovery) use() (release func() error, err error) {
	u, err := useRepository(r.ctx, r.Repository, "recovery into "+cmp.Or(r.Data, "a temporary directory"))
	if err != nil {
		return nil, err
	}
	r.ctx, r.id = u.ctx, u.id
	if u.note != "" {
		r.result.Notes = append(r.result.Notes, u.note)
	}
	return u.release, nil
}

func (r *recovery) whole() (Recovered, error) {
	o := &r.RecoverOptions
	if err := r.plan(); err != nil {
		return Recovered{}, fmt.Errorf("recover from %s: %w", o.Repository, err)
	}
	lock, err := r.claim()
	if err != nil {
		return Recovered{}, err
	}
	err = r.run()
	if r.log != nil {
		err = errors.Join(err, r.log.Close())
	}
	if err := errors.Join(err, lock()); err != nil {
		return Recovered{}, fmt.Errorf("recover from %s to %s: %w", o.Repository, o.Data, err)
	}
	return r.result, nil
}

func (r *recovery) run() error {
	if err := r.resolve(); err != nil {
		return err
	}
	if err := r.settle(); err != nil || r.Preview {
		return err
	}
	for _, step := range []func() error{r.layOut, r.replay, r.begin, r.identify} {
		if err := errors.Join(step(), r.ctx.Err()); err != nil {
			return err
		}
	}
	return nil
}

// claim locks the directory, and wants it empty or half recovered. A preview uses a directory of its own.
func (r *recovery) claim() (release func() error, err error) {
	if r.Preview {
		if r.Data, err = os.MkdirTemp(r.Work, "redoubt-preview-"); err != nil {
			return nil, err
		}
		return func() error { return os.RemoveAll(r.Data) }, nil
	}
	if err := os.MkdirAll(r.Data, 0o700); err != nil {
		return nil, err
	}
	lock, err := vfs.Default.Lock(filepath.Join(r.Data, lockFile))
	if err != nil {
		return nil, fmt.Errorf("data directory %s is in use by another process: %w", r.Data, err)
	}
	mark, err := os.ReadFile(filepath.Join(r.Data, recoveringFile))
	switch own := r.mark(); {
	case err == nil && string(mark) != own:
		err = fmt.Errorf("another recovery was interrupted in %s: say the same target and repository, or choose another directory", r.Data)
	case errors.Is(err, os.ErrNotExist):
		if err = r.empty(); err == nil {
			err = writeFileSync(filepath.Join(r.Data, recoveringFile), []byte(own))
		}
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock.Close, nil
}

func (r *recovery) mark() string {
	b, _ := json.Marshal(map[string]string{"repository": r.Repository.String(), "target": r.Target.String()})
	return string(b)
}

func (r *recovery) empty() error {
	files, err := os.ReadDir(r.Data)
	if err != nil {
		return err
	}
	for _, f := range files {
		if f.Name() == identityFile {
			return fmt.Errorf("%s is a data directory already, and if a recovery was interrupted here, it had come to its end: start a node on it, or choose another directory with --data", r.Data)
		}
	}
	for _, f := range files {
		if f.Name() != lockFile {
			return fmt.Errorf("%s is not empty (it has %s): choose another directory with --data", r.Data, f.Name())
		}
	}
	return nil
}
