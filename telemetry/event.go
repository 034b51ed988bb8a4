package telemetry

// Class groups events by who can do something about them, as Oracle does.
type Class uint8

// The classes. CPU is not a wait: it is there so that charts have one list.
const (
	CPU Class = iota
	UserIO
	SystemIO
	Commit
	Concurrency
	Application
	Configuration
	Administrative
	Network
	Scheduler
	Cluster
	Queueing
	Idle
	Other

	Classes // how many there are
)

var classNames = [Classes]string{
	"CPU", "User I/O", "System I/O", "Commit", "Concurrency", "Application", "Configuration", "Administrative", "Network", "Scheduler",
	"Cluster", "Queueing", "Idle", "Other",
}

// String is the name of the class.
func (c Class) String() string {
	if c < Classes {
		return classNames[c]
	}
	return "Other"
}

// Event is a thing that one can wait for. The zero Event is none: who is active and waits for nothing is on the CPU.
type Event uint16

// The events. Their numbers are stored in the history of samples: new ones go to the end, and none is taken away.
const (
	OnCPU Event = iota
	ClientMessage
	LogFileSync
	LogFileWrite
	RowLock
	TableLock
	UserLock
	StoreRead
	StoreWrite
	StoreStall
	StoreFlush
	ClientWrite
	ClientData
	ApplyWait
	ProposalQueue
	QuorumAck
	ReadIndex
	ForwardCommit
	_ // was for locks at the leader, which there are none of: never in a history
	UpkeepThrottle
	RetryConflict
	BackgroundTimer
	SegmentWrite
	_ // was for resource groups, which there are none of: never in a history
	ScheduledSleep

	Events // how many there are
)

// EventInfo tells of an event.
type EventInfo struct {
	Event Event
	Name  string
	Class Class
	// Timed: every wait is measured where it happens. The time of the others is known from samples alone.
	Timed bool
	// Seen says who waits for it: a session, background work, or both.
	Seen string
	Help string
}

const (
	bySessions   = "sessions"
	byBackground = "background"
	byBoth       = "sessions and background"
)

// eventList has the events in the order of their numbers.
var eventList = []EventInfo{
	{OnCPU, "", CPU, false, byBoth, "it waits for nothing: it runs, is about to, or reads what the store's cache does not have"},
	{ClientMessage, "SQL*Net message from client", Idle, false, bySessions, "the client has nothing running"},
	{LogFileSync, "log file sync", Commit, true, bySessions, "a commit waits until it is certified, in the log, synced, and applied on this node; the wait for other nodes in between is an event of its own"},
	{LogFileWrite, "log file parallel write", SystemIO, true, byBackground, "a batch of commits is written to the log and synced"},
	{RowLock, "enq: TX - row lock contention", Application, true, bySessions, "another transaction has the row, or the value of a unique key"},
	{TableLock, "enq: TM - contention", Application, true, bySessions, "another session has the table, by LOCK TABLES or a statement that changes its definition"},
	{UserLock, "enq: UL - contention", Application, false, bySessions, "another session has the lock that GET_LOCK asks for"},
	{StoreRead, "db file sequential read", UserIO, true, byBoth, "a file of the state store is read because its cache lacks the block; counted for the whole node, for the store does not tell who reads"},
	{StoreWrite, "db file parallel write", SystemIO, true, byBackground, "files of the state store are written, by flushes and compactions"},
	{StoreStall, "write stall: compaction", Configuration, true, byBackground, "commits are not applied until the state store has merged files or flushed its memtables"},
	{StoreFlush, "state flush: checkpoint", SystemIO, true, byBackground, "a checkpoint makes the state durable, so that less of the log is applied after a crash"},
	{ClientWrite, "SQL*Net message to client", Network, false, bySessions, "the client's socket takes what is written to it"},
	{ClientData, "SQL*Net more data from client", Network, false, bySessions, "a running statement reads from its client: LOAD DATA LOCAL"},
	{ApplyWait, "apply: state of a commit", Commit, true, byBackground, "committed groups are applied to the state"},
	{ProposalQueue, "commit queue full", Queueing, false, bySessions, "a commit waits for a place in the queue of proposals"},
	{QuorumAck, "quorum acknowledgement", Cluster, true, bySessions, "on the node that leads several: a commit is synced here and waits until a majority has it, and the standbys that protection asks for"},
	{ReadIndex, "read index", Cluster, false, bySessions, "on one of several nodes: a read waits until this node knows that it has all that is committed"},
	{ForwardCommit, "commit forwarded to the leader", Cluster, false, bySessions, "a follower waits for the leader's answer to a commit"},
	{UpkeepThrottle, "upkeep throttle", Scheduler, false, byBackground, "work on history pauses, to keep to upkeep-rate and upkeep-share"},
	{RetryConflict, "statement restart", Concurrency, false, bySessions, "a statement begins again, because a row had changed since its snapshot"},
	{BackgroundTimer, "background timer", Idle, false, byBackground, "work in the background waits for its next round"},
	{SegmentWrite, "segment write", SystemIO, true, byBackground, "a sealed segment of the log is written and synced"},
	{ScheduledSleep, "PL/SQL lock timer", Idle, false, bySessions, "SLEEP(): the statement waits because it says so"},
}

// events has them by number; a number that is not in use has no name.
var events = func() (out [Events]EventInfo) {
	for _, e := range eventList {
		out[e.Event] = e
	}
	return out
}()

// Info tells of the event.
func (e Event) Info() EventInfo {
	if e == OnCPU || e < Events && events[e].Name != "" {
		return events[e]
	}
	return EventInfo{Event: e, Name: "unknown", Class: Other}
}

// String is the name of the event, empty for none.
func (e Event) String() string { return e.Info().Name }

// Class is the class of the event.
func (e Event) Class() Class { return e.Info().Class }

// EventList lists all events, by number.
func EventList() []EventInfo { return eventList }
