package commit

import (
	"context"
	"errors"
	"path/filepath"
	"sync/atomic"

	"github.com/hashicorp/raft"

	"redoubt/replication"
	"redoubt/wal"
)

// Redoubt is a node of one over a log on disk, with a state machine that only remembers where it is.
func Redoubt() System { return System{"redoubt", openRedoubt} }

type redoubtSystem struct {
	node   *replication.Node
	log    *countingLog
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

func openRedoubt(dir string) (system, error) {
	log, err := wal.Open(wal.Options{Dir: filepath.Join(dir, "wal"), SpareFiles: 6})
	if err != nil {
		return nil, err
	}
	s := &redoubtSystem{log: &countingLog{Log: log}}
	_, transport := raft.NewInmemTransport("n1")
	s.node, err = replication.Open(replication.Options{
		NodeID: "n1", Dir: dir, Log: s.log, StateMachine: &position{}, Transport: transport,
		Bootstrap: []replication.Server{{ID: "n1", Addr: "n1"}},
		OnFatal:   func(err error) { s.failed.Store(&err) },
	})
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return s, s.node.WaitReady(context.Background())
}

func (s *redoubtSystem) commit(ctx context.Context, payload []byte) error {
	_, err := s.node.Propose(ctx, &replication.Proposal{Body: payload})
	return err
}

func (s *redoubtSystem) syncs() uint64 { return s.log.appends.Load() }

func (s *redoubtSystem) close() error {
	err := errors.Join(s.node.Close(), s.log.Close())
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
