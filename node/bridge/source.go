package bridge

import (
	"context"
	"encoding/json"
	"fmt"

	"redoubt/replication"
	"redoubt/scn"
	"redoubt/segments"
	"redoubt/wal/redo"
)

// Mark is a place in the log up to which everything is sealed.
type Mark struct {
	replication.Position
	// PartsFrom is the first entry of a transaction on its way there, which may be committed later: it must stay in the log
	// until then. 0: there is none.
	PartsFrom uint64 `json:",omitempty"`
}

// Retain is the first log entry that is still needed.
func (m Mark) Retain() uint64 {
	if m.PartsFrom > 0 {
		return m.PartsFrom
	}
	return m.Index + 1
}

// DecodeMark reads a mark of a Source.
func DecodeMark(mark []byte) (at Mark, err error) {
	if mark == nil {
		return at, nil
	}
	if err := json.Unmarshal(mark, &at); err != nil {
		return at, fmt.Errorf("the note of what is sealed is damaged: %w", err)
	}
	return at, nil
}

// Log is the committed log, of a node that runs or of one that does not.
type Log interface {
	// CommittedFrom reads the groups after a position, and the parts from an entry on.
	CommittedFrom(after replication.Position, parts uint64) *replication.Reader
	// Part gives the part in an entry that was read before.
	Part(index uint64) ([]byte, error)
}

// Source gives the committed log to the sealer, one group at a time. A transaction in parts comes as if it had travelled
// whole, so that a segment has all of it.
type Source struct {
	// Passed, if it is not nil, is told of every place that is come by.
	Passed func(Mark)

	log      Log
	reader   *replication.Reader
	records  []segments.Record
	underway map[uint64]parts // by transaction
}

// parts are the entries of a transaction that is on its way.
type parts struct {
	term    uint64
	entries []uint64
}

// OpenSource reads the log behind a mark, nil for its beginning.
func OpenSource(log Log, mark []byte) (*Source, error) {
	at, err := DecodeMark(mark)
	if err != nil {
		return nil, err
	}
	return sourceFrom(log, at), nil
}

func sourceFrom(log Log, at Mark) *Source {
	return &Source{log: log, reader: log.CommittedFrom(at.Position, at.Retain()), underway: map[uint64]parts{}}
}

// Next implements sealing.Source.
func (s *Source) Next(ctx context.Context) ([]segments.Record, []byte, error) {
	records, mark, err := s.next(ctx)
	if err != nil {
		return nil, nil, err
	}
	if s.Passed != nil {
		s.Passed(mark)
	}
	text, err := json.Marshal(mark)
	return records, text, err
}

// next gives the records of the next group and the place behind it.
func (s *Source) next(ctx context.Context) ([]segments.Record, Mark, error) {
	for {
		g, err := s.reader.Next(ctx)
		if err != nil {
			return nil, Mark{}, err
		}
		for xid, p := range s.underway {
			if p.term < g.Term {
				delete(s.underway, xid) // as the state does
			}
		}
		if g.Part == nil {
			return s.group(&g)
		}
		if err := s.part(&g); err != nil {
			return nil, Mark{}, fmt.Errorf("log entry %d: %w", g.Index, err)
		}
	}
}

func (s *Source) part(g *replication.AppliedGroup) error {
	xid, number, err := redo.PartHead(g.Part)
	if err != nil {
		return err
	}
	if number == 0 {
		delete(s.underway, xid)
		return nil
	}
	p := s.underway[xid]
	s.underway[xid] = parts{g.Term, append(p.entries, g.Index)}
	return nil
}

func (s *Source) group(g *replication.AppliedGroup) ([]segments.Record, Mark, error) {
	s.records = s.records[:0]
	for i := range g.Group.Txns {
		r := segments.Record{SCN: g.Group.FirstSCN + scn.SCN(i), TimeMicros: g.Group.Txns[i].TimeMicros}
		var err error
		if r.Payload, r.Tables, err = s.whole(g.Group.Txns[i].Body); err != nil {
			return nil, Mark{}, fmt.Errorf("SCN %d in log entry %d: %w", r.SCN, g.Index, err)
		}
		s.records = append(s.records, r)
	}
	mark := Mark{Position: g.Position()}
	for _, p := range s.underway {
		if mark.PartsFrom == 0 || p.entries[0] < mark.PartsFrom {
			mark.PartsFrom = p.entries[0]
		}
	}
	return s.records, mark, nil
}

// whole gives a record with all that its transaction changes, and the tables of it.
func (s *Source) whole(body []byte) ([]byte, []uint64, error) {
	xid, inParts, err := redo.TransactionInParts(body)
	if err != nil {
		return nil, nil, err
	}
	if !inParts {
		tables, err := redo.TransactionTables(body)
		return body, tables, err
	}
	var a redo.Assembler
	for _, entry := range s.underway[xid].entries {
		part, err := s.log.Part(entry)
		if err != nil {
			return nil, nil, err
		}
		if err := a.Add(part); err != nil {
			return nil, nil, err
		}
	}
	delete(s.underway, xid)
	return a.Finish(body)
}
