package replication

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
)

// guard is where a node learns that it can no longer go on. The first failure counts.
//
// Raft answers some failures of its stores with a panic and others by carrying on. Where neither may happen the store
// reports the failure here and then halts the calling goroutine of raft, which ends when the node shuts raft down.
// (Rejected: returning the error, which kills the process before anybody heard why.)
type guard struct {
	once    sync.Once
	err     error
	failed  chan struct{} // closed after err was set
	started atomic.Bool   // raft's own goroutines are running
	haltOne sync.Once
	halted  chan struct{} // closed when a goroutine of raft has halted
	release chan struct{} // closed to end the halted
}

func newGuard() *guard {
	return &guard{failed: make(chan struct{}), halted: make(chan struct{}), release: make(chan struct{})}
}

// fail records the first failure. It never blocks.
func (g *guard) fail(err error) {
	g.once.Do(func() {
		g.err = err
		close(g.failed)
	})
}

// failure is the first failure, or nil.
func (g *guard) failure() error {
	select {
	case <-g.failed:
		return g.err
	default:
		return nil
	}
}

// halt ends the calling goroutine, which must be one of raft's, once the node is shutting down. Deferred calls run.
// Before raft has started it returns at once.
func (g *guard) halt() {
	if !g.started.Load() {
		return
	}
	g.haltOne.Do(func() { close(g.halted) })
	<-g.release
	runtime.Goexit()
}

// inProcessLogs tells whether the calling goroutine is raft's main one on its way to apply entries, the only place
// where raft panics if an entry cannot be read. It looks at the stack, so it is for failures only.
func inProcessLogs() bool {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	for {
		frame, more := frames.Next()
		if strings.HasSuffix(frame.Function, "raft.(*Raft).processLogs") {
			return true
		}
		if !more {
			return false
		}
	}
}
