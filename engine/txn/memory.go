package txn

import "redoubt/wal/redo"

// What a transaction takes in memory, in bytes, measured by TestMemoryIsCounted of package engine.
const (
	entryBytes  = 204 // an entry, its place in the tree, and the step that takes it back
	claimBytes  = 190 // a claim, and its place in the set of claims
	lockBytes   = 150 // a lock, in the memory of the node that leads
	columnBytes = 48  // a column of a row, without its data
)

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
