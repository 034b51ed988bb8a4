package node

import (
	"context"
	"fmt"
	"slices"

	"redoubt/backup"
	"redoubt/backup/archive"
	"redoubt/replication/cluster"
	"redoubt/scn"
)

// clusterLog is the archived log of a destination, whichever node of the cluster sends it there: the one that leads does.
type clusterLog struct {
	n *Node
	d *destination
}

var _ backup.Log = clusterLog{}

// Weigh implements backup.Log. What a node does not send itself does not count as lacking.
func (l clusterLog) Weigh(ctx context.Context, after, to scn.SCN) (archive.Weight, error) {
	if l.n.leads() {
		return l.d.archiver.Weigh(ctx, after, to)
	}
	if after >= to {
		return archive.Weight{}, nil
	}
	w, err := l.d.archiver.Weigh(ctx, after, to)
	w.Lacking = 0
	return w, err
}

// Through implements backup.Log.
func (l clusterLog) Through(ctx context.Context, at scn.SCN) (archive.Sent, error) {
	if l.n.leads() {
		if sent, err := l.d.archiver.Through(ctx, at); err == nil || l.n.leads() {
			return sent, err
		}
	}
	for look := 1; ; look++ {
		is, err := l.n.cluster.Archive(ctx, cluster.ArchiveArgs{Repository: l.d.name, Through: at})
		if err != nil {
			return archive.Sent{}, fmt.Errorf("the log up to SCN %d, which the node that leads sends to %s: %w", at, l.d.store, err)
		}
		pieces, err := archive.Pieces(ctx, l.d.store)
		if err != nil {
			return archive.Sent{}, err
		}
		if slices.ContainsFunc(pieces, func(p archive.Piece) bool { return p.Name == is.Piece }) {
			return archive.Sent{Pieces: is.Pieces, Bytes: is.Bytes, After: is.After, Through: is.Through, Piece: is.Piece}, nil
		}
		if look == archivedLooks {
			return archive.Sent{}, fmt.Errorf("node %s, which leads, has sent the log up to SCN %d to %s, and this node does not find it there: set archive to a place that is the same for all nodes",
				is.Node, is.Through, l.d.store)
		}
	}
}

// archivedLooks is how often a piece is looked for: one of the tail is replaced at any time by one that goes further.
const archivedLooks = 3

// archiveThrough implements cluster.Options.Archive.
func (n *Node) archiveThrough(ctx context.Context, repository string, at scn.SCN) (cluster.Archived, error) {
	if n.bound.Load() == nil {
		return cluster.Archived{}, cluster.ErrStarting // it may not know yet what it archives to
	}
	d := n.follows(repository)
	if d == nil {
		return cluster.Archived{}, fmt.Errorf("the log does not go to %s: make the backup in a repository that the setting archive names, the same on all nodes", repository)
	}
	sent, err := d.archiver.Through(ctx, at)
	return cluster.Archived{Piece: sent.Piece, After: sent.After, Through: sent.Through, Pieces: sent.Pieces, Bytes: sent.Bytes}, err
}
