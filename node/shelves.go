package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/backup/shelf"
	"redoubt/scn"
	"redoubt/segments"
	"redoubt/sql"
)

// Names in the data directory.
const (
	snapshotsDir = "snapshots"
	clonesDir    = "clones"
	snapshotFile = "snapshot.json"
	cloneFile    = "clone.json"
)

// snapshotNote is what a snapshot says of itself.
type snapshotNote struct {
	SCN           scn.SCN         `json:"scn"`
	TimeMicros    int64           `json:"time_micros"` // of the commit
	Incarnation   scn.Incarnation `json:"incarnation"`
	Description   string          `json:"description,omitempty"`
	StateHash     string          `json:"state_hash"`
	CreatedMicros int64           `json:"created_micros"`
	Scheduled     bool            `json:"scheduled,omitempty"`
}

// cloneNote is what a clone says of itself.
type cloneNote struct {
	Snapshot      string  `json:"snapshot,omitempty"` // that it is made from
	SCN           scn.SCN `json:"scn"`
	TimeMicros    int64   `json:"time_micros"`
	Purpose       string  `json:"purpose,omitempty"`
	StateHash     string  `json:"state_hash"`
	CreatedMicros int64   `json:"created_micros"`
	ExpiresMicros int64   `json:"expires_micros,omitempty"` // 0: never
}

// shelves has the snapshots and clones of a node. They are directories below that of the data: a file that nobody changes any more, of
// the state or of sealed log, is in each of them by a hard link and takes its room once.
type shelves struct {
	node      *Node
	mu        sync.Mutex // while something is made or removed
	snapshots shelf.Shelf[snapshotNote]
	clones    shelf.Shelf[cloneNote]
}

// openShelves removes what a crash left half made.
func (n *Node) openShelves(context.Context) error {
	data, err := filepath.Abs(n.config.Data)
	if err != nil {
		return err
	}
	n.shelves = &shelves{
		node:      n,
		snapshots: shelf.Shelf[snapshotNote]{Dir: filepath.Join(data, snapshotsDir), Note: snapshotFile},
		clones:    shelf.Shelf[cloneNote]{Dir: filepath.Join(data, clonesDir), Note: cloneFile},
	}
	return errors.Join(n.shelves.snapshots.Clean(), n.shelves.clones.Clean())
}

// explainShelf says what there is not in the words of package sql.
func explainShelf(kind, name string, err error) error {
	switch {
	case errors.Is(err, shelf.ErrAbsent):
		return fmt.Errorf("%s %s: %w", kind, name, sql.ErrNoSnapshot)
	case errors.Is(err, shelf.ErrTaken):
		return fmt.Errorf("there is a %s %s: choose another name, or drop it first", kind, name)
	}
	return err
}

// layOutLog gives a directory the log between two SCNs, where it begins and another: the sealed segments that end at or before it, as links, and a segment of its
// own with what is behind them, which tail gives.
func layOutLog(dir string, id [16]byte, from *segments.Catalog, after, to scn.SCN, incarnation scn.Incarnation, tail func(after scn.SCN, add func(segments.Record) error) error) (err error) {
	own, err := segments.OpenCatalog(segments.CatalogOptions{Dir: dir, DatabaseID: id})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, own.Close()) }()
	for _, info := range from.Segments() {
		if info.LastSCN > to {
			break
		}
		path := filepath.Join(dir, filepath.Base(info.Path))
		if err := os.Link(info.Path, path); err != nil {
			return err
		}
		info.Path, after = path, info.LastSCN
		if err := own.Add(info); err != nil {
			return err
		}
	}
	if after == to {
		return nil
	}
	h, _ := own.Next(incarnation, 0)
	w, err := segments.Create(vfs.Default, dir, h, segments.S2)
	if err != nil {
		return err
	}
	if err := tail(after, w.Append); err != nil {
		return errors.Join(err, w.Close())
	}
	info, err := w.Finish()
	if err != nil {
		return err
	}
	return own.Add(info)
}

// linkState gives a directory the files of a state that nobody has open: tables as links, for they never change, and the few
// others, which are written to, as copies.
func linkState(from, to string) error {
	files, err := os.ReadDir(from)
	if err == nil {
		err = os.MkdirAll(to, 0o700)
	}
	if err != nil {
		return err
	}
	for _, f := range files {
		was, is := filepath.Join(from, f.Name()), filepath.Join(to, f.Name())
		if strings.HasSuffix(f.Name(), ".sst") || strings.HasSuffix(f.Name(), ".blob") {
			err = os.Link(was, is)
		} else {
			err = copyFile(was, is)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it was read only
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}
