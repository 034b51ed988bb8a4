package node

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"redoubt/replication"
	"redoubt/scn"
	"redoubt/segments"
)

// copyJournalFile, in the data directory, lists the files of a copy that have arrived, a line each, behind the name of the node that sends
// it. If the copy breaks off, the next one goes on: from the same node, files that never change are not sent again.
const copyJournalFile = "copying.jsonl"

// segmentsKept, in the data directory, has the sealed segments of a copy that broke off: their own folder is that of the next one.
const segmentsKept = "segments.kept"

// copyRequestMax bounds what a node says that asks for a copy.
const copyRequestMax = 64 << 20

// copyKept marks, in a copy, a file that its receiver has already.
const copyKept = "REDOUBT.kept"

// copiedFile is a file of a copy that has arrived.
type copiedFile struct {
	Name string `json:"name"` // in the copy
	Size int64  `json:"size"`
	Sum  string `json:"sha256"`
}

// copyRequest is what a node says that asks for a copy: what it has of one that broke off, and who sent that.
type copyRequest struct {
	Log bool `json:"log,omitempty"` // it wants neither state nor segments
	// After: it wants the segments behind that SCN after all, where it has one that ends; nil: none.
	After *scn.SCN     `json:"after,omitempty"`
	From  string       `json:"from,omitempty"`
	Files []copiedFile `json:"files,omitempty"`
	// Last is where the log ended that the node had, so that it has said to have nothing behind that; nil: it does not know.
	Last *uint64 `json:"last,omitempty"`
}

// segments gives those of a log that are wanted.
func (r *copyRequest) segments(sealed []segments.Info) []segments.Info {
	if !r.Log {
		return sealed
	}
	for i, s := range sealed {
		if r.After != nil && s.FirstSCN == *r.After+1 {
			return sealed[i:]
		}
	}
	return nil
}

func (r *copyRequest) write(w io.Writer) error {
	b, err := json.Marshal(r)
	if err == nil {
		_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...))
	}
	return err
}

func readCopyRequest(r io.Reader) (*copyRequest, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, fmt.Errorf("read what the other node has: %w", err)
	}
	n := binary.BigEndian.Uint32(length[:])
	if n > copyRequestMax {
		return nil, fmt.Errorf("the other node says what it has in %d bytes", n)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, fmt.Errorf("read what the other node has: %w", err)
	}
	out := &copyRequest{}
	return out, json.Unmarshal(b, out)
}

// kept tells whether the receiver has a file of this node, the same.
func (r *copyRequest) kept(self, path, as string, size int64) (bool, error) {
	if r.From != self {
		return false, nil
	}
	for _, f := range r.Files {
		if f.Name == as && f.Size == size {
			sum, err := sumFile(path)
			return sum == f.Sum, err
		}
	}
	return false, nil
}

func sumFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), errors.Join(err, f.Close())
}

// neverChanges tells whether a file of a copy, by its name, is written once.
func neverChanges(name string) bool {
	return strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, ".blob") || segments.IsSegment(filepath.Base(name))
}

// copyJournal is what has arrived of a copy.
type copyJournal struct {
	data string
	file *os.File
	copyRequest
}

