package txn

import (
	"slices"

	"redoubt/engine/catalog"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// bulk is what the certifier knows of one large transaction, which comes in parts. Each part is checked when it is on its
// way into the log, and then nobody else may touch what it wrote and claimed: so when the last one comes, there is
// little left to check, and nobody has to wait for it.
type bulk struct {
	xid        uint64
	at         scn.SCN // 0 until it commits
	parts      int     // so far
	statements []redo.Statement
	deeds      map[uint64]deed         // by hash of space and key
	tables     map[scn.Space]tableDeed // changed or claimed
}

// tableDeed is what a large transaction does to a table as a whole.
type tableDeed struct {
	read    scn.SCN // oldest snapshot of a statement that changed rows
	claimed scn.SCN // oldest snapshot of a claim on a key
	defined bool    // its definition is changed
	rewound bool
}

// deed is what was done to a key, as bits. Each has a window.
type deed uint8

const (
	deedWritten deed = 1 << iota
	deedRemoved
	deedClaimed
	deedShared
	deedKeyShared
)

// droppedXIDs are the latest transactions that were dropped: on the way from another node, that they are may overtake their first part,
// which would then be kept, with nobody to drop it.
type droppedXIDs struct {
	latest [droppedMax]uint64
	next   int
}

// droppedMax is more than are on their way at once.
const droppedMax = 1 << 10

func (d *droppedXIDs) add(xid uint64) {
	d.latest[d.next%droppedMax] = xid
	d.next++
}

func (d *droppedXIDs) has(xid uint64) bool {
	return slices.Contains(d.latest[:min(d.next, droppedMax)], xid)
}

const (
	bulkKeysMax = 1 << 22 // keys of committed bulks that are remembered: about 80 MiB
	bulkAgeMax  = 1 << 16 // commits after which a committed bulk is forgotten
)

func (c *Certifier) window(d deed) *window {
	switch d {
	case deedWritten:
		return &c.written
	case deedRemoved:
		return &c.removed
	case deedClaimed:
		return &c.claimed
	case deedShared:
		return &c.shared
	}
	return &c.keyShared
}

// last is the last SCN at which a deed was done to a key by others than own; scn.Max if a transaction whose parts are on
// their way does it.
func (c *Certifier) last(d deed, k uint64, own *bulk) scn.SCN {
	at := c.window(d).get(k)
	for _, b := range c.bulks {
		if b == own || b.deeds[k]&d == 0 {
			continue
		}
		if b.at == 0 {
			return scn.Max
		}
		at = max(at, b.at)
	}
	return at
}

// committed is last without the transactions of which it is not known whether they will commit.
func (c *Certifier) committed(d deed, k uint64) scn.SCN {
	at := c.window(d).get(k)
	for _, b := range c.bulks {
		if b.deeds[k]&d != 0 {
			at = max(at, b.at)
		}
	}
	return at
}

// CertifyPart checks the next part of a transaction and notes it as on its way if it may enter. After an error nothing is
// known of the transaction any more; so it is after part 0, which drops it.
func (c *Certifier) CertifyPart(p *redo.Part) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.underway(p.XID)
	switch {
	case p.Number == 0:
		c.forget(b)
		c.dropped.add(p.XID)
		return nil
	case p.Number == 1 && b == nil && !c.dropped.has(p.XID):
		b = &bulk{xid: p.XID, deeds: map[uint64]deed{}, tables: map[scn.Space]tableDeed{}}
		c.bulks = append(c.bulks, b)
	case b == nil || p.Number != b.parts+1:
		c.forget(b)
		return &ConflictError{What: "leadership"} // it has moved, and the parts before this one are void; or it was dropped already
	}
	_, dictionary := c.current()
	b.parts, b.statements = p.Number, append(b.statements, p.Statements...)
	t := &redo.Transaction{XID: p.XID, ReadSCN: p.ReadSCN, Statements: b.statements, Claims: p.Claims, Changes: p.Changes}
	if err := c.check(t, dictionary, b); err != nil {
		c.forget(b)
		return err
	}
	c.gather(b, t, dictionary)
	return nil
}

// certifyWhole checks what is left to check of a transaction when its parts are in the log.
func (c *Certifier) certifyWhole(t *redo.Transaction, at scn.SCN, dictionary *catalog.Snapshot) error {
	b := c.underway(t.XID)
	if b == nil || b.parts != t.Parts {
		c.forget(b)
		return &ConflictError{What: "leadership"}
	}
	err := c.check(t, dictionary, b)
	for table, d := range b.tables {
		switch {
		case err != nil:
		case d.read > 0 && max(c.defined[table], c.rewound[table]) > d.read:
			err = &ConflictError{What: "definition", Table: nameOf(dictionary, table)}
		case d.claimed > 0 && c.rewound[table] > d.claimed:
			err = &ConflictError{What: "content", Table: nameOf(dictionary, table)}
		}
	}
	if err != nil {
		c.forget(b)
		return err
	}
	c.finish(b, t, at, dictionary)
	return nil
}

