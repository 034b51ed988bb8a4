package dashboard

import (
	"cmp"
	"fmt"
	"slices"

	"redoubt/telemetry"
)

// sessionsShown bounds how many sessions a look has: those that wait for another, or are waited for, come first.
const sessionsShown = 200

// session is what one session does now.
type session struct {
	Node    string `json:"node,omitempty"` // where several were asked
	ID      uint32 `json:"id"`
	Serial  uint32 `json:"serial"`
	User    string `json:"user"`
	Host    string `json:"host"`
	Program string `json:"program,omitempty"`
	State   string `json:"state"` // ON CPU, WAITING or IDLE
	Class   int    `json:"class"`
	Event   string `json:"event,omitempty"`
	Since   int64  `json:"since,omitempty"` // of the wait, microseconds since 1970
	SQL     string `json:"sql,omitempty"`
	Kind    string `json:"kind,omitempty"`
	Began   int64  `json:"began,omitempty"`   // of the statement, microseconds since 1970
	Blocker uint32 `json:"blocker,omitempty"` // session that it waits for
	XID     uint64 `json:"xid,omitempty"`
	ReadSCN uint64 `json:"read_scn,omitempty"`
}

// look is what all sessions do now.
type look struct {
	SCN      uint64    `json:"scn"`
	Active   []int     `json:"active"` // sessions by class
	Logged   int       `json:"logged"` // sessions there are
	Sessions []session `json:"sessions"`
	Hidden   int       `json:"hidden,omitempty"` // that there was no room for
}

// looked takes a look. Background work is left out: it waits for no client.
func (s *Server) looked() look {
	all := s.options.Slots.All()
	owners := map[uint64]uint32{}
	for i := range all {
		for _, id := range [2]uint64{all[i].XID, all[i].Owner} {
			if id != 0 {
				owners[id] = all[i].Who.Session
			}
		}
	}
	out := look{SCN: s.options.Past.Applied(), Active: make([]int, telemetry.Classes), Sessions: []session{}}
	blocking := map[uint32]bool{}
	for i := range all {
		l := &all[i]
		if l.Who.Background {
			continue
		}
		out.Logged++
		x := s.sessionOf(l, owners)
		blocking[x.Blocker] = true
		if x.State != "IDLE" {
			out.Active[x.Class]++
		}
		out.Sessions = append(out.Sessions, x)
	}
	out.choose(blocking)
	return out
}

func (s *Server) sessionOf(l *telemetry.Look, owners map[uint64]uint32) session {
	x := session{
		ID: l.Who.Session, Serial: l.Who.Serial, User: l.Who.User, Host: l.Who.Host, Program: l.Who.Program, State: l.State(),
		Class: int(l.Event.Class()), Event: l.Event.String(), SQL: digestText(l.SQL), XID: l.XID, ReadSCN: l.ReadSCN,
	}
	if l.Active {
		x.Kind, x.Began = l.Kind, l.Began
	}
	if l.Blocker != 0 {
		x.Blocker = owners[l.Blocker]
		if l.Event == telemetry.UserLock {
			x.Blocker = uint32(l.Blocker) // such locks are owned by connections
		}
	}
	if s.options.Sampler != nil && x.State == "WAITING" {
		x.Since = s.options.Sampler.WaitingSince(l)
	}
	return x
}

// choose keeps the sessions that matter most: who blocks or is blocked, who is active, the others.
func (l *look) choose(blocking map[uint32]bool) {
	rank := func(x *session) int {
		switch {
		case x.Blocker != 0 || blocking[x.ID]:
			return 0
		case x.State != "IDLE":
			return 1
		case x.XID != 0:
			return 2
		}
		return 3
	}
	slices.SortStableFunc(l.Sessions, func(a, b session) int {
		return cmp.Or(cmp.Compare(rank(&a), rank(&b)), cmp.Compare(a.ID, b.ID))
	})
	if len(l.Sessions) > sessionsShown {
		l.Hidden = len(l.Sessions) - sessionsShown
		l.Sessions = l.Sessions[:sessionsShown]
	}
}

// digestText is a digest as V$SQL shows it; empty for none.
func digestText(digest uint64) string {
	if digest == 0 {
		return ""
	}
	return fmt.Sprintf("%016x", digest)
}
