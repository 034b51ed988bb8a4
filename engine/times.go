package engine

import (
	"encoding/binary"
	"errors"
	"fmt"

	"redoubt/engine/catalog"
	"redoubt/engine/mvcc"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// When and by whom commits were made is kept in two spaces of the state store, one entry for each group:
//
//	by SCN    first SCN (8 bytes, big endian) -> time of the first (8 bytes, little endian), then for each transaction:
//	          uvarint of microseconds since the one before (0 for the first), transaction id as varint of microseconds from its
//	          time to the commit's and uvarint of its node, uvarint of 1 + the length of the user's name, and that; 0 is
//	          the user of the one before
//	by time   time of the first (8 bytes, big endian, sign bit turned over), first SCN (8 bytes, big endian)

// author is who made a commit.
type author struct {
	xid  uint64
	user string
}

// CommitInfo is what is known of a commit apart from its changes.
type CommitInfo struct {
	SCN        scn.SCN
	XID        uint64
	TimeMicros int64  // microseconds since 1970-01-01 UTC
	User       string // "" for what the database did itself
}

// xidNodeBits are the low bits of a transaction id, which tell its node. The rest is the time at which it began.
const xidNodeBits = 12

// XIDTime is when a transaction began, microseconds since 1970-01-01 UTC, by the clock of its node. Of two transactions of
// one node the later has the greater.
func XIDTime(xid uint64) int64 { return int64(xid >> xidNodeBits) }

func encodeTimes(g *redo.Group, authors []author) (key, value []byte) {
	key = binary.BigEndian.AppendUint64(nil, uint64(g.FirstSCN))
	last, user := g.Txns[0].TimeMicros, ""
	value = binary.LittleEndian.AppendUint64(nil, uint64(last))
	for i, t := range g.Txns {
		by := authors[i]
		value = binary.AppendUvarint(value, uint64(t.TimeMicros-last))
		value = binary.AppendVarint(value, t.TimeMicros-XIDTime(by.xid))
		value = binary.AppendUvarint(value, by.xid&(1<<xidNodeBits-1))
		if i > 0 && by.user == user {
			value = append(value, 0)
		} else {
			value = append(binary.AppendUvarint(value, uint64(len(by.user))+1), by.user...)
		}
		last, user = t.TimeMicros, by.user
	}
	return key, value
}

func timeKey(micros int64, first scn.SCN) []byte {
	key := binary.BigEndian.AppendUint64(nil, uint64(micros)^1<<63)
	return binary.BigEndian.AppendUint64(key, uint64(first))
}

var errTimes = errors.New("state store: damaged commit times")

func decodeTimes(first scn.SCN, value []byte) ([]CommitInfo, error) {
	if len(value) < 8 {
		return nil, errTimes
	}
	var infos []CommitInfo
	c := CommitInfo{SCN: first, TimeMicros: int64(binary.LittleEndian.Uint64(value))}
	bad := false
	uvarint := func() uint64 {
		v, n := binary.Uvarint(value)
		if bad = bad || n <= 0; !bad {
			value = value[n:]
		}
		return v
	}
	for value = value[8:]; len(value) > 0; c.SCN++ {
		c.TimeMicros += int64(uvarint())
		zigzag := uvarint()
		took := int64(zigzag>>1) ^ -int64(zigzag&1) // as binary.AppendVarint writes it
		c.XID = uint64(c.TimeMicros-took)<<xidNodeBits | uvarint()
		if n := uvarint(); n > 0 && !bad {
			if bad = n-1 > uint64(len(value)); !bad {
				c.User, value = string(value[:n-1]), value[n-1:]
			}
		}
		if bad {
			return nil, errTimes
		}
		infos = append(infos, c)
	}
	return infos, nil
}

// SCNToTime is the commit time of an SCN, microseconds since 1970-01-01 UTC. SCN 0 has none: it gives 0.
func (e *Engine) SCNToTime(at scn.SCN) (int64, error) {
	c, err := e.CommitOf(at)
	return c.TimeMicros, err
}

// CommitOf tells when and by whom an SCN was committed. SCN 0 was not: it gives nothing.
func (e *Engine) CommitOf(at scn.SCN) (CommitInfo, error) {
	if applied := e.Applied(); at > applied {
		return CommitInfo{}, fmt.Errorf("SCN %d: %w: the newest is %d", at, txn.ErrFuture, applied)
	}
	if at == 0 {
		return CommitInfo{}, nil
	}
	commits, err := e.group(binary.BigEndian.AppendUint64(nil, uint64(at)+1))
	if err != nil {
		return CommitInfo{}, err
	}
	if i := uint64(at - commits[0].SCN); i < uint64(len(commits)) {
		return commits[i], nil
	}
	return CommitInfo{}, fmt.Errorf("the commit time of SCN %d is not in the state store", at)
}

// TimeToSCN is the last commit at or before a time, microseconds since 1970-01-01 UTC; 0 if there was none.
func (e *Engine) TimeToSCN(micros int64) (scn.SCN, error) {
	applied := e.Applied()
	it, err := e.store.NewIterator(scn.Simple(catalog.TimesSpace, applied), mvcc.Range{High: timeKey(micros, scn.Max), Reverse: true})
	if err != nil {
		return 0, err
	}
	defer it.Close()
	if !it.Next() {
		return 0, it.Err()
	}
	start := binary.BigEndian.Uint64(it.Key()[8:])
	commits, err := e.group(binary.BigEndian.AppendUint64(nil, start+1))
	if err != nil {
		return 0, err
	}
	n := 0
	for n < len(commits) && commits[n].TimeMicros <= micros {
		n++
	}
	return min(commits[0].SCN+scn.SCN(n)-1, applied), nil
}

// group gives the commits of the last group whose first SCN is below a key of the space by SCN.
func (e *Engine) group(below []byte) ([]CommitInfo, error) {
	it, err := e.store.NewIterator(scn.Simple(catalog.TimesBySCNSpace, scn.Max), mvcc.Range{High: below, Reverse: true})
	if err != nil {
		return nil, err
	}
	defer it.Close()
	if !it.Next() {
		if err := it.Err(); err != nil {
			return nil, err
		}
		return nil, errors.New("state store: no commit times")
	}
	commits, err := decodeTimes(scn.SCN(binary.BigEndian.Uint64(it.Key())), it.Version().Value)
	if err == nil && len(commits) == 0 {
		err = errTimes
	}
	return commits, err
}
