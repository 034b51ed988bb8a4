package pitr

import (
	"context"
	"errors"
	"fmt"
	"time"

	"redoubt/engine"
	"redoubt/scn"
	"redoubt/segments"
	"redoubt/wal/redo"
)

// How much is applied at once.
const (
	groupTransactions = 256
	groupBytes        = 8 << 20
	stretchBytes      = 64 << 20 // of redo; while one is applied, the next is read
)

// Replayed tells how much redo was applied.
type Replayed struct {
	Transactions uint64
	Bytes        uint64 // of redo
	Took         time.Duration
}

// Replay applies what a log has behind the state up to an SCN, and makes it durable. index and term are the place in the
// log of the node that the end gets; until then a crash leaves the rest to be done again. Nobody may read the newest state
// meanwhile. progress, if it is not nil, hears of SCNs reached.
func Replay(ctx context.Context, e *engine.Engine, log *segments.Catalog, to scn.SCN, index, term uint64, progress func(scn.SCN)) (done Replayed, err error) {
	began := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := reader{log: log, from: e.Position(), to: to, index: index, term: term, stretches: make(chan stretch)}
	go r.read(ctx)
	for s := range r.stretches {
		if err := s.err; err != nil {
			return done, err
		}
		if err := errors.Join(e.ApplyStretch(ctx, s.commits, engine.StretchOptions{}), ctx.Err()); err != nil {
			cancel()
			for range r.stretches { // until it has stopped: the log is the caller's again
			}
			return done, err
		}
		done.Transactions += s.transactions
		done.Bytes += s.bytes
		if progress != nil {
			progress(e.Applied())
		}
	}
	if err := ctx.Err(); err != nil {
		return done, err
	}
	if got := e.Applied(); got != to {
		return done, fmt.Errorf("the log ends at SCN %d, not at %d", got, to)
	}
	_, err = e.Persist(ctx)
	done.Took = time.Since(began)
	return done, err
}

// stretch is a part of the log that is applied at once, or the error that ends it.
type stretch struct {
	commits      []engine.Commit
	transactions uint64
	bytes        uint64
	err          error
}

// reader makes stretches of a log.
type reader struct {
	log         *segments.Catalog
	from        engine.Position
	to          scn.SCN
	index, term uint64 // of the last one
	stretches   chan stretch

	now   stretch
	group redo.Group
	size  int    // of the group, in bytes
	slab  []byte // payloads stand one behind the other
}

// read sends stretches until the target, or an error, and closes the channel.
func (r *reader) read(ctx context.Context) {
	defer close(r.stretches)
	it := r.log.Scan(segments.Filter{SCNs: scn.Range{After: r.from.SCN, To: r.to}})
	for it.Next() {
		record := it.Record()
		r.add(&record)
		if r.now.bytes >= stretchBytes && !r.send(ctx) {
			break
		}
	}
	if r.now.err = errors.Join(it.Err(), it.Close()); r.now.err != nil || len(r.group.Txns)+len(r.now.commits) > 0 {
		r.send(ctx)
	}
}

// add adds a transaction, whose bytes are copied.
func (r *reader) add(record *segments.Record) {
	if len(r.group.Txns) == 0 {
		r.group.FirstSCN = record.SCN
	}
	n := len(record.Payload)
	if cap(r.slab)-len(r.slab) < n {
		r.slab = make([]byte, 0, max(n, 1<<20))
	}
	r.slab = append(r.slab, record.Payload...)
	body := r.slab[len(r.slab)-n : len(r.slab) : len(r.slab)]
	r.group.Txns = append(r.group.Txns, redo.GroupTxn{TimeMicros: record.TimeMicros, Body: body})
	r.now.transactions++
	r.now.bytes += uint64(n)
	if r.size += n; r.size >= groupBytes || len(r.group.Txns) >= groupTransactions || record.SCN == r.to {
		r.endGroup()
	}
}

func (r *reader) endGroup() {
	if len(r.group.Txns) == 0 {
		return
	}
	c := engine.Commit{Index: r.from.Index, Term: r.from.Term, Group: r.group}
	if r.group.LastSCN() == r.to {
		c.Index, c.Term = r.index, r.term
	}
	r.now.commits = append(r.now.commits, c)
	r.group, r.size = redo.Group{}, 0
}

// send gives away what was read; false means that nobody wants it any more.
func (r *reader) send(ctx context.Context) bool {
	r.endGroup()
	s := r.now
	r.now, r.slab = stretch{}, nil
	select {
	case r.stretches <- s:
		return true
	case <-ctx.Done():
		return false
	}
}
