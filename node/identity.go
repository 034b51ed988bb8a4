package node

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/replication/cluster"
	"redoubt/scn"
)

// Names in the data directory.
const (
	identityFile = "redoubt.json"
	lockFile     = "LOCK"
	stateDir     = "state"
	xidFile      = "xids" // up to where this node has given transaction ids
	logDir       = "log"
	raftDir      = "raft"
	segmentsDir  = "segments"
	tlsDir       = "tls"
)

// dirFormat is the version of the data directory as a whole.
const dirFormat = 1

// firstOrdinal is the ordinal of the node that creates a database.
const firstOrdinal = 1

// Identity is what a data directory says about itself.
type Identity struct {
	Format     int       `json:"format"`
	DatabaseID string    `json:"database_id"` // 32 hexadecimal digits
	NodeID     string    `json:"node_id"`
	Ordinal    uint16    `json:"ordinal"` // distinguishes the transaction ids of nodes
	Created    time.Time `json:"created"`

	Incarnation scn.Incarnation `json:"incarnation,omitempty"` // that a recovery began; 0 if there was none
	Branch      scn.SCN         `json:"branch,omitempty"`      // the SCN that it went to
	Parent      scn.Incarnation `json:"parent,omitempty"`      // the incarnation of the log up to there

	// Cluster is 32 hexadecimal digits that tell the nodes of a database from those that a failover gave up, or that it was recovered or
	// cloned from; empty: there was none.
	Cluster string `json:"cluster,omitempty"`
	Alone   bool   `json:"alone,omitempty"` // such nodes are still in the database
	// Reinstated: a directory that a failover had given up came to this cluster.
	Reinstated bool `json:"reinstated,omitempty"`

	// Left is the cluster, as members has it, that a failover gave up for this one; empty: there was none, or it is not known.
	Left string `json:"left,omitempty"`

	Clone string `json:"clone,omitempty"` // 32 hexadecimal digits that tell clones of a database apart; empty: it is none
}

// incarnation is the one in which the log is written.
func (i *Identity) incarnation() scn.Incarnation { return max(i.Incarnation, firstIncarnation) }

// lineage is what the nodes of one cluster have in common.
func (i *Identity) lineage() cluster.Lineage {
	return cluster.Lineage{
		Database: i.DatabaseID, Cluster: i.Cluster, Clone: i.Clone, Left: i.Left, Incarnation: i.incarnation(), Parent: i.Parent, Branch: i.Branch,
	}
}

// leaveOthers makes the directory that of a database without the nodes that its past had: they can never talk to it.
func (i *Identity) leaveOthers() {
	i.Cluster, i.Alone, i.Reinstated, i.Left = newID(), true, false, ""
}

// newID is 32 random hexadecimal digits.
func newID() string {
	var id [16]byte
	rand.Read(id[:])
	return hex.EncodeToString(id[:])
}

// Database is the database id in binary.
func (i *Identity) Database() (id [16]byte, err error) {
	b, err := hex.DecodeString(i.DatabaseID)
	if err != nil || len(b) != len(id) {
		return id, fmt.Errorf("database_id %q is not 32 hexadecimal digits", i.DatabaseID)
	}
	return [16]byte(b), nil
}

// members is what the nodes of one cluster, and no others, have in common, in hexadecimal.
func (i *Identity) members() string {
	if i.Cluster == "" {
		return i.DatabaseID
	}
	return i.Cluster
}

// peers is the same in binary.
func (i *Identity) peers() ([16]byte, error) {
	return (&Identity{DatabaseID: i.members()}).Database()
}

// claimDirectory locks the data directory, making it if need be, and reads who it belongs to.
func claimDirectory(dir, nodeID string) (*Identity, io.Closer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("make data directory: %w", err)
	}
	lock, err := vfs.Default.Lock(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, nil, fmt.Errorf("data directory %s is in use by another process (%w): stop it, or choose another directory with --data", dir, err)
	}
	if err := finished(dir); err != nil {
		return nil, nil, errors.Join(err, lock.Close())
	}
	identity, err := readIdentity(dir)
	if errors.Is(err, os.ErrNotExist) {
		identity, err = createIdentity(dir, nodeID)
	}
	if err == nil {
		err = identity.check(dir, nodeID)
	}
	if err != nil {
		return nil, nil, errors.Join(err, lock.Close())
	}
	return identity, lock, nil
}

// finished tells whether a directory is in the middle of nothing that only who began it can go on with.
func finished(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, recoveringFile)); err == nil {
		return fmt.Errorf("a recovery into %s is not finished: run it again, or remove the directory", dir)
	}
	if _, err := os.Stat(filepath.Join(dir, failoverFile)); err == nil {
		return fmt.Errorf("a failover of %s is not finished: run redoubt failover again", dir)
	}
	return nil
}

func readIdentity(dir string) (*Identity, error) {
	b, err := os.ReadFile(filepath.Join(dir, identityFile))
	if err != nil {
		return nil, err
	}
	identity := &Identity{}
	if err := json.Unmarshal(b, identity); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w; it can be restored from a backup of the directory", filepath.Join(dir, identityFile), err)
	}
	return identity, nil
}

func (i *Identity) check(dir, nodeID string) error {
	if i.Format != dirFormat {
		return fmt.Errorf("data directory %s has format %d, this version reads %d: use the version of redoubt that made it", dir, i.Format, dirFormat)
	}
	if nodeID != "" && nodeID != i.NodeID {
		return fmt.Errorf("data directory %s belongs to node %s, not %s: choose the right directory with --data, or leave --node-id away", dir, i.NodeID, nodeID)
	}
	_, err := i.Database()
	return err
}

// createIdentity makes a new database, in a directory that holds nothing else.
func createIdentity(dir, nodeID string) (*Identity, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read data directory: %w", err)
	}
	for _, f := range files {
		if f.Name() != lockFile {
			return nil, fmt.Errorf("%s is neither empty nor a data directory (it has %s but no %s): choose another with --data", dir, f.Name(), identityFile)
		}
	}
	if nodeID == "" {
		nodeID = defaultNodeID
	}
	identity := &Identity{Format: dirFormat, DatabaseID: newID(), NodeID: nodeID, Ordinal: firstOrdinal, Created: time.Now().UTC()}
	if err := identity.write(dir); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	return identity, nil
}

func (i *Identity) write(dir string) error {
	b, err := json.MarshalIndent(i, "", "  ")
	if err != nil {
		return err
	}
	return writeFileSync(filepath.Join(dir, identityFile), append(b, '\n'))
}

// writeFileSync writes a file so that after a crash it is there whole or not at all.
func writeFileSync(path string, b []byte) error {
	temporary := path + ".new"
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
