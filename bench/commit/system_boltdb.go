package commit

import (
	"path/filepath"

	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
)

// BoltDB is the same raft library with its usual store.
func BoltDB() System {
	return OverRaft("raft-boltdb", func(dir string) (RaftStore, error) { return raftboltdb.NewBoltStore(filepath.Join(dir, "raft.db")) })
}
