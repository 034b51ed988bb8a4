package enginetest

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"redoubt/flashback/redolog"
	"redoubt/scn"
	"redoubt/wal/redo"
)

var _ redolog.Log = (*Log)(nil)

// Kept implements redolog.Log: nothing is ever removed.
func (l *Log) Kept() scn.SCN { return 0 }

// Scan implements redolog.Log over all that was committed.
func (l *Log) Scan(ctx context.Context, f redolog.Filter) iter.Seq2[redolog.Record, error] {
	return func(yield func(redolog.Record, error) bool) {
		parts := map[uint64][][]byte{}
		for _, c := range l.Entries() {
			if err := ctx.Err(); err != nil {
				yield(redolog.Record{}, err)
				return
			}
			if c.Part != nil {
				if err := keepPart(parts, c.Part); err != nil {
					yield(redolog.Record{}, err)
					return
				}
				continue
			}
			for i, t := range c.Group.Txns {
				at := c.Group.FirstSCN + scn.SCN(i)
				body, tables, err := whole(parts, t.Body)
				if err != nil {
					yield(redolog.Record{}, fmt.Errorf("SCN %d: %w", at, err))
					return
				}
				wanted := func(id uint64) bool { return slices.Contains(f.Tables, scn.Space(id)) }
				if !f.SCNs.Contains(at) || len(f.Tables) > 0 && !slices.ContainsFunc(tables, wanted) {
					continue
				}
				if !yield(redolog.Record{SCN: at, TimeMicros: t.TimeMicros, Body: body}, nil) {
					return
				}
			}
		}
	}
}

func keepPart(parts map[uint64][][]byte, b []byte) error {
	xid, number, err := redo.PartHead(b)
	if err != nil {
		return err
	}
	if number <= 1 {
		delete(parts, xid)
	}
	if number > 0 {
		parts[xid] = append(parts[xid], b)
	}
	return nil
}

func whole(parts map[uint64][][]byte, body []byte) ([]byte, []uint64, error) {
	xid, inParts, err := redo.TransactionInParts(body)
	if err != nil {
		return nil, nil, err
	}
	if !inParts {
		tables, err := redo.TransactionTables(body)
		return body, tables, err
	}
	var a redo.Assembler
	for _, p := range parts[xid] {
		if err := a.Add(p); err != nil {
			return nil, nil, err
		}
	}
	return a.Finish(body)
}
