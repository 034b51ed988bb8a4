package commit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
)

// leaderWait is how long a new cluster may take to elect.
const leaderWait = 30 * time.Second

// RaftStore keeps the raft library's entries, its term and its vote.
type RaftStore interface {
	raft.LogStore
	raft.StableStore
	Close() error
}

// OverRaft is the raft library over a store, with an entry for each payload and batches as large as serve it best.
func OverRaft(name string, open func(dir string) (RaftStore, error)) System {
	return System{name, func(dir string, nodes int) (system, error) {
		s := &raftSystem{}
		if err := s.start(dir, nodes, open); err != nil {
			return nil, errors.Join(err, s.close())
		}
		return s, nil
	}}
}

// raftSystem is a cluster of it.
type raftSystem struct {
	nodes  []*raft.Raft
	stores []*countingStore
	leader int
}

// countingStore counts what is stored at once; each is one sync.
type countingStore struct {
	RaftStore
	batches atomic.Uint64
}

func (s *countingStore) StoreLogs(logs []*raft.Log) error {
	s.batches.Add(1)
	return s.RaftStore.StoreLogs(logs)
}

func (s *raftSystem) start(dir string, nodes int, open func(dir string) (RaftStore, error)) error {
	transports, members, err := transports(nodes)
	if err != nil {
		return err
	}
	for i, t := range transports {
		at := filepath.Join(dir, string(members[i].ID))
		if err := os.Mkdir(at, 0o700); err != nil {
			return err
		}
		store, err := open(at)
		if err != nil {
			return err
		}
		counting := &countingStore{RaftStore: store}
		s.stores = append(s.stores, counting)
		config := raft.DefaultConfig()
		config.LocalID = members[i].ID
		config.MaxAppendEntries = 512
		config.BatchApplyCh = true
		config.SnapshotThreshold = math.MaxUint64
		config.Logger = hclog.NewNullLogger()
		snapshots := raft.NewDiscardSnapshotStore()
		if err := raft.BootstrapCluster(config, counting, counting, snapshots, t, raft.Configuration{Servers: members}); err != nil {
			return err
		}
		node, err := raft.NewRaft(config, nothing{}, counting, counting, snapshots, t)
		if err != nil {
			return err
		}
		s.nodes = append(s.nodes, node)
	}
	return awaitLeader(nodes, func(i int) bool {
		s.leader = i
		return s.nodes[i].State() == raft.Leader
	})
}

// transports are what nodes talk through, and who they are: nothing for one that is alone, loopback for several.
func transports(nodes int) (list []raft.Transport, members []raft.Server, err error) {
	for i := range nodes {
		id := raft.ServerID(fmt.Sprint("n", i+1))
		var t raft.Transport
		if nodes == 1 {
			_, t = raft.NewInmemTransport(raft.ServerAddress(id))
		} else if t, err = raft.NewTCPTransport("127.0.0.1:0", nil, nodes, 10*time.Second, io.Discard); err != nil {
			return nil, nil, err
		}
		list = append(list, t)
		members = append(members, raft.Server{ID: id, Address: t.LocalAddr()})
	}
	return list, members, nil
}

// awaitLeader waits until one of the nodes leads.
func awaitLeader(nodes int, leads func(i int) bool) error {
	for end := time.Now().Add(leaderWait); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		for i := range nodes {
			if leads(i) {
				return nil
			}
		}
	}
	return fmt.Errorf("no leader in %v", leaderWait)
}

func (s *raftSystem) commit(_ context.Context, payload []byte) error {
	return s.nodes[s.leader].Apply(payload, 0).Error()
}

func (s *raftSystem) syncs() uint64 { return s.stores[s.leader].batches.Load() }

func (s *raftSystem) close() (err error) {
	for _, n := range s.nodes {
		err = errors.Join(err, n.Shutdown().Error())
	}
	for _, store := range s.stores {
		err = errors.Join(err, store.Close())
	}
	return err
}

// nothing is an FSM without a state.
type nothing struct{}

func (nothing) Apply(*raft.Log) any { return nil }

func (nothing) ApplyBatch(logs []*raft.Log) []any { return make([]any, len(logs)) }

func (nothing) Snapshot() (raft.FSMSnapshot, error) { return nil, errors.New("no snapshots here") }

func (nothing) Restore(io.ReadCloser) error { return errors.New("no snapshots here") }
