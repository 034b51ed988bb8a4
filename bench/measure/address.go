package measure

import (
	"fmt"
	"net"
)

// FreeAddress is one on loopback that nobody listens on, HOST:PORT.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}
