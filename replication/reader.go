package replication

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/raft"

	"redoubt/wal/redo"
)

// Reader gives the groups that were committed and applied here, in order, each once, and the parts of transactions on
// their way. One goroutine at a time.
type Reader struct {
	log  *logStore
	wait func(ctx context.Context, index uint64) error // until an entry counts
	at   Position                                      // of the last group given
	next uint64                                        // the next entry to look at
}

// Committed reads from just after a position: the zero Position, or that of a group given before, in this life of the
// node or an earlier one. It needs the SCN, not only the index, to leave out groups that do not count.
func (n *Node) Committed(after Position) *Reader {
	return n.CommittedFrom(after, after.Index+1)
}

// CommittedFrom reads the groups after a position, and the parts from an entry on that lies before it.
func (n *Node) CommittedFrom(after Position, parts uint64) *Reader {
	wait := func(ctx context.Context, index uint64) error { return n.fsm.applied.wait(ctx, index, n.stopping) }
	return &Reader{log: n.log, wait: wait, at: after, next: min(parts, after.Index+1)}
}

// Part gives the part in an entry that a Reader has given before.
func (n *Node) Part(index uint64) ([]byte, error) { return n.log.part(index) }

func (s *logStore) part(index uint64) ([]byte, error) {
	var l raft.Log
	if err := s.read(index, &l); err != nil {
		return nil, fmt.Errorf("read part in log entry %d: %w", index, err)
	}
	if t, err := decodeTag(l.Extensions); err != nil || t.kind != tagPart {
		return nil, &CorruptError{What: fmt.Sprintf("log entry %d", index), Reason: "it is no part of a transaction"}
	}
	return l.Data, nil
}

// Next blocks until there is another group or part. It fails with ErrLogReleased, ErrCorrupt, ErrClosed, the context's error
// or the log's; the reader then stays where it is and may be asked again.
func (r *Reader) Next(ctx context.Context) (AppliedGroup, error) {
	for {
		if err := ctx.Err(); err != nil {
			return AppliedGroup{}, err
		}
		if err := r.wait(ctx, r.next); err != nil {
			return AppliedGroup{}, err
		}
		g, ok, err := r.look()
		if err != nil {
			return AppliedGroup{}, fmt.Errorf("read committed log: %w", err)
		}
		r.next++
		if ok {
			if g.Part == nil {
				r.at = g.Position()
			}
			return g, nil
		}
	}
}

// look reads the entry at next; not ok if it holds nothing that counts.
func (r *Reader) look() (g AppliedGroup, ok bool, err error) {
	var l raft.Log
	err = r.log.read(r.next, &l)
	if errors.Is(err, raft.ErrLogNotFound) {
		first, _ := r.log.bounds()
		return g, false, fmt.Errorf("%w: index %d (after SCN %d), the log starts at %d", ErrLogReleased, r.next, r.at.SCN, first)
	}
	if err != nil || l.Type != raft.LogCommand {
		return g, false, err
	}
	t, err := decodeTag(l.Extensions)
	if err != nil || t.kind == tagMark {
		return g, false, err
	}
	g = AppliedGroup{Index: l.Index, Term: l.Term}
	if t.kind == tagPart {
		g.Part = l.Data
		return g, t.certTerm == l.Term, nil
	}
	if g.Group, err = redo.DecodeGroup(l.Data); err != nil {
		return g, false, &CorruptError{What: fmt.Sprintf("log entry %d", l.Index), SCN: r.at.SCN, Reason: err.Error()}
	}
	return g, counts(t, l.Term, &g.Group, r.at), nil
}
