package replication

import (
	"sync"

	"github.com/hashicorp/raft"
)

// pipeline takes the answers of raft's own whether anybody wants them or not.
//
// Raft stops to read answers at the first that says no, such as one of a later term, and its sender may send once more before it sees
// that. Raft's own pipeline then waits for somebody to read, the sender for the pipeline, and nobody ends it: the node cannot be closed any
// more, and if it still leads, that follower gets nothing any more.
type pipeline struct {
	raft.AppendPipeline
	answers chan raft.AppendFuture
	over    chan struct{}
	closing sync.Once
}

func newPipeline(inner raft.AppendPipeline) *pipeline {
	p := &pipeline{AppendPipeline: inner, answers: make(chan raft.AppendFuture), over: make(chan struct{})}
	go p.pass() // ends with Close
	return p
}

// pass hands answers on in their order. Those that nobody takes are few: who sends without reading soon closes.
func (p *pipeline) pass() {
	var waiting []raft.AppendFuture
	for {
		var out chan raft.AppendFuture
		var first raft.AppendFuture
		if len(waiting) > 0 {
			out, first = p.answers, waiting[0]
		}
		select {
		case answer := <-p.AppendPipeline.Consumer():
			waiting = append(waiting, answer)
		case out <- first:
			waiting = waiting[1:]
		case <-p.over:
			return
		}
	}
}

// Consumer implements raft.AppendPipeline.
func (p *pipeline) Consumer() <-chan raft.AppendFuture { return p.answers }

// Close implements raft.AppendPipeline.
func (p *pipeline) Close() error {
	p.closing.Do(func() { close(p.over) })
	return p.AppendPipeline.Close()
}
