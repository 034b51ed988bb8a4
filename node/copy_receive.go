package node

import (
	"archive/tar"
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/backup"
	"redoubt/replication"
	"redoubt/replication/peer"
	"redoubt/segments"
	"redoubt/wal"
)

// copyPayloadMax bounds one log entry of a copy.
const copyPayloadMax = replication.MaxBodyBytes + 1<<20

// receiveCopy fills a data directory with a copy of another node: everything but the identity, and term and vote, which are the node's
// own. What was there of the rest goes, but for files of a copy that broke off. came: the copy had begun to come, if not more.
func receiveCopy(ctx context.Context, data, addr string, last *uint64, hello peer.Hello, security *peer.Security) (_ *copyNote, came bool, err error) {
	hello.Service = peer.Copy
	c, err := peer.Dial(ctx, addr, hello, security)
	if err != nil {
		return nil, false, err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	journal, err := openCopyJournal(data)
	if err != nil {
		return nil, false, err
	}
	r := &receiving{data: data, journal: journal, tar: tar.NewReader(bufio.NewReaderSize(patiently{c}, copyBuffer)), came: map[string]bool{}, last: last}
	request := journal.copyRequest
	request.Last = last
	if err = request.write(c); err == nil {
		err = r.run()
	}
	if r.segments != nil {
		err = errors.Join(err, r.segments.Close())
	}
	if err = errors.Join(err, journal.close()); err == nil || r.done {
		err = errors.Join(err, journal.remove()) // all is there, or something is wrong with it
	}
	if err != nil {
		return nil, r.note.DatabaseID != "", fmt.Errorf("receive a copy from the node at %s: %w", addr, err)
	}
	return &r.note, true, nil
}

// copyWait is how long nothing may come of a copy: its sender writes its state to disk first, and reads what need not be sent.
const copyWait = readyTimeout

// patiently is a connection from who takes its time, and yet may hang.
type patiently struct{ net.Conn }

func (c patiently) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(copyWait)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

// receiving is a copy on its way in.
type receiving struct {
	data     string
	journal  *copyJournal
	tar      *tar.Reader
	came     map[string]bool // files of the state and segments that this copy has
	note     copyNote
	last     *uint64           // where the log ended that was here
	segments *segments.Catalog // of the directory; nil until the note has come
	id       [16]byte
	done     bool // the entries have come, which are the last
}

func (r *receiving) run() error {
	for {
		h, err := r.tar.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = r.take(h)
		}
		if err != nil {
			return err
		}
	}
	if !r.done {
		return io.ErrUnexpectedEOF
	}
	return r.finish()
}

func (r *receiving) take(h *tar.Header) error {
	switch {
	case h.Name == copyNoteFile:
		return r.takeNote()
	case r.note.DatabaseID == "":
		return fmt.Errorf("it begins with %s, not with %s", h.Name, copyNoteFile)
	case h.Name == copyEntriesFile:
		r.done = true
		return r.takeEntries()
	}
	dir, name := path.Split(h.Name)
	clean := path.Clean(h.Name)
	if name == "" || clean != h.Name || !strings.HasPrefix(dir, stateDir+"/") && dir != segmentsDir+"/" {
		return fmt.Errorf("it has a file %q, which no copy has", h.Name)
	}
	r.came[clean] = true
	var err error
	if h.PAXRecords[copyKept] == "" {
		err = r.takeFile(clean)
	} else {
		err = r.journal.use(clean)
	}
	if err != nil || dir != segmentsDir+"/" {
		return err
	}
	return addVerified(r.segments, r.journal.path(clean))
}

// addVerified makes a file one of the sealed segments, once all of it was verified.
func addVerified(to *segments.Catalog, path string) error {
	s, err := segments.Open(vfs.Default, path)
	if err != nil {
		return err
	}
	info := s.Info()
	if err := errors.Join(s.Verify(), s.Close()); err != nil {
		return err
	}
	return to.Add(info)
}

func readCopyNote(from io.Reader) (note copyNote, err error) {
	b, err := io.ReadAll(io.LimitReader(from, copyBuffer))
	if err != nil {
		return note, err
	}
	err = json.Unmarshal(b, &note)
	return note, err
}

func (r *receiving) takeNote() error {
	var err error
	if r.note, err = readCopyNote(r.tar); err != nil {
		return err
	}
	if r.id, err = (&Identity{DatabaseID: r.note.DatabaseID}).Database(); err != nil {
		return err
	}
	if err := r.journal.sender(r.note.Node); err != nil {
		return err
	}
	dir := filepath.Join(r.data, segmentsDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	r.segments, err = segments.OpenCatalog(segments.CatalogOptions{Dir: dir, DatabaseID: r.id})
	return err
}

func (r *receiving) takeFile(name string) error {
	to := r.journal.path(name)
	if err := r.journal.drop(name); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	h := sha256.New()
	size, err := io.Copy(io.MultiWriter(f, h), r.tar)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil || !neverChanges(name) {
		return err
	}
	return r.journal.arrived(copiedFile{name, size, hex.EncodeToString(h.Sum(nil))})
}

// takeEntries makes the log.
func (r *receiving) takeEntries() error {
	log, err := wal.Open(copiedLog(filepath.Join(r.data, logDir), r.id))
	if err != nil {
		return err
	}
	if err = storeEntries(r.tar, log); err == nil {
		err = beginCopy(r.data, log, r.last, r.note.State)
	}
	return errors.Join(err, log.Close())
}

// copiedLog is how the log of a copy is opened.
func copiedLog(dir string, id [16]byte) wal.Options {
	return wal.Options{Dir: dir, DatabaseID: id, SegmentBytes: firstLogBytes, SpareFiles: wal.NoSpareFiles}
}

// storeEntries puts what comes into a log.
func storeEntries(from io.Reader, log *wal.Log) error {
	head := make([]byte, 12)
	for {
		if _, err := io.ReadFull(from, head); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		size := binary.BigEndian.Uint32(head[8:])
		if size > copyPayloadMax {
			return fmt.Errorf("a log entry of %d bytes", size)
		}
		payload := make([]byte, size)
		if _, err := io.ReadFull(from, payload); err != nil {
			return err
		}
		if err := log.Append([]wal.Entry{{Index: binary.BigEndian.Uint64(head), Payload: payload}}); err != nil {
			return err
		}
	}
}

// beginCopy lets a node go on where a copy does, whose log it has.
// last is where its own ended, nil if that is not known.
func beginCopy(data string, log *wal.Log, last *uint64, at replication.Origin) error {
	if at.Term == 0 && (last == nil || log.LastIndex() < *last) {
		return errors.New("the other node does not lead, and its log may lack what this node has said to have")
	}
	dir := filepath.Join(data, raftDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return replication.BeginCopy(vfs.Default, dir, log, at)
}

// finish checks that the copy is what it says.
func (r *receiving) finish() error {
	if err := r.journal.cleanFiles(func(name string) bool { return r.came[name] || !neverChanges(name) }); err != nil {
		return err
	}
	state := filepath.Join(r.data, stateDir)
	var m backup.Manifest
	at, err := summarizeState(state, &m)
	if err != nil {
		return fmt.Errorf("the state that came cannot be opened: %w", err)
	}
	if replication.Position(at) != r.note.State.At || m.StateHash != r.note.StateHash {
		return fmt.Errorf("the state that came is at %v with hash %s, not at %v with %s", replication.Position(at), m.StateHash, r.note.State.At, r.note.StateHash)
	}
	if r.note.Mark == nil {
		return nil
	}
	return writeFileSync(filepath.Join(r.data, sealedFile), r.note.Mark)
}
