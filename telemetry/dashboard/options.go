package dashboard

import (
	"context"
	"errors"
	"net"
	"time"

	"redoubt/telemetry"
	"redoubt/telemetry/ash"
)

// ErrLogin is what Database.Login and Account.Check return for somebody who may not see the page.
var ErrLogin = errors.New("wrong user or password, or no SELECT on everything")

// Rows is what a statement gave: texts, or nil for NULL.
type Rows struct {
	Columns []string `json:"columns"`
	Rows    [][]any  `json:"rows"`
}

// Account is a user of the database who may read everything. It is safe for concurrent use.
type Account interface {
	User() (user, host string)
	// Check returns ErrLogin if the user may not read everything any more. secret changes when the password does.
	Check(ctx context.Context) (secret string, err error)
	// Read runs a statement that reads, with the user's privileges.
	Read(ctx context.Context, text string) (*Rows, error)
}

// Database is where users log in. It is safe for concurrent use.
type Database interface {
	Login(ctx context.Context, user, password string, from net.Addr) (Account, error)
	// AccountOf gives the account of a user who has logged in before.
	AccountOf(user, host string) Account
}

// Past turns SCNs into times and back. It is safe for concurrent use.
type Past interface {
	Applied() uint64                               // SCN of the newest commit
	TimeOf(at uint64) (micros int64, err error)    // since 1970
	SCNAt(micros int64) (at uint64, err error)     // of the last commit at or before a time
	Tables(at uint64) (names [][2]string, _ error) // schema and name of each table that there was, those of the system left out
}

// Synced is how often the log was synced, and how long that took, since the start.
type Synced struct {
	Times uint64
	Took  time.Duration
}

// Options of a Server.
type Options struct {
	// Database gives where users log in; nil while the node does not let clients in.
	Database func() Database
	Past     Past
	Slots    *telemetry.Slots
	Sampler  *ash.Sampler // nil: nobody samples, and the page says so
	Others   Others       // nil: there are none, and never will be
	// Names tells whether the certificate of the address is for a host, by its name or address. Nil: the page comes in the clear.
	Names   func(host string) bool
	Node    string // its name
	Version string
	Key     []byte // by which cookies are signed; 32 bytes
}

// Validate says what is missing.
func (o *Options) Validate() error {
	if o.Database == nil || o.Past == nil || o.Slots == nil || len(o.Key) != keyBytes {
		return errors.New("dashboard: Database, Past, Slots and a Key of 32 bytes are needed")
	}
	return nil
}
