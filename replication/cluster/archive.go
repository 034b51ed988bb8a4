package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"redoubt/scn"
)

// ArchiveArgs asks for the log in a repository, up to an SCN.
type ArchiveArgs struct {
	Repository string // by the name that all nodes have for it
	Through    scn.SCN
}

// Archived is what the node that leads has in a repository.
type Archived struct {
	Node           string  // that leads
	Piece          string  // the newest of the log there
	After, Through scn.SCN // it is there without a gap in between
	Pieces, Bytes  uint64  // that were sent because of the question
}

// ArchiveReply is Archived, or why not. Leads is false if this node does not lead.
type ArchiveReply struct {
	Leads    bool
	Archived Archived
	Text     string // what went wrong; empty: it is done
}

// Archive makes a repository hold the log up to an SCN, on this node.
func (m *Methods) Archive(a *ArchiveArgs, r *ArchiveReply) error {
	ctx, cancel := context.WithCancel(m.cluster.over)
	defer cancel()
	m.cluster.archiveHere(ctx, a, r)
	return nil
}

// ErrStarting: this node cannot do yet what it is asked for. It is asked again.
var ErrStarting = errors.New("this node is starting")

// archiveHere archives if this node leads, and still does when it is done.
func (c *Cluster) archiveHere(ctx context.Context, a *ArchiveArgs, r *ArchiveReply) {
	if _, _, leads := c.options.Log.Leader(); !leads {
		return
	}
	done, err := c.options.Archive(ctx, a.Repository, a.Through)
	if _, _, r.Leads = c.options.Log.Leader(); !r.Leads || errors.Is(err, ErrStarting) {
		r.Leads = false
		return
	}
	if r.Archived, r.Archived.Node = done, c.options.ID; err != nil {
		r.Text = err.Error()
	}
}

// Archive makes a repository hold the log up to an SCN, on whichever node leads: it alone archives. That takes as long as the log is large;
// for somebody to lead it waits for ten seconds.
func (c *Cluster) Archive(ctx context.Context, a ArchiveArgs) (Archived, error) {
	var err error
	for since := time.Now(); ; {
		began := time.Now()
		reply, askErr := c.askArchive(ctx, &a)
		switch {
		case askErr != nil:
			err = askErr
		case reply.Leads && reply.Text != "":
			return reply.Archived, fmt.Errorf("node %s, which leads: %s", reply.Archived.Node, reply.Text)
		case reply.Leads:
			return reply.Archived, nil
		}
		if time.Since(began) > leaderWait {
			since = time.Now() // there was a leader, which has lost the lead over it
		}
		if time.Since(since) > leaderWait {
			return Archived{}, errors.Join(ErrNoLeader, err)
		}
		if pauseErr := pause(ctx); pauseErr != nil {
			return Archived{}, errors.Join(fmt.Errorf("%w (%w)", ErrNoLeader, pauseErr), err)
		}
	}
}

// askArchive asks whoever leads, which may be this node.
func (c *Cluster) askArchive(ctx context.Context, a *ArchiveArgs) (reply ArchiveReply, err error) {
	if _, _, self := c.options.Log.Leader(); self {
		c.archiveHere(ctx, a, &reply)
		return reply, nil
	}
	for _, addr := range c.mayLead() {
		reply = ArchiveReply{}
		if callErr := c.callLeader(ctx, addr, service+".Archive", a, &reply); callErr != nil {
			err = fmt.Errorf("ask the node at %s: %w", addr, callErr)
		} else if reply.Leads {
			return reply, nil
		}
	}
	return ArchiveReply{}, err
}
