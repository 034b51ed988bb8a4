package engine

import (
	"context"
	"encoding/binary"

	"redoubt/engine/catalog"
	"redoubt/engine/mvcc"
	"redoubt/scn"
)

// CommitOfXID finds the commit of a transaction. It looks from the transaction's begin on, which its id tells: the cost is
// that of the commits between then and its own, so of almost none. Only if it is not there, because a clock was set back
// or because there is no such transaction, are all others looked at.
func (e *Engine) CommitOfXID(ctx context.Context, xid uint64) (c CommitInfo, found bool, err error) {
	begin, err := e.TimeToSCN(XIDTime(xid))
	if err != nil || e.Applied() == 0 {
		return CommitInfo{}, false, err
	}
	edge := binary.BigEndian.AppendUint64(nil, 1)
	if begin > 0 {
		commits, err := e.group(binary.BigEndian.AppendUint64(nil, uint64(begin)+1))
		if err != nil {
			return CommitInfo{}, false, err
		}
		edge = binary.BigEndian.AppendUint64(nil, uint64(commits[0].SCN))
	}
	for _, r := range []mvcc.Range{{Low: edge}, {High: edge, Reverse: true}} {
		if c, found, err = e.findXID(ctx, xid, r); found || err != nil {
			return c, found, err
		}
	}
	return CommitInfo{}, false, nil
}

// cancelEvery is the number of groups between two looks at whether nobody waits for the answer any more.
const cancelEvery = 1024

// findXID looks for a transaction in a range of the space of commit times by SCN.
func (e *Engine) findXID(ctx context.Context, xid uint64, r mvcc.Range) (CommitInfo, bool, error) {
	applied := e.Applied()
	it, err := e.store.NewIterator(scn.Simple(catalog.TimesBySCNSpace, applied), r)
	if err != nil {
		return CommitInfo{}, false, err
	}
	defer it.Close()
	for n := 1; it.Next(); n++ {
		if n%cancelEvery == 0 && ctx.Err() != nil {
			return CommitInfo{}, false, context.Cause(ctx)
		}
		commits, err := decodeTimes(scn.SCN(binary.BigEndian.Uint64(it.Key())), it.Version().Value)
		if err != nil {
			return CommitInfo{}, false, err
		}
		for _, c := range commits {
			if c.XID == xid && c.SCN <= applied {
				return c, true, nil
			}
		}
	}
	return CommitInfo{}, false, it.Err()
}
