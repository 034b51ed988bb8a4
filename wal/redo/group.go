package redo

import (
	"encoding/binary"
	"hash/crc32"

	"redoubt/scn"
)

// A group is the payload of one log entry: consecutive transactions, committed together or not at all.
//
//	 0  4  magic "RDG" and version (1)
//	 4  4  CRC32C of all that follows
//	 8  8  SCN of the first transaction
//	16  8  commit time of the first, microseconds since 1970
//	24  -  uvarint: number of transactions, 1 or more
//	 -  -  for each: uvarint microseconds since the previous one, uvarint length, encoded transaction
//
// All fixed numbers are little endian. A group is valid if and only if (1) magic and (2) version are known, (3) the
// checksum matches, (4) SCNs do not pass scn.Max, and (5) the transactions fill it to the last byte.
const (
	groupMagic      = "RDG"
	groupVersion    = 1
	groupHeaderSize = 24
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Group is consecutive transactions: Txns[i] has SCN FirstSCN + i.
type Group struct {
	FirstSCN scn.SCN
	Txns     []GroupTxn
}

// GroupTxn is one transaction in a group. Commit times never go down within the log.
type GroupTxn struct {
	TimeMicros int64  // commit time, microseconds since 1970-01-01 UTC
	Body       []byte // an encoded Transaction; the group does not look into it
}

// LastSCN is the SCN of the group's last transaction.
func (g *Group) LastSCN() scn.SCN { return g.FirstSCN + scn.SCN(len(g.Txns)) - 1 }

// AppendGroup encodes g, which must hold at least one transaction in ascending order of time.
func AppendGroup(dst []byte, g *Group) []byte {
	start := len(dst)
	dst = append(dst, groupMagic...)
	dst = append(dst, groupVersion, 0, 0, 0, 0)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(g.FirstSCN))
	at := g.Txns[0].TimeMicros
	dst = binary.LittleEndian.AppendUint64(dst, uint64(at))
	dst = binary.AppendUvarint(dst, uint64(len(g.Txns)))
	for _, t := range g.Txns {
		dst = binary.AppendUvarint(dst, uint64(t.TimeMicros-at))
		dst = appendBytes(dst, t.Body)
		at = t.TimeMicros
	}
	binary.LittleEndian.PutUint32(dst[start+4:], crc32.Checksum(dst[start+8:], castagnoli))
	return dst
}

// DecodeGroup reads what AppendGroup wrote, all of b. Bodies point into b.
func DecodeGroup(b []byte) (Group, error) {
	r := reader{buf: b}
	if head := r.take("group header", groupHeaderSize); head != nil {
		r.off = 0
		switch {
		case string(head[:3]) != groupMagic:
			r.fail("magic", ErrMagic)
		case head[3] != groupVersion:
			r.fail("version", ErrVersion)
		case binary.LittleEndian.Uint32(head[4:]) != crc32.Checksum(b[8:], castagnoli):
			r.fail("checksum", ErrChecksum)
		}
		r.off = 8
	}
	g := Group{FirstSCN: scn.SCN(r.fixed64("first SCN"))}
	at := int64(r.fixed64("commit time"))
	n := r.count("number of transactions", 2)
	if r.err == nil && (n == 0 || g.FirstSCN == 0 || uint64(scn.Max-g.FirstSCN) < uint64(n)) {
		r.fail("number of transactions", ErrMalformed)
	}
	if r.err == nil {
		g.Txns = make([]GroupTxn, 0, n)
	}
	for i := 0; i < n && r.err == nil; i++ {
		at += int64(r.uvarint("commit time"))
		g.Txns = append(g.Txns, GroupTxn{at, r.bytes("transaction")})
	}
	r.end("group")
	if r.err != nil {
		return Group{}, r.err
	}
	return g, nil
}
