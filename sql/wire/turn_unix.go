//go:build unix

package wire

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// turnstile is a pipe whose end to read from is waited for as sockets are.
type turnstile struct {
	in, out *os.File
	raw     syscall.RawConn // of out
}

func newTurnstile() (*turnstile, error) {
	out, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	raw, err := out.SyscallConn()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("use a pipe: %w", err), in.Close(), out.Close())
	}
	return &turnstile{in, out, raw}, nil
}

// pass waits for a byte that it sends itself: so the runtime is asked what is ready, and wakes whoever has been waiting for that. The byte is
// sent only after the wait has begun, or the news of it could be lost.
func (t *turnstile) pass() error {
	var b [1]byte
	var failed error
	sent := false
	err := t.raw.Read(func(fd uintptr) (done bool) {
		if !sent {
			sent = true
			_, failed = t.in.Write(b[:])
			return failed != nil
		}
		for {
			// Interrupted, it has to be tried again here: the byte is there, and no more news of it will come.
			if _, failed = syscall.Read(int(fd), b[:]); !errors.Is(failed, syscall.EINTR) {
				return !errors.Is(failed, syscall.EAGAIN)
			}
		}
	})
	if err := errors.Join(err, failed); err != nil {
		return fmt.Errorf("let others go first: %w", err)
	}
	return nil
}

func (t *turnstile) close() {
	_ = t.in.Close()
	_ = t.out.Close()
}
