package main

import (
	"path/filepath"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	raftwal "github.com/hashicorp/raft-wal"
	"go.etcd.io/bbolt"
	etcdwal "go.etcd.io/etcd/server/v3/storage/wal"
	"go.etcd.io/raft/v3/raftpb"
	"go.uber.org/zap"

	"redoubt/bench/commit"
	"redoubt/bench/logappend"
)

// openWAL opens raft-wal with its defaults.
func openWAL(dir string) (commit.RaftStore, error) { return raftwal.Open(dir) }

// openBolt opens raft-boltdb without syncing its free list, which is faster and as durable.
func openBolt(dir string) (commit.RaftStore, error) {
	return raftboltdb.New(raftboltdb.Options{
		Path:        filepath.Join(dir, "raft.db"),
		BoltOptions: &bbolt.Options{NoFreelistSync: true, FreelistType: bbolt.FreelistMapType},
	})
}

func raftWALLog() logappend.System { return storeLog("raft-wal", openWAL) }

func boltLog() logappend.System { return storeLog("raft-boltdb", openBolt) }

func storeLog(name string, open func(dir string) (commit.RaftStore, error)) logappend.System {
	return logappend.System{Name: name, Open: func(c logappend.Config, payloads [][]byte) (logappend.Log, error) {
		s, err := open(c.Dir)
		if err != nil {
			return nil, err
		}
		l := &raftLog{RaftStore: s, batch: make([]*raft.Log, len(payloads))}
		for i, p := range payloads {
			l.batch[i] = &raft.Log{Term: 1, Data: p}
		}
		return l, nil
	}}
}

// raftLog appends to a store of the raft library.
type raftLog struct {
	commit.RaftStore
	batch []*raft.Log
}

func (l *raftLog) Append(first uint64) error {
	for i, entry := range l.batch {
		entry.Index = first + uint64(i)
	}
	return l.StoreLogs(l.batch)
}

func etcdLog() logappend.System { return logappend.System{Name: "etcd wal", Open: openEtcdLog} }

// etcdWAL appends to etcd's log with its defaults.
type etcdWAL struct {
	*etcdwal.WAL
	batch []*raftpb.Entry
}

func openEtcdLog(c logappend.Config, payloads [][]byte) (logappend.Log, error) {
	w, err := etcdwal.Create(zap.NewNop(), filepath.Join(c.Dir, "wal"), nil)
	if err != nil {
		return nil, err
	}
	l := &etcdWAL{WAL: w, batch: make([]*raftpb.Entry, len(payloads))}
	for i, p := range payloads {
		l.batch[i] = &raftpb.Entry{Term: new(uint64(1)), Index: new(uint64), Data: p}
	}
	return l, nil
}

func (l *etcdWAL) Append(first uint64) error {
	for i, entry := range l.batch {
		*entry.Index = first + uint64(i)
	}
	return l.Save(&raftpb.HardState{}, l.batch)
}
