package wire

import (
	"crypto/tls"
	"errors"
	"time"
)

// Defaults of Options.
const (
	DefaultMaxPacketBytes = 64 << 20
	DefaultLoginTimeout   = 10 * time.Second
	DefaultMaxConnections = 1000
	DefaultMaxPrepared    = 16382
)

// ErrorMapper turns an error into the one that the client gets: a *mysql.SQLError of the protocol library.
type ErrorMapper func(error) error

// Metrics is told what happens to connections. Its functions are called by many goroutines at a time and must not
// block; those that are nil are not called.
type Metrics struct {
	Opened  func()              // accepted, not yet logged in
	Closed  func()              // closed again
	Login   func(secure bool)   // logged in; secure says whether over TLS
	Refused func(reason Reason) // closed by us
	Panic   func(value any)     // a statement panicked: its client gets an error, then the connection is closed
}

// Reason says why a connection was closed by us.
type Reason string

// Reasons of Metrics.Refused.
const (
	TooManyConnections Reason = "too_many_connections"
	LoginTooSlow       Reason = "login_timeout"
	LoginMalformed     Reason = "login_malformed"
	TLSMissing         Reason = "tls_required"
	PacketTooLarge     Reason = "packet_too_large"
)

// Options of a listener and of the handler behind it: both must be given the same.
type Options struct {
	// TLSConfig is used for clients that ask for TLS. Nil offers none.
	TLSConfig *tls.Config
	// RequireTLS refuses clients that do not ask for TLS, except on Unix sockets. It needs TLSConfig.
	RequireTLS bool
	// MaxPacketBytes is the largest payload a client may send: one statement, one set of arguments, one packet of
	// LOAD DATA LOCAL; also the sum of COM_STMT_SEND_LONG_DATA before an execute. 0 means DefaultMaxPacketBytes.
	MaxPacketBytes int
	// LoginTimeout is the time from accepting a connection to the end of its login. 0 means DefaultLoginTimeout.
	LoginTimeout time.Duration
	// MaxConnections is how many connections there may be, those that are logging in included. 0 means
	// DefaultMaxConnections.
	MaxConnections int
	// MaxPrepared is how many prepared statements one connection may hold. 0 means DefaultMaxPrepared.
	MaxPrepared int
	// LoggedIn is told the number of each connection that has logged in, its user, and the program that its client says it
	// is. Nil is not called. It is called by many goroutines at a time and must not block.
	LoggedIn func(connection uint32, user, program string)
	// Inside brings connections of this process; nil brings none.
	Inside *Inside
	// Errors maps errors for the client. Nil means sqlcode.Map.
	Errors ErrorMapper
	// Metrics is told what happens.
	Metrics Metrics
}

// Validate returns an error if the options contradict each other.
func (o Options) Validate() error {
	switch {
	case o.RequireTLS && o.TLSConfig == nil:
		return errors.New("wire: RequireTLS without TLSConfig")
	case o.MaxPacketBytes < 0, o.LoginTimeout < 0, o.MaxConnections < 0, o.MaxPrepared < 0:
		return errors.New("wire: a limit is negative")
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.MaxPacketBytes == 0 {
		o.MaxPacketBytes = DefaultMaxPacketBytes
	}
	if o.LoginTimeout == 0 {
		o.LoginTimeout = DefaultLoginTimeout
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = DefaultMaxConnections
	}
	if o.MaxPrepared == 0 {
		o.MaxPrepared = DefaultMaxPrepared
	}
	if o.LoggedIn == nil {
		o.LoggedIn = func(uint32, string, string) {}
	}
	if o.Errors == nil {
		o.Errors = mapError
	}
	if o.Metrics.Opened == nil {
		o.Metrics.Opened = func() {}
	}
	if o.Metrics.Closed == nil {
		o.Metrics.Closed = func() {}
	}
	if o.Metrics.Login == nil {
		o.Metrics.Login = func(bool) {}
	}
	if o.Metrics.Refused == nil {
		o.Metrics.Refused = func(Reason) {}
	}
	if o.Metrics.Panic == nil {
		o.Metrics.Panic = func(any) {}
	}
	return o
}
