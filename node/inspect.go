package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/backup/crypt"
	"redoubt/engine"
	"redoubt/engine/mvcc"
	"redoubt/node/bridge"
	"redoubt/replication"
	"redoubt/segments"
	"redoubt/telemetry/ash"
	"redoubt/telemetry/awr"
	"redoubt/wal"
)

// Inspect prints what is in a file of a data directory, or in an encrypted object of a repository. It tells the kind by name and place, never writes, and reads
// past damage; an error says that there is some, or that the kind is not known.
func Inspect(path string, w io.Writer) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("inspect: %w", err)
	}
	if info.IsDir() {
		return fmt.Errorf("inspect: %s is a directory; name a file in it", path)
	}
	name := filepath.Base(path)
	switch {
	case name == identityFile:
		return inspectIdentity(path, w)
	case name == peersFile, name == joiningFile, name == failoverFile:
		return inspectNote(path, w)
	case name == pageKeyFile:
		fmt.Fprintf(w, "%s is the key that signs logins at the page; it is not shown\n", path)
		return nil
	case name == sealedFile:
		return inspectMark(path, w)
	case name == xidFile:
		return engine.InspectXIDFile(path, w)
	case wal.IsLogFile(name):
		return inspectLog(path, w)
	case segments.IsSegmentFile(name):
		return segments.Inspect(vfs.Default, path, w)
	case name == replication.StableFile:
		return replication.InspectStable(w, path)
	case name == replication.SnapshotFile:
		content, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("inspect: %w", err)
		}
		return replication.InspectSnapshot(w, name, content)
	case mvcc.IsStoreFile(name):
		return mvcc.Inspect(path, w)
	case crypt.IsObjectFile(name):
		return crypt.Inspect(path, w)
	case ash.IsFile(name):
		return ash.Inspect(path, w)
	case awr.IsFile(name):
		return awr.Inspect(path, w)
	case info.Size() == 0:
		fmt.Fprintf(w, "%s is empty: a lock or a marker\n", path)
		return nil
	}
	return fmt.Errorf("inspect: %s is no kind of file that a data directory has", path)
}

// inspectNote prints what a node notes for its next start.
func inspectNote(path string, w io.Writer) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("inspect: %w", err)
	}
	if !json.Valid(b) {
		return fmt.Errorf("inspect: %s is damaged", path)
	}
	fmt.Fprintf(w, "%s\n", b)
	return nil
}

func inspectIdentity(path string, w io.Writer) error {
	identity, err := readIdentity(filepath.Dir(path))
	if err != nil {
		return err
	}
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return errors.Join(out.Encode(identity), identity.check(filepath.Dir(path), ""))
}

func inspectMark(path string, w io.Writer) error {
	mark, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("inspect: %w", err)
	}
	at, err := bridge.DecodeMark(mark)
	if err != nil {
		return fmt.Errorf("inspect %s: %w", path, err)
	}
	fmt.Fprintf(w, "sealed up to %v\n", at.Position)
	if at.PartsFrom > 0 {
		fmt.Fprintf(w, "a transaction is on its way, with parts from index %d on\n", at.PartsFrom)
	}
	return nil
}

// inspectLog prints the frames of a log file, each with what the entry in it is.
func inspectLog(path string, w io.Writer) error {
	return wal.Inspect(vfs.Default, path, w, func(index uint64, payload []byte) string {
		entry, err := replication.InspectEntry(index, payload)
		if err != nil {
			return "DAMAGED: " + err.Error()
		}
		return entry.String()
	})
}
