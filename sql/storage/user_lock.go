package storage

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"redoubt/engine/lock"
	"redoubt/sql/sqlcode"
	"redoubt/telemetry"
)

// Locks of GET_LOCK belong to sessions, by name, and have nothing to do with transactions. They are in the memory of the
// node. A session's owner among them is its connection's id.

// userLockSpace is the one space of these locks.
const userLockSpace = 1

// UserLock takes a lock by its name, waiting for another session that has it; less than 0 waits for ever. A session may
// have many, and each more than once. It tells whether the time was enough.
func (s *Session) UserLock(ctx context.Context, name string, wait time.Duration) (bool, error) {
	name = strings.ToLower(name)
	if wait < 0 {
		wait = time.Duration(maxLockWaitSeconds) * time.Second
	}
	_, err := s.store.userLocks.Lock(ctx, lock.Request{
		Owner: uint64(s.ID()), Space: userLockSpace, Key: []byte(name), Mode: lock.Exclusive, Wait: wait,
		Slot: s.slot, Event: telemetry.UserLock,
	})
	switch {
	case errors.Is(err, lock.ErrBusy), errors.Is(err, lock.ErrTimeout):
		return false, nil
	case errors.Is(err, lock.ErrDeadlock):
		return false, sqlcode.New(sqlcode.IDUserLockDeadlock)
	case err != nil:
		return false, err
	}
	if s.userLocks == nil {
		s.userLocks = map[string]int{}
	}
	s.userLocks[name]++
	s.beside.locked = append(s.beside.locked, name)
	return true, nil
}

// UserUnlock gives a lock back, once. held tells whether the session had it, known whether anybody had.
func (s *Session) UserUnlock(name string) (held, known bool) {
	name = strings.ToLower(name)
	n := s.userLocks[name]
	if n == 0 {
		return false, s.store.UserLockOwner(name) != 0
	}
	if i := slices.Index(s.beside.locked, name); i >= 0 {
		s.beside.locked = slices.Delete(s.beside.locked, i, i+1)
	}
	if s.userLocks[name]--; n == 1 {
		delete(s.userLocks, name)
		s.store.userLocks.ReleaseOne(uint64(s.ID()), userLockSpace, []byte(name))
	}
	return true, true
}

// UserUnlockAll gives all locks back, and tells how many times they were taken.
func (s *Session) UserUnlockAll() (n int) {
	for _, times := range s.userLocks {
		n += times
	}
	s.userLocks, s.beside.locked = nil, nil
	s.store.userLocks.Release(uint64(s.ID()))
	return n
}

// UserLockOwner is the connection that has a lock, 0 if none has.
func (s *Store) UserLockOwner(name string) uint64 {
	return s.userLocks.Holder(userLockSpace, []byte(strings.ToLower(name)))
}
