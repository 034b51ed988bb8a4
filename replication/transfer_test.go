package replication

import (
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// unanswered is a transport whose messages to one node get no answer for a while.
type unanswered struct {
	*raft.InmemTransport
	mu   sync.Mutex
	to   raft.ServerID
	gate chan struct{} // closed when they go out
}

func (u *unanswered) AppendEntriesPipeline(raft.ServerID, raft.ServerAddress) (raft.AppendPipeline, error) {
	return nil, raft.ErrPipelineReplicationNotSupported
}

func (u *unanswered) AppendEntries(id raft.ServerID, to raft.ServerAddress, a *raft.AppendEntriesRequest, r *raft.AppendEntriesResponse) error {
	u.mu.Lock()
	gate := u.gate
	if u.to != id {
		gate = nil
	}
	u.mu.Unlock()
	if gate != nil {
		<-gate
	}
	return u.InmemTransport.AppendEntries(id, to, a, r)
}

// hold keeps messages to a node back until release is called.
func (u *unanswered) hold(id string) (release func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.to, u.gate = raft.ServerID(id), make(chan struct{})
	return sync.OnceFunc(func() { close(u.gate) })
}

// TestTransferThatFails: a leader that cannot hand over to a node that does not answer goes on, however often it is asked to, and hands
// over to it when it answers.
func TestTransferThatFails(t *testing.T) {
	transports := map[string]*unanswered{}
	c := newCluster(t, func(o *Options) {
		u := &unanswered{InmemTransport: o.Transport.(*raft.InmemTransport)}
		transports[o.NodeID], o.Transport = u, u
	})
	leader := c.leader()
	away := c.members[0]
	if away == leader {
		away = c.members[1]
	}
	release := transports[leader.id].hold(away.id)
	t.Cleanup(release)
	leader.mustPropose("before=") // which the other one lacks
	for range 3 {
		began := time.Now()
		if err := leader.node.Transfer(away.id); err == nil {
			t.Fatal("the lead was handed over to a node that does not answer")
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("that was found out after %s", took)
		}
		leader.mustPropose("between=")
	}
	release()
	waitUntil(t, "it hands over", func() bool { return c.leader() == away || leader.node.Transfer(away.id) == nil })
	if now := c.leader(); now != away {
		t.Errorf("%s leads, not %s", now.id, away.id)
	}
	c.commit(newOutcomes(), "after=")
}

// TestTransferUnderLoad: a leader hands over while commits go on; none is refused for more than that another one leads now.
func TestTransferUnderLoad(t *testing.T) {
	c := newCluster(t, nil)
	book := newOutcomes()
	c.commit(book, "first=")
	over := make(chan struct{})
	var load sync.WaitGroup
	for i := range 4 {
		load.Go(func() {
			for n := uint64(0); ; n++ {
				select {
				case <-over:
					return
				default:
					c.commit(book, number(uint64(i)<<32|n)+"=")
				}
			}
		})
	}
	handed := 0
	for range 20 {
		leader := c.leader()
		if err := leader.node.Transfer(""); err == nil {
			handed++
		}
	}
	close(over)
	load.Wait()
	if handed < 10 {
		t.Errorf("of 20 times the lead was handed over %d times", handed)
	}
	c.converge()
}

// TestRaftThatTakesNothing: a leader from which raft takes no entries, as while raft itself hands over, asks it now and then whether it
// does again, and not as fast as it can.
func TestRaftThatTakesNothing(t *testing.T) {
	c := newCluster(t, nil)
	leader := c.leader()
	away := c.members[0]
	if away == leader {
		away = c.members[1]
	}
	c.down[away] = true
	c.connect()
	leader.mustPropose("before=") // which the other one lacks
	began := time.Now()
	over := make(chan error, 1)
	go func() { // ends after an election timeout
		over <- leader.node.raft.LeadershipTransferToServer(raft.ServerID(away.id), away.addr).Error()
	}()
	waitUntil(t, "the leader takes nothing", func() bool {
		_, err := leader.propose("meanwhile=")
		return err != nil
	})
	if err := <-over; err == nil {
		t.Error("the lead was handed over to a node that is away")
	}
	often := uint64(time.Since(began)/(leader.node.opts.LeaseTimeout/10)) + 10
	if asked := leader.node.batcher.bad.Load(); asked > often {
		t.Errorf("the leader asked raft %d times in %s, at most %d are right", asked, time.Since(began), often)
	}
	waitUntil(t, "it takes entries again", func() bool {
		_, err := leader.propose("after=")
		return err == nil
	})
}
