package peer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// helloTimeout is how long a connection may take until both ends know what it is for.
const helloTimeout = 5 * time.Second

// Options of a Hub.
type Options struct {
	Addr     string // HOST:PORT to listen on, with a host that the other nodes can reach
	Database [16]byte
	Node     string
	Security *Security // nil: connections are neither encrypted nor authenticated
	Network  Network   // nil: TCP
}

// Hub is a node's end of all connections with other nodes.
type Hub struct {
	options  Options
	listener net.Listener
	done     chan struct{} // closed when it closes

	mu       sync.Mutex
	handlers map[Service]func(net.Conn, Hello)
	open     map[net.Conn]struct{}
	closed   bool

	accepting sync.WaitGroup
	serving   sync.WaitGroup
}

// Listen makes a hub. Until Handle and Log are called, it refuses what they are for.
func Listen(o Options) (*Hub, error) {
	if o.Network == nil {
		o.Network = overTCP{}
	}
	listener, err := o.Network.Listen(o.Addr)
	if err != nil {
		return nil, err
	}
	h := &Hub{options: o, listener: listener, done: make(chan struct{}), handlers: map[Service]func(net.Conn, Hello){}, open: map[net.Conn]struct{}{}}
	h.accepting.Go(h.accept)
	return h, nil
}

// Addr is where it listens.
func (h *Hub) Addr() string { return h.listener.Addr().String() }

// Handle gives connections of a service to a function, each on a goroutine of its own. The connection is closed when it returns.
func (h *Hub) Handle(s Service, handler func(net.Conn, Hello)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.handlers[s] = handler
}

func (h *Hub) accept() {
	for {
		c, err := h.listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			time.Sleep(acceptPause) // out of descriptors: they come back
			continue
		}
		if !h.track(c) {
			_ = c.Close()
			return
		}
		h.serving.Go(func() { h.serve(c) })
	}
}

const acceptPause = 50 * time.Millisecond

// serve finds out what a connection is for.
func (h *Hub) serve(raw net.Conn) {
	tracked := &conn{Conn: raw, hub: h}
	defer tracked.Close()
	_ = raw.SetDeadline(time.Now().Add(helloTimeout))
	c, name, err := h.options.Security.accept(tracked)
	if err != nil {
		return
	}
	hello, err := readHello(c)
	if err != nil {
		if !errors.Is(err, errNotPeer) {
			_ = answer(c, err)
		}
		return
	}
	handler, err := h.welcome(&hello)
	if err == nil && h.options.Security != nil && hello.Node != name {
		err = fmt.Errorf("the certificate is that of node %q, not of %q", name, hello.Node)
	}
	if answer(c, err) != nil || err != nil {
		return
	}
	_ = raw.SetDeadline(time.Time{})
	handler(c, hello)
}

// welcome finds who takes a connection, or why nobody does. Only calls are open to a node that has no database yet.
func (h *Hub) welcome(hello *Hello) (func(net.Conn, Hello), error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	handler := h.handlers[hello.Service]
	fresh := hello.Database == [16]byte{} && hello.Service != Log
	switch {
	case hello.Database != h.options.Database && !fresh:
		return nil, fmt.Errorf("node %s has another database: %x, not %x", h.options.Node, h.options.Database, hello.Database)
	case handler == nil:
		return nil, fmt.Errorf("node %s does not serve %s at the moment", h.options.Node, hello.Service)
	}
	return handler, nil
}

// Dial connects to another node.
func (h *Hub) Dial(ctx context.Context, addr string, s Service) (net.Conn, error) {
	hello := Hello{Service: s, Database: h.options.Database, Node: h.options.Node}
	c, err := dial(ctx, h.options.Network, addr, hello, h.options.Security)
	if err != nil {
		return nil, err
	}
	if !h.track(c) {
		return nil, errors.Join(net.ErrClosed, c.Close())
	}
	return &conn{Conn: c, hub: h}, nil
}

// Dial connects to a node over TCP, for who has no hub.
func Dial(ctx context.Context, addr string, hello Hello, security *Security) (net.Conn, error) {
	return dial(ctx, overTCP{}, addr, hello, security)
}

func dial(ctx context.Context, through Network, addr string, hello Hello, security *Security) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, helloTimeout)
	defer cancel()
	c, err := through.Dial(ctx, addr)
	if err != nil {
		return nil, fmt.Errorf("connect to node at %s: %w", addr, err)
	}
	deadline, _ := ctx.Deadline()
	_ = c.SetDeadline(deadline)
	undo := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) }) // who called has no use for it any more
	secured, err := security.connect(ctx, c)
	if err == nil {
		err = hello.write(secured)
	}
	if err == nil {
		err = readAnswer(secured)
	}
	if !undo() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connect to node at %s: %w", addr, err), c.Close())
	}
	_ = c.SetDeadline(time.Time{})
	if hello.Service == Copy { // a copy takes its time, and nothing else tells that its sender was cut off
		keepAlive(c)
	}
	return secured, nil
}

// LogStream is raft's way through the hub. Closing it closes nothing but itself.
func (h *Hub) LogStream() *LogStream {
	l := &LogStream{hub: h, incoming: make(chan net.Conn), done: make(chan struct{})}
	h.Handle(Log, l.take)
	return l
}

// Close ends listening and all connections, and waits for their handlers.
func (h *Hub) Close() error {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil
	}
	h.closed = true
	close(h.done)
	err := h.listener.Close()
	for c := range h.open {
		_ = c.Close() // its readers and writers hear of it
	}
	h.mu.Unlock()
	h.accepting.Wait()
	h.serving.Wait()
	return err
}

// track remembers a connection; false if the hub is closed.
func (h *Hub) track(c net.Conn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.open[c] = struct{}{}
	}
	return !h.closed
}

// conn is a connection that the hub closes when it closes.
type conn struct {
	net.Conn
	hub *Hub
}

// Close ends the connection.
func (c *conn) Close() error {
	c.hub.mu.Lock()
	delete(c.hub.open, c.Conn)
	c.hub.mu.Unlock()
	return c.Conn.Close()
}
