package txn

import (
	"context"
	"errors"
	"fmt"

	"redoubt/scn"
	"redoubt/telemetry"
	"redoubt/wal/redo"
)

// Sizes of transactions in parts.
const (
	// DefaultPartBytes is how much redo travels in one log entry. A transaction that has more goes in parts, so that the
	// commits of others do not wait long behind it.
	DefaultPartBytes = 4 << 20
	// RedoBytesMax bounds the redo of one transaction: it must fit into one record of a sealed segment.
	RedoBytesMax = 255 << 20

	partElementsMax = 1 << 16 // statements, claims or changes in one part
)

// sender puts a transaction into the log as parts, one after the other. Each is in the log when the next one is proposed,
// so that no part can be missing when the last is certified.
type sender struct {
	ctx   context.Context
	txn   *Txn
	part  redo.Part
	size  int // of part, about
	parts int // in the log
	tried int // parts that were proposed
	total int // bytes of them
}

// commitInParts commits a transaction that may be too large for one log entry. Its whole redo is never in memory at once.
func (t *Txn) commitInParts(ctx context.Context) (scn.SCN, error) {
	s := &sender{ctx: ctx, txn: t, part: redo.Part{XID: t.xid, ReadSCN: t.readSCN}}
	committed := false
	defer func() {
		if !committed { // also after a panic: else nobody might touch what the parts have
			s.drop()
		}
	}()
	at, err := s.commit()
	committed = err == nil || errors.Is(err, ErrOutcomeUnknown)
	return at, err
}

func (s *sender) commit() (scn.SCN, error) {
	t, whole := s.txn, s.txn.record()
	for _, statement := range t.statements {
		s.part.Statements = append(s.part.Statements, statement)
		if err := s.added(int(sizeOfStatement(&statement).redo)); err != nil {
			return 0, err
		}
	}
	for _, c := range t.claimsAtCommit() {
		if len(c.Low) == 0 || len(c.High) > 0 { // on more than a key: it is certified with the whole
			whole.Claims = append(whole.Claims, c)
			continue
		}
		s.part.Claims = append(s.part.Claims, c)
		if err := s.added(int(sizeOfClaim(&c).redo)); err != nil {
			return 0, err
		}
	}
	changed := false
	for c := range t.changes {
		s.part.Changes, changed = append(s.part.Changes, c), true
		if err := s.added(sizeOfChange(&c)); err != nil {
			return 0, err
		}
	}
	if !changed {
		s.drop() // parts with claims only
		return t.snapshot, nil
	}
	return s.finish(whole)
}

// finish proposes the transaction itself, after what is left for the last part.
func (s *sender) finish(whole *redo.Transaction) (scn.SCN, error) {
	if s.parts > 0 {
		if err := s.flush(); err != nil {
			return 0, err
		}
		whole.Parts = s.parts
	} else { // it is not so large
		whole.Statements, whole.Changes = s.part.Statements, s.part.Changes
		whole.Claims = append(whole.Claims, s.part.Claims...)
	}
	s.txn.overlay = overlay{}
	return s.txn.propose(s.ctx, &Prepared{Record: whole})
}

// added counts an element of the part, and sends the part when it is full.
func (s *sender) added(bytes int) error {
	s.size += bytes
	elements := len(s.part.Statements) + len(s.part.Claims) + len(s.part.Changes)
	if s.size < s.txn.env.PartBytes && elements < partElementsMax {
		return nil
	}
	return s.flush()
}

func (s *sender) flush() error {
	if s.size == 0 {
		return nil
	}
	s.part.Number = s.parts + 1
	body := redo.AppendPart(make([]byte, 0, s.size+s.size/8), &s.part)
	if s.total += len(body); s.total > RedoBytesMax || s.part.Number > redo.PartsMax {
		return tooMuchRedo()
	}
	part := s.part
	s.tried = part.Number
	s.txn.options.Slot.Begin(telemetry.LogFileSync)
	err := s.txn.env.Proposer.ProposePart(s.ctx, body, &part)
	s.txn.options.Slot.End(telemetry.LogFileSync)
	if err != nil {
		return err
	}
	s.parts, s.size = part.Number, 0
	s.part = redo.Part{XID: s.part.XID, ReadSCN: s.part.ReadSCN}
	return nil
}

// drop takes back the parts that are, or may be, in the log. If that fails the log has failed, or another node leads: then the parts
// end with the term.
func (s *sender) drop() {
	if s.tried == 0 {
		return
	}
	part := redo.Part{XID: s.part.XID}
	_ = s.txn.env.Proposer.ProposePart(context.WithoutCancel(s.ctx), redo.AppendPart(nil, &part), &part)
}

func tooMuchRedo() error {
	return fmt.Errorf("%w: its redo is more than %d MiB, which no setting changes; split it into several", ErrTooLarge, RedoBytesMax>>20)
}

// sizeOfChange is about how many bytes a change takes in the log.
func sizeOfChange(c *redo.Change) int {
	n := len(c.Key) + 24
	for _, row := range [3]redo.Row{c.Identity, c.Before, c.After} {
		for i := range row {
			n += len(row[i].Value.Data()) + 12
		}
	}
	return n
}
