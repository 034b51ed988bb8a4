package commit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"

	"redoubt/replication"
	"redoubt/wal"
)

// Redoubt is replication over logs on disk, with a state machine that only remembers where it is.
func Redoubt() System {
	return System{"redoubt", func(dir string, nodes int) (system, error) {
		s := &redoubtSystem{}
		if err := s.start(dir, nodes); err != nil {
			return nil, errors.Join(err, s.close())
		}
		return s, nil
	}}
}

type redoubtSystem struct {
	nodes  []*replication.Node
	logs   []*countingLog
	leader int
	failed atomic.Pointer[error]
}

// countingLog counts appends; each is one sync.
type countingLog struct {
	*wal.Log
	appends atomic.Uint64
}

func (l *countingLog) Append(batch []wal.Entry) error {
	l.appends.Add(1)
	return l.Log.Append(batch)
}

func (s *redoubtSystem) start(dir string, nodes int) error {
	transports, members, err := transports(nodes)
	if err != nil {
		return err
	}
	var bootstrap []replication.Server
	for _, m := range members {
		bootstrap = append(bootstrap, replication.Server{ID: string(m.ID), Addr: string(m.Address)})
	}
	for i, t := range transports {
		at := filepath.Join(dir, bootstrap[i].ID)
		if err := os.Mkdir(at, 0o700); err != nil {
			return err
		}
		log, err := wal.Open(wal.Options{Dir: filepath.Join(at, "wal"), SpareFiles: 6})
		if err != nil {
			return err
		}
		s.logs = append(s.logs, &countingLog{Log: log})
		node, err := replication.Open(replication.Options{
			NodeID: bootstrap[i].ID, Dir: at, Log: s.logs[i], StateMachine: &position{}, Transport: t, Bootstrap: bootstrap,
			OnFatal: func(err error) { s.failed.Store(&err) },
		})
		if err != nil {
			return err
		}
		s.nodes = append(s.nodes, node)
	}
	return awaitLeader(nodes, func(i int) bool {
		s.leader = i
		_, _, leads := s.nodes[i].Leader()
		return leads
	})
}

func (s *redoubtSystem) commit(ctx context.Context, payload []byte) error {
	_, err := s.nodes[s.leader].Propose(ctx, &replication.Proposal{Body: payload})
	return err
}

func (s *redoubtSystem) syncs() uint64 { return s.logs[s.leader].appends.Load() }

func (s *redoubtSystem) close() (err error) {
	for _, n := range s.nodes {
		err = errors.Join(err, n.Close())
	}
	for _, log := range s.logs {
		err = errors.Join(err, log.Close())
	}
	if failed := s.failed.Load(); failed != nil {
		err = errors.Join(*failed, err)
	}
	return err
}

// position is a state machine without a state.
type position struct {
	at atomic.Pointer[replication.Position]
}

func (p *position) Certify(*replication.Proposal) error { return nil }
func (p *position) Abandon()                            {}

func (p *position) Apply(groups []replication.AppliedGroup) error {
	at := groups[len(groups)-1].Position()
	p.at.Store(&at)
	return nil
}

func (p *position) Position() replication.Position {
	if at := p.at.Load(); at != nil {
		return *at
	}
	return replication.Position{}
}

func (p *position) Durable() replication.Position { return p.Position() }

func (p *position) Persist(context.Context) (replication.Position, error) { return p.Position(), nil }
