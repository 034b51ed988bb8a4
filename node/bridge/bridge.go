package bridge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"redoubt/engine"
	"redoubt/engine/txn"
	"redoubt/replication"
	"redoubt/replication/cluster"
	"redoubt/scn"
	"redoubt/telemetry"
	"redoubt/wal/redo"
)

// StateMachine lets the log drive an engine.
type StateMachine struct {
	Engine *engine.Engine
	// Applied, if it is not nil, is told how long each batch of groups took.
	Applied func(time.Duration)
	// Applying and Persisting are where it is shown that groups are applied and the state made durable; they may be nil.
	Applying, Persisting *telemetry.Slot
}

var _ replication.StateMachine = StateMachine{}

// Certify implements replication.StateMachine.
func (m StateMachine) Certify(p *replication.Proposal) error {
	if p.Part {
		part, _ := p.Hint.(*redo.Part)
		return m.Engine.CertifyPart(p.Body, part)
	}
	prepared, _ := p.Hint.(*txn.Prepared)
	return m.Engine.Certify(p.SCN, p.Body, prepared)
}

// Abandon implements replication.StateMachine.
func (m StateMachine) Abandon() { m.Engine.Abandon() }

// Apply implements replication.StateMachine.
func (m StateMachine) Apply(groups []replication.AppliedGroup) error {
	commits := make([]engine.Commit, len(groups))
	for i, g := range groups {
		commits[i] = engine.Commit{Index: g.Index, Term: g.Term, Group: g.Group, Part: g.Part}
	}
	start := time.Now()
	m.Applying.Begin(telemetry.ApplyWait)
	err := m.Engine.Apply(commits)
	m.Applying.End(telemetry.ApplyWait)
	if m.Applied != nil {
		m.Applied(time.Since(start))
	}
	return err
}

// Position implements replication.StateMachine.
func (m StateMachine) Position() replication.Position {
	return replication.Position(m.Engine.Position())
}

// Durable implements replication.StateMachine. If the state cannot tell, it claims nothing.
func (m StateMachine) Durable() replication.Position {
	p, err := m.Engine.Durable()
	if err != nil {
		return replication.Position{}
	}
	return replication.Position(p)
}

// Persist implements replication.StateMachine.
func (m StateMachine) Persist(ctx context.Context) (replication.Position, error) {
	m.Persisting.Begin(telemetry.StoreFlush)
	defer m.Persisting.End(telemetry.StoreFlush)
	p, err := m.Engine.Persist(ctx)
	return replication.Position(p), err
}

// Proposals is the way into the log: of this node, or of whichever leads.
type Proposals interface {
	Propose(ctx context.Context, p *replication.Proposal) (replication.Result, error)
}

// Proposer lets an engine's transactions into the log.
type Proposer struct {
	Log Proposals
	// Committed, if it is not nil, is told how long each proposal took, however it ended, and how much of that went by until other nodes
	// had it.
	Committed func(took, awaited time.Duration)
	// Refuse, if it is not nil, tells whether this node only reads.
	Refuse func() bool
}

var _ txn.Proposer = Proposer{}

// Propose implements txn.Proposer.
func (p Proposer) Propose(ctx context.Context, xid uint64, body []byte, prepared *txn.Prepared) (scn.SCN, error) {
	if p.Refuse != nil && p.Refuse() {
		return 0, txn.ErrReadOnly
	}
	proposal := &replication.Proposal{XID: xid, Body: body, Hint: prepared}
	if prepared != nil {
		proposal.Slot = prepared.Slot
	}
	start := time.Now()
	result, err := p.Log.Propose(ctx, proposal)
	if p.Committed != nil {
		p.Committed(time.Since(start), result.Awaited)
	}
	return result.SCN, translate(err)
}

// ProposePart implements txn.Proposer. That it is unknown whether a part got into the log says nothing about its
// transaction, which has not committed.
func (p Proposer) ProposePart(ctx context.Context, body []byte, part *redo.Part) error {
	if p.Refuse != nil && p.Refuse() {
		return txn.ErrReadOnly
	}
	_, err := p.Log.Propose(ctx, &replication.Proposal{XID: part.XID, Body: body, Part: true, Hint: part})
	var unknown *replication.OutcomeUnknownError
	if errors.As(err, &unknown) {
		err = unknown.Cause
	}
	return translate(err)
}

// translate gives errors of the log the names that sessions know.
func translate(err error) error {
	var elsewhere *cluster.Conflict
	switch {
	case errors.As(err, &elsewhere):
		return &txn.ConflictError{What: elsewhere.What, Table: elsewhere.Table}
	case err == nil || errors.Is(err, txn.ErrConflict):
		return err
	case errors.Is(err, replication.ErrOutcomeUnknown):
		return fmt.Errorf("%w: %w", txn.ErrOutcomeUnknown, err)
	case errors.Is(err, replication.ErrTooLarge):
		return fmt.Errorf("%w: %w", txn.ErrTooLarge, err)
	case errors.Is(err, replication.ErrNotLeader), errors.Is(err, cluster.ErrNoLeader), errors.Is(err, cluster.ErrUnprotected):
		return fmt.Errorf("%w: %w", txn.ErrNoLeader, err)
	case errors.Is(err, replication.ErrSuperseded):
		return fmt.Errorf("%w: %w", &txn.ConflictError{What: "leadership"}, err)
	}
	return err
}
