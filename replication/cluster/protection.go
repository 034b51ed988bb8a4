package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"redoubt/replication"
	"redoubt/telemetry"
)

// Mode is what a commit waits for beside the quorum of the nodes that vote.
type Mode string

// Modes.
const (
	Async    Mode = "async"     // for nothing: a standby may lack the newest commits
	SemiSync Mode = "semi-sync" // for some standbys; without them it goes on, degraded, until they have caught up
	Sync     Mode = "sync"      // for all standbys; without one of them nothing is committed
)

// ParseMode reads the name of a mode.
func ParseMode(name string) (Mode, error) {
	if m := Mode(name); m == Async || m == SemiSync || m == Sync {
		return m, nil
	}
	return "", errors.New("want async, semi-sync or sync")
}

// String is its name.
func (m Mode) String() string { return string(m) }

// Protection says how commits are protected by standbys.
type Protection struct {
	Mode    Mode
	Acks    int           // standbys that semi-sync waits for
	Timeout time.Duration // for their answers
}

// ErrUnprotected: a standby that commits must wait for is away. Nothing was done.
var ErrUnprotected = errors.New("a standby is away that every commit must be on")

// standbys are what the node that leads knows of those that only follow. The zero value is ready.
type standbys struct {
	mu       sync.Mutex
	wanted   []string // standbys of the cluster
	stored   map[string]stored
	change   chan struct{} // closed when more is stored; nil while nobody waits
	degraded bool          // commits do not wait (semi-sync), or are refused (sync), until the standbys have caught up
}

// stored is up to where a standby has the log.
type stored struct {
	index uint64
	at    time.Time
}

// Standby is a node that only follows, as the one that leads sees it.
type Standby struct {
	ID       string
	Status   string // ASYNC, SYNCHRONIZED or DEGRADED
	Index    uint64 // log entry up to which it has the log
	Lag      uint64 // entries that it lacks
	Answered time.Time
}

// unprotected is the key of contexts whose commits need no standby.
type unprotected struct{}

// Unprotected gives a context whose commits need no standby: those that are about the nodes themselves, by which a standby comes and goes.
func Unprotected(ctx context.Context) context.Context {
	return context.WithValue(ctx, unprotected{}, true)
}

// proposeHere puts a proposal into the log of this node, which leads, and waits for the standbys that protect it.
func (c *Cluster) proposeHere(ctx context.Context, p *replication.Proposal) (replication.Result, error) {
	protection := c.options.Protection
	if ctx.Value(unprotected{}) != nil {
		protection.Mode = Async
	}
	if protection.Mode == Sync && c.standbys.away(protection) {
		return replication.Result{}, ErrUnprotected
	}
	p.Late = c.fences.has
	r, err := c.options.Log.Propose(ctx, p)
	if err != nil || p.Part || protection.Mode == Async {
		return r, err
	}
	p.Slot.Turn(telemetry.LogFileSync, telemetry.QuorumAck)
	began := time.Now()
	err = c.standbys.await(ctx, protection, r.Index)
	r.Awaited += time.Since(began)
	p.Slot.Turn(telemetry.QuorumAck, telemetry.LogFileSync)
	if err != nil {
		if protection.Mode == Sync {
			return r, &replication.OutcomeUnknownError{XID: p.XID, SCN: r.SCN, Cause: fmt.Errorf("a quorum has it, but not every standby: %w", err)}
		}
		c.options.Logger.Warn().Err(err).Msg("standbys do not answer: commits do not wait for them until they have caught up")
	}
	return r, nil
}

// need is how many standbys a commit waits for. The caller holds mu.
func (s *standbys) need(p Protection) int {
	if p.Mode == Sync {
		return max(len(s.wanted), 1)
	}
	return p.Acks
}

// have is how many have the log up to an entry. The caller holds mu.
func (s *standbys) have(index uint64) (n int) {
	for _, id := range s.wanted {
		if s.stored[id].index >= index {
			n++
		}
	}
	return n
}

// away tells whether a commit would wait in vain.
func (s *standbys) away(p Protection) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.degraded || len(s.wanted) < s.need(p)
}

