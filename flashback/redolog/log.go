package redolog

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"redoubt/scn"
	"redoubt/wal/redo"
)

// ErrGone is returned for SCNs whose redo is no longer kept.
var ErrGone = errors.New("the redo of that SCN is no longer kept")

// Filter says which transactions a scan is for.
type Filter struct {
	// SCNs is the range (After, To]. To must have been committed: a scan does not wait for more.
	SCNs scn.Range
	// Tables: the transaction changes one of these at least. Empty: any transaction.
	Tables []scn.Space
	// Cost, if it is not nil, is added to by the scan.
	Cost *Cost
}

// Cost is what a scan has read. Only sealed segments have blocks; those that cannot match are skipped.
type Cost struct {
	SegmentsSkipped, BlocksSkipped, BlocksRead int
	BytesRead                                  int64 // of blocks, as they are stored
}

// Record is one committed transaction. A transaction that went into the log in parts is whole here.
type Record struct {
	SCN        scn.SCN
	TimeMicros int64  // of the commit, microseconds since 1970-01-01 UTC
	Body       []byte // an encoded redo.Transaction; valid until the scan goes on
}

// Log gives committed transactions. It is safe for concurrent use and changes nothing.
type Log interface {
	// Kept is the SCN behind which all transactions are kept: 0, unless old ones were removed.
	Kept() scn.SCN
	// Scan gives the transactions that pass the filter in order of SCN, each once. It ends at the first error, which
	// comes with a zero Record: ErrGone if the range begins before what is kept, the context's, or that of a damaged file.
	Scan(ctx context.Context, f Filter) iter.Seq2[Record, error]
}

// Decode reads the transaction of a record. Byte slices point into the record's body.
func (r *Record) Decode() (*redo.Transaction, error) {
	t, err := redo.DecodeTransaction(r.Body)
	if err != nil {
		return nil, fmt.Errorf("transaction of SCN %d: %w", r.SCN, err)
	}
	return t, nil
}

// Get gives one transaction, whose slices are the caller's to keep.
func Get(ctx context.Context, log Log, at scn.SCN) (Record, *redo.Transaction, error) {
	if at == 0 {
		return Record{}, nil, fmt.Errorf("SCN 0: %w: it is the empty database", ErrGone)
	}
	for r, err := range log.Scan(ctx, Filter{SCNs: scn.Range{After: at - 1, To: at}}) {
		if err != nil {
			return Record{}, nil, err
		}
		r.Body = append([]byte(nil), r.Body...)
		t, err := r.Decode()
		return r, t, err
	}
	return Record{}, nil, fmt.Errorf("SCN %d: %w", at, ErrGone)
}
