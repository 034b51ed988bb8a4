package txn

import (
	"bytes"

	"redoubt/engine/catalog"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// readClaimsMax is how many keys and ranges of one table a transaction claims before it claims the whole table.
const readClaimsMax = 1000

// wholeTable marks, among the counts of claims, a table that is claimed as a whole.
const wholeTable = -1

// rangeEnd is the end of a claimed range that goes on to the end of its space. No key is as high.
var rangeEnd = bytes.Repeat([]byte{0xff}, 16)

// claimRead says, under SERIALIZABLE, that what was read must still be so at the commit. A transaction that changes
// something then stands, as if it were alone, at the place of its commit; one that only reads stands at its snapshot.
// What was read through an index is claimed as the whole table: the certifier knows which rows were changed, not which
// entries of an index.
func (t *Txn) claimRead(table *catalog.Table, r Range, single bool) {
	if t.options.Isolation != Serializable || t.options.ReadOnly || t.options.At != 0 || table.ID < catalog.FirstUserSpace {
		return
	}
	if t.readClaims == nil {
		t.readClaims = map[scn.Space]int{}
	}
	n := t.readClaims[table.ID]
	if n == wholeTable {
		return
	}
	low, high := r.Low, r.High
	if !single && high == nil {
		high = rangeEnd
	}
	if n == readClaimsMax || len(low) == 0 && bytes.Equal(high, rangeEnd) {
		low, high, n = nil, rangeEnd, wholeTable-1
	}
	t.readClaims[table.ID] = n + 1
	t.claim(redo.Claim{Mode: redo.Share, Space: table.ID, Since: t.snapshot, Low: bytes.Clone(low), High: bytes.Clone(high)})
}