// await waits until enough standbys have an entry. After the first that waits in vain no other does, until they have caught up.
func (s *standbys) await(ctx context.Context, p Protection, index uint64) error {
	timeout := time.NewTimer(p.Timeout)
	defer timeout.Stop()
	for {
		s.mu.Lock()
		if s.have(index) >= s.need(p) || s.degraded && p.Mode == SemiSync {
			s.mu.Unlock()
			return nil
		}
		if s.change == nil {
			s.change = make(chan struct{})
		}
		change := s.change
		s.mu.Unlock()
		select {
		case <-change:
		case <-timeout.C:
			s.mu.Lock()
			defer s.mu.Unlock()
			s.degraded = true
			return fmt.Errorf("%d of %d have log entry %d after %s", s.have(index), s.need(p), index, p.Timeout)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// note notes up to where a standby has the log, of which the newest entry is given.
func (s *standbys) note(id string, index, newest uint64, p Protection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stored == nil {
		s.stored = map[string]stored{}
	}
	s.stored[id] = stored{index, time.Now()}
	if s.degraded && s.have(newest) >= s.need(p) {
		s.degraded = false
	}
	if s.change != nil {
		close(s.change)
		s.change = nil
	}
}

// want sets the standbys that there are.
func (s *standbys) want(ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wanted = ids
	for id := range s.stored {
		if !slices.Contains(ids, id) {
			delete(s.stored, id)
		}
	}
}

// lookForStandbys keeps what the leader knows of them up to date.
func (c *Cluster) lookForStandbys() error {
	nodes, err := c.options.Registry.Nodes()
	if err != nil {
		return err
	}
	var ids []string
	for _, m := range c.options.Log.Members() {
		standby := slices.ContainsFunc(nodes, func(n Info) bool { return n.ID == m.ID && n.Standby })
		if standby && !m.Voter {
			ids = append(ids, m.ID)
		}
	}
	c.standbys.want(ids)
	return nil
}

// Standbys lists them, on the node that leads.
func (c *Cluster) Standbys() (list []Standby) {
	if _, _, leads := c.options.Log.Leader(); !leads {
		return nil
	}
	last := c.options.Log.Stats().LastIndex
	s := &c.standbys
	s.mu.Lock()
	defer s.mu.Unlock()
	status := "SYNCHRONIZED"
	switch {
	case c.options.Protection.Mode == Async:
		status = "ASYNC"
	case s.degraded:
		status = "DEGRADED"
	}
	for _, id := range s.wanted {
		at := s.stored[id]
		list = append(list, Standby{ID: id, Status: status, Index: at.index, Lag: last - min(at.index, last), Answered: at.at})
	}
	return list
}

// StoredArgs is up to where a standby has the log: an entry and its term.
type StoredArgs struct {
	ID          string
	Index, Term uint64
}

// StoredReply tells whether the entry is the one that the leader has there.
type StoredReply struct{ Same bool }

// Stored is told by a standby.
func (m *Methods) Stored(a *StoredArgs, r *StoredReply) error {
	log := m.cluster.options.Log
	if _, _, leads := log.Leader(); !leads {
		return nil
	}
	if r.Same = a.Term > 0 && log.EntryTerm(a.Index) == a.Term; r.Same {
		m.cluster.standbys.note(a.ID, a.Index, log.Stats().CommitIndex, m.cluster.options.Protection)
	}
	return nil
}

// tellStored tells the leader up to where this standby has the log, whenever there is more, and from time to time.
func (c *Cluster) tellStored(ctx context.Context) {
	for ctx.Err() == nil {
		if !c.options.Self().Standby {
			return
		}
		last := c.options.Log.Stats().LastIndex
		var reply StoredReply
		id, addr, self := c.options.Log.Leader()
		if id != "" && !self {
			calling, cancel := context.WithTimeout(ctx, callingTimeout)
			err := c.callLeader(calling, addr, service+".Stored", &StoredArgs{ID: c.options.ID, Index: last, Term: c.options.Log.EntryTerm(last)}, &reply)
			cancel()
			if err != nil {
				reply.Same = false
			}
		}
		waiting, cancel := context.WithTimeout(ctx, storedEvery)
		if reply.Same {
			_ = c.options.Log.WaitStored(waiting, last+1) // its error is that time is over
		} else {
			_ = pause(waiting)
		}
		cancel()
	}
}

// storedEvery is how often a standby tells where it is though there is nothing new.
const storedEvery = time.Second
