package replication

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"redoubt/wal/redo"
)

// fsm stands between raft and the state machine. It is deterministic: which groups count depends on the log alone.
//
// A group counts if and only if (1) it was certified in the term of its entry, and (2) its first SCN follows the last
// one applied. (1) keeps out what a former leader certified and a later term appended, (2) what was certified on top
// of an entry that never made it. A group that does not count is skipped on every node alike, and its proposers hear
// a certain, retryable error. For a part of a transaction only (1) is asked.
type fsm struct {
	sm        StateMachine
	guard     *guard
	applied   progress
	applying  underway
	skipped   atomic.Uint64 // groups
	transacts atomic.Uint64 // transactions applied since opening

	sinceSnapshot   atomic.Int64 // bytes of log
	checkpointBytes int64
	checkpoint      chan struct{} // poked when sinceSnapshot passes checkpointBytes

	delay time.Duration // see Options.ApplyDelay
	now   func() time.Time

	acknowledged func([]*raft.Log) // told of what is about to be applied; nil: nobody wants to know

	persistCtx context.Context // ends StateMachine.Persist when the node closes

	// What follows belongs to the goroutine that applies.
	at      Position       // last transaction applied
	reached uint64         // last entry raft gave; after a restart below at, if the state is ahead of raft
	groups  []AppliedGroup // reused
}

// applyResult is what raft hands to the proposer of an entry.
type applyResult struct {
	err  error
	term uint64   // of the entry
	at   Position // after the entry
}

func newFSM(ctx context.Context, sm StateMachine, g *guard, checkpointBytes int64) *fsm {
	f := &fsm{
		sm: sm, guard: g, checkpointBytes: checkpointBytes, checkpoint: make(chan struct{}, 1), persistCtx: ctx,
		at: sm.Position(),
	}
	f.applied.set(f.at.Index)
	return f
}

// counts is the rule for a group of an entry of the given term, after the position at.
func counts(t tag, entryTerm uint64, g *redo.Group, at Position) bool {
	return t.certTerm == entryTerm && g.FirstSCN == at.SCN+1
}

// ApplyBatch applies committed entries. The responses are *applyResult.
func (f *fsm) ApplyBatch(logs []*raft.Log) []any {
	responses := make([]any, len(logs))
	results := make([]applyResult, len(logs))
	for i := range results {
		responses[i] = &results[i]
	}
	if f.acknowledged != nil {
		f.acknowledged(logs)
	}
	f.applying.begin()
	err := f.apply(logs, results)
	f.applying.end()
	if err != nil {
		if !errors.Is(err, ErrClosed) {
			f.guard.fail(err)
		}
		for i := range results {
			results[i].err = err
		}
	}
	return responses
}

// Apply applies one entry; raft uses ApplyBatch.
func (f *fsm) Apply(l *raft.Log) any { return f.ApplyBatch([]*raft.Log{l})[0] }

func (f *fsm) apply(logs []*raft.Log, results []applyResult) error {
	if err := f.guard.failure(); err != nil {
		return err
	}
	f.groups = f.groups[:0]
	bytes := 0
	for i, l := range logs {
		if err := f.take(l, &results[i]); err != nil {
			return err
		}
		bytes += len(l.Data)
	}
	if len(f.groups) > 0 {
		if err := f.wait(); err != nil {
			return err
		}
		if err := f.sm.Apply(f.groups); err != nil {
			return fmt.Errorf("apply log entries %d to %d: %w", f.groups[0].Index, f.groups[len(f.groups)-1].Index, err)
		}
		for i := range f.groups {
			f.transacts.Add(uint64(len(f.groups[i].Group.Txns)))
			f.groups[i] = AppliedGroup{}
		}
	}
	f.reached = logs[len(logs)-1].Index
	f.applied.set(f.reached)
	f.countBytes(int64(bytes))
	return nil
}

// wait lets the time pass that Options.ApplyDelay wants; ErrClosed if the node closes meanwhile. Nothing is applied from then on.
func (f *fsm) wait() error {
	if f.delay == 0 {
		return nil
	}
	due := time.UnixMicro(f.at.TimeMicros).Add(f.delay).Sub(f.now())
	timer := time.NewTimer(max(due, 0))
	defer timer.Stop()
	select {
	case <-f.persistCtx.Done():
		return ErrClosed
	case <-timer.C:
		return f.closed()
	}
}

// closed is ErrClosed once the node closes.
func (f *fsm) closed() error {
	if f.persistCtx.Err() != nil {
		return ErrClosed
	}
	return nil
}

// take decides on one entry and queues its group if it counts.
func (f *fsm) take(l *raft.Log, r *applyResult) error {
	r.term, r.at = l.Term, f.at
	if l.Type != raft.LogCommand || l.Index <= f.at.Index {
		return nil // a configuration, or already part of the state when it was opened
	}
	t, err := decodeTag(l.Extensions)
	if err != nil {
		return f.damage(l, err)
	}
	if t.kind == tagMark {
		return nil
	}
	if t.kind == tagPart {
		return f.takePart(l, t, r)
	}
	g, err := redo.DecodeGroup(l.Data)
	if err != nil {
		return f.damage(l, err)
	}
	if !counts(t, l.Term, &g, f.at) {
		f.skipped.Add(1)
		r.err = ErrSuperseded
		return nil
	}
	f.groups = append(f.groups, AppliedGroup{Index: l.Index, Term: l.Term, Group: g})
	f.at = f.groups[len(f.groups)-1].Position()
	r.at = f.at
	return nil
}

func (f *fsm) takePart(l *raft.Log, t tag, r *applyResult) error {
	if t.certTerm != l.Term {
		f.skipped.Add(1)
		r.err = ErrSuperseded
		return nil
	}
	f.groups = append(f.groups, AppliedGroup{Index: l.Index, Term: l.Term, Part: l.Data})
	return nil
}

func (f *fsm) damage(l *raft.Log, err error) error {
	return fmt.Errorf("apply: %w", &CorruptError{
		What: fmt.Sprintf("log entry %d", l.Index), SCN: f.at.SCN, Reason: err.Error(),
	})
}

func (f *fsm) countBytes(n int64) {
	if f.sinceSnapshot.Add(n) >= f.checkpointBytes {
		select {
		case f.checkpoint <- struct{}{}:
		default:
		}
	}
}

// Snapshot notes how far the state is; Persist makes it durable later, while entries are applied.
func (f *fsm) Snapshot() (raft.FSMSnapshot, error) {
	if err := f.guard.failure(); err != nil {
		return nil, err
	}
	if f.reached < f.at.Index {
		return nil, errBehindState
	}
	return &fsmSnapshot{fsm: f, at: f.at, bytes: f.sinceSnapshot.Load()}, nil
}

// Restore is what raft calls after a peer has sent a snapshot, which the snapshot store refuses before.
func (f *fsm) Restore(r io.ReadCloser) error { return ErrSnapshotTransfer }

// errBehindState: raft still repeats entries that were part of the state when it was opened. A snapshot at such an entry
// could not say what the state was there.
var errBehindState = errors.New("no snapshot while the log is below the state")

// fsmSnapshot is a point in the log that the state machine will be asked to make durable.
type fsmSnapshot struct {
	fsm   *fsm
	at    Position
	bytes int64 // of log since the snapshot before
}

var _ raft.BatchingFSM = (*fsm)(nil)
