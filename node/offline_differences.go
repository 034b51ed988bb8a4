package node

import (
	"errors"

	"redoubt/engine/catalog"
	"redoubt/engine/mvcc"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// Differences gives the rows of a table that differ between an SCN and the one before it: what a flashback did.
func (o *Offline) Differences(table *catalog.Table, at scn.SCN, give func(key []byte, before, after redo.Row) error) error {
	was, err := o.engine.CatalogAt(at - 1)
	if err != nil {
		return err
	}
	is, err := o.engine.CatalogAt(at)
	if err != nil {
		return err
	}
	d, err := o.engine.Diff(was.Lineage(table.ID, at-1), is.Lineage(table.ID, at), mvcc.Range{})
	if err != nil {
		return err
	}
	for d.Next() {
		before, _, err := d.Before()
		if err != nil {
			return errors.Join(err, d.Close())
		}
		after, _, err := d.After()
		if err == nil {
			err = give(d.Key(), before, after)
		}
		if err != nil {
			return errors.Join(err, d.Close())
		}
	}
	return errors.Join(d.Err(), d.Close())
}

// End is the last SCN of the log.
func (o *Offline) End() uint64 { return uint64(o.end) }

// Kept is the SCN behind which the log begins: 0 if it has everything.
func (o *Offline) Kept() uint64 { return uint64(o.history.Kept()) }
