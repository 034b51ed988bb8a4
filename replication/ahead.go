package replication

import "github.com/hashicorp/raft"

// goAhead helps raft with a follower whose log begins behind where raft looks for agreement, as it does after a copy: raft would look at
// ever older entries, which the follower does not have in its log any more, and never look forwards again. Two logs with the same term at
// one index are the same up to there, so if they agree where the follower's ends, only what is behind that need be sent, and the request
// is answered as if all of it had been: the follower has it, in its log or in its state.
func (t *noticing) goAhead(id raft.ServerID, to raft.ServerAddress, a *raft.AppendEntriesRequest, r *raft.AppendEntriesResponse) error {
	if r.Success || r.Term > a.Term || r.LastLog <= a.PrevLogEntry || a.PrevLogEntry == 0 && len(a.Entries) == 0 {
		return nil
	}
	term := t.entryTerm(r.LastLog)
	if term == 0 {
		return nil
	}
	b := *a
	b.PrevLogEntry, b.PrevLogTerm, b.Entries = r.LastLog, term, nil
	for i, entry := range a.Entries {
		if entry.Index > r.LastLog {
			b.Entries = a.Entries[i:]
			break
		}
	}
	var said raft.AppendEntriesResponse
	if err := t.NetworkTransport.AppendEntries(id, to, &b, &said); err != nil {
		return err
	}
	if said.Success || said.Term > a.Term {
		*r = said
	}
	return nil
}
