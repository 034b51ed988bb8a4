package peer

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// Network is what connections come from and go through. Its connections keep to what net.Conn promises of a stream.
type Network interface {
	Listen(addr string) (net.Listener, error)
	Dial(ctx context.Context, addr string) (net.Conn, error)
}

// overTCP is the network of processes.
type overTCP struct{}

var _ Network = overTCP{}

// Listen implements Network.
func (overTCP) Listen(addr string) (net.Listener, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen for other nodes on %s: %w", addr, err)
	}
	if at := listener.Addr().(*net.TCPAddr); at.IP.IsUnspecified() {
		return nil, errors.Join(
			fmt.Errorf("listen for other nodes on %s: name an address that they can reach, not all of them", addr), listener.Close())
	}
	return listener, nil
}

// Dial implements Network.
func (overTCP) Dial(ctx context.Context, addr string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", addr)
}
