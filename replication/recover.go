package replication

import (
	"errors"
	"fmt"

	"github.com/hashicorp/raft"

	"redoubt/scn"
	"redoubt/wal/redo"
)

// recovery compares what state machine, snapshot file and log say before raft starts, since raft panics over some
// contradictions and overlooks others.
type recovery struct {
	node     *Node
	state    Position      // of the state machine
	snapshot *snapshotMeta // nil: none
	first    uint64        // of the log, 0 if it is empty
	last     uint64
	config   raft.Configuration // the latest
}

const replayBytesMax = 64 << 20 // bytes of log applied in one call while catching up

// recover checks the three, lets the state catch up with the snapshot, and prepares raft's scan for configurations.
func (n *Node) recover() (*recovery, error) {
	if err := n.bootstrap(); err != nil {
		return nil, err
	}
	r := &recovery{node: n, state: n.opts.StateMachine.Position(), snapshot: n.snapshots.current()}
	r.first, r.last = n.log.bounds()
	for _, step := range []func() error{
		r.checkEnd, r.checkStart, r.checkHistory, r.restage, r.catchUp, r.scan,
	} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("open the log: %w", err)
		}
	}
	n.fsm.applied.set(max(n.fsm.at.Index, r.snapshotIndex()))
	return r, nil
}

// bootstrap writes the first configuration where there is no log. It can be repeated after a crash in the middle.
func (n *Node) bootstrap() error {
	if _, last := n.log.bounds(); last != 0 || n.snapshots.current() != nil || len(n.opts.Bootstrap) == 0 {
		return nil
	}
	if at := n.opts.StateMachine.Position(); at.Index != 0 {
		return nil // checkEnd refuses
	}
	if n.stable.term > 1 || n.stable.voteAt > 0 {
		return fmt.Errorf("bootstrap: %w: it is empty, but this node was in term %d", ErrLogLost, n.stable.term)
	}
	var config raft.Configuration
	for _, s := range n.opts.Bootstrap {
		config.Servers = append(config.Servers, raft.Server{ID: raft.ServerID(s.ID), Address: raft.ServerAddress(s.Addr)})
	}
	if err := n.stable.SetUint64([]byte(raftCurrentTerm), 1); err != nil {
		return fmt.Errorf("bootstrap: %w", err)
	}
	entry := raft.Log{Index: 1, Term: 1, Type: raft.LogConfiguration, Data: raft.EncodeConfiguration(config)}
	if err := n.log.StoreLog(&entry); err != nil {
		return fmt.Errorf("bootstrap: %w", err)
	}
	return nil
}

func (r *recovery) snapshotIndex() uint64 {
	if r.snapshot == nil {
		return 0
	}
	return r.snapshot.Index
}

// checkEnd: what was applied or promised durable was in the log, and the last entry is never dropped.
func (r *recovery) checkEnd() error {
	if r.state.Index > r.last {
		return fmt.Errorf("%w: the state is at %v, the log ends at index %d (SCN %s)",
			ErrLogLost, r.state, r.last, r.scnBefore(r.last+1))
	}
	if r.snapshot != nil && r.snapshot.Index > r.last {
		return fmt.Errorf("%w: the snapshot is at index %d (SCN %d), the log ends at index %d (SCN %s)",
			ErrLogLost, r.snapshot.Index, r.snapshot.State.SCN, r.last, r.scnBefore(r.last+1))
	}
	return nil
}

// checkStart: the log must start at or before the entry that follows both the snapshot and the state.
func (r *recovery) checkStart() error {
	if r.last == 0 {
		return nil
	}
	if r.first > r.snapshotIndex()+1 {
		return fmt.Errorf("%w: the snapshot is at index %d (SCN %d), the log starts at index %d (%s)",
			ErrLogGap, r.snapshotIndex(), r.snapshotSCN(), r.first, r.firstSCN())
	}
	complete := r.snapshot == nil || r.state.Index >= r.snapshot.State.Index
	if !complete && r.first > r.state.Index+1 {
		return fmt.Errorf("%w: the state is at %v, the snapshot says SCN %d was durable, and the log starts at index %d (%s)",
			ErrLogGap, r.state, r.snapshotSCN(), r.first, r.firstSCN())
	}
	return nil
}

