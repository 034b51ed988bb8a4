package peer

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// LogStream is a raft.StreamLayer over a Hub.
type LogStream struct {
	hub      *Hub
	incoming chan net.Conn
	done     chan struct{}
	once     sync.Once
}

var _ raft.StreamLayer = (*LogStream)(nil)

// take hands a connection to raft, and stays until raft has closed it: then the hub may. A hub that closes waits for no raft: there may be
// none, if it could not begin.
func (l *LogStream) take(c net.Conn, _ Hello) {
	k := &kept{Conn: c, closed: make(chan struct{})}
	select {
	case l.incoming <- k:
	case <-l.done:
		return
	case <-l.hub.done:
		return
	}
	select {
	case <-k.closed:
	case <-l.done:
	case <-l.hub.done:
	}
}

// kept tells when it is closed.
type kept struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
}

// Close ends the connection.
func (k *kept) Close() error {
	k.once.Do(func() { close(k.closed) })
	return k.Conn.Close()
}

// Accept waits for a node's connection.
func (l *LogStream) Accept() (net.Conn, error) {
	select {
	case c := <-l.incoming:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// connectTimeout is how long raft waits for a connection. TCP repeats a packet that asks for one after 1 s, 3 s and 7 s: who tries anew
// after a second is not still waiting when a node has long been back.
const connectTimeout = time.Second

// Dial connects to a node.
func (l *LogStream) Dial(address raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), min(timeout, connectTimeout))
	defer cancel()
	return l.hub.Dial(ctx, string(address), Log)
}

// Close ends Accept, and every connection that came in.
func (l *LogStream) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

// Addr is where the hub listens.
func (l *LogStream) Addr() net.Addr { return l.hub.listener.Addr() }
