package txn

import (
	"errors"
	"hash/maphash"
	"slices"
	"sync"

	"redoubt/engine/catalog"
	"redoubt/engine/lock"
	"redoubt/engine/mvcc"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// Certifier decides which transactions may enter the log. It remembers what recent commits wrote and claimed, those
// in flight included; what is older it looks up in the store.
//
// A transaction may enter if and only if (1) every row it changed is still at the version it replaced, (2) no table
// it changed was redefined since the snapshot of the statement that did, (3) no row it changed was claimed by others since
// then, in a mode that forbids the change, and (4) for each of its own claims nobody has, since the claim's snapshot, done what
// the claim forbids. What can no longer be known, because it has left the memory, counts as changed.
type Certifier struct {
	store   *mvcc.Store
	current func() (scn.SCN, *catalog.Snapshot)
	keeps   func(space scn.Space, at scn.SCN) bool // whether the store has all that happened to a space after an SCN
	seed    maphash.Seed

	mu        sync.Mutex
	bulks     []*bulk // large transactions, which would drive all else out of the windows
	dropped   droppedXIDs
	begun     scn.SCN // the memory knows nothing of what happened up to here
	noted     scn.SCN // the highest
	written   window  // rows changed
	removed   window  // rows deleted, or whose key or unique columns changed
	claimed   window  // keys claimed exclusively
	shared    window  // keys claimed in mode Share
	keyShared window  // keys claimed in mode KeyShare
	ranges    ranges
	tables    map[scn.Space]scn.SCN
	defined   map[scn.Space]scn.SCN
	rewound   map[scn.Space]scn.SCN // tables that went back: what their keys were written at says nothing any more
}

// windowEntriesMax bounds each half of a window's memory: 2^18 entries are about 10 MiB.
const windowEntriesMax = 1 << 18

// window remembers, by hash of space and key, the last SCN at which something happened to it: everything after
// floor. Two keys with one hash look like one; that can refuse a transaction without need, never admit one.
type window struct {
	young, old map[uint64]scn.SCN
	newest     scn.SCN // in young
	newestOld  scn.SCN // in old
	floor      scn.SCN // what is not in the window did not happen after it
}

func newWindow(floor scn.SCN) window {
	return window{young: map[uint64]scn.SCN{}, newest: floor, newestOld: floor, floor: floor}
}

func (w *window) get(k uint64) scn.SCN {
	if s, ok := w.young[k]; ok {
		return s
	}
	return w.old[k]
}

func (w *window) put(k uint64, at scn.SCN) {
	if len(w.young) >= windowEntriesMax {
		w.floor = max(w.floor, w.newestOld)
		w.old, w.newestOld = w.young, w.newest
		w.young = make(map[uint64]scn.SCN, windowEntriesMax)
	}
	w.young[k], w.newest = at, at
}

// NewCertifier makes a Certifier that knows nothing of what happened up to the applied SCN.
func NewCertifier(store *mvcc.Store, current func() (scn.SCN, *catalog.Snapshot), keeps func(scn.Space, scn.SCN) bool) *Certifier {
	c := &Certifier{store: store, current: current, keeps: keeps, seed: maphash.MakeSeed()}
	c.Abandon()
	return c
}

// Abandon forgets all that was noted, in flight or not, and starts again from what is applied.
func (c *Certifier) Abandon() {
	applied, _ := c.current()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun, c.noted = applied, applied
	c.written, c.removed, c.claimed = newWindow(applied), newWindow(applied), newWindow(applied)
	c.shared, c.keyShared = newWindow(applied), newWindow(applied)
	c.bulks, c.dropped = nil, droppedXIDs{}
	c.ranges.reset(applied)
	c.tables, c.defined, c.rewound = map[scn.Space]scn.SCN{}, map[scn.Space]scn.SCN{}, map[scn.Space]scn.SCN{}
}

// Certify checks a transaction that would commit at an SCN, the next one, and notes it as in flight if it may enter.
func (c *Certifier) Certify(t *redo.Transaction, at scn.SCN) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, dictionary := c.current()
	if t.Parts > 0 {
		return c.certifyWhole(t, at, dictionary)
	}
	if err := c.check(t, dictionary, nil); err != nil {
		return err
	}
	c.note(t, at, dictionary)
	return nil
}

// check tells whether a transaction, or a share of the one that own is of, may enter.
func (c *Certifier) check(t *redo.Transaction, dictionary *catalog.Snapshot, own *bulk) error {
	for i := range t.Changes {
		if err := c.checkChange(t, &t.Changes[i], dictionary, own); err != nil {
			return err
		}
	}
	for i := range t.Claims {
		if err := c.checkClaim(&t.Claims[i], dictionary, own); err != nil {
			return err
		}
	}
	return nil
}

