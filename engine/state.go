package engine

import (
	"encoding/binary"
	"errors"
	"fmt"

	"redoubt/engine/catalog"
	"redoubt/scn"
)

// Position tells how far the log has been applied. The zero Position is before its first entry.
type Position struct {
	Index      uint64 // of the log entry
	Term       uint64
	SCN        scn.SCN
	TimeMicros int64 // commit time of SCN, microseconds since 1970-01-01 UTC
}

// Named values of the state store.
const (
	metaPosition    = "position"
	metaFormat      = "format"
	metaIndexPrefix = "index/" // followed by the index's id in decimal: its indexState
)

// formatVersion is the version of all that the engine keeps in the state store.
const formatVersion = 2

const positionSize = 32

func encodePosition(p Position) []byte {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, positionSize), p.Index)
	b = binary.LittleEndian.AppendUint64(b, p.Term)
	b = binary.LittleEndian.AppendUint64(b, uint64(p.SCN))
	return binary.LittleEndian.AppendUint64(b, uint64(p.TimeMicros))
}

func decodePosition(b []byte) (Position, error) {
	if len(b) == 0 {
		return Position{}, nil
	}
	if len(b) != positionSize {
		return Position{}, fmt.Errorf("state store: position has %d bytes, want %d", len(b), positionSize)
	}
	return Position{
		Index:      binary.LittleEndian.Uint64(b),
		Term:       binary.LittleEndian.Uint64(b[8:]),
		SCN:        scn.SCN(binary.LittleEndian.Uint64(b[16:])),
		TimeMicros: int64(binary.LittleEndian.Uint64(b[24:])),
	}, nil
}

// TableState sums up the rows of a table: how many there are, and the sum of the hashes of all their values.
type TableState struct {
	Rows uint64
	Hash uint64
}

// indexState is how far this node has come with an index: the commit that brought it, and whether its entries for
// rows older than that are all there.
type indexState struct {
	Table scn.Space
	Born  scn.SCN
	Built bool
}

func encodeIndexState(s indexState) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(s.Born))
	b = binary.LittleEndian.AppendUint32(b, uint32(s.Table))
	if s.Built {
		return append(b, 1)
	}
	return append(b, 0)
}

func decodeIndexState(b []byte) (indexState, error) {
	if len(b) != 13 {
		return indexState{}, errors.New("state store: state of an index has the wrong size")
	}
	return indexState{scn.Space(binary.LittleEndian.Uint32(b[8:])), scn.SCN(binary.LittleEndian.Uint64(b)), b[12] == 1}, nil
}

// published is what readers see of the state: always a whole commit.
type published struct {
	position Position
	catalog  *catalog.Snapshot
}
