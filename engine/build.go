package engine

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"redoubt/engine/catalog"
	"redoubt/engine/mvcc"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// BuildIndex adds entries for the rows that were there when an index came, while writes go on; when it returns, the
// index is complete on this node.
//
// Commits after the one that brought the index maintain it as they are applied. So what is missing is exactly the
// rows visible at that commit, and entries are written as of that commit: an entry of a row that has changed since
// is hidden by what the change wrote. Doing it twice does no harm, so a crash in the middle needs no care.
func (e *Engine) BuildIndex(ctx context.Context, indexID scn.Space) error {
	e.sums.RLock()
	state, ok := e.indexes[indexID]
	e.sums.RUnlock()
	if !ok {
		return fmt.Errorf("build index %d: there is none with this id", indexID)
	}
	if state.Built {
		return nil
	}
	ended, own := e.building.enter(indexID)
	if !own {
		select {
		case <-ended:
			return e.BuildIndex(ctx, indexID) // done by then, unless the other one failed
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	defer e.building.leave(indexID)
	return e.buildIndex(ctx, indexID, state)
}

func (e *Engine) buildIndex(ctx context.Context, indexID scn.Space, state indexState) error {
	view, err := e.View(state.Born) // which keeps what is read
	if err != nil {
		return fmt.Errorf("build index %d: %w", indexID, err)
	}
	defer view.Rollback()
	dictionary := view.Catalog()
	table, index, ok := findIndex(dictionary, indexID)
	if !ok {
		return fmt.Errorf("build index %d: the dictionary at SCN %d, which brought it, does not have it", indexID, state.Born)
	}
	if err := e.fillIndex(ctx, dictionary, table, index, state.Born); err != nil {
		return fmt.Errorf("build index %s of table %s: %w", index.Name, table.Name, err)
	}
	return e.markBuilt(indexID, state)
}

func findIndex(dictionary *catalog.Snapshot, id scn.Space) (*catalog.Table, *catalog.Index, bool) {
	for _, table := range dictionary.AllTables() {
		if index, ok := table.IndexByID(id); ok {
			return table, index, true
		}
	}
	return nil, nil, false
}

func (e *Engine) fillIndex(ctx context.Context, dictionary *catalog.Snapshot, table *catalog.Table, index *catalog.Index, born scn.SCN) error {
	it, err := e.store.NewIterator(dictionary.Lineage(table.ID, born), mvcc.Range{})
	if err != nil {
		return err
	}
	defer it.Close()
	batch := e.store.NewBatch()
	var row redo.Row
	for it.Next() {
		if row, _, err = redo.DecodeRow(it.Version().Value, row); err != nil {
			break
		}
		var key []byte
		if key, err = table.IndexKey(nil, index, row, e.options.Collator); err != nil {
			break
		}
		entry, value := txn.IndexEntry(key, it.Key())
		if err = batch.Put(index.ID, entry, born, value); err != nil {
			break
		}
		if batch.Len() > batchBytesMax {
			if err = batch.Commit(); err != nil {
				return err
			}
			batch = e.store.NewBatch()
			if err = ctx.Err(); err != nil {
				break
			}
		}
	}
	if err == nil {
		err = it.Err()
	}
	if err != nil {
		batch.Discard()
		return err
	}
	return batch.Commit()
}

func (e *Engine) markBuilt(index scn.Space, state indexState) error {
	state.Built = true
	batch := e.store.NewBatch()
	if err := batch.SetMeta(metaIndexPrefix+strconv.FormatUint(uint64(index), 10), encodeIndexState(state)); err != nil {
		batch.Discard()
		return err
	}
	if err := batch.Commit(); err != nil {
		return err
	}
	e.sums.Lock()
	e.indexes[index] = state
	e.sums.Unlock()
	return nil
}

// CompleteIndexes builds what a crash left unbuilt: indexes of today, and those that were dropped since, which readers
// of the past still use. Call it once the log has been applied and before queries.
func (e *Engine) CompleteIndexes(ctx context.Context) error {
	e.sums.RLock()
	var unbuilt []scn.Space
	for id, state := range e.indexes {
		if !state.Built {
			unbuilt = append(unbuilt, id)
		}
	}
	e.sums.RUnlock()
	slices.Sort(unbuilt)
	for _, id := range unbuilt {
		if err := e.BuildIndex(ctx, id); err != nil {
			return err
		}
	}
	return nil
}
