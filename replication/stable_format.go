package replication

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// Values in the stable store, each under one key, so that one write of the database makes it durable or not at all:
//
//	"term":  version (1), u64 current term, CRC32C of what precedes
//	"vote":  version (1), u64 term, u16 length and candidate, CRC32C of what precedes
//	"self":  version (1), this node's address when it last voted, CRC32C of what precedes
//
// The vote's term and candidate are one value because a crash between two would pair a new term with an old
// candidate, and raft repeats a vote it finds without looking at the candidate's log again. Little endian.
const (
	stableVersion     = 1
	candidateBytesMax = 1024
)

var (
	stableTermKey = []byte("term")
	stableVoteKey = []byte("vote")
	stableSelfKey = []byte("self")
)

func encodeTerm(term uint64) []byte {
	b := binary.LittleEndian.AppendUint64([]byte{stableVersion}, term)
	return appendChecksum(b)
}

func decodeTerm(b []byte) (uint64, error) {
	b, err := checkStable("term", b)
	if err != nil {
		return 0, err
	}
	if len(b) != 8 {
		return 0, stableDamage("term", 1, "%d bytes, want 8", len(b))
	}
	return binary.LittleEndian.Uint64(b), nil
}

func encodeVote(term uint64, candidate []byte) []byte {
	b := binary.LittleEndian.AppendUint64([]byte{stableVersion}, term)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(candidate)))
	return appendChecksum(append(b, candidate...))
}

func decodeVote(b []byte) (term uint64, candidate []byte, err error) {
	b, err = checkStable("vote", b)
	if err != nil {
		return 0, nil, err
	}
	if len(b) < 10 || int(binary.LittleEndian.Uint16(b[8:])) != len(b)-10 {
		return 0, nil, stableDamage("vote", 1, "malformed vote of %d bytes", len(b))
	}
	return binary.LittleEndian.Uint64(b), b[10:], nil
}

func encodeSelf(addr []byte) []byte {
	return appendChecksum(append([]byte{stableVersion}, addr...))
}

func decodeSelf(b []byte) (addr []byte, err error) { return checkStable("self", b) }

func appendChecksum(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// checkStable verifies version and checksum and gives what lies between them.
func checkStable(key string, b []byte) ([]byte, error) {
	switch {
	case len(b) < 5:
		return nil, stableDamage(key, 0, "%d bytes are too short", len(b))
	case b[0] != stableVersion:
		return nil, stableDamage(key, 0, "version %d, want %d", b[0], stableVersion)
	case binary.LittleEndian.Uint32(b[len(b)-4:]) != crc32.Checksum(b[:len(b)-4], castagnoli):
		return nil, stableDamage(key, len(b)-4, "checksum does not match")
	}
	return b[1 : len(b)-4], nil
}

func stableDamage(key string, off int, format string, args ...any) error {
	return &CorruptError{
		What: fmt.Sprintf("%q in %s", key, StableFile), Offset: off, Reason: fmt.Sprintf(format, args...),
	}
}
