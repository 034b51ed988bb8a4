package main

import (
	"context"
	"encoding/binary"
	"errors"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/embed"

	"redoubt/bench/commit"
)

// etcd is a server of one member, asked in process: no client, no gRPC. Each commit puts a new key.
func etcd() commit.System { return commit.NewSystem("etcd", openEtcd) }

type etcdServer struct {
	*embed.Etcd
	key atomic.Uint64
}

func openEtcd(dir string) (commit.Open, error) {
	config := embed.NewConfig()
	config.Dir = filepath.Join(dir, "etcd")
	config.LogLevel = "error"
	config.LogOutputs = []string{"/dev/null"}
	// Unix sockets: nobody connects, and no port has to be free.
	here := []url.URL{{Scheme: "unix", Path: "localhost:0"}}
	config.ListenClientUrls, config.ListenPeerUrls = here, []url.URL{{Scheme: "unix", Path: "localhost:1"}}
	server, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	select {
	case <-server.Server.ReadyNotify():
		return &etcdServer{Etcd: server}, nil
	case <-time.After(30 * time.Second):
		server.Close()
		return nil, errors.New("not ready in 30 s")
	}
}

func (s *etcdServer) Commit(ctx context.Context, payload []byte) error {
	key := binary.BigEndian.AppendUint64(nil, s.key.Add(1))
	_, err := s.Server.Put(ctx, &etcdserverpb.PutRequest{Key: key, Value: payload})
	return err
}

// Syncs are those of the log, from etcd's own figures.
func (s *etcdServer) Syncs() uint64 {
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		return 0
	}
	for _, family := range families {
		if family.GetName() == "etcd_disk_wal_fsync_duration_seconds" {
			return family.GetMetric()[0].GetHistogram().GetSampleCount()
		}
	}
	return 0
}

func (s *etcdServer) Close() error {
	s.Etcd.Close()
	return nil
}
