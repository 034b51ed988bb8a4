package transfer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/go-sql-driver/mysql"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/txn"
)

// Source is what is copied from. Nobody may change the engine's state meanwhile.
type Source struct {
	Engine *engine.Engine
	View   *txn.Txn // of the SCN that is copied
}

// Name is that of a table or, without Table, of a schema.
type Name struct{ Schema, Table string }

// String is the name as one writes it.
func (n Name) String() string {
	if n.Table == "" {
		return n.Schema
	}
	return n.Schema + "." + n.Table
}

func (n Name) quoted() string { return quoted(n.Schema) + "." + quoted(n.Table) }

// Copied tells of one table.
type Copied struct {
	Name Name
	Rows uint64
	Sum  string // of the rows, in hexadecimal: the same in the source and in the copy
}

// Result tells what was copied, and what could not be made.
type Result struct {
	Tables []Copied
	// Objects are views, triggers, procedures and events.
	Objects int
	Notes   []string
}

// Copier copies from a state to a server.
type Copier struct {
	Source Source
	Conn   *sql.Conn
	// Progress, if it is not nil, hears how many rows of a table are copied, of how many.
	Progress func(table string, rows, of uint64)

	result Result
}

// sessionSettings make rows go in as they are.
var sessionSettings = []string{
	"SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
	"SET SESSION time_zone = '+00:00'",
	"SET SESSION foreign_key_checks = 1",
	"SET NAMES utf8mb4",
}

// exec runs a statement, unless the copy is to stop. One that runs is not broken off: the driver would drop the connection, by which
// what is half made is removed.
func (c *Copier) exec(ctx context.Context, text string, args ...any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := c.Conn.ExecContext(context.WithoutCancel(ctx), text, args...); err != nil {
		return fmt.Errorf("%w, of: %s", err, shortened(text))
	}
	return nil
}

// shortenedBytes is how much of a statement an error shows.
const shortenedBytes = 200

func shortened(text string) string {
	if text = strings.Join(strings.Fields(text), " "); len(text) > shortenedBytes {
		return strings.ToValidUTF8(text[:shortenedBytes], "") + "…"
	}
	return text
}

// note tells something that the user must know.
func (c *Copier) note(format string, args ...any) {
	c.result.Notes = append(c.result.Notes, fmt.Sprintf(format, args...))
}

// exists tells whether the server has a table or a view of a name or, without Table, a schema.
func (c *Copier) exists(ctx context.Context, n Name) (bool, error) {
	query, args := "SELECT COUNT(*) FROM information_schema.schemata WHERE LOWER(schema_name) = ?", []any{strings.ToLower(n.Schema)}
	if n.Table != "" {
		query = "SELECT COUNT(*) FROM information_schema.tables WHERE LOWER(table_schema) = ? AND LOWER(table_name) = ?"
		args = append(args, strings.ToLower(n.Table))
	}
	count := 0
	err := c.Conn.QueryRowContext(context.WithoutCancel(ctx), query, args...).Scan(&count)
	return count > 0, err
}

// hidden gives the name that a copy has until it is complete: the same each time, so that what a crash left is found.
func hidden(as Name) Name {
	h := fnv.New64a()
	_, _ = h.Write([]byte(catalog.Fold(as.String())))
	name := fmt.Sprintf("redoubt_recovering_%016x", h.Sum64())
	if as.Table == "" {
		return Name{Schema: name}
	}
	return Name{as.Schema, name}
}

// Reserve takes the lock that stands for a name, so that no two copies make it at the same time.
func (c *Copier) Reserve(ctx context.Context, as Name) (release func() error, err error) {
	for _, s := range sessionSettings {
		if err := c.exec(ctx, s); err != nil {
			return nil, err
		}
	}
	lock := literal(hidden(as).String())
	if as.Table != "" {
		lock = literal(hidden(as).Table)
	}
	got := sql.NullInt64{}
	if err := c.Conn.QueryRowContext(context.WithoutCancel(ctx), "SELECT GET_LOCK("+lock+", 0)").Scan(&got); err != nil {
		return nil, err
	}
	if got.Int64 != 1 {
		return nil, fmt.Errorf("something else is being recovered as %s just now: wait until it is done", as)
	}
	return func() error { return c.exec(context.WithoutCancel(ctx), "DO RELEASE_LOCK("+lock+")") }, nil
}

// hasNumber tells whether a server refused a statement with an error of that number.
func hasNumber(err error, number uint16) bool {
	var e *mysql.MySQLError
	return errors.As(err, &e) && e.Number == number
}

// missing says that the state does not have something, and what it has instead.
func missing(kind string, n Name, at fmt.Stringer, has []string) error {
	if len(has) == 0 {
		return fmt.Errorf("there was no %s %s at SCN %s, and no other", kind, n, at)
	}
	const shown = 20
	more := ""
	if len(has) > shown {
		has, more = has[:shown], ", …"
	}
	return fmt.Errorf("there was no %s %s at SCN %s; there were %s%s", kind, n, at, strings.Join(has, ", "), more)
}
