package node

import (
	"archive/tar"
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"

	"redoubt/backup"
	"redoubt/node/bridge"
	"redoubt/replication"
	"redoubt/replication/peer"
	"redoubt/scn"
	"redoubt/segments"
)

// A copy of a node is a tar stream: copyNoteFile first, then files of the state and the sealed segments, then copyEntriesFile. The log
// in it goes from where segments end to its own end.
const (
	copyNoteFile    = "copy.json"
	copyEntriesFile = "entries"
	copyDir         = "copy" // in the data directory: what is being sent
	copyBuffer      = 1 << 20

	copyRequestTimeout = 10 * time.Second
)

// copyNote is what a copy says of itself.
type copyNote struct {
	DatabaseID  string             `json:"database_id"`
	Node        string             `json:"node"`          // that sends it
	Log         bool               `json:"log,omitempty"` // it has no state, and no segments but those that were asked for
	State       replication.Origin `json:"state"`
	StateHash   string             `json:"state_hash"`
	Mark        json.RawMessage    `json:"mark,omitempty"` // up to where the log is sealed
	Incarnation scn.Incarnation    `json:"incarnation,omitempty"`
	Branch      scn.SCN            `json:"branch,omitempty"`
	Parent      scn.Incarnation    `json:"parent,omitempty"`
	Cluster     string             `json:"cluster,omitempty"`
	Left        string             `json:"left,omitempty"`
	Clone       string             `json:"clone,omitempty"`
}

// sendCopy gives another node a copy of the state and the log.
func (n *Node) sendCopy(c net.Conn, hello peer.Hello) {
	ctx, cancel := context.WithTimeout(n.tailing, readyTimeout)
	defer cancel()
	n.logger.Info().Str("to", hello.Node).Msg("sending a copy of the state")
	out := bufio.NewWriterSize(promptly{c}, copyBuffer)
	began := time.Now()
	wanted, err := awaitCopyRequest(c)
	var held *copyHold
	var next uint64
	if err == nil {
		held, next, err = n.writeCopy(ctx, out, hello.Node, wanted)
	}
	if err == nil {
		err = out.Flush()
	}
	if err == nil && wanted.Log {
		err = awaitUse(c)
	}
	if err != nil {
		n.copies.drop(hello.Node, held)
		n.logger.Warn().Err(err).Str("to", hello.Node).Msg("sending a copy of the state: the other node tries again")
		return // the stream ends in its middle, which the other node notices
	}
	n.copies.sent(held, next, time.Now())
	n.logger.Info().Str("to", hello.Node).Dur("took", time.Since(began)).Msg("sent a copy of the state")
}

// copyStall is how long a node may take none of a copy: one that hangs must not keep the log for ever.
const copyStall = time.Minute

// promptly is a connection to who must take what is written to it.
type promptly struct{ net.Conn }

func (c promptly) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(copyStall)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

func awaitCopyRequest(c net.Conn) (*copyRequest, error) {
	if err := c.SetReadDeadline(time.Now().Add(copyRequestTimeout)); err != nil {
		return nil, err
	}
	return readCopyRequest(c)
}

// awaitUse waits until a node that came for the log alone needs it no more, or is gone: what is behind it stays as long.
func awaitUse(c net.Conn) error {
	if err := c.SetReadDeadline(time.Now().Add(copyWait)); err != nil {
		return err
	}
	if _, err := c.Read(make([]byte, 1)); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("wait until the log was used: %w", err)
	}
	return nil
}

// writeCopy writes it, and tells what holds the log for it, and the first log entry that is not in it.
func (n *Node) writeCopy(ctx context.Context, w io.Writer, node string, wanted *copyRequest) (held *copyHold, next uint64, err error) {
	term, err := n.mayGive(wanted)
	if err != nil {
		return nil, 0, err
	}
	mark, err := os.ReadFile(filepath.Join(n.config.Data, sealedFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, 0, err
	}
	sealed, err := bridge.DecodeMark(mark)
	if err != nil {
		return nil, 0, err
	}
	held = n.copies.hold(node, min(sealed.Retain(), n.replication.Stats().AppliedIndex))
	parent := filepath.Join(n.config.Data, copyDir)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return held, 0, err
	}
	dir, err := os.MkdirTemp(parent, "state-")
	if err != nil {
		return held, 0, err
	}
	defer os.RemoveAll(dir)
	if err := n.replication.Checkpoint(ctx); err != nil {
		return held, 0, err
	}
	state := filepath.Join(dir, stateDir)
	if err := n.engine.Checkpoint(state); err != nil {
		return held, 0, err
	}
	note, err := n.noteCopy(state, mark, term)
	if err != nil {
		return held, 0, err
	}
	note.Log = wanted.Log
	entries := filepath.Join(dir, copyEntriesFile)
	last := n.log.LastIndex()
	if term == 0 {
		var settled bool
		if note.State.Members, settled = n.replication.CommittedMembers(); !settled {
			return held, 0, errors.New("a change of the members is under way")
		}
		last = n.committedIndex()
	}
	if next, err = n.writeEntries(entries, note.State.At.Index, last, sealed); err != nil {
		return held, 0, err
	}
	if term == 0 {
		// What is committed stays as it is.
	} else if now, still := n.replication.LedIn(); !still || now != term {
		return held, 0, errors.New("this node's term is over") // its log may have changed meanwhile
	}
	s := &copyStream{Writer: tar.NewWriter(w), self: note.Node, wanted: wanted}
	return held, next, s.send(state, n.segments.Segments(), note, entries)
}