// Touched is the last SCN, in flight or applied, at which something was done to a key that a lock in this mode excludes;
// 0 if nothing is known. If the memory does not reach back to since, the store tells as far as it left a trace there.
func (c *Certifier) Touched(space scn.Space, key []byte, mode lock.Mode, since scn.SCN) (scn.SCN, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.hash(space, key)
	last := c.committed(deedClaimed, k)
	switch mode {
	case lock.KeyShare:
		last = max(last, c.committed(deedRemoved, k))
	case lock.Share:
		last = max(last, c.committed(deedWritten, k))
	case lock.Update:
		last = max(last, c.committed(deedWritten, k), c.committed(deedShared, k))
	case lock.Exclusive:
		last = max(last, c.committed(deedWritten, k), c.committed(deedShared, k), c.committed(deedKeyShared, k))
	}
	if last != 0 || since >= c.written.floor {
		return last, nil
	}
	_, dictionary := c.current()
	return c.newest(dictionary, space, key)
}

// Observe notes a committed transaction that this node did not certify.
func (c *Certifier) Observe(t *redo.Transaction, at scn.SCN) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at > c.noted {
		_, dictionary := c.current()
		c.note(t, at, dictionary)
	}
}

func (c *Certifier) hash(space scn.Space, key []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(c.seed)
	h.WriteByte(byte(space >> 24))
	h.WriteByte(byte(space >> 16))
	h.WriteByte(byte(space >> 8))
	h.WriteByte(byte(space))
	h.Write(key)
	return h.Sum64()
}

func (c *Certifier) checkChange(t *redo.Transaction, change *redo.Change, dictionary *catalog.Snapshot, own *bulk) error {
	conflict := func(what string) error {
		return &ConflictError{What: what, Table: nameOf(dictionary, change.Table)}
	}
	rewound, read := c.rewound[change.Table], t.SnapshotOf(change)
	if c.defined[change.Table] > read || c.rewoundAfter(dictionary, change.Table, read) {
		return conflict("definition")
	}
	if read < c.begun && change.Table >= catalog.FirstUserSpace {
		if at, err := c.newest(dictionary, catalog.TablesSpace, catalog.TableKey(change.Table)); err != nil || at > read {
			return errors.Join(err, conflict("definition"))
		}
	}
	if change.Table == catalog.RewindsSpace && c.defined[catalog.RewoundSpace(change.After)] > read {
		return conflict("content") // of a table that somebody relies on: a new foreign key
	}
	k := c.hash(change.Table, change.Key)
	at := c.last(deedWritten, k, own)
	switch {
	case at > rewound:
	case at == 0 && read >= c.written.floor && (rewound == 0 || change.Replaced > rewound):
		at = change.Replaced // nothing has happened to it since
	case c.ahead(&c.written):
		return conflict("row")
	default:
		var err error
		if at, err = c.newest(dictionary, change.Table, change.Key); err != nil {
			return err
		}
	}
	if at != change.Replaced {
		absent, err := c.stillAbsent(dictionary, change, max(at, change.Replaced), read)
		switch {
		case err != nil:
			return err
		case !absent:
			return conflict("row")
		}
	}
	if max(c.last(deedShared, k, own), c.last(deedClaimed, k, own)) > read || read < c.shared.floor {
		return conflict("row claimed by another")
	}
	if changesKey(dictionary, change) && (c.last(deedKeyShared, k, own) > read || read < c.keyShared.floor) {
		return conflict("row that another refers to")
	}
	return nil
}

// stillAbsent tells whether a change that does not replace the newest version is an insert where there was no row at its
// snapshot, and is none now. What it does not know, or knows alone, was a deletion: those need not be kept, and are not on
// every node. last is the newest version that either knows.
func (c *Certifier) stillAbsent(dictionary *catalog.Snapshot, change *redo.Change, last, read scn.SCN) (bool, error) {
	if change.Op != redo.Insert || last > read {
		return false, nil
	}
	v, found, err := c.store.Get(dictionary.Lineage(change.Table, scn.Max), change.Key, nil)
	return err == nil && (!found || v.Deleted && v.SCN <= read), err
}

// Settle returns when nobody is certifying on a dictionary older than the present one.
func (c *Certifier) Settle() {
	c.mu.Lock()
	defer c.mu.Unlock()
}

func (c *Certifier) checkClaim(claim *redo.Claim, dictionary *catalog.Snapshot, own *bulk) error {
	conflict := func(what string) error {
		return &ConflictError{What: what, Table: nameOf(dictionary, claim.Space)}
	}
	if c.rewoundAfter(dictionary, claim.Space, claim.Since) {
		return conflict("content")
	}
	if len(claim.Low) == 0 && len(claim.High) == 0 {
		if c.tables[claim.Space] > claim.Since || claim.Since < c.written.floor {
			return conflict("content")
		}
		return nil
	}
	if len(claim.High) > 0 {
		if c.ranges.changed(claim, c.tables[claim.Space]) || claim.Since < c.written.floor {
			return conflict("range")
		}
		return nil
	}
	k := c.hash(claim.Space, claim.Low)
	if c.last(deedClaimed, k, own) > claim.Since {
		return conflict("key claimed by another")
	}
	deeds := []deed{deedClaimed}
	switch claim.Mode {
	case redo.KeyShare:
		deeds = append(deeds, deedRemoved)
	case redo.Share:
		deeds = append(deeds, deedWritten)
	case redo.Exclusive:
		deeds = append(deeds, deedWritten, deedShared, deedKeyShared)
	}
	forgotten, ahead := false, false
	for _, d := range deeds {
		w := c.window(d)
		if c.last(d, k, own) > claim.Since {
			return conflict("key")
		}
		if claim.Since < w.floor {
			forgotten, ahead = true, ahead || c.ahead(w)
		}
	}
	switch {
	case !forgotten:
		return nil
	case ahead:
		return conflict("key")
	}
	return c.checkForgotten(claim, conflict)
}

