package engine

import (
	"context"
	"fmt"
	"sync"

	"redoubt/engine/catalog"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// An index is used once its definition says that it is public. Whoever creates one builds it on its own node, and only then makes it
// public; the other nodes build it, too, and must not let readers see that definition before they have.

// builds are the indexes that are being built, so that each is built once at a time. The zero value is ready.
type builds struct {
	mu    sync.Mutex
	ended map[scn.Space]chan struct{} // closed when it has ended
}

// enter begins to build an index, or gives what tells when somebody else has ended.
func (b *builds) enter(index scn.Space) (ended <-chan struct{}, own bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if other, ok := b.ended[index]; ok {
		return other, false
	}
	if b.ended == nil {
		b.ended = map[scn.Space]chan struct{}{}
	}
	b.ended[index] = make(chan struct{})
	return nil, true
}

func (b *builds) leave(index scn.Space) {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.ended[index])
	delete(b.ended, index)
}

// Unbuilt tells whether there are indexes that are not complete on this node.
func (e *Engine) Unbuilt() bool {
	e.sums.RLock()
	defer e.sums.RUnlock()
	for _, state := range e.indexes {
		if !state.Built {
			return true
		}
	}
	return false
}

// unbuilt tells whether an index is there, as this batch leaves it, and not complete on this node.
func (a *applier) unbuilt(index scn.Space) bool {
	state, known := a.indexes[index]
	if !known {
		a.engine.sums.RLock()
		defer a.engine.sums.RUnlock()
		state, known = a.engine.indexes[index]
	}
	return known && !state.Built
}

// publishes lists the indexes that a commit makes public and that are not complete on this node.
func (a *applier) publishes(c *Commit) (unbuilt []scn.Space) {
	if a.engine.options.Replaying || len(a.indexes) == 0 && !a.engine.Unbuilt() {
		return nil
	}
	for i := range c.Group.Txns {
		record, err := redo.DecodeTransaction(c.Group.Txns[i].Body)
		if err != nil {
			return nil // applying it says so
		}
		for j := range record.Changes {
			unbuilt = append(unbuilt, a.publishedBy(&record.Changes[j])...)
		}
	}
	return unbuilt
}

func (a *applier) publishedBy(c *redo.Change) (unbuilt []scn.Space) {
	if c.Table != catalog.TablesSpace || c.After == nil {
		return nil
	}
	table, err := catalog.TableOf(c.After)
	if err != nil {
		return nil // it is not about the definition
	}
	for i := range table.Indexes {
		if index := &table.Indexes[i]; index.State == catalog.StatePublic && a.unbuilt(index.ID) {
			unbuilt = append(unbuilt, index.ID)
		}
	}
	return unbuilt
}

// buildBefore completes what a commit will make public; all before it is published.
func (a *applier) buildBefore(c *Commit) error {
	for _, index := range a.publishes(c) {
		if err := a.engine.BuildIndex(context.Background(), index); err != nil {
			return fmt.Errorf("before log entry %d makes it public: %w", c.Index, err)
		}
	}
	return nil
}
