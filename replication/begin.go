package replication

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/hashicorp/raft"
)

// Begin makes the beginning of a log for a state that has none because it was made from elsewhere: a snapshot at the
// state's position, and behind it an entry with the members. dir is as in Options; log must be empty.
func Begin(fs vfs.FS, dir string, log LogFile, at Position, servers []Server) (err error) {
	if at.Index == 0 || at.Term == 0 {
		return fmt.Errorf("begin a log: the state's position %v is none of a log", at)
	}
	guard := newGuard()
	store := newLogStore(log, guard, nil)
	if _, last := store.bounds(); last != 0 {
		return fmt.Errorf("begin a log: there is one, up to index %d", last)
	}
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("begin a log: %w", err)
	}
	kv, err := openBolt(dir)
	if err != nil {
		return fmt.Errorf("begin a log: %w", err)
	}
	defer func() { err = errors.Join(err, kv.Close()) }()
	stable, err := newStableStore(kv, guard)
	if err != nil {
		return fmt.Errorf("begin a log: %w", err)
	}
	if err := stable.SetUint64([]byte(raftCurrentTerm), at.Term); err != nil {
		return fmt.Errorf("begin a log: %w", err)
	}
	var config raft.Configuration
	for _, s := range servers {
		config.Servers = append(config.Servers, raft.Server{ID: raft.ServerID(s.ID), Address: raft.ServerAddress(s.Addr)})
	}
	entry := raft.Log{Index: at.Index + 1, Term: at.Term, Type: raft.LogConfiguration, Data: raft.EncodeConfiguration(config)}
	if err := store.StoreLog(&entry); err != nil {
		return fmt.Errorf("begin a log: %w", err)
	}
	snapshots, err := openSnapshotStore(fs, dir, store)
	if err != nil {
		return fmt.Errorf("begin a log: %w", err)
	}
	meta := snapshotMeta{Index: at.Index, Term: at.Term, State: at, ConfigIndex: at.Index, Configuration: config}
	if err := snapshots.write(&meta); err != nil {
		return fmt.Errorf("begin a log: %w", err)
	}
	return nil
}

// Origin is where a copy of a node goes on.
type Origin struct {
	At      Position // of the copied state; the log has its entry
	Members []Member
	Term    uint64 // in which the node that was copied from led; 0: it did not, and only what is committed was copied of its log
	Leader  string // address of its log transport
}

// BeginCopy makes what a copy of a node's state and log needs to follow: term and vote as if it had been there when the other one was
// elected, so that it votes for nobody else in that term, and a snapshot at the state's position.
//
// A node that votes may throw its log away for such a copy, and loses nothing that it has said to have: the other one's log has it, to
// the end, if that one led in the node's term or a later one and is still in that term. Whether it still leads does not matter; so the
// last two nodes of a cluster can go on though one of them needs a copy, and the other one has no quorum without it.
//
// A log of which all is committed will do as well, of any node, if it goes as far as the one that is thrown away, which the caller has seen
// to: of what this node has said to have, the cluster keeps nothing but what is in that. Its vote stays what it is.
func BeginCopy(fs vfs.FS, dir string, log LogFile, o Origin) (err error) {
	guard := newGuard()
	store := newLogStore(log, guard, nil)
	if first, last := store.bounds(); o.At.Index < first || o.At.Index > last || last == 0 {
		return fmt.Errorf("begin as a copy: the state is at %v, the log has entries %d to %d", o.At, first, last)
	}
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("begin as a copy: %w", err)
	}
	kv, err := openBolt(dir)
	if err != nil {
		return fmt.Errorf("begin as a copy: %w", err)
	}
	defer func() { err = errors.Join(err, kv.Close()) }()
	stable, err := newStableStore(kv, guard)
	if err != nil {
		return fmt.Errorf("begin as a copy: %w", err)
	}
	if o.Term == 0 {
		err = stable.reach(store)
	} else if stable.term > o.Term {
		return fmt.Errorf("begin as a copy: this node was in term %d, the other one led in term %d: it may lack what this one has said to have", stable.term, o.Term)
	} else {
		err = stable.adopt(o.Term, []byte(o.Leader))
	}
	if err != nil {
		return fmt.Errorf("begin as a copy: %w", err)
	}
	snapshots, err := openSnapshotStore(fs, dir, store)
	if err != nil {
		return fmt.Errorf("begin as a copy: %w", err)
	}
	meta := snapshotMeta{Index: o.At.Index, Term: o.At.Term, State: o.At, ConfigIndex: o.At.Index, Configuration: configurationOf(o.Members)}
	if err := snapshots.write(&meta); err != nil {
		return fmt.Errorf("begin as a copy: %w", err)
	}
	return nil
}

// adopt raises the term to one in which another node was elected, as if this one had voted for it. A vote of its own in that term or a
// later one stays.
func (s *stableStore) adopt(term uint64, leader []byte) error {
	if s.term < term {
		if err := s.SetUint64([]byte(raftCurrentTerm), term); err != nil {
			return err
		}
	}
	if s.voteAt >= term {
		return nil
	}
	if err := s.SetUint64([]byte(raftVoteTerm), term); err != nil {
		return err
	}
	return s.Set([]byte(raftVoteCand), leader)
}

// reach raises the term to that of the end of a log, if it is lower: there is no vote in that term then.
func (s *stableStore) reach(log *logStore) error {
	_, last := log.bounds()
	var end raft.Log
	if err := log.GetLog(last, &end); err != nil {
		return err
	}
	if s.term >= end.Term {
		return nil
	}
	return s.SetUint64([]byte(raftCurrentTerm), end.Term)
}

func configurationOf(members []Member) (c raft.Configuration) {
	for _, m := range members {
		s := raft.Server{ID: raft.ServerID(m.ID), Address: raft.ServerAddress(m.Addr), Suffrage: raft.Nonvoter}
		if m.Voter {
			s.Suffrage = raft.Voter
		}
		c.Servers = append(c.Servers, s)
	}
	return c
}
