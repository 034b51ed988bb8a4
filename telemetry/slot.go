package telemetry

import (
	"sync/atomic"
	"time"
	"unsafe"
)

// Identity is who a session is. It never changes once it is published.
type Identity struct {
	Session    uint32 // number of the connection; of background work, one of its own
	Serial     uint32 // of the slot: tells apart those who had it one after the other
	Background bool
	User       string
	Host       string // of the client, without its port
	Program    string
	Does       string // of background work: what it is for
	Since      int64  // microseconds since 1970 when it began
}

// Slot is where one session, or one piece of background work, says what it does now. The session alone writes, one
// goroutine or a few; anybody reads. Every field is an atomic, so a reader sees each as it was at some moment, not all at
// the same one. A nil Slot takes everything and keeps nothing.
//
// What a sweep reads of every slot is in the first 128 bytes, two cache lines that no other slot shares.
type Slot struct {
	wait    atomic.Uint32 // Event; 0: none
	active  atomic.Uint32 // 1 while a statement runs
	call    atomic.Uint64 // counts statements
	sql     atomic.Uint64 // digest of the running statement, or of the latest
	line    atomic.Uint64 // of the plan; 0: none is known
	object  atomic.Uint64 // space of the table or index that was touched last
	read    atomic.Uint64 // SCN that the statement reads
	commit  atomic.Uint64 // SCN of the latest commit
	xid     atomic.Uint64
	blocker atomic.Uint64 // transaction or lock owner that is waited for
	began   atomic.Int64  // microseconds since 1970 when the statement began
	rows    atomic.Uint64 // that the statement has read so far; published now and then
	sent    atomic.Uint64 // that it has sent to its client
	kind    atomic.Pointer[string]
	who     atomic.Pointer[Identity] // nil: the slot is free
	owner   atomic.Uint64            // by which the session holds locks on tables; 0: none
	_       [8]byte

	counters
	_ [lineBytes - unsafe.Sizeof(counters{})%lineBytes]byte
}

// lineBytes is a cache line.
const lineBytes = 64

// counters are what a session counts, which a sweep does not look at.
type counters struct {
	counts [Events]atomic.Uint64 // waits that began, by event
	totals [sessionFigures]atomic.Uint64
	number int    // place in the table
	table  *Slots // that it is of
}

// Figure is something that is counted for each session.
type Figure uint8

// The figures of a session.
const (
	FigureCalls Figure = iota
	FigureErrors
	FigureCommits
	FigureRollbacks
	FigureRowsRead
	FigureRowsSent
	FigureRowsChanged
	FigureDBTime // microseconds
	FigureBytesIn
	FigureBytesOut
	FigureShortPath

	sessionFigures
)

var figureNames = [sessionFigures][2]string{
	{"user calls", "statements that ended"},
	{"statement errors", "statements that ended with an error"},
	{"user commits", "transactions that changed something and were committed"},
	{"user rollbacks", "transactions that were rolled back"},
	{"rows read", "rows that statements read from tables; what is left of a block of 128 rows is counted at a statement's end"},
	{"rows sent", "rows sent to clients"},
	{"rows changed", "rows inserted, changed or deleted"},
	{"DB time", "microseconds in which statements ran, waits included"},
	{"bytes received via SQL*Net from client", "bytes read from clients"},
	{"bytes sent via SQL*Net to client", "bytes written to clients"},
	{"short path executions", "statements that went past the SQL engine"},
}

// String is the figure's name.
func (f Figure) String() string { return figureNames[f][0] }

// Help says what is counted.
func (f Figure) Help() string { return figureNames[f][1] }

// Figures lists them.
func Figures() []Figure {
	list := make([]Figure, sessionFigures)
	for i := range list {
		list[i] = Figure(i)
	}
	return list
}

// Begin says that the session waits from now on.
func (s *Slot) Begin(e Event) {
	if s == nil {
		return
	}
	s.wait.Store(uint32(e))
	s.counts[e].Add(1)
}

// End says that it waits no longer. Should it wait for something else by now, since more than one goroutine works for it,
// that stands.
func (s *Slot) End(e Event) {
	if s == nil {
		return
	}
	s.wait.CompareAndSwap(uint32(e), 0)
}

