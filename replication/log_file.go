package replication

import (
	"context"

	"redoubt/wal"
)

// LogFile is the durable log of opaque payloads; *wal.Log is one. Safe for concurrent use; slices passed in may be
// reused on return.
type LogFile interface {
	// Append makes consecutive entries durable, all or none of them. The first follows LastIndex, or starts an empty
	// log anywhere. After an error it is unknown what the log holds.
	Append(batch []wal.Entry) error
	// Get gives the payload of an entry, written over dst.
	Get(index uint64, dst []byte) ([]byte, error)
	// FirstIndex and LastIndex bound what is there; 0 while the log is empty.
	FirstIndex() uint64
	LastIndex() uint64
	// TruncateFront drops entries below keepFrom, as far as it can; TruncateBack all those above keepTo, which may
	// leave nothing. Both are durable on return.
	TruncateFront(keepFrom uint64) error
	TruncateBack(keepTo uint64) error
	// Wait blocks until the entry at index is durable.
	Wait(ctx context.Context, index uint64) error
}

var _ LogFile = (*wal.Log)(nil)
