package peer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/rpc"
	"reflect"
	"sync"
	"time"
)

// Caller calls methods on other nodes. One connection to each is kept, which calls share.
type Caller struct {
	hub *Hub

	mu      sync.Mutex
	clients map[string]*rpc.Client // by address
	closed  bool
}

// NewCaller makes a Caller.
func NewCaller(h *Hub) *Caller { return &Caller{hub: h, clients: map[string]*rpc.Client{}} }

// ErrNotSent says that a call did not reach the other node: nothing has happened there because of it.
var ErrNotSent = errors.New("the call was not sent")

// Call calls a method of the node at an address. An error of the method is an rpc.ServerError; any other, or that of the context, says
// that nothing is known about what the method did, unless it is ErrNotSent. After an error reply is as it was, whatever is answered later.
func (c *Caller) Call(ctx context.Context, addr, method string, args, reply any) error {
	client, err := c.client(ctx, addr)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	l := &letter{arguments: args}
	answer := reflect.New(reflect.TypeOf(reply).Elem()) // it may be written when nobody waits for it any more
	call := client.Go(method, l, answer.Interface(), make(chan *rpc.Call, 1))
	select {
	case <-call.Done:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if call.Error == nil {
		reflect.ValueOf(reply).Elem().Set(answer.Elem())
		return nil
	}
	var refused rpc.ServerError
	if !errors.As(call.Error, &refused) {
		c.forget(addr, client)
		if !l.sent.Load() {
			return fmt.Errorf("%w: %w", ErrNotSent, call.Error)
		}
	}
	return call.Error
}

// client gives the connection to an address, making it if there is none.
func (c *Caller) client(ctx context.Context, addr string) (*rpc.Client, error) {
	c.mu.Lock()
	client, closed := c.clients[addr], c.closed
	c.mu.Unlock()
	if closed {
		return nil, net.ErrClosed
	}
	if client != nil {
		return client, nil
	}
	connection, err := c.hub.Dial(ctx, addr, Calls)
	if err != nil {
		return nil, err
	}
	keepAlive(connection)
	client = newClient(connection)
	c.mu.Lock()
	defer c.mu.Unlock()
	if other := c.clients[addr]; other != nil || c.closed {
		_ = client.Close()
		if c.closed {
			return nil, net.ErrClosed
		}
		return other, nil
	}
	c.clients[addr] = client
	return client, nil
}

// forget drops a connection that has failed.
func (c *Caller) forget(addr string, client *rpc.Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.clients[addr] == client {
		delete(c.clients, addr)
	}
	_ = client.Close()
}

// Forget drops the connection to an address: calls on their way fail. It is for who knows that the node there is gone.
func (c *Caller) Forget(addr string) {
	c.mu.Lock()
	client := c.clients[addr]
	c.mu.Unlock()
	if client != nil {
		c.forget(addr, client)
	}
}

// Close ends all calls.
func (c *Caller) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	var errs []error
	for _, client := range c.clients {
		if err := client.Close(); !errors.Is(err, net.ErrClosed) && !errors.Is(err, rpc.ErrShutdown) {
			errs = append(errs, err)
		}
	}
	clear(c.clients)
	return errors.Join(errs...)
}

// CallOnce calls a method of a node, for who has no hub.
func CallOnce(ctx context.Context, addr string, hello Hello, security *Security, method string, args, reply any) error {
	hello.Service = Calls
	connection, err := Dial(ctx, addr, hello, security)
	if err != nil {
		return err
	}
	client := newClient(connection)
	defer client.Close()
	call := client.Go(method, &letter{arguments: args}, reply, make(chan *rpc.Call, 1))
	select {
	case <-call.Done:
		return call.Error
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Serve lets other nodes call the methods of a value, under a name. Methods are those of net/rpc.
func Serve(h *Hub, name string, methods any) error {
	server := rpc.NewServer()
	if err := server.RegisterName(name, methods); err != nil {
		return err
	}
	h.Handle(Calls, func(c net.Conn, _ Hello) {
		keepAlive(c)
		server.ServeConn(c)
	})
	return nil
}

// keepAlivePeriod lets a connection to a machine that is gone fail in seconds, not in hours.
const keepAlivePeriod = 2 * time.Second

func keepAlive(c net.Conn) {
	for {
		switch inner := c.(type) {
		case *net.TCPConn:
			_ = inner.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: keepAlivePeriod, Interval: keepAlivePeriod, Count: 3})
			return
		case *conn:
			c = inner.Conn
		case interface{ NetConn() net.Conn }:
			c = inner.NetConn()
		default:
			return
		}
	}
}
