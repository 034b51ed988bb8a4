package replication

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"
)

// Member is a node of the cluster, as the log says.
type Member struct {
	ID    string
	Addr  string // of its log transport
	Voter bool   // it counts for the quorum; else it only follows
}

// changeTimeout bounds how long a change of members waits for its turn with raft.
const changeTimeout = 10 * time.Second

// Members lists the nodes of the cluster, in the order in which they came, by the newest entry of the log here that says so.
func (n *Node) Members() []Member {
	return membersOf(n.servers())
}

func membersOf(servers []raft.Server) []Member {
	out := make([]Member, len(servers))
	for i, s := range servers {
		out[i] = Member{ID: string(s.ID), Addr: string(s.Address), Voter: s.Suffrage == raft.Voter}
	}
	return out
}

// CommittedMembers are the members as far as it is known here that the log says so for ever; false if it has a change that may yet go.
func (n *Node) CommittedMembers() ([]Member, bool) {
	f := n.raft.GetConfiguration()
	members := membersOf(f.Configuration().Servers)
	return members, f.Index() <= n.fsm.applied.index.Load()
}

func (n *Node) servers() []raft.Server {
	return n.raft.GetConfiguration().Configuration().Servers // raft has no error to give here
}

// Member finds a node of the cluster. Error: *NoMemberError.
func (n *Node) Member(id string) (Member, error) {
	for _, m := range n.Members() {
		if m.ID == id {
			return m, nil
		}
	}
	return Member{}, &NoMemberError{ID: id}
}

// Others lists the addresses of all nodes of the cluster but this one.
func (n *Node) Others() (addresses []string) {
	for _, m := range n.Members() {
		if m.ID != n.opts.NodeID {
			addresses = append(addresses, m.Addr)
		}
	}
	return addresses
}

// alone tells whether no other node counts for the quorum.
func (n *Node) alone() bool {
	for _, s := range n.servers() {
		if s.Suffrage == raft.Voter && string(s.ID) != n.opts.NodeID {
			return false
		}
	}
	return true
}

// changed waits for a change of members, which only the leader can make, and until it is in force here.
func (n *Node) changed(f raft.IndexFuture) error {
	err := f.Error()
	if err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), changeTimeout)
		defer cancel()
		return n.WaitApplied(ctx, f.Index())
	}
	if isCertain(err) || errors.Is(err, raft.ErrLeadershipLost) { // whoever leads next may find it done: it may be tried again
		return surelyNot(err)
	}
	return fmt.Errorf("change the members of the cluster: %w", err)
}

// AddFollower makes a node a member that follows the log and does not count for the quorum; of one that is a member it changes the
// address. Only the leader can.
func (n *Node) AddFollower(id, addr string) error {
	return n.changed(n.raft.AddNonvoter(raft.ServerID(id), raft.ServerAddress(addr), 0, changeTimeout))
}

// SetAddr changes the address of a member. Only the leader can.
func (n *Node) SetAddr(id, addr string) error {
	m, err := n.Member(id)
	switch {
	case err != nil || m.Addr == addr:
		return err
	case m.Voter:
		return n.changed(n.raft.AddVoter(raft.ServerID(id), raft.ServerAddress(addr), 0, changeTimeout))
	}
	return n.AddFollower(id, addr)
}

// Promote makes a member that follows count for the quorum. Only the leader can.
func (n *Node) Promote(id string) error {
	m, err := n.Member(id)
	if err != nil || m.Voter {
		return err
	}
	return n.changed(n.raft.AddVoter(raft.ServerID(id), raft.ServerAddress(m.Addr), 0, changeTimeout))
}

// Demote makes a member only follow. Only the leader can; itself it cannot.
func (n *Node) Demote(id string) error {
	if err := n.mayLose(id); err != nil {
		return err
	}
	return n.changed(n.raft.DemoteVoter(raft.ServerID(id), 0, changeTimeout))
}

// Remove takes a node out of the cluster. Only the leader can; itself it cannot.
func (n *Node) Remove(id string) error {
	if err := n.mayLose(id); err != nil {
		return err
	}
	return n.changed(n.raft.RemoveServer(raft.ServerID(id), 0, changeTimeout))
}

func (n *Node) mayLose(id string) error {
	_, err := n.Member(id)
	if err == nil && id == n.opts.NodeID {
		err = fmt.Errorf("node %s leads: let another one lead first", id)
	}
	return err
}
