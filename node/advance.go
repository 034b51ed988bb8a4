package node

import "sync"

// advance tells those who wait that the state has gone on. The zero value is ready.
type advance struct {
	mu   sync.Mutex
	next chan struct{} // closed at the next advance; nil while nobody waits
}

// happened wakes everybody.
func (a *advance) happened() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.next != nil {
		close(a.next)
		a.next = nil
	}
}

// wait gives what is closed at the next advance. Who asks first and looks at the state then misses none.
func (a *advance) wait() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.next == nil {
		a.next = make(chan struct{})
	}
	return a.next
}
