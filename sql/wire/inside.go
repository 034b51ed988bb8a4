package wire

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/dolthub/vitess/go/mysql"
)

// Inside connects a process to its own server: over a pipe, as a user that has logged in already. No other process can come
// this way.
type Inside struct {
	arrivals  chan net.Conn
	closed    chan struct{}
	closeOnce sync.Once
}

// NewInside makes one, for the Options of one listener.
func NewInside() *Inside {
	return &Inside{arrivals: make(chan net.Conn), closed: make(chan struct{})}
}

// insideConn is the server's end of a pipe.
type insideConn struct {
	net.Conn
	user mysql.Getter
}

// errInsideClosed is returned when the server takes no connections any more.
var errInsideClosed = errors.New("wire: the server is stopping")

// Dial gives the client's end of a connection that belongs to a user. It still logs in, with that name and without a password.
func (i *Inside) Dial(ctx context.Context, user mysql.Getter) (net.Conn, error) {
	client, server := net.Pipe()
	var err error
	select {
	case i.arrivals <- insideConn{server, user}:
		return client, nil
	case <-i.closed:
		err = errInsideClosed
	case <-ctx.Done():
		err = ctx.Err()
	}
	return nil, errors.Join(err, client.Close(), server.Close())
}

func (i *Inside) close() {
	if i != nil {
		i.closeOnce.Do(func() { close(i.closed) })
	}
}

// insider gives the user that a connection has from its beginning; false if it comes from outside.
func (c *connection) insider() (mysql.Getter, bool) {
	inside, ok := c.Conn.(insideConn)
	return inside.user, ok
}
