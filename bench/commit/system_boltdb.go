package commit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
)

// BoltDB is the same raft library with its usual store, which keeps log, term and vote, and an entry for each payload.
func BoltDB() System { return System{"raft-boltdb", openBoltDB} }

type boltSystem struct {
	raft  *raft.Raft
	store *countingStore
}

// countingStore counts what is stored at once; each is one transaction of the database.
type countingStore struct {
	*raftboltdb.BoltStore
	batches atomic.Uint64
}

func (s *countingStore) StoreLogs(logs []*raft.Log) error {
	s.batches.Add(1)
	return s.BoltStore.StoreLogs(logs)
}

func openBoltDB(dir string) (system, error) {
	bolt, err := raftboltdb.NewBoltStore(filepath.Join(dir, "raft.db"))
	if err != nil {
		return nil, err
	}
	s := &boltSystem{store: &countingStore{BoltStore: bolt}}
	config := raft.DefaultConfig()
	config.LocalID = "n1"
	config.MaxAppendEntries = 512
	config.BatchApplyCh = true
	config.SnapshotThreshold = math.MaxUint64
	config.Logger = hclog.NewNullLogger()
	addr, transport := raft.NewInmemTransport("n1")
	members := raft.Configuration{Servers: []raft.Server{{ID: "n1", Address: addr}}}
	snapshots := raft.NewDiscardSnapshotStore()
	if err := raft.BootstrapCluster(config, s.store, s.store, snapshots, transport, members); err != nil {
		return nil, errors.Join(err, bolt.Close())
	}
	if s.raft, err = raft.NewRaft(config, nothing{}, s.store, s.store, snapshots, transport); err != nil {
		return nil, errors.Join(err, bolt.Close())
	}
	select {
	case <-s.raft.LeaderCh():
		return s, nil
	case <-time.After(30 * time.Second):
		return nil, errors.Join(fmt.Errorf("no leader"), s.close())
	}
}

func (s *boltSystem) commit(_ context.Context, payload []byte) error {
	return s.raft.Apply(payload, 0).Error()
}

func (s *boltSystem) syncs() uint64 { return s.store.batches.Load() }

func (s *boltSystem) close() error { return errors.Join(s.raft.Shutdown().Error(), s.store.Close()) }

// nothing is an FSM without a state.
type nothing struct{}

func (nothing) Apply(*raft.Log) any { return nil }

func (nothing) ApplyBatch(logs []*raft.Log) []any { return make([]any, len(logs)) }

func (nothing) Snapshot() (raft.FSMSnapshot, error) { return nil, errors.New("no snapshots here") }

func (nothing) Restore(io.ReadCloser) error { return errors.New("no snapshots here") }
