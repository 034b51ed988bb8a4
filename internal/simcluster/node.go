package simcluster

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"redoubt/internal/crashfs"
)

// node is a place in the cluster.
type node struct {
	cluster *Cluster
	index   int // from 0
	id      string
	addr    string

	offset atomic.Int64 // of its clock, nanoseconds
	slow   atomic.Int64 // each write to the log takes so much longer, nanoseconds

	mu     sync.Mutex
	fs     *crashfs.FS
	life   *life         // nil: it is down
	busy   bool          // a life is about to begin, or ends cleanly
	paused chan struct{} // closed at its end; nil: it is not paused
}

// now is the node's wall clock.
func (n *node) now() time.Time { return time.Now().Add(time.Duration(n.offset.Load())) }

// current is its life, nil if it is down.
func (n *node) current() *life {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.life
}

// stall is what the log's disk does before each write.
func (n *node) stall() {
	n.mu.Lock()
	paused := n.paused
	n.mu.Unlock()
	if paused != nil {
		<-paused
	}
	if d := n.slow.Load(); d > 0 {
		time.Sleep(time.Duration(d))
	}
}

// start begins a life, if there is none.
func (n *node) start() error {
	n.mu.Lock()
	if n.life != nil || n.busy {
		n.mu.Unlock()
		return nil
	}
	n.busy = true
	n.mu.Unlock()
	l, err := n.open()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.busy = false
	if err != nil {
		return fmt.Errorf("%s does not start: %w", n.id, err)
	}
	n.life = l
	n.cluster.note("%s starts", n.id)
	n.cluster.running.Go(l.serve)
	return nil
}

// crash ends its life. silently: with the machine. It tells whether there was one.
func (n *node) crash(silently bool, seed uint64) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.life
	if l == nil {
		return false
	}
	close(l.crashed) // from now on nobody takes its word
	l.host.Crash(silently)
	state := n.fs.CrashNow(seed)
	n.fs, n.life = state.FS, nil
	n.resumeLocked()
	n.cluster.note("%s crashes, %v", n.id, state)
	n.cluster.running.Go(func() { _ = l.close() }) // what it still does is of no effect
	return true
}

// stop ends its life cleanly.
func (n *node) stop() error {
	n.mu.Lock()
	l := n.life
	n.life = nil
	n.resumeLocked()
	if l == nil {
		n.mu.Unlock()
		return nil
	}
	n.busy = true
	n.mu.Unlock()
	err := l.close()
	l.host.Crash(false)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.busy = false
	return err
}

func (n *node) pause() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.life == nil || n.paused != nil {
		return false
	}
	n.paused = make(chan struct{})
	n.life.host.Pause()
	return true
}

func (n *node) resume() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.resumeLocked()
}

func (n *node) resumeLocked() {
	if n.paused == nil {
		return
	}
	close(n.paused)
	n.paused = nil
	if n.life != nil {
		n.life.host.Resume()
	}
}

// failed is told that a life cannot go on. That of one which has crashed is of no account.
func (n *node) failed(l *life, err error) {
	if !l.over() {
		n.cluster.problem(fmt.Errorf("%s fails: %w", n.id, err))
	}
}
