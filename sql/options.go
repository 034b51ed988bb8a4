package sql

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/rs/zerolog"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/sql/datatype"
	"redoubt/sql/vview"
	"redoubt/sql/wire"
	"redoubt/telemetry"
)

// Collator gives the sort order of text, by which the engine makes its keys. It is the same for ever.
func Collator() catalog.Collator { return datatype.Collations{} }

// Parameter is a setting, as V$PARAMETER shows it.
type Parameter = vview.Parameter

// Identity is what V$DATABASE says of the database and its node.
type Identity = vview.Identity

// Options of a Server.
type Options struct {
	Engine *engine.Engine // open, and connected to the log
	Addr   string         // HOST:PORT; port 0 takes a free one

	TLS            *tls.Config   // nil offers none
	RequireTLS     bool          // refuse clients without TLS
	MaxConnections int           // default 1000
	MaxPacketBytes int           // default 64 MiB
	LoginTimeout   time.Duration // default 10 s

	// TransactionBytesMax is what one transaction may change, in bytes of rows in memory; 0 is the engine's default.
	TransactionBytesMax int64
	// StatementBytesMax is what one statement may hold of its rows in memory, to sort, to group or to join; 0 is 256 MiB.
	StatementBytesMax int64
	// StatisticsEvery is how often tables are looked for whose statistics are out of date; 0 never.
	StatisticsEvery time.Duration
	// RootPassword is given to root if it has no password yet.
	RootPassword string
	// FileDir is the only directory that LOAD DATA INFILE and SELECT … INTO OUTFILE may use on the server; empty
	// allows none. LOAD DATA LOCAL is not concerned.
	FileDir string

	Identity   Identity                                 // for V$DATABASE and VERSION()
	Parameters func() []Parameter                       // for V$PARAMETER; may be nil
	Health     func(context.Context) []telemetry.Result // for V$HEALTH; may be nil
	Logger     zerolog.Logger
	Metrics    *metrics.Set // gets redoubt_sql_…; may be nil
}

// Validate tells what is wrong with the options.
func (o *Options) Validate() error {
	if o.Engine == nil {
		return errors.New("sql: options without an engine")
	}
	if _, _, err := net.SplitHostPort(o.Addr); err != nil {
		return errors.New("sql: the address is not HOST:PORT: " + o.Addr)
	}
	if o.RequireTLS && o.TLS == nil {
		return errors.New("sql: TLS is required but there is no certificate")
	}
	return nil
}

func (o *Options) wire() wire.Options {
	return wire.Options{
		TLSConfig: o.TLS, RequireTLS: o.RequireTLS, MaxPacketBytes: o.MaxPacketBytes,
		LoginTimeout: o.LoginTimeout, MaxConnections: o.MaxConnections,
	}
}

// isLoopback tells whether only this machine can reach the address.
func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
