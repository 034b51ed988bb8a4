package replication

import (
	"encoding/binary"
	"fmt"

	"github.com/hashicorp/raft"
)

// A log entry, as the payload of a frame of the log file (which has the checksum):
//
//	0  1  version (1)
//	1  1  type: 0 command, 1 no-op, 4 barrier, 5 configuration (raft's numbers)
//	2  -  uvarint index
//	-  -  uvarint term
//	-  -  uvarint length of the tag, then the tag
//	-  -  data: a redo group, a configuration as raft encodes it, or nothing
//
// An entry is valid if and only if (1) the version is known, (2) the type is known, (3) index and term are 1 or more
// and the index is the frame's, (4) numbers are encoded in their shortest form, (5) the tag is at most tagBytesMax
// long, and (6) a command has a valid tag and everything else has none.
//
// The tag says what a command is:
//
//	group: 1, uvarint term in which the leader certified the group; data is a redo group
//	mark:  2; no data. A leader writes one to learn that everything before it was applied
//	part:  3, uvarint term in which the leader certified the part; data is a part of a transaction, see package redo
const (
	entryVersion        = 1
	entryHeaderMax      = 2 + 3*binary.MaxVarintLen64
	tagBytesMax         = 16
	tagGroup       byte = 1
	tagMark        byte = 2
	tagPart        byte = 3
)

// tag is the decoded tag of a command.
type tag struct {
	kind     byte
	certTerm uint64 // tagGroup and tagPart only
}

func groupTag(certTerm uint64) []byte {
	return binary.AppendUvarint([]byte{tagGroup}, certTerm)
}

func partTag(certTerm uint64) []byte {
	return binary.AppendUvarint([]byte{tagPart}, certTerm)
}

func markTag() []byte { return []byte{tagMark} }

// decodeTag reads all of b.
func decodeTag(b []byte) (tag, error) {
	switch {
	case len(b) == 0:
		return tag{}, fmt.Errorf("a command without a tag")
	case b[0] == tagMark && len(b) == 1:
		return tag{kind: tagMark}, nil
	case b[0] == tagGroup || b[0] == tagPart:
		term, n := shortUvarint(b[1:])
		if n <= 0 || n != len(b)-1 || term == 0 {
			return tag{}, fmt.Errorf("malformed tag %x", b)
		}
		return tag{kind: b[0], certTerm: term}, nil
	}
	return tag{}, fmt.Errorf("unknown tag %x", b)
}

// appendEntry encodes l.
func appendEntry(dst []byte, l *raft.Log) []byte {
	dst = append(dst, entryVersion, byte(l.Type))
	dst = binary.AppendUvarint(dst, l.Index)
	dst = binary.AppendUvarint(dst, l.Term)
	dst = binary.AppendUvarint(dst, uint64(len(l.Extensions)))
	dst = append(dst, l.Extensions...)
	return append(dst, l.Data...)
}

// decodeEntry reads all of b, the entry that should have the given index. Data and Extensions point into b.
func decodeEntry(b []byte, index uint64, l *raft.Log) error {
	d := entryDecoder{buf: b, index: index}
	if len(b) < 2 {
		return d.bad("entry of %d bytes has no header", len(b))
	}
	if b[0] != entryVersion {
		return d.bad("version %d, want %d", b[0], entryVersion)
	}
	d.off = 1
	kind := raft.LogType(b[1])
	if !knownType(kind) {
		return d.bad("unknown type %d", b[1])
	}
	d.off = 2
	gotIndex, term, tagLen := d.uvarint("index"), d.uvarint("term"), d.uvarint("length of the tag")
	switch {
	case d.err != nil:
		return d.err
	case gotIndex != index || index == 0:
		return d.bad("index %d, want %d", gotIndex, index)
	case term == 0:
		return d.bad("term 0")
	case tagLen > tagBytesMax || tagLen > uint64(len(b)-d.off):
		return d.bad("tag of %d bytes", tagLen)
	}
	data := d.off + int(tagLen)
	*l = raft.Log{Index: index, Term: term, Type: kind, Data: b[data:]}
	if tagLen > 0 {
		l.Extensions = b[d.off:data:data]
	}
	if err := checkTag(l); err != nil {
		return d.bad("%v", err)
	}
	return nil
}

// checkTag is rule (6).
func checkTag(l *raft.Log) error {
	if l.Type != raft.LogCommand {
		if len(l.Extensions) != 0 {
			return fmt.Errorf("an entry of type %v has a tag", l.Type)
		}
		return nil
	}
	t, err := decodeTag(l.Extensions)
	if err == nil && t.kind == tagMark && len(l.Data) != 0 {
		return fmt.Errorf("a mark has data")
	}
	return err
}

func knownType(t raft.LogType) bool {
	switch t {
	case raft.LogCommand, raft.LogNoop, raft.LogBarrier, raft.LogConfiguration:
		return true
	}
	return false
}

// entryDecoder walks over an entry; the first failure sticks.
type entryDecoder struct {
	buf   []byte
	off   int
	index uint64
	err   error
}

func (d *entryDecoder) bad(format string, args ...any) error {
	if d.err == nil {
		d.err = &CorruptError{
			What: fmt.Sprintf("log entry %d", d.index), Offset: d.off, Reason: fmt.Sprintf(format, args...),
		}
	}
	return d.err
}

func (d *entryDecoder) uvarint(what string) uint64 {
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

// shortUvarint is binary.Uvarint that refuses any but the shortest form, so that each entry has one encoding.
func shortUvarint(b []byte) (uint64, int) {
	v, n := binary.Uvarint(b)
	if n > 1 && b[n-1] == 0 {
		return 0, -n
	}
	return v, n
}