// openCopyJournal reads what has arrived before, and removes everything else that a copy brings.
func openCopyJournal(data string) (*copyJournal, error) {
	j := &copyJournal{data: data}
	b, err := os.ReadFile(filepath.Join(data, copyJournalFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	if lines.Scan() && json.Unmarshal(lines.Bytes(), &j.copyRequest) == nil {
		for lines.Scan() {
			var f copiedFile
			if json.Unmarshal(lines.Bytes(), &f) != nil {
				break // it was being written
			}
			if err := j.lift(f.Name); err != nil {
				return nil, err
			}
			if info, err := os.Stat(j.kept(f.Name)); err == nil && info.Size() == f.Size {
				j.Files = append(j.Files, f)
			}
		}
	}
	return j, errors.Join(j.clean(func(name string) bool { return j.find(name) != nil }), j.begin(j.From))
}

// path is where a file belongs.
func (j *copyJournal) path(name string) string {
	return filepath.Join(j.data, filepath.FromSlash(name))
}

// kept is where a file waits that came with a copy that broke off.
func (j *copyJournal) kept(name string) string {
	if segment, ok := strings.CutPrefix(name, segmentsDir+"/"); ok {
		return filepath.Join(j.data, segmentsKept, segment)
	}
	return j.path(name)
}

// lift puts a file where it waits, if it is where it belongs.
func (j *copyJournal) lift(name string) error {
	if j.kept(name) == j.path(name) {
		return nil
	}
	if err := os.MkdirAll(filepath.Join(j.data, segmentsKept), 0o700); err != nil {
		return err
	}
	if err := os.Rename(j.path(name), j.kept(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// use puts a file that waits where it belongs.
func (j *copyJournal) use(name string) error {
	if j.find(name) == nil {
		return fmt.Errorf("it lacks %s, which is not here", name)
	}
	if j.kept(name) == j.path(name) {
		return nil
	}
	return os.Rename(j.kept(name), j.path(name))
}

func (j *copyJournal) find(name string) *copiedFile {
	for i := range j.Files {
		if j.Files[i].Name == name {
			return &j.Files[i]
		}
	}
	return nil
}

// clean removes what a copy brings, but for some of its files.
func (j *copyJournal) clean(stays func(name string) bool) error {
	for _, name := range []string{segmentsDir, logDir, sealedFile, filepath.Join(raftDir, replication.SnapshotFile)} {
		if err := os.RemoveAll(filepath.Join(j.data, name)); err != nil {
			return err
		}
	}
	return j.cleanFiles(stays)
}

// cleanFiles removes files of the state and sealed segments, but for some.
func (j *copyJournal) cleanFiles(stays func(name string) bool) error {
	for _, dir := range []string{stateDir, segmentsDir} {
		err := filepath.WalkDir(filepath.Join(j.data, dir), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			relative, err := filepath.Rel(j.data, path)
			if err != nil || stays(filepath.ToSlash(relative)) {
				return err
			}
			return os.Remove(path)
		})
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// begin writes the journal anew: of a copy from a node.
func (j *copyJournal) begin(from string) (err error) {
	if j.file != nil {
		if err := j.file.Close(); err != nil {
			return err
		}
	}
	if j.From != from {
		j.Files = nil
	}
	j.From = from
	if j.file, err = os.Create(filepath.Join(j.data, copyJournalFile)); err != nil {
		return err
	}
	lines := []any{copyRequest{From: from}}
	for _, f := range j.Files {
		lines = append(lines, f)
	}
	encoder := json.NewEncoder(j.file)
	for _, l := range lines {
		if err := encoder.Encode(l); err != nil {
			return err
		}
	}
	return nil
}

// sender says whose copy comes. What another node has sent is of no use.
func (j *copyJournal) sender(from string) error {
	if from == j.From {
		return nil
	}
	if err := errors.Join(j.cleanFiles(func(string) bool { return false }), os.RemoveAll(filepath.Join(j.data, segmentsKept))); err != nil {
		return err
	}
	return j.begin(from)
}

// arrived notes a file that is on disk.
func (j *copyJournal) arrived(f copiedFile) error {
	j.Files = append(j.Files, f)
	return json.NewEncoder(j.file).Encode(f)
}

// drop removes a file that came before, if there is one: another one comes by its name.
func (j *copyJournal) drop(name string) error {
	if j.find(name) == nil {
		return nil
	}
	j.Files = slices.DeleteFunc(j.Files, func(f copiedFile) bool { return f.Name == name })
	return os.Remove(j.kept(name))
}

// close keeps the journal for the next try.
func (j *copyJournal) close() error { return j.file.Close() }

// remove: there is nothing to go on with.
func (j *copyJournal) remove() error {
	return errors.Join(os.Remove(j.file.Name()), os.RemoveAll(filepath.Join(j.data, segmentsKept)))
}
