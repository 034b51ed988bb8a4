package replication

import (
	"fmt"
	"testing"

	"github.com/hashicorp/raft"
)

// laterLog is a follower whose log goes from one entry to another, all of one term: what raft asks it to agree on must be in there.
type laterLog struct{ first, last, term uint64 }

func (l *laterLog) answer(a *raft.AppendEntriesRequest) *raft.AppendEntriesResponse {
	r := &raft.AppendEntriesResponse{Term: a.Term, LastLog: l.last}
	switch {
	case a.PrevLogEntry > 0 && (a.PrevLogEntry < l.first || a.PrevLogEntry > l.last || a.PrevLogTerm != l.term):
		r.NoRetryBackoff = true
		return r
	case len(a.Entries) > 0 && a.Entries[0].Index <= l.last:
		return r // it looks for the entry, and does not find it
	case len(a.Entries) > 0:
		l.last = a.Entries[len(a.Entries)-1].Index
	}
	r.Success = true
	return r
}

// TestLogBeginsLater sends to followers whose logs begin behind the entry that raft looks at: what they lack arrives. One whose log is
// another one is not taken for such.
func TestLogBeginsLater(t *testing.T) {
	const term = 3
	for _, c := range []struct {
		follower laterLog
		prev, to uint64 // the request: entries behind prev up to to
		success  bool
		last     uint64 // of the follower, then
	}{
		{laterLog{100, 110, term}, 40, 104, true, 110},
		{laterLog{100, 110, term}, 40, 115, true, 115},
		{laterLog{100, 110, term}, 0, 64, true, 110},
		{laterLog{100, 110, term}, 110, 115, true, 115},
		{laterLog{100, 110, term}, 40, 40, true, 110},
		{laterLog{100, 110, term - 1}, 40, 115, false, 110}, // what it has is not what this node has
		{laterLog{1, 30, term}, 40, 45, false, 30},          // it lacks log
		{laterLog{100, 500, term}, 40, 45, false, 500},      // it has more than this node, whatever that is
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			entryTerm := func(index uint64) uint64 {
				if index > 200 {
					return 0
				}
				return term
			}
			follows := func() bool { return false }
			from, to := openTransport(t, follows, entryTerm), openTransport(t, follows, entryTerm)
			answerCalls(t, to, func(call raft.RPC) *raft.AppendEntriesResponse {
				return c.follower.answer(call.Command.(*raft.AppendEntriesRequest))
			})
			a := &raft.AppendEntriesRequest{Term: term, PrevLogEntry: c.prev, PrevLogTerm: term}
			for i := c.prev + 1; i <= c.to; i++ {
				a.Entries = append(a.Entries, &raft.Log{Index: i, Term: term})
			}
			var r raft.AppendEntriesResponse
			if err := from.AppendEntries("n2", to.LocalAddr(), a, &r); err != nil || r.Success != c.success || c.follower.last != c.last {
				t.Errorf("%+v, %v; the follower's log ends at %d, want %d", r, err, c.follower.last, c.last)
			}
		})
	}
}