// rewoundAfter tells whether a space was taken back after an SCN: by what this memory knows, or before it began.
func (c *Certifier) rewoundAfter(dictionary *catalog.Snapshot, space scn.Space, read scn.SCN) bool {
	if c.rewound[space] > read {
		return true
	}
	if read >= c.begun {
		return false
	}
	rewinds := dictionary.Rewinds(space)
	return len(rewinds) > 0 && rewinds[len(rewinds)-1].At > read
}

// ahead tells whether a window has forgotten what is not in the store yet: then nobody knows it.
func (c *Certifier) ahead(w *window) bool {
	applied, _ := c.current()
	return w.floor > applied
}

// checkForgotten looks in the store for what the memory no longer has. A claim that leaves no trace there, an
// exclusive one on a name, cannot be told and is refused.
func (c *Certifier) checkForgotten(claim *redo.Claim, conflict func(string) error) error {
	if claim.Space == catalog.NamesSpace {
		return conflict("name")
	}
	it, err := c.store.NewHistory(claim.Space, mvcc.Range{Low: claim.Low, High: catalog.KeySuccessor(claim.Low)})
	if err != nil {
		return err
	}
	defer it.Close()
	if !c.keeps(claim.Space, claim.Since) { // the key may have been deleted, and that it was collected
		return conflict("key")
	}
	for it.Next() {
		if it.SCN() > claim.Since {
			return conflict("key")
		}
	}
	return it.Err()
}

// newest is the SCN of the newest version of a key that readers of now see; 0 if there is none.
func (c *Certifier) newest(dictionary *catalog.Snapshot, space scn.Space, key []byte) (scn.SCN, error) {
	v, _, err := c.store.Get(dictionary.Lineage(space, scn.Max), key, nil)
	return v.SCN, err
}

func (c *Certifier) note(t *redo.Transaction, at scn.SCN, dictionary *catalog.Snapshot) {
	for i := range t.Changes {
		change := &t.Changes[i]
		k := c.hash(change.Table, change.Key)
		c.written.put(k, at)
		c.tables[change.Table] = at
		c.ranges.note(change.Table, change.Key, at)
		if changesKey(dictionary, change) {
			c.removed.put(k, at)
		}
		switch change.Table {
		case catalog.TablesSpace:
			c.defined[definedTable(change)] = at
		case catalog.RewindsSpace:
			space := catalog.RewoundSpace(change.After)
			c.rewound[space], c.tables[space] = at, at
		}
	}
	for i := range t.Claims {
		claim := &t.Claims[i]
		if len(claim.High) > 0 {
			continue // it was looked at: nobody else need mind
		}
		if len(claim.Low) == 0 {
			c.defined[claim.Space] = at // whoever wrote on an older snapshot did not know why this was claimed
			continue
		}
		k := c.hash(claim.Space, claim.Low)
		switch claim.Mode {
		case redo.KeyShare:
			c.keyShared.put(k, at)
		case redo.Share:
			c.shared.put(k, at)
		case redo.Exclusive:
			c.claimed.put(k, at)
		}
	}
	c.noted = at
	if len(c.bulks) > 0 {
		c.fold()
	}
}

// definedTable is the table that a change of the tables table defines.
func definedTable(change *redo.Change) scn.Space {
	for _, row := range []redo.Row{change.Identity, change.Before, change.After} {
		if id, ok := row.Get(1); ok {
			return scn.Space(id.Uint())
		}
	}
	return 0
}

// changesKey tells whether a change takes away something that a foreign key may refer to: the row itself, or a value
// of its unique columns, or of others that one does refer to.
func changesKey(dictionary *catalog.Snapshot, change *redo.Change) bool {
	if change.Op != redo.Update {
		return change.Op == redo.Delete
	}
	table, ok := dictionary.TableByID(change.Table)
	if !ok {
		return true
	}
	changes := func(column uint32) bool {
		_, changed := change.Before.Get(column)
		_, added := change.After.Get(column)
		return changed || added
	}
	for i := range table.Indexes {
		index := &table.Indexes[i]
		if index.Unique && slices.ContainsFunc(index.Columns, func(p catalog.IndexColumn) bool { return changes(p.Column) }) {
			return true
		}
	}
	return slices.ContainsFunc(dictionary.Referred(change.Table), changes)
}

func nameOf(dictionary *catalog.Snapshot, space scn.Space) string {
	if table, ok := dictionary.TableByID(space); ok {
		return table.Name
	}
	for _, table := range dictionary.AllTables() {
		if _, ok := table.IndexByID(space); ok {
			return table.Name
		}
	}
	return ""
}
