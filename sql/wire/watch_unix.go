//go:build unix

package wire

import (
	"errors"
	"syscall"
)

// alertRecord is the type of the record in which TLS says goodbye.
const alertRecord = 0x15

// gone reports whether the client has closed the connection, by a look at what has arrived and was not read. It may be
// called while another goroutine reads.
func (c *connection) gone() bool {
	s, ok := c.Conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return true
	}
	gone := false
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch {
		case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
		case err != nil, n == 0:
			gone = true
		default:
			gone = c.secure() && b[0] == alertRecord
		}
	})
	return err != nil || gone
}
