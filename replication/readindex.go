package replication

import "context"

// ReadIndex gives the log entry up to which a node must have applied so that a read there sees everything that was acknowledged
// before the call, and a commit that it has by then. A quorum confirms that this node leads; without, as on another node, it fails with ErrNotLeader.
func (n *Node) ReadIndex(ctx context.Context) (Notice, error) {
	term, ready := n.leadingIn()
	if !ready {
		return Notice{}, n.notLeader()
	}
	has := n.opts.StateMachine.Position().SCN
	at := n.NoticeOf(n.raft.CommitIndex())
	at.SCN = has
	if n.alone() {
		return at, nil
	}
	confirmed, err := n.verifying.Join(ctx, n.verify)
	if err == nil && confirmed != term {
		err = n.notLeader()
	}
	return at, err
}

// verify asks a quorum whether this node still leads, and tells in which term.
func (n *Node) verify() (term uint64, err error) {
	term, ready := n.leadingIn()
	if !ready {
		return 0, n.notLeader()
	}
	return term, n.confirmer.confirm(term)
}
