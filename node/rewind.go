package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rs/zerolog"
)

// rewind brings a directory that a failover gave up to where the cluster went on from: what is behind that is in nobody's log any more. From
// there it comes up by the cluster's log, as one that was away, and needs no copy. nil: that is not possible, the log says why. It cannot go back
// if its state has some of what was lost on disk already, which is no more than what was made durable since the last checkpoint, nor
// if it lacks something that the cluster had then.
//
// What it does is for the cluster alone: until the node has come up, and its state has the hash that another node's has, joiningFile says
// that it is on its way. If it is interrupted, or does not come up, all goes aside, and it takes a copy.
func (j *joining) rewind(ctx context.Context, data string, logger zerolog.Logger) (*Identity, error) {
	if j.Lineage == nil || j.Aside || j.Rewinding {
		return nil, nil
	}
	was, err := readIdentity(data)
	if err != nil {
		return nil, err
	}
	j.Rewinding = true
	if err := j.write(data); err != nil {
		return nil, err
	}
	is := *was
	is.Ordinal, is.Cluster, is.Left = j.Info.Ordinal, j.Lineage.Cluster, j.Lineage.Left
	is.Incarnation, is.Branch, is.Parent = j.Lineage.Incarnation, j.Lineage.Branch, j.Lineage.Parent
	if err := rewindTo(ctx, data, was, &is); err != nil {
		logger.Warn().Err(err).Msg("this node cannot be rewound to where the cluster went on from: it takes a copy")
		return nil, nil
	}
	logger.Info().Uint64("scn", uint64(is.Branch)).Msg("rewound to where the cluster went on from")
	return &is, nil
}

func rewindTo(ctx context.Context, data string, was, is *Identity) error {
	if err := settleAt(ctx, data, was, is); err != nil {
		return err
	}
	if err := useNext(data); err != nil {
		return err
	}
	return os.RemoveAll(filepath.Join(data, raftDir)) // its votes are of the cluster that was given up
}

// settleAt brings the state to where another identity of the node branches off, and seals the log up to there, aside.
func settleAt(ctx context.Context, data string, was, is *Identity) (err error) {
	o := &Offline{}
	defer func() { err = errors.Join(err, o.Close()) }()
	if err := o.open(ctx, data, was, nil); err != nil {
		return err
	}
	if o.end < is.Branch {
		return fmt.Errorf("its log ends at SCN %d, and the cluster went on from SCN %d", o.end, is.Branch)
	}
	o.end = is.Branch
	if err := o.settle(ctx, data, was, is.Ordinal); err != nil {
		return err
	}
	return o.engine.Close()
}
