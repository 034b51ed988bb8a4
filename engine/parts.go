package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"redoubt/engine/catalog"
	"redoubt/engine/mvcc"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// Parts of a transaction wait in the state store for the group that has the transaction itself. Applying that group reads
// them one by one and makes versions of them, in as many batches as it takes; the last of them has the position, and takes
// the parts away: they must not go before, with what spill writes. So a crash in the middle leaves versions beyond the position, which nobody reads, and the parts, from
// which applying the group again makes the same versions.

// underway is a transaction whose parts are kept.
type underway struct {
	term  uint64 // of their entries
	parts int    // the highest number
}

// changesAtOnce is how many changes of a large transaction that came whole are decoded at a time.
const changesAtOnce = 1 << 12

// loadParts finds out which parts are kept.
func (e *Engine) loadParts() error {
	e.underway = map[uint64]underway{}
	return e.store.Parts(func(k mvcc.PartKey, value []byte) error {
		term, n := binary.Uvarint(value)
		if n <= 0 {
			return errors.New("state store: damaged part of a transaction")
		}
		e.underway[k.XID] = underway{term: term, parts: int(k.Number)} // they come by number
		return nil
	})
}

// Underway tells how many transactions there are whose parts are kept.
func (e *Engine) Underway() int {
	e.applying.Lock()
	defer e.applying.Unlock()
	return len(e.underway)
}

// part keeps a part, or drops those of its transaction.
func (a *applier) part(c *Commit) error {
	xid, number, err := redo.PartHead(c.Part)
	if err != nil {
		return fmt.Errorf("apply log entry %d: %w", c.Index, err)
	}
	if number == 0 {
		return a.dropParts(xid)
	}
	u := a.engine.underway[xid]
	a.engine.underway[xid] = underway{term: c.Term, parts: max(u.parts, number)}
	value := append(binary.AppendUvarint(make([]byte, 0, len(c.Part)+binary.MaxVarintLen64), c.Term), c.Part...)
	return a.batch.PutPart(mvcc.PartKey{XID: xid, Number: uint32(number)}, value)
}

// endTerms drops parts of terms before one: who sent them no longer leads, and what he certified no longer counts.
func (a *applier) endTerms(term uint64) error {
	for xid, u := range a.engine.underway {
		if u.term >= term {
			continue
		}
		if err := a.dropParts(xid); err != nil {
			return err
		}
	}
	return nil
}

func (a *applier) dropParts(xid uint64) error {
	for n := range a.engine.underway[xid].parts {
		if err := a.batch.DropPart(mvcc.PartKey{XID: xid, Number: uint32(n + 1)}); err != nil {
			return err
		}
	}
	delete(a.engine.underway, xid)
	return nil
}

// keptPart reads a part that is kept.
func (e *Engine) keptPart(xid uint64, number int) (*redo.Part, error) {
	value, err := e.store.Part(mvcc.PartKey{XID: xid, Number: uint32(number)})
	if err != nil {
		return nil, err
	}
	_, n := binary.Uvarint(value)
	if n <= 0 {
		return nil, errors.New("state store: damaged part of a transaction")
	}
	return redo.DecodePart(value[n:])
}

// share is a part of the content of a large transaction, ready to be applied.
type share struct {
	claims  []redo.Claim
	changes []redo.Change
}

// inParts applies a transaction whose parts are kept.
func (a *applier) inParts(at scn.SCN, record *redo.Transaction) error {
	statements := record.Statements
	err := a.large(at, record, func(yield func(share, error) bool) {
		for n := range record.Parts {
			p, err := a.engine.keptPart(record.XID, n+1)
			if err != nil {
				yield(share{}, err)
				return
			}
			record.Statements = append(record.Statements, p.Statements...)
			if !yield(share{p.Claims, p.Changes}, nil) {
				return
			}
		}
		yield(share{record.Claims, record.Changes}, nil)
	})
	record.Statements = statements
	if err != nil {
		return err
	}
	for n := range record.Parts {
		a.consumed = append(a.consumed, mvcc.PartKey{XID: record.XID, Number: uint32(n + 1)})
	}
	delete(a.engine.underway, record.XID)
	return nil
}

// whole applies a large transaction that came in one piece, from a sealed segment or an old log.
func (a *applier) whole(at scn.SCN, body []byte) error {
	record, changes, err := redo.DecodeHead(body)
	if err != nil {
		return err
	}
	a.authors = append(a.authors, author{record.XID, record.User})
	return a.large(at, record, func(yield func(share, error) bool) {
		for next := (share{claims: record.Claims}); ; next = (share{}) {
			next.changes, err = changes.Next(changesAtOnce)
			if !yield(next, err) || len(next.changes) == 0 {
				return
			}
		}
	})
}

// large applies a transaction share by share. Those of dictionary tables come first, and what they define holds for all
// rows after them.
func (a *applier) large(at scn.SCN, record *redo.Transaction, shares func(func(share, error) bool)) error {
	if err := a.spill(); err != nil {
		return err
	}
	var err error
	if a.getter, err = a.engine.store.NewGetter(at-1, false); err != nil {
		return err
	}
	defer func() {
		a.getter.Close() // an error of it was one of a read
		a.getter = nil
	}()
	a.remember = false
	writes := &writes{}
	defer writes.wait()
	var dictionary []catalog.RowChange
	for s, err := range shares {
		if err != nil {
			return err
		}
		if dictionary, err = a.share(at, s, dictionary); err != nil {
			return err
		}
		a.engine.certifier.ObserveShare(&redo.Transaction{
			XID: record.XID, ReadSCN: record.ReadSCN, Statements: record.Statements, Claims: s.claims, Changes: s.changes,
		}, at)
		if a.batch.Len() >= batchBytesMax/2 {
			writes.add(a.batch)
			a.batch = a.engine.store.NewBatch()
		}
	}
	if err := writes.wait(); err != nil {
		return err
	}
	if len(dictionary) > 0 {
		if err := a.define(at, dictionary); err != nil {
			return err
		}
	}
	a.engine.certifier.ObserveWhole(record, at)
	return nil
}

// writes puts batches into the state store, some at once and in any order: a transaction changes each key once.
type writes struct {
	running sync.WaitGroup
	slots   chan struct{}
	mu      sync.Mutex
	err     error
}

// writesAtOnce is how many batches are written at once. Most of the time goes into the tree of recent changes, which takes
// them side by side.
const writesAtOnce = 3

func (w *writes) add(b *mvcc.Batch) {
	if w.slots == nil {
		w.slots = make(chan struct{}, writesAtOnce)
	}
	w.slots <- struct{}{}
	w.running.Go(func() {
		err := b.Commit()
		w.mu.Lock()
		w.err = errors.Join(w.err, err)
		w.mu.Unlock()
		<-w.slots
	})
}

// wait returns when all batches are written.
func (w *writes) wait() error {
	w.running.Wait()
	return w.err
}

// share applies changes. It takes the changes of the dictionary that were not yet made part of it, and gives them back.
func (a *applier) share(at scn.SCN, s share, dictionary []catalog.RowChange) ([]catalog.RowChange, error) {
	for i := range s.changes {
		c := &s.changes[i]
		if len(dictionary) > 0 && c.Table >= catalog.FirstUserSpace {
			if err := a.define(at, dictionary); err != nil {
				return nil, err
			}
			dictionary = nil
		}
		before, after, err := a.change(at, c, nil)
		if err != nil {
			return nil, err
		}
		if catalog.IsDictionary(c.Table) {
			dictionary = append(dictionary, catalog.RowChange{Table: c.Table, Before: before, After: after})
		}
	}
	return dictionary, nil
}
