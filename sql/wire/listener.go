package wire

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dolthub/go-mysql-server/server"
	"github.com/dolthub/vitess/go/mysql"

	"redoubt/sql/sqlcode"
)

// refuseTimeout bounds the writing of an error to a connection that is refused.
const refuseTimeout = time.Second

// ListenerFactory returns the value for server.Config.ProtocolListenerFactory. TLS and the limits of the Config are
// overruled by those of the Options; its time limits for reading and writing stay in force after the login.
func ListenerFactory(o Options) server.ProtocolListenerFunc {
	return func(cfg server.Config, lc mysql.ListenerConfig, events server.ServerEventListener) (server.ProtocolListener, error) {
		if err := o.Validate(); err != nil {
			return nil, err
		}
		if lc.Listener == nil {
			return nil, fmt.Errorf("wire: the server gave no listener")
		}
		l := &listener{Listener: lc.Listener, options: o.withDefaults(), arrivals: make(chan arrival)}
		lc.Listener = l
		lc.AuthServer = authServer{lc.AuthServer, l}
		lc.MaxConns, lc.MaxWaitConns = 0, 0
		// The library announces TLS if it has a configuration, but never comes to use it: see connection.login.
		cfg.TLSConfig = o.TLSConfig
		// The library would write an error and then go on with the login.
		cfg.RequireSecureTransport = false
		return server.MySQLProtocolListenerFactory(cfg, lc, events)
	}
}

// listener accepts connections within the limit.
type listener struct {
	net.Listener
	options Options
	open    atomic.Int64
	key     rsaKey

	listening sync.Once
	arrivals  chan arrival // from the socket, if there is an Inside
}

// arrival is what the socket's Accept returned.
type arrival struct {
	conn net.Conn
	err  error
}

// arrive waits for the next connection, from outside or from inside.
func (l *listener) arrive() (net.Conn, error) {
	if l.options.Inside == nil {
		return l.Listener.Accept()
	}
	l.listening.Do(func() { go l.listen() })
	select {
	case a := <-l.arrivals:
		return a.conn, a.err
	case c := <-l.options.Inside.arrivals:
		return c, nil
	case <-l.options.Inside.closed:
		return nil, net.ErrClosed
	}
}

// listen hands on what comes from outside, until the socket is closed.
func (l *listener) listen() {
	for {
		c, err := l.Listener.Accept()
		select {
		case l.arrivals <- arrival{c, err}:
		case <-l.options.Inside.closed:
			if c != nil {
				_ = c.Close()
			}
		}
		if err != nil {
			return
		}
	}
}

// Close implements net.Listener.
func (l *listener) Close() error {
	err := l.Listener.Close()
	l.options.Inside.close()
	return err
}

// Accept waits for a connection that may stay. Those from inside always may: they do what a client asked for that has one.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.arrive()
		if err != nil {
			return nil, err
		}
		if _, inside := c.(insideConn); l.open.Add(1) > int64(l.options.MaxConnections) && !inside {
			l.open.Add(-1)
			l.refuse(c)
			continue
		}
		l.options.Metrics.Opened()
		return newConnection(c, l), nil
	}
}

// refuse tells a client that there are too many, and closes its connection. The packet fits into the socket's buffer,
// so this does not wait for the client.
func (l *listener) refuse(c net.Conn) {
	l.options.Metrics.Refused(TooManyConnections)
	_ = c.SetDeadline(time.Now().Add(refuseTimeout))
	_, _ = c.Write(errorPacket(0, sqlcode.New(sqlcode.IDTooManyConns, fmt.Sprint(l.options.MaxConnections))))
	_ = c.Close()
}
