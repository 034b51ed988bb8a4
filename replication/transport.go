package replication

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// listen opens the TCP transport. It is not authenticated or encrypted.
func listen(o *Options, leads func() bool, entryTerm func(uint64) uint64) (raft.Transport, error) {
	if o.Stream != nil {
		return transportOver(o.Stream, o, leads, entryTerm), nil
	}
	listener, err := net.Listen("tcp", o.RaftAddr)
	if err != nil {
		return nil, fmt.Errorf("listen for peers on %s: %w", o.RaftAddr, err)
	}
	if at := listener.Addr().(*net.TCPAddr); at.IP.IsUnspecified() {
		return nil, errors.Join(
			fmt.Errorf("listen for peers on %s: name an address that peers can reach, not all of them", o.RaftAddr),
			listener.Close())
	}
	return transportOver(&streams{Listener: listener, open: map[net.Conn]struct{}{}}, o, leads, entryTerm), nil
}

func transportOver(s raft.StreamLayer, o *Options, leads func() bool, entryTerm func(uint64) uint64) raft.Transport {
	return newNoticing(raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
		Stream:  s,
		MaxPool: transportPool,
		Timeout: transportTimeout,
		Logger:  newRaftLogger(o.Logger),
	}), leads, entryTerm)
}

func closeTransport(t raft.Transport) error {
	if c, ok := t.(raft.WithClose); ok {
		return c.Close()
	}
	return nil
}

// streams are the TCP connections of the transport. Raft's own kind leaves them open when the transport closes.
type streams struct {
	net.Listener
	mu     sync.Mutex
	open   map[net.Conn]struct{}
	closed bool
}

// Accept waits for a peer's connection.
func (s *streams) Accept() (net.Conn, error) { return s.track(s.Listener.Accept()) }

// Dial connects to a peer.
func (s *streams) Dial(address raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	return s.track(net.DialTimeout("tcp", string(address), timeout))
}

func (s *streams) track(c net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.Join(net.ErrClosed, c.Close())
	}
	s.open[c] = struct{}{}
	return &stream{Conn: c, all: s}, nil
}

// Close ends listening and all connections.
func (s *streams) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	err := s.Listener.Close()
	for c := range s.open {
		_ = c.Close() // its readers and writers hear of it
	}
	clear(s.open)
	return err
}

// stream is one connection.
type stream struct {
	net.Conn
	all *streams
}

// Close ends the connection.
func (s *stream) Close() error {
	s.all.mu.Lock()
	delete(s.all.open, s.Conn)
	s.all.mu.Unlock()
	return s.Conn.Close()
}
