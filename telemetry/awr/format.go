package awr

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/klauspost/compress/s2"

	"redoubt/telemetry"
	"redoubt/telemetry/frames"
)

// A body of a file of snapshots, whose frames are those of package frames:
//
//	head     id, start of the node, SCN, reason: varints
//	content  compressed with S2: values, events, statements, changes of plans, each behind its number; numbers are varints,
//	         values 8 bytes (IEEE 754, little-endian), texts their length and bytes
//
// Files awr-N lie in the folder awr of a data directory; the one with the highest number is written to. They are of one
// node, and nothing depends on them: a node without them begins with an empty history. Those of a baseline lie in a folder
// baseline-NAME.FIRST-LAST.CREATED of it: its name, its snapshots, and when it was made, in microseconds since 1970.
var kind = &frames.Kind{Prefix: "awr-", Header: "RDBTAWR\x01", Magic: "\xf6AWR", What: "the snapshots of the workload"}

const (
	textBytesMax    = 16 << 10
	listMax         = 1 << 20
	contentBytesMax = 64 << 20
)

func appendHead(b []byte, h *telemetry.WorkloadHead) []byte {
	b = binary.AppendUvarint(b, h.ID)
	b = binary.AppendVarint(b, h.Started)
	b = binary.AppendUvarint(b, h.SCN)
	return binary.AppendUvarint(b, uint64(h.Reason))
}

// readHead reads the head of a body, and gives what is behind it.
func readHead(micros int64, body []byte) (h telemetry.WorkloadHead, content []byte, err error) {
	p := frames.Reader{Rest: body}
	h = telemetry.WorkloadHead{ID: p.Uint(), Micros: micros, Started: p.Int(), SCN: p.Uint(), Reason: telemetry.WorkloadReason(p.Uint()), Bytes: len(body)}
	if p.Bad {
		return h, nil, frames.ErrNotWhole
	}
	return h, p.Rest, nil
}

func appendNumbers(b []byte, numbers ...uint64) []byte {
	for _, n := range numbers {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

func appendTexts(b []byte, texts ...string) []byte {
	for _, s := range texts {
		b = frames.AppendText(b, s[:min(len(s), textBytesMax)])
	}
	return b
}

func appendTook(b []byte, times ...time.Duration) []byte {
	for _, t := range times {
		b = binary.AppendUvarint(b, uint64(max(t.Microseconds(), 0)))
	}
	return b
}

// appendBody encodes a snapshot.
func appendBody(b []byte, s *telemetry.WorkloadSnapshot) []byte {
	var c []byte
	c = appendNumbers(c, uint64(len(s.Values)))
	for _, v := range s.Values {
		gauge := uint64(0)
		if v.Gauge {
			gauge = 1
		}
		c = appendNumbers(appendTexts(c, v.Name), gauge)
		c = binary.LittleEndian.AppendUint64(c, math.Float64bits(v.Value))
	}
	c = appendNumbers(c, uint64(len(s.Events)))
	for _, e := range s.Events {
		c = appendTook(appendNumbers(c, uint64(e.Event), e.Waits), e.Took, e.Sessions, e.Background)
	}
	c = appendNumbers(c, uint64(len(s.Statements)), uint64(telemetry.Classes))
	for i := range s.Statements {
		x := &s.Statements[i]
		c = appendTexts(appendNumbers(c, x.Digest, x.Plan), x.Text, x.PlanText, x.Kind, x.Schema)
		c = appendNumbers(c, x.Executions, x.Failures, x.Conflicts, x.RowsRead, x.RowsSent, x.RowsChanged, x.ShortRun)
		c = appendTook(appendTook(c, x.Took), x.Waits[:]...)
	}
	c = appendNumbers(c, uint64(len(s.Changes)))
	for i := range s.Changes {
		x := &s.Changes[i]
		c = appendTexts(appendNumbers(c, x.Digest, uint64(x.Micros), x.SCN, x.OldPlan, x.NewPlan, x.OldRuns, x.NewRuns, x.OldReads, x.NewReads), x.Text, x.OldText, x.NewText)
		c = appendTook(c, x.OldTook, x.NewTook)
	}
	return append(appendHead(b, &s.WorkloadHead), s2.EncodeBetter(nil, c)...)
}

// decodeBody gives a snapshot.
func decodeBody(micros int64, body []byte) (*telemetry.WorkloadSnapshot, error) {
	head, packed, err := readHead(micros, body)
	if err != nil {
		return nil, err
	}
	if n, err := s2.DecodedLen(packed); err != nil || n > contentBytesMax {
		return nil, frames.ErrNotWhole
	}
	content, err := s2.Decode(nil, packed)
	if err != nil {
		return nil, frames.ErrNotWhole
	}
	s := &telemetry.WorkloadSnapshot{WorkloadHead: head}
	p := &frames.Reader{Rest: content}
	readValues(p, s)
	readEvents(p, s)
	readStatements(p, s)
	readChanges(p, s)
	if p.Bad || len(p.Rest) > 0 {
		return nil, frames.ErrNotWhole
	}
	return s, nil
}

func took(p *frames.Reader) time.Duration { return time.Duration(p.Uint()) * time.Microsecond }

func readValues(p *frames.Reader, s *telemetry.WorkloadSnapshot) {
	for range p.Count(listMax) {
		v := telemetry.WorkloadValue{Name: p.Text(textBytesMax), Gauge: p.Uint() != 0}
		if len(p.Rest) < 8 {
			p.Bad = true
			return
		}
		v.Value = math.Float64frombits(binary.LittleEndian.Uint64(p.Rest))
		p.Rest = p.Rest[8:]
		s.Values = append(s.Values, v)
	}
}

func readEvents(p *frames.Reader, s *telemetry.WorkloadSnapshot) {
	for range p.Count(listMax) {
		s.Events = append(s.Events, telemetry.WorkloadEvent{Event: telemetry.Event(p.Uint()), Waits: p.Uint(), Took: took(p), Sessions: took(p), Background: took(p)})
	}
}

func readStatements(p *frames.Reader, s *telemetry.WorkloadSnapshot) {
	n, classes := p.Count(listMax), p.Uint()
	for range n {
		x := telemetry.WorkloadStatement{
			Digest: p.Uint(), Plan: p.Uint(), Text: p.Text(textBytesMax), PlanText: p.Text(textBytesMax), Kind: p.Text(textBytesMax), Schema: p.Text(textBytesMax),
			Executions: p.Uint(), Failures: p.Uint(), Conflicts: p.Uint(), RowsRead: p.Uint(), RowsSent: p.Uint(), RowsChanged: p.Uint(), ShortRun: p.Uint(),
			Took: took(p),
		}
		for c := range classes {
			if t := took(p); c < uint64(telemetry.Classes) {
				x.Waits[c] = t
			}
			if p.Bad {
				return
			}
		}
		s.Statements = append(s.Statements, x)
	}
}

func readChanges(p *frames.Reader, s *telemetry.WorkloadSnapshot) {
	for range p.Count(listMax) {
		s.Changes = append(s.Changes, telemetry.WorkloadChange{
			Digest: p.Uint(), Micros: int64(p.Uint()), SCN: p.Uint(), OldPlan: p.Uint(), NewPlan: p.Uint(), OldRuns: p.Uint(), NewRuns: p.Uint(), OldReads: p.Uint(), NewReads: p.Uint(),
			Text: p.Text(textBytesMax), OldText: p.Text(textBytesMax), NewText: p.Text(textBytesMax), OldTook: took(p), NewTook: took(p),
		})
	}
}
