package txn

import "redoubt/wal/redo"

// What a transaction takes in memory, in bytes, measured by TestMemoryIsCounted of package engine.
const (
	entryBytes     = 204 // an entry, its place in the tree, and the step that takes it back
	claimBytes     = 190 // a claim, and its place in the set of claims
	lockBytes      = 165 // a lock: 150 in the memory of the node that leads, the rest in the transaction's set of them
	statementBytes = 40  // a statement, without its text
	columnBytes    = 48  // a column of a row, without its data
)

// size is what something takes: in memory, and about in the log if it commits.
type size struct{ bytes, redo int64 }

// size is what the whole transaction takes.
func (t *Txn) size() size {
	return t.changed.plus(t.kept)
}

func (s size) plus(o size) size { return size{s.bytes + o.bytes, s.redo + o.redo} }

func (s size) minus(o size) size { return size{s.bytes - o.bytes, s.redo - o.redo} }

// sizeOfClaim is what a claim takes.
func sizeOfClaim(c *redo.Claim) size {
	return size{
		claimBytes + 2*(roundUp(len(c.Low))+roundUp(len(c.High))),
		int64(len(c.Low)+len(c.High)) + 20,
	}
}

// sizeOfStatement is what a statement takes, beside its changes.
func sizeOfStatement(s *redo.Statement) size {
	return size{statementBytes + int64(len(s.Text)), int64(len(s.Text)) + 16}
}

// memoryOf is what a row takes.
func memoryOf(row redo.Row) int64 {
	data := 0
	for i := range row {
		data += len(row[i].Value.Data())
	}
	return int64(len(row))*columnBytes + roundUp(data)
}

// roundUp is about what an allocation of n bytes takes: classes of sizes lie about an eighth apart.
func roundUp(n int) int64 { return int64(n+n/16+7) &^ 7 }
