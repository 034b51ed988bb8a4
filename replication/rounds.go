package replication

import (
	"context"
	"sync"
)

// Rounds lets callers share the answers to a question: everybody who asks while it is out gets the answer to the next one, which
// goes out after they asked. The zero value is ready.
type Rounds[T any] struct {
	mu      sync.Mutex
	running bool
	next    *round[T] // of those who came while one was running; nil: nobody
}

type round[T any] struct {
	done   chan struct{}
	answer T
	err    error
}

// Join waits for the answer to a question that goes out after the call. ask must come to an end by itself.
func (r *Rounds[T]) Join(ctx context.Context, ask func() (T, error)) (answer T, err error) {
	joined := r.enter(ask)
	select {
	case <-joined.done:
		return joined.answer, joined.err
	case <-ctx.Done():
		return answer, context.Cause(ctx)
	}
}

func (r *Rounds[T]) enter(ask func() (T, error)) *round[T] {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next == nil {
		r.next = &round[T]{done: make(chan struct{})}
	}
	if !r.running {
		r.running = true
		go r.run(ask) // ends when nobody asks any more
	}
	return r.next
}

func (r *Rounds[T]) run(ask func() (T, error)) {
	for {
		r.mu.Lock()
		now := r.next
		r.next = nil
		r.running = now != nil
		r.mu.Unlock()
		if now == nil {
			return
		}
		now.answer, now.err = ask()
		close(now.done)
	}
}
