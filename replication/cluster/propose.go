package cluster

import (
	"context"
	"errors"
	"fmt"

	"redoubt/replication"
	"redoubt/replication/peer"
	"redoubt/scn"
	"redoubt/telemetry"
)

// Verdict is the outcome of a proposal on its way from the leader to another node.
type Verdict struct {
	Code   code
	What   string // of a conflict, or the text of an error
	Table  string
	SCN    scn.SCN
	Micros int64
	At     replication.Notice
}

type code int

const (
	committed code = iota
	conflict
	tooLarge
	tryAgain // it is certainly not in the log, and may be proposed again
	unknown
	notProtected
	failed
)

// Conflict is what certification on another node met. It is for the port of the engine to translate.
type Conflict struct{ What, Table string }

func (e *Conflict) Error() string { return "conflict on " + e.What + " " + e.Table }

// Refusals translates errors of certification for the way between nodes, and back.
type Refusals interface {
	// Describe tells what a refusal met; not ok if it is none.
	Describe(err error) (c Conflict, ok bool)
}

// Propose puts a transaction, or a part of one, into the log, wherever the leader is, and returns once it is applied here. Errors are
// those of replication.Node.Propose, and Conflict where certification on another node refused.
func (c *Cluster) Propose(ctx context.Context, p *replication.Proposal) (replication.Result, error) {
	waiting, cancel := context.WithTimeout(ctx, leaderWait)
	defer cancel()
	for {
		term := c.options.Log.Term()
		addr, self, err := c.leader(waiting)
		if err != nil {
			return replication.Result{}, err
		}
		if term != c.options.Log.Term() {
			continue // the term must be that of the leader
		}
		var r replication.Result
		if self {
			r, err = c.proposeHere(ctx, p)
		} else {
			r, err = c.forward(ctx, addr, term, p)
		}
		switch {
		case errors.Is(err, replication.ErrNotLeader) || errors.Is(err, replication.ErrSuperseded) && !p.Part:
			if pause(waiting) != nil {
				return r, err
			}
			continue // it is certainly not in the log
		case errors.Is(err, replication.ErrOutcomeUnknown) && !p.Part:
			if r.SCN > 0 || !c.Several() || c.options.Log.Stats().Failure != nil {
				return r, err // it is known as far as it will be: committed, but not everywhere it should be; or nobody can be asked
			}
			return c.resolve(ctx, p, err)
		}
		return r, err
	}
}

// forward hands a proposal to the leader.
func (c *Cluster) forward(ctx context.Context, addr string, term uint64, p *replication.Proposal) (replication.Result, error) {
	args := ProposeArgs{From: c.options.ID, XID: p.XID, Body: p.Body, Part: p.Part, Term: term}
	var v Verdict
	p.Slot.Begin(telemetry.ForwardCommit)
	err := c.callLeader(ctx, addr, service+".Propose", &args, &v)
	p.Slot.Turn(telemetry.ForwardCommit, telemetry.LogFileSync)
	if errors.Is(err, peer.ErrNotSent) {
		return replication.Result{}, fmt.Errorf("%w: %w", replication.ErrNotLeader, err)
	}
	if err != nil {
		return replication.Result{}, &replication.OutcomeUnknownError{XID: p.XID, Cause: err}
	}
	return c.hear(ctx, p, &v)
}

// hear makes a verdict of the leader this node's own: what is committed is applied here, too.
func (c *Cluster) hear(ctx context.Context, p *replication.Proposal, v *Verdict) (replication.Result, error) {
	switch v.Code {
	case committed:
		r := replication.Result{SCN: v.SCN, TimeMicros: v.Micros, Index: v.At.Index}
		ctx, cancel := context.WithTimeout(ctx, leaderWait)
		defer cancel()
		at := v.At
		at.SCN = v.SCN
		if err := c.await(ctx, at); err != nil {
			// It is committed. What the client may not do is to go on as if it were there, or do it again: both is what unknown says.
			return r, &replication.OutcomeUnknownError{XID: p.XID, SCN: v.SCN, Cause: fmt.Errorf("it is committed, and this node has not applied it yet: %w", err)}
		}
		return r, nil
	case conflict:
		return replication.Result{}, &Conflict{What: v.What, Table: v.Table}
	case tooLarge:
		return replication.Result{}, fmt.Errorf("%w: %s", replication.ErrTooLarge, v.What)
	case tryAgain:
		return replication.Result{}, replication.ErrSuperseded
	case notProtected:
		return replication.Result{}, ErrUnprotected
	case unknown:
		return replication.Result{}, &replication.OutcomeUnknownError{XID: p.XID, SCN: v.SCN, Cause: errors.New(v.What)}
	}
	return replication.Result{}, errors.New(v.What)
}

// propose is what the leader does about another node's proposal.
func (c *Cluster) propose(a *ProposeArgs) Verdict {
	p := replication.Proposal{XID: a.XID, Body: a.Body, Part: a.Part, Term: a.Term}
	return c.judge(c.proposeHere(context.Background(), &p))
}

// judge words an outcome for the way to another node.
func (c *Cluster) judge(r replication.Result, err error) Verdict {
	var met *replication.OutcomeUnknownError
	switch {
	case err == nil:
		return Verdict{Code: committed, SCN: r.SCN, Micros: r.TimeMicros, At: c.options.Log.NoticeOf(r.Index)}
	case errors.As(err, &met):
		return Verdict{Code: unknown, SCN: met.SCN, What: met.Cause.Error()}
	case errors.Is(err, replication.ErrNotLeader), errors.Is(err, replication.ErrSuperseded), errors.Is(err, replication.ErrClosed):
		return Verdict{Code: tryAgain}
	case errors.Is(err, ErrUnprotected):
		return Verdict{Code: notProtected}
	case errors.Is(err, replication.ErrTooLarge):
		return Verdict{Code: tooLarge, What: err.Error()}
	}
	if d, ok := c.options.Refusals.Describe(err); ok {
		return Verdict{Code: conflict, What: d.What, Table: d.Table}
	}
	return Verdict{Code: failed, What: err.Error()}
}
