package ash

import (
	"encoding/binary"

	"redoubt/telemetry"
	"redoubt/telemetry/frames"
)

// A file of the archive:
//
//	header  8 bytes  "RDBTASH" and the version, 1
//	frames, one for each moment that was archived:
//	  magic   4 bytes  F6 41 53 48
//	  length  4 bytes  of the payload, little-endian
//	  sum     4 bytes  CRC32C of the payload
//	  payload          moment, names, rows: all numbers as varints
//
// A frame is whole if and only if (1) its magic is there, (2) its length is at most 16 MiB and within the file,
// (3) the sum fits, (4) the payload holds what it says. What is no whole frame is passed over up to the next magic.
// A frame says all that its rows need, so damage of one concerns no other.
const (
	rowsMax   = 1 << 17
	rowFields = 21
)

// kind is what the files of the archive are.
var kind = &frames.Kind{Prefix: "ash-", Header: "RDBTASH\x01", Magic: "\xf6ASH", What: "the history of sessions"}

// appendRows encodes the rows of a moment.
func appendRows(b []byte, rows []row, list []string) []byte {
	local := map[uint32]uint64{}
	var used []uint32
	number := func(n uint32) uint64 {
		i, ok := local[n]
		if !ok {
			i = uint64(len(used))
			local[n], used = i, append(used, n)
		}
		return i
	}
	for i := range rows {
		r := &rows[i]
		for _, n := range [4]uint32{r.user, r.host, r.program, r.kind} {
			number(n)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(used)))
	for _, n := range used {
		b = frames.AppendText(b, list[n])
	}
	b = binary.AppendUvarint(b, uint64(len(rows)))
	for i := range rows {
		r := &rows[i]
		back := uint64(0)
		if r.back {
			back = 1
		}
		for _, v := range [rowFields]uint64{
			uint64(r.session), uint64(r.serial), back, uint64(r.event), uint64(r.line), number(r.user), number(r.host), number(r.program),
			number(r.kind), r.sql, r.exec, uint64(r.began), uint64(r.waited), r.object, r.read, r.commit, r.xid, r.blocker,
			uint64(r.blockedBy), r.rows, uint64(r.weight),
		} {
			b = binary.AppendUvarint(b, v)
		}
	}
	return b
}

// decodeRows gives the samples of a moment. yield must not keep the Sample.
func decodeRows(micros int64, body []byte, yield func(*telemetry.Sample) bool) (more bool, err error) {
	p := frames.Reader{Rest: body}
	list := make([]string, p.Count(4*rowsMax))
	for i := range list {
		list[i] = p.Text(nameBytesMax)
	}
	name := func() string {
		if i := p.Uint(); i < uint64(len(list)) {
			return list[i]
		}
		p.Bad = true
		return ""
	}
	for range p.Count(rowsMax) {
		s := telemetry.Sample{ID: uint64(micros / FinePeriod.Microseconds()), Micros: micros}
		s.Session, s.Serial, s.Background = uint32(p.Uint()), uint32(p.Uint()), p.Uint() != 0
		s.Event, s.Line = telemetry.Event(p.Uint()), uint16(p.Uint())
		s.User, s.Host, s.Program, s.Kind = name(), name(), name(), name()
		s.SQL, s.Exec, s.Began, s.Waited = p.Uint(), p.Uint(), int64(p.Uint()), int64(p.Uint())
		s.Object, s.ReadSCN, s.CommitSCN, s.XID, s.Blocker = p.Uint(), p.Uint(), p.Uint(), p.Uint(), p.Uint()
		s.BlockedBy, s.Rows, s.Weight = uint32(p.Uint()), p.Uint(), int64(p.Uint())
		if p.Bad {
			return false, frames.ErrNotWhole
		}
		if !yield(&s) {
			return false, nil
		}
	}
	if p.Bad || len(p.Rest) > 0 {
		return false, frames.ErrNotWhole
	}
	return true, nil
}