func (r *recovery) snapshotSCN() scn.SCN {
	if r.snapshot == nil {
		return 0
	}
	return r.snapshot.State.SCN
}

// checkHistory: where the log still has the entries of state and snapshot, they must be the same ones.
func (r *recovery) checkHistory() error {
	if at := r.state; at.Index >= r.first && at.Index > 0 {
		l, g, err := r.group(at.Index)
		if err != nil {
			return err
		}
		if g == nil || l.Term != at.Term || g.LastSCN() != at.SCN {
			return fmt.Errorf("%w: the state is at %v, but the log's entry there is %s",
				ErrForeignState, at, describe(&l, g))
		}
	}
	if s := r.snapshot; s != nil && s.Index >= r.first {
		l, g, err := r.group(s.Index)
		if err != nil {
			return err
		}
		if l.Term != s.Term {
			return fmt.Errorf("%w: the snapshot is at index %d of term %d, but the log's entry there is %s",
				ErrForeignState, s.Index, s.Term, describe(&l, g))
		}
	}
	return nil
}

func describe(l *raft.Log, g *redo.Group) string {
	text := fmt.Sprintf("a %v of term %d", l.Type, l.Term)
	if g != nil {
		text += fmt.Sprintf(" with SCN %d to %d", g.FirstSCN, g.LastSCN())
	}
	return text
}

// catchUp applies what the state lacks up to the snapshot, since raft will start after that. Everything there is
// committed. This is how a state is rebuilt from the log.
func (r *recovery) catchUp() error {
	f := r.node.fsm
	if r.snapshot == nil || r.state.Index >= r.snapshot.State.Index {
		return nil
	}
	for next := r.state.Index + 1; next <= r.snapshot.Index; {
		var batch []*raft.Log
		bytes := 0
		for ; next <= r.snapshot.Index && len(batch) < appendEntriesMax && bytes < replayBytesMax; next++ {
			l := new(raft.Log)
			if err := r.read(next, l); err != nil {
				return err
			}
			batch = append(batch, l)
			bytes += len(l.Data)
		}
		if err := f.apply(batch, make([]applyResult, len(batch))); err != nil {
			return err
		}
	}
	f.sinceSnapshot.Store(0)
	if f.at.SCN != r.snapshot.State.SCN || f.at.Index != r.snapshot.State.Index {
		return fmt.Errorf("%w: the log up to index %d gives %v, the snapshot says %v",
			ErrForeignState, r.snapshot.Index, f.at, r.snapshot.State)
	}
	return nil
}

// restage gives a state that was made from elsewhere the parts of transactions that lie in the log before it. The
// groups there are its own already.
func (r *recovery) restage() error {
	from := r.node.opts.PartsFrom
	if from == 0 {
		return nil
	}
	for i := max(from, r.first); i <= min(r.state.Index, r.last); i++ {
		var l raft.Log
		if err := r.read(i, &l); err != nil {
			return err
		}
		t, err := decodeTag(l.Extensions)
		if l.Type != raft.LogCommand || err != nil || t.kind != tagPart || t.certTerm != l.Term {
			continue
		}
		if err := r.node.opts.StateMachine.Apply([]AppliedGroup{{Index: l.Index, Term: l.Term, Part: l.Data}}); err != nil {
			return fmt.Errorf("apply log entry %d: %w", i, err)
		}
	}
	return nil
}

