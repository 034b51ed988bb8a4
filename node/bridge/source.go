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

// Source gives the committed log to the sealer, one group at a time.
type Source struct {
	reader  *replication.Reader
	records []segments.Record
}

// OpenSource reads the log behind a mark, nil for its beginning.
func OpenSource(log *replication.Node, mark []byte) (*Source, error) {
	at, err := DecodeMark(mark)
	if err != nil {
		return nil, err
	}
	return &Source{reader: log.Committed(at)}, nil
}

// Next implements sealing.Source.
func (s *Source) Next(ctx context.Context) ([]segments.Record, []byte, error) {
	g, err := s.reader.Next(ctx)
	if err != nil {
		return nil, nil, err
	}
	s.records = s.records[:0]
	for i := range g.Group.Txns {
		t := &g.Group.Txns[i]
		at := g.Group.FirstSCN + scn.SCN(i)
		tables, err := redo.TransactionTables(t.Body)
		if err != nil {
			return nil, nil, fmt.Errorf("SCN %d in log entry %d: %w", at, g.Index, err)
		}
		s.records = append(s.records, segments.Record{SCN: at, TimeMicros: t.TimeMicros, Tables: tables, Payload: t.Body})
	}
	mark, err := json.Marshal(g.Position())
	return s.records, mark, err
}

// DecodeMark reads a mark of a Source: the position in the log up to which everything is sealed.
func DecodeMark(mark []byte) (at replication.Position, err error) {
	if mark == nil {
		return at, nil
	}
	if err := json.Unmarshal(mark, &at); err != nil {
		return at, fmt.Errorf("the note of what is sealed is damaged: %w", err)
	}
	return at, nil
}
