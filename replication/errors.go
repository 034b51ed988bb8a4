package replication

import (
	"errors"
	"fmt"

	"redoubt/scn"
)

// Outcomes of Propose. The first four are certain: the transaction did not and will not commit.
var (
	// ErrNotLeader: another node leads, or none; see NotLeaderError. Retry there.
	ErrNotLeader = errors.New("this node is not the leader")
	// ErrSuperseded: leadership moved while the transaction was on its way, and it was left out. Retry.
	ErrSuperseded = errors.New("transaction left out of the log: leadership changed, retry it")
	// ErrTooLarge: the transaction is larger than MaxBodyBytes.
	ErrTooLarge = errors.New("transaction is too large for one log entry")
	// ErrClosed: the node is closing, or stopped after a failure; the transaction was not handed to the log.
	ErrClosed = errors.New("replication is closed")
	// ErrOutcomeUnknown: the transaction may or may not commit; see OutcomeUnknownError. Never retry it blindly.
	ErrOutcomeUnknown = errors.New("outcome of the transaction is unknown")
)

// Errors of opening and of reading.
var (
	// ErrLogLost: the log ends before the state, so acknowledged entries are missing.
	ErrLogLost = errors.New("the log has lost acknowledged entries")
	// ErrLogGap: the log starts after the end of the state, so entries between them are missing.
	ErrLogGap = errors.New("the log starts after the end of the state")
	// ErrForeignState: state and log tell different histories.
	ErrForeignState = errors.New("state and log belong to different histories")
	// ErrSkipped: the state lacks a commit of the log that this node has gone past.
	ErrSkipped = errors.New("this node has left out what others have committed")
	// ErrCorrupt: a file of this package is damaged; see CorruptError.
	ErrCorrupt = errors.New("damaged")
	// ErrLogReleased: the entry asked for is no longer in the log.
	ErrLogReleased = errors.New("log entry was released")
	// ErrSnapshotTransfer: a peer needs, or sent, a whole state; only log entries can be sent.
	ErrSnapshotTransfer = errors.New("transfer of a whole state between nodes is not supported: " +
		"copy the data directory, or keep more log for the follower")
)

// NotLeaderError says who leads. Both fields are empty while nobody is known to.
type NotLeaderError struct {
	LeaderID   string
	LeaderAddr string // address of the leader's log transport
}

func (e *NotLeaderError) Error() string {
	if e.LeaderID == "" {
		return ErrNotLeader.Error() + ", and no leader is known"
	}
	return fmt.Sprintf("%v: %s at %s is", ErrNotLeader, e.LeaderID, e.LeaderAddr)
}

// Is makes errors.Is(err, ErrNotLeader) true.
func (e *NotLeaderError) Is(target error) bool { return target == ErrNotLeader }

// NoMemberError: the cluster has no such node.
type NoMemberError struct{ ID string }

func (e *NoMemberError) Error() string { return fmt.Sprintf("the cluster has no node %s", e.ID) }

// OutcomeUnknownError names the transaction whose outcome is unknown, and why.
type OutcomeUnknownError struct {
	XID   uint64
	SCN   scn.SCN // the SCN it has if it did commit; 0 if it had none yet
	Cause error
}

func (e *OutcomeUnknownError) Error() string {
	return fmt.Sprintf("%v: transaction %d (SCN %d if it committed): %v", ErrOutcomeUnknown, e.XID, e.SCN, e.Cause)
}

// Is makes errors.Is(err, ErrOutcomeUnknown) true.
func (e *OutcomeUnknownError) Is(target error) bool { return target == ErrOutcomeUnknown }

// Unwrap gives the cause.
func (e *OutcomeUnknownError) Unwrap() error { return e.Cause }

// CorruptError tells which record is damaged, where, and how.
type CorruptError struct {
	What   string  // file name, or "log entry 17"
	Offset int     // bytes from the start of the file or entry
	SCN    scn.SCN // SCN nearest before the damage, 0 if not known
	Reason string
}

func (e *CorruptError) Error() string {
	text := fmt.Sprintf("%s is %v at byte %d: %s", e.What, ErrCorrupt, e.Offset, e.Reason)
	if e.SCN != 0 {
		text += fmt.Sprintf(" (after SCN %d)", e.SCN)
	}
	return text
}

// Is makes errors.Is(err, ErrCorrupt) true.
func (e *CorruptError) Is(target error) bool { return target == ErrCorrupt }
