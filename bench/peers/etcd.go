package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/embed"

	"redoubt/bench/commit"
	"redoubt/internal/freeport"
)

// etcd is a cluster, or a server of one member, asked in process: no client, no gRPC. Each commit puts a new key, at the leader.
func etcd() commit.System { return commit.NewSystem("etcd", openEtcd) }

type etcdServers struct {
	members []*embed.Etcd
	leader  *embed.Etcd
	key     atomic.Uint64
}

// etcdWait is how long a new cluster may take.
const etcdWait = 30 * time.Second

func openEtcd(dir string, nodes int) (commit.Open, error) {
	configs, err := etcdConfigs(dir, nodes)
	if err != nil {
		return nil, err
	}
	s := &etcdServers{}
	for _, c := range configs {
		member, err := embed.StartEtcd(c)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.members = append(s.members, member)
	}
	for end := time.Now().Add(etcdWait); s.leader == nil; time.Sleep(10 * time.Millisecond) {
		for _, m := range s.members {
			select {
			case <-m.Server.ReadyNotify():
				if m.Server.Leader() == m.Server.MemberID() {
					s.leader = m
				}
			default:
			}
		}
		if time.Now().After(end) {
			return nil, errors.Join(fmt.Errorf("no leader in %v", etcdWait), s.Close())
		}
	}
	return s, nil
}

// etcdConfigs are those of the members. One alone has Unix sockets, to which nobody connects; several talk by loopback.
func etcdConfigs(dir string, nodes int) (configs []*embed.Config, _ error) {
	var initial []string
	for i := range nodes {
		c := embed.NewConfig()
		c.Name = fmt.Sprint("n", i+1)
		c.Dir = filepath.Join(dir, c.Name)
		c.LogLevel = "error"
		c.LogOutputs = []string{"/dev/null"}
		peers := url.URL{Scheme: "unix", Path: "localhost:1"}
		if nodes > 1 {
			address, err := freeport.Address()
			if err != nil {
				return nil, err
			}
			peers = url.URL{Scheme: "http", Host: address}
		}
		c.ListenClientUrls = []url.URL{{Scheme: "unix", Path: fmt.Sprintf("localhost:0%d", i)}}
		c.ListenPeerUrls, c.AdvertisePeerUrls = []url.URL{peers}, []url.URL{peers}
		initial = append(initial, c.Name+"="+peers.String())
		configs = append(configs, c)
	}
	for _, c := range configs {
		c.InitialCluster = strings.Join(initial, ",")
	}
	return configs, nil
}

func (s *etcdServers) Commit(ctx context.Context, payload []byte) error {
	key := binary.BigEndian.AppendUint64(nil, s.key.Add(1))
	_, err := s.leader.Server.Put(ctx, &etcdserverpb.PutRequest{Key: key, Value: payload})
	return err
}

// Syncs are those of the log, from etcd's own figures, which all members in a process have in common.
func (s *etcdServers) Syncs() uint64 {
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		return 0
	}
	for _, family := range families {
		if family.GetName() == "etcd_disk_wal_fsync_duration_seconds" {
			return family.GetMetric()[0].GetHistogram().GetSampleCount() / uint64(len(s.members))
		}
	}
	return 0
}

func (s *etcdServers) Close() error {
	for _, m := range s.members {
		m.Close()
	}
	return nil
}