// Turn says that a wait goes on as one for something else, if it still goes on; it is not counted again.
func (s *Slot) Turn(from, to Event) {
	if s == nil {
		return
	}
	s.wait.CompareAndSwap(uint32(from), uint32(to))
}

// Measured adds to what the node has waited for an event.
func (s *Slot) Measured(e Event, took time.Duration) {
	if s != nil {
		s.table.Measured(e, took)
	}
}

// BeginFor says that the session waits for another transaction.
func (s *Slot) BeginFor(e Event, blocker uint64) {
	if s == nil {
		return
	}
	s.blocker.Store(blocker)
	s.Begin(e)
}

// Blocked says whom it waits for now.
func (s *Slot) Blocked(by uint64) {
	if s != nil {
		s.blocker.Store(by)
	}
}

// EndFor ends a wait for another transaction.
func (s *Slot) EndFor(e Event) {
	if s == nil {
		return
	}
	s.End(e)
	s.blocker.Store(0)
}

// Call says that a statement begins: its digest, its kind, which must be one of a few texts that never change, and the time
// in microseconds since 1970.
func (s *Slot) Call(sql uint64, kind *string, beganMicros int64) {
	if s == nil {
		return
	}
	s.sql.Store(sql)
	s.kind.Store(kind)
	s.began.Store(beganMicros)
	s.line.Store(0)
	s.object.Store(0)
	s.rows.Store(0)
	s.sent.Store(0)
	s.call.Add(1)
	s.active.Store(1)
}

// Running tells whether a statement runs.
func (s *Slot) Running() bool { return s != nil && s.active.Load() != 0 }

// Done says that the statement is over.
func (s *Slot) Done() {
	if s == nil {
		return
	}
	s.active.Store(0)
}

// Snapshot says which SCN the running statement reads, in which transaction.
func (s *Slot) Snapshot(xid, read uint64) {
	if s == nil {
		return
	}
	s.xid.Store(xid)
	s.read.Store(read)
}

// Ended says that the transaction is over; at is the SCN of its commit, 0 if it changed nothing.
func (s *Slot) Ended(at uint64) {
	if s == nil {
		return
	}
	s.xid.Store(0)
	if at != 0 {
		s.commit.Store(at)
	}
}

// Touch says which table or index the session works on.
func (s *Slot) Touch(space uint64) {
	if s == nil {
		return
	}
	s.object.Store(space)
}

// Line says which line of its plan the statement is at.
func (s *Slot) Line(n int) {
	if s == nil {
		return
	}
	s.line.Store(uint64(n))
}

// Owns says by which owner the session holds locks on tables.
func (s *Slot) Owns(owner uint64) {
	if s != nil {
		s.owner.Store(owner)
	}
}

// Read adds rows that the running statement has read.
func (s *Slot) Read(rows uint64) {
	if s == nil {
		return
	}
	s.rows.Add(rows)
	s.totals[FigureRowsRead].Add(rows)
}

// Sent adds rows that were sent to the client.
func (s *Slot) Sent(rows uint64) {
	if s == nil {
		return
	}
	s.sent.Add(rows)
	s.totals[FigureRowsSent].Add(rows)
}

// Progress tells how many rows the running statement has read and sent.
func (s *Slot) Progress() (read, sent uint64) {
	if s == nil {
		return 0, 0
	}
	return s.rows.Load(), s.sent.Load()
}

// Add counts.
func (s *Slot) Add(f Figure, n uint64) {
	if s == nil || n == 0 {
		return
	}
	s.totals[f].Add(n)
}

// SQL is the digest of the running statement, or of the latest.
func (s *Slot) SQL() uint64 {
	if s == nil {
		return 0
	}
	return s.sql.Load()
}

// Identify publishes who has the slot; its number and serial stay.
func (s *Slot) Identify(change func(*Identity)) {
	if s == nil {
		return
	}
	old := s.who.Load()
	if old == nil {
		return
	}
	next := *old
	change(&next)
	next.Session, next.Serial = old.Session, old.Serial
	s.who.Store(&next)
}
