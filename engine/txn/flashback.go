package txn

import (
	"redoubt/engine/catalog"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// PutFlashback records what this transaction takes back, under its own id.
func (t *Txn) PutFlashback(f catalog.Flashback) error {
	f.XID, f.User = t.xid, t.options.User
	row, err := catalog.FlashbackRow(&f)
	if err != nil {
		return err
	}
	return t.putSystem(catalog.FlashbacksSpace, row)
}

// Flashbacks lists what was taken back, in the order of transaction ids.
func (t *Txn) Flashbacks() ([]catalog.Flashback, error) {
	var out []catalog.Flashback
	err := t.scanSystem(catalog.FlashbacksSpace, func(row redo.Row, at scn.SCN) error {
		f, err := catalog.FlashbackOf(row, at)
		out = append(out, f)
		return err
	})
	return out, err
}

// PutRecycled puts something that this transaction drops into the recycle bin.
func (t *Txn) PutRecycled(r catalog.Recycled) error {
	r.User = t.options.User
	return t.putSystem(catalog.RecycleBinSpace, catalog.RecycledRow(&r))
}

// DropRecycled takes something out of the recycle bin.
func (t *Txn) DropRecycled(id scn.Space) error {
	return t.dropSystem(catalog.RecycleBinSpace, catalog.RecycledRow(&catalog.Recycled{ID: id}))
}

// Recycled lists the recycle bin, in the order of ids.
func (t *Txn) Recycled() (out []catalog.Recycled, err error) {
	err = t.scanSystem(catalog.RecycleBinSpace, func(row redo.Row, at scn.SCN) error {
		out = append(out, catalog.RecycledOf(row, at))
		return nil
	})
	return out, err
}

func (t *Txn) scanSystem(space scn.Space, each func(row redo.Row, at scn.SCN) error) error {
	table, _ := catalog.SystemTable(space)
	rows := t.Scan(table, Range{})
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Row(), rows.SCN()); err != nil {
			return err
		}
	}
	return rows.Err()
}

// ClaimDefinition says that the definition of a table must stay as the snapshot sees it until this transaction commits.
func (t *Txn) ClaimDefinition(table scn.Space) {
	t.claim(redo.Claim{Mode: redo.Share, Space: catalog.TablesSpace, Since: t.snapshot, Low: catalog.TableKey(table)})
}

// ClaimDictionary says that no definition at all must change until this transaction commits, and nothing else be taken back.
func (t *Txn) ClaimDictionary() {
	for _, space := range []scn.Space{catalog.SchemasSpace, catalog.TablesSpace, catalog.ObjectsSpace, catalog.FlashbacksSpace} {
		t.claim(redo.Claim{Mode: redo.Share, Space: space, Since: t.snapshot})
	}
}

// Changes tells whether this transaction has changed rows of a table.
func (t *Txn) Changes(table scn.Space) bool {
	own := t.overlay.of(table)
	return own != nil && own.len() > 0
}