// mayGive tells whether this node's log has all that the other one has said to have: if it leads, or did in its term, which is given; or if
// as much of it is committed as the other one had. It gives that only if nobody leads: else who leads keeps the log behind the copy.
func (n *Node) mayGive(wanted *copyRequest) (term uint64, err error) {
	term, led := n.replication.LedIn()
	if led {
		return term, nil
	}
	if leader, _, _ := n.replication.Leader(); leader != "" {
		return 0, fmt.Errorf("node %s leads, not this one", leader)
	}
	if wanted.Last == nil || n.committedIndex() < *wanted.Last {
		return 0, errors.New("nobody leads, and this node may lack what the other one has said to have")
	}
	return 0, nil
}

// committedIndex is the last entry of the log that is known here to be committed. After a start raft knows of none until somebody leads, and
// the state tells; an entry with which a leader begins is in no state.
func (n *Node) committedIndex() uint64 {
	s := n.replication.Stats()
	return max(s.CommitIndex, s.AppliedIndex)
}

// noteCopy describes a copy of the state.
func (n *Node) noteCopy(state string, mark []byte, term uint64) (*copyNote, error) {
	var m backup.Manifest
	at, err := summarizeState(state, &m)
	if err != nil {
		return nil, err
	}
	return &copyNote{
		DatabaseID: n.identity.DatabaseID, Node: n.identity.NodeID, StateHash: m.StateHash, Mark: mark,
		State:       replication.Origin{At: replication.Position(at), Members: n.replication.Members(), Term: term, Leader: n.hub.Addr()},
		Incarnation: n.identity.Incarnation, Branch: n.identity.Branch, Parent: n.identity.Parent,
		Cluster: n.identity.Cluster, Left: n.identity.Left, Clone: n.identity.Clone,
	}, nil
}

// writeEntries puts the log of a copy, up to an entry, into a file: each entry with its index and length before it. It tells the index behind.
func (n *Node) writeEntries(to string, at, last uint64, sealed bridge.Mark) (next uint64, err error) {
	if at == 0 {
		return 0, errors.New("nothing was ever committed here")
	}
	f, err := os.Create(to)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out := bufio.NewWriterSize(f, copyBuffer)
	next = max(min(sealed.Retain(), at), n.log.FirstIndex())
	var payload, head []byte
	for last = max(at, last); next <= last; next++ {
		if payload, err = n.log.Get(next, payload[:0]); err != nil {
			return 0, fmt.Errorf("log entry %d: %w", next, err)
		}
		head = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(head[:0], next), uint32(len(payload)))
		if _, err := out.Write(head); err != nil {
			return 0, err
		}
		if _, err := out.Write(payload); err != nil {
			return 0, err
		}
	}
	return next, out.Flush()
}

// copyStream writes a copy.
type copyStream struct {
	*tar.Writer
	self   string
	wanted *copyRequest
}

func (w *copyStream) send(state string, sealed []segments.Info, note *copyNote, entries string) error {
	b, err := json.Marshal(note)
	if err == nil {
		err = w.putBytes(copyNoteFile, b)
	}
	if err == nil && !note.Log {
		err = w.putDir(state, stateDir)
	}
	if err != nil {
		return err
	}
	for _, s := range w.wanted.segments(sealed) {
		if err := w.putFile(s.Path, segmentsDir+"/"+filepath.Base(s.Path)); err != nil {
			return err
		}
	}
	if err := w.putFile(entries, copyEntriesFile); err != nil {
		return err
	}
	return w.Close()
}

func (w *copyStream) putBytes(name string, b []byte) error {
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(b))}); err != nil {
		return err
	}
	_, err := w.Write(b)
	return err
}

func (w *copyStream) putDir(dir, as string) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		relative, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return w.putFile(path, as+"/"+filepath.ToSlash(relative))
	})
}

// putFile sends a file, or says that the receiver has it.
func (w *copyStream) putFile(path, as string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	kept, err := w.wanted.kept(w.self, path, as, info.Size())
	if err != nil {
		return err
	}
	if kept {
		return w.WriteHeader(&tar.Header{Name: as, Mode: 0o600, PAXRecords: map[string]string{copyKept: "1"}})
	}
	if err := w.WriteHeader(&tar.Header{Name: as, Mode: 0o600, Size: info.Size()}); err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return err
}
