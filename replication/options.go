package replication

import (
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/hashicorp/raft"
	"github.com/rs/zerolog"
)

// Limits of the commit path. They are constants because formats, memory and timers were sized together.
const (
	// MaxBodyBytes is the largest transaction, or part of one, that Propose takes.
	MaxBodyBytes = 128 << 20

	groupTxnsMax        = 256     // transactions in one entry
	groupBytesMax       = 8 << 20 // bytes of bodies in one entry; a larger transaction has an entry of its own
	inFlightMax         = 4       // entries handed to raft and not yet answered
	queueLen            = 4096    // proposals waiting for the batcher; more wait in Propose
	appendEntriesMax    = 512     // entries raft stores, sends or applies at once
	cacheEntries        = 1024    // recent entries kept decoded for apply, followers and taps
	cacheBytesMax       = 32 << 20
	transportPool       = 3
	transportTimeout    = 10 * time.Second
	stableOpenTimeout   = 2 * time.Second
	defaultCheckpoint   = 256 << 20
	defaultTrailing     = 1024
	defaultHeartbeat    = 200 * time.Millisecond
	defaultLease        = 200 * time.Millisecond
	defaultCommitNotice = 50 * time.Millisecond
)

// File names below Options.Dir.
const (
	StableFile   = "stable.db"     // term and vote
	SnapshotFile = "snapshot.meta" // up to where the log may be dropped
)

// Server is a voting member of the first configuration.
type Server struct {
	ID   string
	Addr string // address of its log transport, HOST:PORT
}

// Options configure a Node.
type Options struct {
	// NodeID names this node in the cluster, for ever. Required.
	NodeID string
	// Dir holds StableFile and SnapshotFile; it must exist. Required.
	Dir string
	// FS holds SnapshotFile. Default: the operating system's. StableFile is always on the latter unless Stable is given.
	FS vfs.FS
	// Stable replaces the database in StableFile. Each Set must be durable and atomic on return. Default: bbolt.
	Stable KV
	// Log stores the entries. It belongs to the caller, who closes it after the node. Required.
	Log LogFile
	// StateMachine is driven by the log. Required.
	StateMachine StateMachine
	// Bootstrap is the first configuration, used only where there is no log yet. The same on each of its members.
	// Empty: the node waits until a leader adds it.
	Bootstrap []Server
	// RaftAddr is the TCP address to listen on, HOST:PORT with a host that peers can reach. Required without Transport.
	RaftAddr string
	// Transport replaces TCP. The node closes it.
	Transport raft.Transport
	// Stream, if it is not nil, is what connections of the log transport come from and go through, instead of a listener on
	// RaftAddr. The node closes it.
	Stream raft.StreamLayer

	// HeartbeatTimeout is how long a follower waits for its leader, and a candidate for votes. Default 200 ms.
	HeartbeatTimeout time.Duration
	// LeaseTimeout is how long a leader goes on without a quorum. No read relies on it. Default 200 ms, at most HeartbeatTimeout.
	LeaseTimeout time.Duration
	// CommitNotice is the delay after which an idle leader tells followers what is committed. Default 50 ms.
	CommitNotice time.Duration

	// CheckpointBytes of applied log since the last make the state machine persist, so that log can go. Default 256 MiB.
	CheckpointBytes int64
	// TrailingEntries is how many entries below a checkpoint stay for followers. Default 1,024.
	TrailingEntries uint64
	// Retain gives the lowest index that somebody still needs; entries from it on are kept, whatever raft wants.
	// It is called from several goroutines and must be quick. Nil or 0: nothing is needed.
	Retain func() uint64
	// Discard is given the end of the log before it goes, since the leader has another one: entries that were never committed. What
	// it keeps must be durable when it returns; an error ends the node. Default: nothing is kept.
	Discard func(entries []EntryInfo) error

	// Observe keeps this node from taking the lead from another one by itself: that takes Stand, or a leader that hands over. The transport
	// must have pre-votes.
	Observe bool

	// PartsFrom is the first log entry whose part of a transaction the state may lack, if it was made from elsewhere than
	// the log, and so has none of those before its position. 0: it lacks none.
	PartsFrom uint64

	// ApplyDelay is how long after its commit time a transaction is applied here, for a node that is to lag behind mistakes. It is for
	// nodes that do not vote. 0: at once.
	ApplyDelay time.Duration

	// Now is the clock that stamps commits. Default time.Now.
	Now func() time.Time
	// Logger gets leadership changes and raft's messages. Default: none.
	Logger zerolog.Logger
	// OnFatal is called once when the node can no longer go on: the log could not be written or read, term or vote
	// could not be stored, or the state machine failed. All proposers have been answered. It must not call Close
	// itself, since Close waits for it; it should exit the process or start a shutdown elsewhere. Required.
	OnFatal func(error)
}

// Validate tells what is missing or out of range. Zero means the default.
func (o *Options) Validate() error {
	switch {
	case o.NodeID == "":
		return errors.New("replication: Options.NodeID is empty")
	case o.Dir == "":
		return errors.New("replication: Options.Dir is empty")
	case o.Log == nil:
		return errors.New("replication: Options.Log is nil")
	case o.StateMachine == nil:
		return errors.New("replication: Options.StateMachine is nil")
	case o.OnFatal == nil:
		return errors.New("replication: Options.OnFatal is nil")
	case o.Transport == nil && o.Stream == nil && o.RaftAddr == "":
		return errors.New("replication: Options.RaftAddr is empty")
	case o.CheckpointBytes < 0:
		return fmt.Errorf("replication: Options.CheckpointBytes is %d, want 0 or more", o.CheckpointBytes)
	}
	for _, d := range []time.Duration{o.HeartbeatTimeout, o.LeaseTimeout, o.CommitNotice} {
		if d != 0 && d < 5*time.Millisecond {
			return fmt.Errorf("replication: timeout of %v is too short, want 5ms or more", d)
		}
	}
	if d := o.withDefaults(); d.LeaseTimeout > d.HeartbeatTimeout {
		return fmt.Errorf("replication: LeaseTimeout %v exceeds HeartbeatTimeout %v", d.LeaseTimeout, d.HeartbeatTimeout)
	}
	return nil
}

func (o *Options) withDefaults() Options {
	d := *o
	if d.FS == nil {
		d.FS = vfs.Default
	}
	if d.HeartbeatTimeout == 0 {
		d.HeartbeatTimeout = defaultHeartbeat
	}
	if d.LeaseTimeout == 0 {
		d.LeaseTimeout = min(defaultLease, d.HeartbeatTimeout)
	}
	if d.CommitNotice == 0 {
		d.CommitNotice = defaultCommitNotice
	}
	if d.CheckpointBytes == 0 {
		d.CheckpointBytes = defaultCheckpoint
	}
	if d.TrailingEntries == 0 {
		d.TrailingEntries = defaultTrailing
	}
	if d.Discard == nil {
		d.Discard = func([]EntryInfo) error { return nil }
	}
	if d.Retain == nil {
		d.Retain = func() uint64 { return 0 }
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	return d
}
