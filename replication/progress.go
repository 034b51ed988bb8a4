package replication

import (
	"context"
	"sync"
	"sync/atomic"
)

// progress is the index up to which entries were applied here, to read and to wait for.
type progress struct {
	index atomic.Uint64

	mu      sync.Mutex
	advance chan struct{} // closed at the next advance; nil while nobody waits
}

// set publishes index, if it is an advance.
func (p *progress) set(index uint64) {
	if index <= p.index.Load() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.index.Store(index)
	if p.advance != nil {
		close(p.advance)
		p.advance = nil
	}
}

// wait blocks until index was applied, ctx is done, or stop is closed (ErrClosed).
func (p *progress) wait(ctx context.Context, index uint64, stop <-chan struct{}) error {
	for p.index.Load() < index {
		p.mu.Lock()
		if p.index.Load() >= index {
			p.mu.Unlock()
			return nil
		}
		if p.advance == nil {
			p.advance = make(chan struct{})
		}
		advance := p.advance
		p.mu.Unlock()
		select {
		case <-advance:
		case <-ctx.Done():
			return ctx.Err()
		case <-stop:
			return ErrClosed
		}
	}
	return nil
}
