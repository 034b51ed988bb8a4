package replication

import (
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// openTransport opens a transport of its own on loopback.
func openTransport(t *testing.T, leads func() bool, entryTerm func(uint64) uint64) raft.Transport {
	t.Helper()
	transport, err := listen(&Options{RaftAddr: "127.0.0.1:0"}, leads, entryTerm)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeTransport(transport) })
	return transport
}

// answerCalls answers what comes to a transport until the test is over.
func answerCalls(t *testing.T, to raft.Transport, answer func(raft.RPC) *raft.AppendEntriesResponse) {
	go func() { // ends with the test
		for {
			select {
			case call := <-to.Consumer():
				call.Respond(answer(call), nil)
			case <-t.Context().Done():
				return
			}
		}
	}()
}

// TestPipelineThatNobodyReads: who sends on a pipeline, and has stopped to read its answers, is not kept from going on and closing it.
func TestPipelineThatNobodyReads(t *testing.T) {
	from := openTransport(t, func() bool { return true }, func(uint64) uint64 { return 0 })
	to := openTransport(t, func() bool { return true }, func(uint64) uint64 { return 0 })
	answerCalls(t, to, func(raft.RPC) *raft.AppendEntriesResponse { return &raft.AppendEntriesResponse{Success: true} })
	p, err := from.AppendEntriesPipeline("n2", to.LocalAddr())
	if err != nil {
		t.Fatal(err)
	}
	sent := make(chan error, 1)
	go func() {
		for range 10 {
			if _, err := p.AppendEntries(&raft.AppendEntriesRequest{}, &raft.AppendEntriesResponse{}); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	select {
	case err := <-sent:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(2 * time.Minute):
		t.Error("a sender waits for somebody to read")
	}
	for range 10 {
		if answer := <-p.Consumer(); answer.Error() != nil || !answer.Response().Success {
			t.Errorf("answer %+v, %v", answer.Response(), answer.Error())
		}
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
