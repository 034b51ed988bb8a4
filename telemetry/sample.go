package telemetry

// Sample is what one session, or one piece of background work, was doing at a moment: a row of V$ACTIVE_SESSION_HISTORY.
type Sample struct {
	ID         uint64 // of the moment: all that was seen at once has the same
	Micros     int64  // the moment, since 1970
	Weight     int64  // microseconds that the row stands for
	Session    uint32
	Serial     uint32
	Background bool
	Event      Event // OnCPU: it waited for nothing
	Line       uint16
	User       string
	Host       string
	Program    string
	Kind       string // of statement: select, insert …
	SQL        uint64
	Exec       uint64 // number of the statement in its session
	Began      int64  // of the statement, microseconds since 1970; 0: none
	Waited     int64  // microseconds since the first sample that saw this wait
	Object     uint64
	ReadSCN    uint64
	CommitSCN  uint64
	XID        uint64
	Blocker    uint64 // transaction or lock owner that it waited for
	BlockedBy  uint32 // session of the blocker; 0: none is known
	Rows       uint64 // that the statement had read
}

// State is ON CPU or WAITING.
func (s *Sample) State() string {
	if s.Event == OnCPU {
		return "ON CPU"
	}
	return "WAITING"
}
