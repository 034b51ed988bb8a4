package replication

import (
	"context"
	"errors"
)

// ErrLogEnd is returned by a Reader of an Offline log behind its last entry.
var ErrLogEnd = errors.New("the log has ended")

// Offline is the log of a node that does not run. A log with one server is committed as far as it is durable: what its
// node would apply at its next start is what is read here.
type Offline struct{ log *logStore }

// ReadOffline reads a log file, which may be opened read-only.
func ReadOffline(file LogFile) *Offline {
	return &Offline{newLogStore(file, newGuard(), func() uint64 { return 0 })}
}

// CommittedFrom is that of a Node, but that the Reader does not wait: it ends with ErrLogEnd.
func (o *Offline) CommittedFrom(after Position, parts uint64) *Reader {
	wait := func(_ context.Context, index uint64) error {
		if _, last := o.log.bounds(); index > last {
			return ErrLogEnd
		}
		return nil
	}
	return &Reader{log: o.log, wait: wait, at: after, next: min(parts, after.Index+1)}
}

// Part gives the part in an entry that a Reader has given before.
func (o *Offline) Part(index uint64) ([]byte, error) { return o.log.part(index) }

// Last is the index of the last entry, 0 if there is none.
func (o *Offline) Last() uint64 {
	_, last := o.log.bounds()
	return last
}
