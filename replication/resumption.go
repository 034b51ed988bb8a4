package replication

import (
	"fmt"
	"io"
	"time"

	"github.com/hashicorp/raft"
)

// resumption is what raft takes for a snapshot and sends to a follower for which its log begins too late. No state is sent: a follower that
// lacks log gets a copy of another node, of which raft knows nothing, and its log then goes further than raft believes. So the transport
// asks where it ends, and if the two logs agree there, raft goes on from that entry: it reads where from in what it took for the snapshot.
type resumption struct{ meta *raft.SnapshotMeta }

// Read implements io.Reader: there is no content.
func (*resumption) Read([]byte) (int, error) { return 0, io.EOF }

// Close implements io.Closer.
func (*resumption) Close() error { return nil }

// InstallSnapshot implements raft.Transport. It returns once the follower has log from which raft can go on, which is after it has got a copy,
// or when this node no longer leads.
func (t *noticing) InstallSnapshot(id raft.ServerID, to raft.ServerAddress, a *raft.InstallSnapshotRequest, r *raft.InstallSnapshotResponse, content io.Reader) error {
	from, ok := content.(*resumption)
	if !ok {
		return ErrSnapshotTransfer
	}
	for {
		at, err := t.agreement(id, to, a, r)
		if r.Term > a.Term { // raft steps down
			return err
		}
		if err == nil && at.Index > 0 {
			from.meta.Index, from.meta.Term = at.Index, at.Term
			r.Success = true
			return nil
		}
		if !t.leads() {
			return fmt.Errorf("go on with node %s, whose log ends before this one's begins: this node no longer leads (%w)", id, err)
		}
		select {
		case <-time.After(retryPauseMax):
		case <-t.done:
			return raft.ErrTransportShutdown
		}
	}
}

// agreement finds the entry at which a follower's log ends, if this node has it, too. Its Index is 0 if it has not.
func (t *noticing) agreement(id raft.ServerID, to raft.ServerAddress, a *raft.InstallSnapshotRequest, r *raft.InstallSnapshotResponse) (at raft.Log, err error) {
	probe := raft.AppendEntriesRequest{RPCHeader: a.RPCHeader, Term: a.Term, PrevLogEntry: a.LastLogIndex, PrevLogTerm: a.LastLogTerm}
	for range 2 { // the first answer tells where the log ends
		var said raft.AppendEntriesResponse
		if err := t.NetworkTransport.AppendEntries(id, to, &probe, &said); err != nil {
			return at, err
		}
		if r.Term = said.Term; said.Success || said.Term > a.Term {
			return raft.Log{Index: probe.PrevLogEntry, Term: probe.PrevLogTerm}, nil
		}
		if probe.PrevLogEntry, probe.PrevLogTerm = said.LastLog, t.entryTerm(said.LastLog); probe.PrevLogTerm == 0 {
			return at, nil
		}
	}
	return at, nil
}