// underway is the transaction whose parts are coming, nil if none has this id.
func (c *Certifier) underway(xid uint64) *bulk {
	for _, b := range c.bulks {
		if b.xid == xid && b.at == 0 {
			return b
		}
	}
	return nil
}

func (c *Certifier) forget(b *bulk) {
	for i := range c.bulks {
		if c.bulks[i] == b {
			c.bulks = append(c.bulks[:i:i], c.bulks[i+1:]...)
			return
		}
	}
}

// gather notes what a share of a large transaction does.
func (c *Certifier) gather(b *bulk, t *redo.Transaction, dictionary *catalog.Snapshot) {
	for i := range t.Changes {
		change := &t.Changes[i]
		d := deedWritten
		if changesKey(dictionary, change) {
			d |= deedRemoved
		}
		b.deeds[c.hash(change.Table, change.Key)] |= d
		of := b.tables[change.Table]
		if read := t.SnapshotOf(change); of.read == 0 || read < of.read {
			of.read = read
		}
		b.tables[change.Table] = of
		switch change.Table {
		case catalog.TablesSpace:
			b.mark(definedTable(change), func(d *tableDeed) { d.defined = true })
		case catalog.RewindsSpace:
			b.mark(catalog.RewoundSpace(change.After), func(d *tableDeed) { d.rewound = true })
		}
	}
	for i := range t.Claims {
		claim := &t.Claims[i]
		if len(claim.High) > 0 || len(claim.Low) == 0 {
			continue // of the whole transaction, see note
		}
		b.deeds[c.hash(claim.Space, claim.Low)] |= deedOf(claim.Mode)
		b.mark(claim.Space, func(d *tableDeed) {
			if d.claimed == 0 || claim.Since < d.claimed {
				d.claimed = claim.Since
			}
		})
	}
}

func (b *bulk) mark(table scn.Space, set func(*tableDeed)) {
	d := b.tables[table]
	set(&d)
	b.tables[table] = d
}

func deedOf(mode redo.ClaimMode) deed {
	switch mode {
	case redo.KeyShare:
		return deedKeyShared
	case redo.Share:
		return deedShared
	}
	return deedClaimed
}

// finish gives a large transaction its SCN; t is what came last.
func (c *Certifier) finish(b *bulk, t *redo.Transaction, at scn.SCN, dictionary *catalog.Snapshot) {
	b.at, b.statements = at, nil
	for table, d := range b.tables {
		if d.read > 0 {
			c.tables[table] = at
		}
		if d.defined {
			c.defined[table] = at
		}
		if d.rewound {
			c.rewound[table], c.tables[table] = at, at
		}
	}
	c.ranges.forget(at) // its keys are too many
	c.note(t, at, dictionary)
}

// ObserveShare notes a share of a committed large transaction that this node did not certify.
func (c *Certifier) ObserveShare(t *redo.Transaction, at scn.SCN) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at <= c.noted {
		return
	}
	_, dictionary := c.current()
	b := c.underway(t.XID)
	if b == nil {
		b = &bulk{xid: t.XID, deeds: map[uint64]deed{}, tables: map[scn.Space]tableDeed{}}
		c.bulks = append(c.bulks, b)
	}
	c.gather(b, t, dictionary)
}

// ObserveWhole notes that a large transaction, all of whose shares were observed, has committed; t is its last.
func (c *Certifier) ObserveWhole(t *redo.Transaction, at scn.SCN) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b := c.underway(t.XID); b != nil && at > c.noted {
		_, dictionary := c.current()
		c.finish(b, t, at, dictionary)
	}
}

// fold forgets large transactions that were applied long ago, or are too many. What they did can no longer be told.
func (c *Certifier) fold() {
	applied, _ := c.current()
	keys := 0
	for i := len(c.bulks) - 1; i >= 0; i-- {
		b := c.bulks[i]
		if b.at == 0 {
			continue
		}
		keys += len(b.deeds)
		if b.at > applied || keys <= bulkKeysMax && c.noted-b.at <= bulkAgeMax {
			continue
		}
		for d := deedWritten; d <= deedKeyShared; d <<= 1 {
			w := c.window(d)
			w.floor = max(w.floor, b.at)
		}
		c.forget(b)
	}
}
