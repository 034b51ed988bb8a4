package replication

import (
	"sync/atomic"
	"time"
)

// underway is work of one goroutine of which others want to know since when it goes on.
type underway struct{ since atomic.Pointer[time.Time] }

func (u *underway) begin() {
	now := time.Now()
	u.since.Store(&now)
}

func (u *underway) end() { u.since.Store(nil) }

func (u *underway) busy() bool { return u.since.Load() != nil }

// lasted is how long it has gone on by now, 0 if nothing is under way.
func (u *underway) lasted() time.Duration {
	if began := u.since.Load(); began != nil {
		return time.Since(*began)
	}
	return 0
}
