package telemetry

import "time"

// WorkloadHead tells of a snapshot of the workload.
type WorkloadHead struct {
	ID      uint64
	Micros  int64 // when it was taken, since 1970
	Before  int64 // when the one before was; 0: there is none
	Started int64 // when the node started: figures begin with it
	SCN     uint64
	Reason  WorkloadReason
	Bytes   int // on disk
}

// WorkloadBaseline is snapshots that are kept under a name.
type WorkloadBaseline struct {
	Name        string
	First, Last uint64 // snapshots
	Created     int64  // microseconds since 1970
	Snapshots   int    // that can be read: less than those from First to Last if files are damaged
	Bytes       int64  // on disk
}

// WorkloadReason is why a snapshot was taken. The numbers are stored.
type WorkloadReason uint8

// The reasons.
const (
	WorkloadScheduled WorkloadReason = iota
	WorkloadByHand
	WorkloadStart // of the node
	WorkloadStop
)

// String is the reason in a word.
func (r WorkloadReason) String() string {
	if names := [...]string{"schedule", "hand", "start", "stop"}; int(r) < len(names) {
		return names[r]
	}
	return "unknown"
}

// WorkloadSnapshot is what a node knew of its work at a moment. Values and events are counted since the start of the node,
// statements and changes of plans since the snapshot before.
type WorkloadSnapshot struct {
	WorkloadHead
	Values     []WorkloadValue
	Events     []WorkloadEvent
	Statements []WorkloadStatement
	Changes    []WorkloadChange
}

// WorkloadValue is a figure: one of V$SYSSTAT, or a metric with its labels.
type WorkloadValue struct {
	Name  string
	Gauge bool // it goes up and down, and is of the moment
	Value float64
}

// WorkloadEvent is what was waited for; of OnCPU, what samples saw running.
type WorkloadEvent struct {
	Event                      Event
	Waits                      uint64
	Took, Sessions, Background time.Duration // measured if the event is timed; seen by samples
}

// WorkloadStatement is what a statement did. That with no digest stands for all that have no row of their own.
type WorkloadStatement struct {
	Digest, Plan                              uint64
	Text, PlanText, Kind, Schema              string
	Executions, Failures, Conflicts           uint64
	RowsRead, RowsSent, RowsChanged, ShortRun uint64
	Took                                      time.Duration
	Waits                                     [Classes]time.Duration
}

// WorkloadChange is a statement that began to run by another plan.
type WorkloadChange struct {
	Digest             uint64
	Text               string
	Micros             int64 // the latest
	SCN                uint64
	OldPlan, NewPlan   uint64
	OldText, NewText   string
	OldRuns, NewRuns   uint64        // executions
	OldTook, NewTook   time.Duration // of one, on average
	OldReads, NewReads uint64        // rows that one reads
}
