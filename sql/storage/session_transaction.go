package storage

import (
	"time"

	"redoubt/engine/txn"
	"redoubt/scn"
)

// TransactionInfo is what others may know of a session's open transaction, as of the last beginning or end of a
// statement.
type TransactionInfo struct {
	XID       uint64
	Started   time.Time
	Isolation txn.Isolation
	ReadOnly  bool
	Snapshot  scn.SCN
	Changes   int   // rows and index entries
	Bytes     int64 // about what they take in memory
}

// Transaction tells of the open transaction; nil if there is none. It may be called from any goroutine.
func (s *Session) Transaction() *TransactionInfo { return s.shown.Load() }

// show publishes the present state of the open transaction.
func (s *Session) show() {
	t := s.current
	if t == nil {
		s.shown.Store(nil)
		return
	}
	changes, bytes := t.inner.Size()
	now := TransactionInfo{
		XID: t.inner.XID(), Started: t.started, Isolation: t.options.Isolation, ReadOnly: t.options.ReadOnly,
		Snapshot: t.inner.Snapshot(), Changes: changes, Bytes: bytes,
	}
	if shown := s.shown.Load(); shown == nil || *shown != now {
		s.shown.Store(new(now))
	}
}
