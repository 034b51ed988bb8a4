package replication

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/hashicorp/raft"

	"redoubt/scn"
)

// The snapshot file: how far the state machine is durable, so that the log up to there may go. Little endian.
//
//	 0   8  magic "RDBTSNAP"
//	 8   2  version (1)
//	10   2  key id, 0: not encrypted
//	12   4  length of everything after the header
//	16   4  CRC32C of everything but these four bytes
//	20   -  uvarints: raft index and term of the snapshot; index, term, SCN and time (microseconds since 1970) of the
//	        last transaction in it; index of the configuration
//	 -   -  uvarint number of servers, then for each: suffrage (0 voter, 1 non-voter), uvarint length and id,
//	        uvarint length and address
//
// The file is valid if and only if (1) magic, (2) version and (3) key id are known, (4) the length is the rest of the
// file and at most snapshotBytesMax, (5) the checksum matches, (6) the body decodes to its last byte, numbers in their
// shortest form, and (7) the last transaction and the configuration lie at or below the snapshot.
const (
	snapshotMagic      = "RDBTSNAP"
	snapshotVersion    = 1
	snapshotHeaderSize = 20
	snapshotBytesMax   = 1 << 20
	serversMax         = 1024
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// snapshotMeta is the content of the snapshot file.
type snapshotMeta struct {
	Index         uint64
	Term          uint64
	State         Position // of the last transaction at or below Index
	ConfigIndex   uint64
	Configuration raft.Configuration
}

func encodeSnapshot(m *snapshotMeta) []byte {
	b := append([]byte(snapshotMagic), snapshotVersion, 0, 0, 0)
	b = append(b, make([]byte, snapshotHeaderSize-len(b))...)
	for _, v := range []uint64{
		m.Index, m.Term, m.State.Index, m.State.Term, uint64(m.State.SCN), uint64(m.State.TimeMicros), m.ConfigIndex,
		uint64(len(m.Configuration.Servers)),
	} {
		b = binary.AppendUvarint(b, v)
	}
	for _, s := range m.Configuration.Servers {
		b = append(b, byte(s.Suffrage))
		b = append(binary.AppendUvarint(b, uint64(len(s.ID))), s.ID...)
		b = append(binary.AppendUvarint(b, uint64(len(s.Address))), s.Address...)
	}
	binary.LittleEndian.PutUint32(b[12:], uint32(len(b)-snapshotHeaderSize))
	binary.LittleEndian.PutUint32(b[16:], snapshotChecksum(b))
	return b
}

func snapshotChecksum(b []byte) uint32 {
	sum := crc32.Update(0, castagnoli, b[:16])
	return crc32.Update(sum, castagnoli, b[snapshotHeaderSize:])
}

// decodeSnapshot reads all of b, the content of the named file.
func decodeSnapshot(b []byte, file string) (*snapshotMeta, error) {
	d := snapshotDecoder{buf: b, file: file}
	d.header()
	d.off = snapshotHeaderSize
	m := &snapshotMeta{Index: d.uvarint("index"), Term: d.uvarint("term")}
	m.State = Position{Index: d.uvarint("state index"), Term: d.uvarint("state term")}
	m.State.SCN = scn.SCN(d.uvarint("SCN"))
	m.State.TimeMicros = int64(d.uvarint("time"))
	m.ConfigIndex = d.uvarint("configuration index")
	n := d.uvarint("number of servers")
	if n > serversMax {
		d.bad("%d servers", n)
	}
	for i := uint64(0); i < n && d.err == nil; i++ {
		suffrage := raft.ServerSuffrage(d.byte("suffrage"))
		if suffrage != raft.Voter && suffrage != raft.Nonvoter {
			d.bad("unknown suffrage %d", suffrage)
		}
		m.Configuration.Servers = append(m.Configuration.Servers, raft.Server{
			Suffrage: suffrage, ID: raft.ServerID(d.text("server id")), Address: raft.ServerAddress(d.text("address")),
		})
	}
	if d.err == nil && d.off != len(b) {
		d.bad("%d bytes too many", len(b)-d.off)
	}
	if m.State.Index > m.Index || m.ConfigIndex > m.Index || m.Index == 0 || m.Term == 0 {
		d.bad("snapshot at index %d holds state of index %d and configuration of index %d",
			m.Index, m.State.Index, m.ConfigIndex)
	}
	if d.err != nil {
		return nil, d.err
	}
	return m, nil
}

// snapshotDecoder walks over the file; the first failure sticks.
type snapshotDecoder struct {
	buf  []byte
	off  int
	file string
	err  error
}

func (d *snapshotDecoder) bad(format string, args ...any) {
	if d.err == nil {
		d.err = &CorruptError{What: d.file, Offset: d.off, Reason: fmt.Sprintf(format, args...)}
	}
}

func (d *snapshotDecoder) header() {
	b := d.buf
	switch {
	case len(b) < snapshotHeaderSize:
		d.bad("%d bytes, shorter than its header", len(b))
	case string(b[:8]) != snapshotMagic:
		d.bad("not a snapshot file")
	case binary.LittleEndian.Uint16(b[8:]) != snapshotVersion:
		d.off = 8
		d.bad("version %d, want %d", binary.LittleEndian.Uint16(b[8:]), snapshotVersion)
	case binary.LittleEndian.Uint16(b[10:]) != 0:
		d.off = 10
		d.bad("encrypted with key %d, which is not known", binary.LittleEndian.Uint16(b[10:]))
	case uint64(binary.LittleEndian.Uint32(b[12:])) != uint64(len(b)-snapshotHeaderSize) || len(b) > snapshotBytesMax:
		d.off = 12
		d.bad("%d bytes of content, want %d", len(b)-snapshotHeaderSize, binary.LittleEndian.Uint32(b[12:]))
	case binary.LittleEndian.Uint32(b[16:]) != snapshotChecksum(b):
		d.off = 16
		d.bad("checksum does not match")
	}
}

func (d *snapshotDecoder) byte(what string) byte {
	if d.err == nil && d.off >= len(d.buf) {
		d.bad("%s is missing", what)
	}
	if d.err != nil {
		return 0
	}
	d.off++
	return d.buf[d.off-1]
}

func (d *snapshotDecoder) uvarint(what string) uint64 {
	if d.err != nil {
		return 0
	}
	v, n := shortUvarint(d.buf[d.off:])
	if n <= 0 {
		d.bad("%s is malformed", what)
		return 0
	}
	d.off += n
	return v
}

func (d *snapshotDecoder) text(what string) string {
	n := d.uvarint(what)
	if d.err == nil && n > uint64(len(d.buf)-d.off) {
		d.bad("%s of %d bytes", what, n)
	}
	if d.err != nil {
		return ""
	}
	d.off += int(n)
	return string(d.buf[d.off-int(n) : d.off])
}
