package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"

	"redoubt/flashback/redolog"
	"redoubt/replication"
	"redoubt/scn"
	"redoubt/sql"
	"redoubt/sql/logmine"
	"redoubt/wal/redo"
)

// discardedDir, in the data directory, has what this node had written to its log and the cluster does not have: a node that led writes
// before it hears that nobody follows any more. Each file has one such end of the log, a transaction a line, as redoubt log dump prints
// them. Nobody was told that these transactions are committed, and their clients may have run them again; but for those that a failover
// lost, whose files keepOwn has written.
const discardedDir = "discarded"

// discardedSuffix is that of its files.
const discardedSuffix = ".jsonl"

// keepDiscarded saves the end of the log before it goes.
func (n *Node) keepDiscarded(entries []replication.EntryInfo) error {
	records := func(yield func(*logmine.Record, error) bool) {
		for i := range entries {
			for _, r := range recordsOf(&entries[i]) {
				if !yield(logmine.RecordOf(&r)) {
					return
				}
			}
		}
	}
	lines, first, last, err := discardedLines(records)
	if err != nil || len(lines) == 0 { // none: raft's own entries
		return err
	}
	name := fmt.Sprintf("entries-%d-%d-term-%d", entries[0].Index, entries[len(entries)-1].Index, entries[0].Term) + discardedSuffix
	if err := writeDiscarded(n.config.Data, name, lines); err != nil {
		return err
	}
	n.logger.Warn().Uint64("first_scn", first).Uint64("last_scn", last).Str("kept_in", filepath.Join(discardedDir, name)).
		Msg("this node had written commits that the cluster does not have: nobody was told of them, and they go")
	return nil
}

// discardedLines is what a file of discardedDir has of some transactions, and from which SCN to which they are; 0 if none has one.
func discardedLines(records iter.Seq2[*logmine.Record, error]) (lines []byte, first, last uint64, err error) {
	for r, err := range records {
		if err != nil {
			return nil, 0, 0, err
		}
		line, err := r.JSON()
		if err != nil {
			return nil, 0, 0, err
		}
		lines = append(lines, line...)
		if first == 0 {
			first = r.SCN
		}
		last = max(last, r.SCN)
	}
	return lines, first, last, nil
}

// writeDiscarded writes a file of discardedDir, which is made if need be, so that a crash of the machine loses neither.
func writeDiscarded(data, name string, b []byte) error {
	if err := os.MkdirAll(filepath.Join(data, discardedDir), 0o700); err != nil {
		return err
	}
	if err := writeFileSync(filepath.Join(data, discardedDir, name), b); err != nil {
		return err
	}
	dir, err := os.Open(data)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// recordsOf gives the transactions of an entry, and what is in it of one that came in parts, which has no SCN.
func recordsOf(entry *replication.EntryInfo) (out []redolog.Record) {
	if p := entry.Part; p != nil && p.Number > 0 {
		t := redo.Transaction{XID: p.XID, ReadSCN: p.ReadSCN, Statements: p.Statements, Claims: p.Claims, Changes: p.Changes}
		out = append(out, redolog.Record{Body: redo.AppendTransaction(nil, &t)})
	}
	if g := entry.Group; g != nil {
		for i, t := range g.Txns {
			out = append(out, redolog.Record{SCN: g.FirstSCN + scn.SCN(i), TimeMicros: t.TimeMicros, Body: t.Body})
		}
	}
	return out
}

// discarded lists what keepDiscarded has kept in a data directory.
func discarded(data string) (list []LogPiece, err error) {
	files, err := os.ReadDir(filepath.Join(data, discardedDir))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	for _, f := range files {
		if filepath.Ext(f.Name()) != discardedSuffix {
			continue // one that a crash has left half written
		}
		p := LogPiece{File: filepath.Join(discardedDir, f.Name()), Kind: sql.LogDiscarded}
		b, err := os.ReadFile(filepath.Join(data, p.File))
		if err != nil {
			return nil, err
		}
		p.Bytes = int64(len(b))
		for line := range bytes.Lines(b) {
			var r logmine.Record
			if err := json.Unmarshal(line, &r); err != nil {
				return nil, fmt.Errorf("%s: %w", p.File, err)
			}
			if r.SCN == 0 {
				continue
			}
			if p.FirstSCN == 0 {
				p.FirstSCN, p.FirstTime = r.SCN, r.Time
			}
			p.LastSCN, p.LastTime = r.SCN, r.Time
			p.Transactions++
		}
		list = append(list, p)
	}
	return list, nil
}
