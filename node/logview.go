package node

import (
	"errors"
	"path/filepath"

	"redoubt/replication"
	"redoubt/scn"
	"redoubt/sql"
	"redoubt/wal"
)

// logFiles lists the files of this node's log, for V$LOG.
func (n *Node) logFiles() (list []sql.LogFile, err error) {
	for _, s := range n.segments.Segments() {
		list = append(list, sql.LogFile{
			Name: filepath.Base(s.Path), Kind: sql.LogSegment, First: s.FirstSCN, Last: s.LastSCN, FirstMicros: s.FirstTimeMicros, LastMicros: s.LastTimeMicros,
			Transactions: s.Count, Bytes: s.Bytes, RedoBytes: int64(s.RawBytes),
		})
	}
	applied := n.engine.Applied()
	for _, info := range n.log.Files() {
		f := sql.LogFile{Name: filepath.Base(info.Path), Kind: sql.LogLive, Bytes: info.Bytes}
		err := n.describe(&info, applied, &f)
		if errors.Is(err, wal.ErrNotFound) {
			continue // it was sealed and let go meanwhile
		}
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	gone, err := discarded(n.config.Data)
	for _, p := range gone {
		f := sql.LogFile{Name: p.File, Kind: sql.LogDiscarded, First: scn.SCN(p.FirstSCN), Last: scn.SCN(p.LastSCN), Transactions: p.Transactions, Bytes: p.Bytes}
		if p.Transactions > 0 { // else it has parts of one, which have no time
			f.FirstMicros, f.LastMicros = p.FirstTime.UnixMicro(), p.LastTime.UnixMicro()
		}
		list = append(list, f)
	}
	return list, err
}

// describe tells what SCNs, up to the applied one, a file of the live log has.
func (n *Node) describe(info *wal.FileInfo, applied scn.SCN, f *sql.LogFile) error {
	if info.FirstIndex == 0 {
		return nil
	}
	for i := info.FirstIndex; i <= info.LastIndex && f.First == 0; i++ {
		if err := n.groupAt(i, func(first, _ scn.SCN) { f.First = first }); err != nil {
			return err
		}
	}
	for i := info.LastIndex; i >= info.FirstIndex && f.First > 0 && f.Last == 0; i-- {
		if err := n.groupAt(i, func(_, last scn.SCN) { f.Last = min(last, applied) }); err != nil {
			return err
		}
	}
	if f.First == 0 || f.First > applied {
		f.First, f.Last = 0, 0
		return nil
	}
	f.Transactions = uint64(f.Last - f.First + 1)
	var err error
	if f.FirstMicros, err = n.engine.SCNToTime(f.First); err != nil {
		return err
	}
	f.LastMicros, err = n.engine.SCNToTime(f.Last)
	return err
}

// groupAt tells the SCNs of an entry of the live log, if it has any.
func (n *Node) groupAt(index uint64, has func(first, last scn.SCN)) error {
	payload, err := n.log.Get(index, nil)
	if err != nil {
		return err
	}
	entry, err := replication.InspectEntry(index, payload)
	if err == nil && entry.Group != nil {
		has(entry.FirstSCN, entry.LastSCN)
	}
	return err
}
