package main

import (
	"context"
	"errors"
	"io"
	"math"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"

	"redoubt/bench/commit"
)

// raftOver is the raft library over a store, with an entry for each payload and batches as large as serve it best.
func raftOver(name string, open func(dir string) (store, error)) commit.System {
	return commit.NewSystem(name, func(dir string) (commit.Open, error) {
		s, err := open(dir)
		if err != nil {
			return nil, err
		}
		return openRaft(&countingStore{store: s})
	})
}

// countingStore counts what is stored at once; each is one sync.
type countingStore struct {
	store
	batches atomic.Uint64
}

func (s *countingStore) StoreLogs(logs []*raft.Log) error {
	s.batches.Add(1)
	return s.store.StoreLogs(logs)
}

type raftNode struct {
	raft  *raft.Raft
	store *countingStore
}

func openRaft(s *countingStore) (*raftNode, error) {
	config := raft.DefaultConfig()
	config.LocalID = "n1"
	config.MaxAppendEntries = 512
	config.BatchApplyCh = true
	config.SnapshotThreshold = math.MaxUint64
	config.Logger = hclog.NewNullLogger()
	address, transport := raft.NewInmemTransport("n1")
	members := raft.Configuration{Servers: []raft.Server{{ID: "n1", Address: address}}}
	snapshots := raft.NewDiscardSnapshotStore()
	if err := raft.BootstrapCluster(config, s, s, snapshots, transport, members); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	node, err := raft.NewRaft(config, nothing{}, s, s, snapshots, transport)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	n := &raftNode{raft: node, store: s}
	select {
	case <-node.LeaderCh():
		return n, nil
	case <-time.After(30 * time.Second):
		return nil, errors.Join(errors.New("no leader in 30 s"), n.Close())
	}
}

func (n *raftNode) Commit(_ context.Context, payload []byte) error {
	return n.raft.Apply(payload, 0).Error()
}

func (n *raftNode) Syncs() uint64 { return n.store.batches.Load() }

func (n *raftNode) Close() error { return errors.Join(n.raft.Shutdown().Error(), n.store.Close()) }

// nothing is an FSM without a state.
type nothing struct{}

func (nothing) Apply(*raft.Log) any { return nil }

func (nothing) ApplyBatch(logs []*raft.Log) []any { return make([]any, len(logs)) }

func (nothing) Snapshot() (raft.FSMSnapshot, error) { return nil, errors.New("no snapshots here") }

func (nothing) Restore(io.ReadCloser) error { return errors.New("no snapshots here") }
