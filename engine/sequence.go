package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/scn"
)

// Sequences are numbers given out in blocks. A node reserves a block through the log and then gives its numbers from
// memory: gaps are possible, after a crash or on other nodes, duplicates are not.
//
// Sequence ids: 0 gives the ids of spaces; a table's id its auto-increment values; rowIDs + a table's id its hidden
// row ids.
const (
	spaceSequence uint64 = 0
	rowIDs        uint64 = 1 << 32

	blockNumbers = 1000 // numbers reserved at once

	// exhausted is what comes next when nothing does: the largest number is never given. A sequence that has come to its
	// end has it in the log, too, so that it stays at its end.
	exhausted uint64 = math.MaxUint64
)

// ErrNoNumbers is returned when a sequence has come to its end.
var ErrNoNumbers = errors.New("the sequence has no numbers left")

// SequencesOf gives the ids of a table's sequences: of its auto-increment values and of its hidden row ids.
func SequencesOf(table scn.Space) (autoIncrement, rows uint64) {
	return uint64(table), rowIDs + uint64(table)
}

// sequences gives numbers out.
type sequences struct {
	engine *Engine
	mu     sync.Mutex
	given  map[uint64]*block
}

// block is what this node may give out of one sequence: next up to, and not including, end.
type block struct {
	mu        sync.Mutex
	next, end uint64
	loaded    bool
}

func (s *sequences) block(id uint64) *block {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.given[id]
	if b == nil {
		b = &block{}
		s.given[id] = b
	}
	return b
}

// next gives the next number of a sequence that starts with first.
func (s *sequences) next(ctx context.Context, id, first uint64) (uint64, error) {
	b := s.block(id)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next >= b.end && b.next != exhausted {
		if err := s.reserve(ctx, id, b, first); err != nil {
			return 0, err
		}
	}
	if b.next == exhausted {
		return 0, ErrNoNumbers
	}
	b.next++
	return b.next - 1, nil
}

// reserve takes a block that starts at least at atLeast. It is empty at the end of the sequence.
func (s *sequences) reserve(ctx context.Context, id uint64, b *block, atLeast uint64) error {
	for {
		start, end, err := s.tryReserve(ctx, id, max(atLeast, b.next))
		if err == nil {
			b.next, b.end, b.loaded = start, end, true
			return nil
		}
		if !errors.Is(err, txn.ErrConflict) {
			return fmt.Errorf("reserve numbers of a sequence: %w", err)
		}
	}
}

func (s *sequences) tryReserve(ctx context.Context, id, atLeast uint64) (start, end uint64, err error) {
	t := s.engine.Begin(txn.Options{Isolation: txn.RepeatableRead})
	defer t.Rollback()
	stored, err := t.GetSequence(id)
	if err != nil {
		return 0, 0, err
	}
	start = max(stored, atLeast)
	end = start + min(blockNumbers, exhausted-start)
	if stored == exhausted {
		return start, end, nil
	}
	if err := t.PutSequence(id, end); err != nil {
		return 0, 0, err
	}
	_, err = t.Commit(ctx)
	return start, end, err
}

// load makes a block know where its sequence stands without reserving.
func (s *sequences) load(id uint64, b *block) error {
	if b.loaded {
		return nil
	}
	t := s.engine.Begin(txn.Options{ReadOnly: true})
	defer t.Rollback()
	stored, err := t.GetSequence(id)
	if err != nil {
		return err
	}
	b.next, b.end, b.loaded = stored, stored, true
	return nil
}

// giveBack sets each sequence in the log to the number that would come next, so that a clean stop leaves no gaps.
func (s *sequences) giveBack(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.engine.Begin(txn.Options{Isolation: txn.RepeatableRead})
	defer t.Rollback()
	for id, b := range s.given {
		b.mu.Lock()
		if b.next < b.end {
			stored, err := t.GetSequence(id)
			if err == nil && stored == b.end {
				err = t.PutSequence(id, b.next)
			}
			if err != nil {
				b.mu.Unlock()
				return err
			}
		}
		b.end, b.loaded = b.next, false
		b.mu.Unlock()
	}
	_, err := t.Commit(ctx)
	return err
}

// GiveBack returns the numbers that this node reserved and did not give out. Nothing may ask for numbers during it.
func (e *Engine) GiveBack(ctx context.Context) error {
	if err := e.numbers.giveBack(ctx); err != nil {
		return fmt.Errorf("give back numbers of sequences: %w", err)
	}
	return nil
}

// NextAutoIncrement gives the next auto-increment value of a table; the first is 1. At the end it is ErrNoNumbers.
func (e *Engine) NextAutoIncrement(ctx context.Context, table scn.Space) (uint64, error) {
	return e.numbers.next(ctx, uint64(table), 1)
}

// BumpAutoIncrement makes all values given from now on greater than used. Behind the two largest numbers there are none.
func (e *Engine) BumpAutoIncrement(ctx context.Context, table scn.Space, used uint64) error {
	b := e.numbers.block(uint64(table))
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := e.numbers.load(uint64(table), b); err != nil {
		return err
	}
	if used < b.next || b.next == exhausted {
		return nil
	}
	next := used + min(1, exhausted-used)
	if next < b.end {
		b.next = next
		return nil
	}
	return e.numbers.reserve(ctx, uint64(table), b, next)
}

// PeekAutoIncrement is the value that would be given next.
func (e *Engine) PeekAutoIncrement(table scn.Space) (uint64, error) {
	b := e.numbers.block(uint64(table))
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := e.numbers.load(uint64(table), b); err != nil {
		return 0, err
	}
	return max(b.next, 1), nil
}

// SetAutoIncrement makes next the value that is given next, also if smaller ones were given before.
func (e *Engine) SetAutoIncrement(ctx context.Context, table scn.Space, next uint64) error {
	b := e.numbers.block(uint64(table))
	b.mu.Lock()
	defer b.mu.Unlock()
	t := e.Begin(txn.Options{Isolation: txn.RepeatableRead})
	defer t.Rollback()
	if err := t.PutSequence(uint64(table), next); err != nil {
		return err
	}
	if _, err := t.Commit(ctx); err != nil {
		return fmt.Errorf("set auto-increment: %w", err)
	}
	b.next, b.end, b.loaded = next, next, true
	return nil
}

func (e *Engine) newRowID(ctx context.Context, table scn.Space) (uint64, error) {
	return e.numbers.next(ctx, rowIDs+uint64(table), 1)
}

func (e *Engine) newSpace(ctx context.Context) (scn.Space, error) {
	id, err := e.numbers.next(ctx, spaceSequence, uint64(catalog.FirstUserSpace))
	if err == nil && id > uint64(^scn.Space(0)) {
		err = errors.New("the database has no space ids left")
	}
	return scn.Space(id), err
}