// scan reads every entry that raft will look at, so that damage is an error here and not a panic there, and keeps
// the configurations for it.
func (r *recovery) scan() error {
	if r.snapshot != nil {
		r.config = r.snapshot.Configuration
	}
	kept := &scan{first: r.snapshotIndex() + 1, last: r.last, configs: map[uint64]raft.Log{}}
	var term uint64
	for i := kept.first; i <= r.last; i++ {
		var l raft.Log
		if err := r.read(i, &l); err != nil {
			return err
		}
		if l.Term < term {
			return &CorruptError{
				What: fmt.Sprintf("log entry %d", i), SCN: r.lastSCN(i),
				Reason: fmt.Sprintf("term %d after term %d", l.Term, term),
			}
		}
		term = l.Term
		if l.Type == raft.LogConfiguration {
			kept.configs[i] = l
			var err error
			if r.config, err = decodeConfiguration(&l); err != nil {
				return err
			}
		}
		r.node.log.cache.put([]*raft.Log{&l})
	}
	if r.last > kept.first {
		kept.last = r.last - 1 // of the last entry raft wants the term
		r.node.log.scanning.Store(kept)
	}
	return nil
}

// decodeConfiguration does with an error what raft does with a panic.
func decodeConfiguration(l *raft.Log) (c raft.Configuration, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &CorruptError{What: fmt.Sprintf("log entry %d", l.Index), Reason: fmt.Sprint(p)}
		}
	}()
	return raft.DecodeConfiguration(l.Data), nil
}

// read gives an entry, with the SCN before it in the error.
func (r *recovery) read(index uint64, l *raft.Log) error {
	err := r.node.log.read(index, l)
	if err == nil {
		return nil
	}
	var damage *CorruptError
	if errors.As(err, &damage) {
		damage.SCN = r.lastSCN(index)
		return err
	}
	return fmt.Errorf("%w (after SCN %s)", err, r.scnBefore(index))
}

// group gives an entry and the group in it, nil if it has none.
func (r *recovery) group(index uint64) (raft.Log, *redo.Group, error) {
	var l raft.Log
	if err := r.read(index, &l); err != nil {
		return l, nil, err
	}
	if t, err := decodeTag(l.Extensions); l.Type != raft.LogCommand || err != nil || t.kind != tagGroup {
		return l, nil, nil // read has checked the tag of a command
	}
	g, err := redo.DecodeGroup(l.Data)
	if err != nil {
		return l, nil, &CorruptError{What: fmt.Sprintf("log entry %d", index), SCN: r.lastSCN(index), Reason: err.Error()}
	}
	return l, &g, nil
}

// lastSCN is that of the nearest readable group below index, else the state's if that lies below, else 0.
func (r *recovery) lastSCN(index uint64) scn.SCN {
	const lookBack = 64
	for i := index - 1; i >= r.first && i > 0 && index-i <= lookBack; i-- {
		var l raft.Log
		if r.node.log.read(i, &l) != nil || l.Type != raft.LogCommand {
			continue
		}
		if g, err := redo.DecodeGroup(l.Data); err == nil {
			return g.LastSCN()
		}
	}
	if r.state.Index < index {
		return r.state.SCN
	}
	return 0
}

func (r *recovery) scnBefore(index uint64) string {
	if s := r.lastSCN(index); s != 0 {
		return s.String()
	}
	return "unknown"
}

func (r *recovery) firstSCN() string {
	for i := r.first; i <= r.last && i < r.first+64; i++ {
		var l raft.Log
		if r.node.log.read(i, &l) != nil || l.Type != raft.LogCommand {
			continue
		}
		if g, err := redo.DecodeGroup(l.Data); err == nil {
			return "SCN " + g.FirstSCN.String()
		}
	}
	return "SCN unknown"
}

// alone tells whether this node is the only voter, so that nobody is disturbed if it stands for election at once.
func (r *recovery) alone() bool {
	voters, self := 0, false
	for _, s := range r.config.Servers {
		if s.Suffrage == raft.Voter {
			voters++
			self = self || string(s.ID) == r.node.opts.NodeID
		}
	}
	return voters == 1 && self
}
