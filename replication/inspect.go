package replication

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"

	"redoubt/scn"
	"redoubt/wal/redo"
)

// EntryInfo describes one log entry, as far as it can be read.
type EntryInfo struct {
	Index         uint64
	Term          uint64
	Kind          string // group, part, mark, no-op, barrier or configuration
	CertifiedTerm uint64 // groups and parts only
	FirstSCN      scn.SCN
	LastSCN       scn.SCN
	FirstTime     time.Time // commit times, UTC
	LastTime      time.Time
	DataBytes     int
	Servers       []raft.Server // configurations only
	Group         *redo.Group   // groups only
	Part          *redo.Part    // parts only
}

// InspectEntry reads the payload of the log frame with the given index. After an error the fields that could be read
// are still set.
func InspectEntry(index uint64, payload []byte) (EntryInfo, error) {
	var l raft.Log
	if err := decodeEntry(payload, index, &l); err != nil {
		return EntryInfo{Index: index}, err
	}
	info := EntryInfo{Index: l.Index, Term: l.Term, DataBytes: len(l.Data)}
	switch l.Type {
	case raft.LogNoop:
		info.Kind = "no-op"
	case raft.LogBarrier:
		info.Kind = "barrier"
	case raft.LogConfiguration:
		info.Kind = "configuration"
		config, err := decodeConfiguration(&l)
		info.Servers = config.Servers
		return info, err
	case raft.LogCommand:
		return info, info.command(&l)
	}
	return info, nil
}

func (i *EntryInfo) command(l *raft.Log) error {
	t, err := decodeTag(l.Extensions)
	if err != nil {
		return err
	}
	if t.kind == tagMark {
		i.Kind = "mark"
		return nil
	}
	if t.kind == tagPart {
		i.Kind, i.CertifiedTerm = "part", t.certTerm
		if i.Part, err = redo.DecodePart(l.Data); err != nil {
			return &CorruptError{What: fmt.Sprintf("log entry %d", l.Index), Reason: err.Error()}
		}
		return nil
	}
	i.Kind, i.CertifiedTerm = "group", t.certTerm
	g, err := redo.DecodeGroup(l.Data)
	if err != nil {
		return &CorruptError{What: fmt.Sprintf("log entry %d", l.Index), Reason: err.Error()}
	}
	i.Group = &g
	i.FirstSCN, i.LastSCN = g.FirstSCN, g.LastSCN()
	i.FirstTime = time.UnixMicro(g.Txns[0].TimeMicros).UTC()
	i.LastTime = time.UnixMicro(g.Txns[len(g.Txns)-1].TimeMicros).UTC()
	return nil
}

// String is one line.
func (i EntryInfo) String() string {
	text := fmt.Sprintf("index=%d term=%d %s", i.Index, i.Term, i.Kind)
	switch i.Kind {
	case "group":
		text += fmt.Sprintf(" scn=%d..%d time=%s..%s bytes=%d", i.FirstSCN, i.LastSCN,
			i.FirstTime.Format(time.RFC3339Nano), i.LastTime.Format(time.RFC3339Nano), i.DataBytes)
	case "part":
		if i.Part != nil {
			text += " " + i.Part.String()
		}
		text += fmt.Sprintf(" bytes=%d", i.DataBytes)
	case "configuration":
		text += serversText(i.Servers)
	}
	if i.CertifiedTerm != 0 && i.CertifiedTerm != i.Term {
		text += fmt.Sprintf(" skipped: certified in term %d", i.CertifiedTerm)
	}
	return text
}

func serversText(servers []raft.Server) string {
	text := ""
	for _, s := range servers {
		text += fmt.Sprintf(" %s=%s(%v)", s.ID, s.Address, s.Suffrage)
	}
	return text
}

// InspectSnapshot writes what the content of a SnapshotFile says.
func InspectSnapshot(w io.Writer, name string, content []byte) error {
	m, err := decodeSnapshot(content, name)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "snapshot index=%d term=%d\nstate %v time=%s\nconfiguration index=%d%s\n",
		m.Index, m.Term, m.State, time.UnixMicro(m.State.TimeMicros).UTC().Format(time.RFC3339Nano),
		m.ConfigIndex, serversText(m.Configuration.Servers))
	return err
}

// InspectStable writes what a StableFile says: term and vote. It never writes the file, and fails within two seconds
// if a running node holds it.
func InspectStable(w io.Writer, path string) error {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	kv, err := raftboltdb.New(raftboltdb.Options{
		Path:        path,
		BoltOptions: &bbolt.Options{Timeout: stableOpenTimeout, ReadOnly: true},
	})
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer kv.Close()
	s, err := newStableStore(kv, newGuard())
	if err != nil {
		return fmt.Errorf("inspect %s: %w", path, err)
	}
	if err := s.know(nil); err != nil {
		return fmt.Errorf("inspect %s: %w", path, err)
	}
	_, err = fmt.Fprintf(w, "term %d\nvote for %q in term %d\n", s.term, s.vote, s.voteAt)
	if err == nil && s.known != nil {
		_, err = fmt.Fprintf(w, "itself %q then\n", s.known)
	}
	return err
}
