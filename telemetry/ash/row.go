package ash

import (
	"sync"

	"redoubt/telemetry"
)

// row is a Sample without pointers, so that a ring of a hundred thousand costs the garbage collector nothing.
type row struct {
	id        uint64
	micros    int64
	sql       uint64
	exec      uint64
	began     int64
	waited    int64
	object    uint64
	read      uint64
	commit    uint64
	xid       uint64
	blocker   uint64
	rows      uint64
	session   uint32
	serial    uint32
	weight    uint32 // microseconds
	user      uint32 // names, by number
	host      uint32
	program   uint32
	kind      uint32
	blockedBy uint32
	event     uint16
	line      uint16
	back      bool
}

// rowBytes is what a row takes.
const rowBytes = 12*8 + 8*4 + 8

// names gives numbers to texts that come again and again: users, hosts, programs.
type names struct {
	mu    sync.RWMutex
	list  []string
	by    map[string]uint32
	bytes int
}

const (
	namesMax      = 1 << 16
	nameBytesMax  = 64
	tooManyNames  = "<too many names>"
	noName        = 0
	otherName     = 1
	firstOwnNames = 2
)

func newNames() *names {
	return &names{list: []string{"", tooManyNames}, by: map[string]uint32{"": noName, tooManyNames: otherName}}
}

func (n *names) number(s string) uint32 {
	if len(s) > nameBytesMax {
		s = s[:nameBytesMax]
	}
	n.mu.RLock()
	i, ok := n.by[s]
	n.mu.RUnlock()
	if ok {
		return i
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if i, ok := n.by[s]; ok {
		return i
	}
	if len(n.list) >= namesMax {
		return otherName
	}
	i = uint32(len(n.list))
	s = string([]byte(s)) // not a part of something larger
	n.list, n.by[s] = append(n.list, s), i
	n.bytes += len(s)
	return i
}

// all gives the texts by number. It only ever grows.
func (n *names) all() []string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.list
}

func (r *row) sample(list []string, s *telemetry.Sample) {
	*s = telemetry.Sample{
		ID: r.id, Micros: r.micros, Weight: int64(r.weight), Session: r.session, Serial: r.serial, Background: r.back,
		Event: telemetry.Event(r.event), Line: r.line, User: list[r.user], Host: list[r.host], Program: list[r.program], Kind: list[r.kind],
		SQL: r.sql, Exec: r.exec, Began: r.began, Waited: r.waited, Object: r.object, ReadSCN: r.read, CommitSCN: r.commit,
		XID: r.xid, Blocker: r.blocker, BlockedBy: r.blockedBy, Rows: r.rows,
	}
}
