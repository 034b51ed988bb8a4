package node

import (
	"context"
	"sync"
	"time"
)

// overdueAfter is how many times the time of a schedule may pass until somebody is told that nothing came.
const overdueAfter = 2

// scheduled is what is known of something that is made in a repository every so often, by any node, and by people: T is what each made.
type scheduled[T any] struct {
	load func(ctx context.Context) ([]T, error) // what there is, the newest last

	mu      sync.Mutex
	list    []T   // of the latest look
	failed  error // of the last round: why nothing could be made, or looked up
	running bool
}

// look takes note of what there is.
func (s *scheduled[T]) look(ctx context.Context) error {
	list, err := s.load(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = list
	return nil
}

// newest is the latest that there is; nil if there is none. mu is held.
func (s *scheduled[T]) newest() *T {
	if len(s.list) == 0 {
		return nil
	}
	return &s.list[len(s.list)-1]
}

func (s *scheduled[T]) setRunning(running bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = running
}

// follow makes rounds of it, which is due every so often, 0 for never, as soon as that may be: others may have done it.
func (s *scheduled[T]) follow(ctx context.Context, every, watch time.Duration, round func(context.Context) error) {
	if every == 0 {
		every = watch
	}
	tick := time.NewTicker(min(every, watch))
	defer tick.Stop()
	for {
		err := round(ctx)
		if ctx.Err() != nil {
			return
		}
		s.mu.Lock()
		s.failed = err
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
