package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rs/zerolog"

	"redoubt/replication/cluster"
	"redoubt/replication/peer"
	"redoubt/scn"
)

// leave begins what a directory does before it joins a cluster. A new one has nothing to leave. One of a cluster that a failover gave up
// leaves that: what only it has is kept in a file. One that is in the cluster already stays.
func leave(ctx context.Context, config *Config, security *peer.Security, logger zerolog.Logger) (j joining, stays bool, err error) {
	identity, err := readIdentity(config.Data)
	if errors.Is(err, os.ErrNotExist) {
		return j, false, nil
	}
	if err = errors.Join(err, finished(config.Data)); err != nil {
		return j, false, err
	}
	now, err := cluster.AskLineage(ctx, config.Join, identity.NodeID, security)
	if err != nil && identity.Reinstated { // the flag may stay, and any node of the cluster may be down
		logger.Warn().Err(err).Str("join", config.Join).Msg("this node was reinstated before, and whether its cluster goes on there is not known: it stays in it")
		return j, true, nil
	}
	if err != nil {
		return j, false, fmt.Errorf("reinstate: ask the node at %s what goes on: %w", config.Join, err)
	}
	if now.Database != identity.DatabaseID {
		return j, false, fmt.Errorf("reinstate: %s has database %s, the node at %s has %s: start it with an empty directory", config.Data, identity.DatabaseID, config.Join, now.Database)
	}
	if now.Cluster == identity.Cluster {
		return j, true, nil
	}
	if now.Clone != identity.Clone {
		return j, false, fmt.Errorf("reinstate: of %s and the node at %s one is of a clone of the other one's database: start it with an empty directory", config.Data, config.Join)
	}
	if now.Parent != identity.incarnation() || now.Left != "" && now.Left != identity.members() {
		return j, false, fmt.Errorf("reinstate: %s is of incarnation %d of cluster %s, and the cluster's incarnation %d did not begin from that: where they parted is not known. "+
			"Keep the directory, and start the node with an empty one", config.Data, identity.incarnation(), identity.members(), now.Incarnation)
	}
	if err := keepOwn(ctx, config.Data, identity, now.Branch, logger); err != nil {
		return j, false, fmt.Errorf("reinstate: keep what only %s has: %w", config.Data, err)
	}
	j.Left, j.Lineage, j.Info.ID = true, &now, identity.NodeID
	return j, false, nil
}

// keepOwn saves what the log of a directory has behind an SCN.
func keepOwn(ctx context.Context, data string, identity *Identity, after scn.SCN, logger zerolog.Logger) (err error) {
	o := &Offline{}
	defer func() { err = errors.Join(err, o.Close()) }()
	if err := o.open(ctx, data, identity, nil); err != nil {
		return err
	}
	if o.end <= after {
		logger.Info().Uint64("scn", uint64(o.end)).Uint64("went_on_from", uint64(after)).Msg("reinstating: the cluster has everything that this node had")
		return nil
	}
	lines, _, _, err := discardedLines(o.Records(ctx, uint64(after)+1, 0))
	if err != nil {
		return err
	}
	name := fmt.Sprintf("scn-%d-%d-incarnation-%d", after+1, o.end, identity.incarnation()) + discardedSuffix
	if err := writeDiscarded(data, name, lines); err != nil {
		return err
	}
	logger.Warn().Uint64("first_scn", uint64(after)+1).Uint64("last_scn", uint64(o.end)).Str("kept_in", filepath.Join(discardedDir, name)).
		Msg("reinstating: this node has commits that were lost in the failover")
	return nil
}
