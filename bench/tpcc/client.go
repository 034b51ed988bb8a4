package tpcc

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/go-sql-driver/mysql"

	"redoubt/bench/measure"
)

// kind is one of the five transactions.
type kind struct {
	name  string
	share int // of 100
	run   func(c *client, ctx context.Context) error
}

// kinds is the standard's mix.
var kinds = []kind{
	{"new_order", 45, (*client).newOrder},
	{"payment", 43, (*client).payment},
	{"order_status", 4, (*client).orderStatus},
	{"delivery", 4, (*client).delivery},
	{"stock_level", 4, (*client).stockLevel},
}

// errUnused is how a new order of an item that there is not ends: it is rolled back, as one in a hundred has to be.
var errUnused = errors.New("the item does not exist")

// client runs transactions over one connection.
type client struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt
	dice       *dice
	scale      Scale
	home       int // its warehouse
	tally
}

// tally is what a client has done.
type tally struct {
	newOrders int                        // committed
	took      map[string][]time.Duration // of each kind, with what had to be run again
	again     map[uint16]int             // transactions that were run again, by the error they met
}

func newTally() tally { return tally{took: map[string][]time.Duration{}, again: map[uint16]int{}} }

func newClient(ctx context.Context, db *sql.DB, scale Scale, number int, text measure.Text) (*client, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	c := &client{
		conn: conn, statements: map[string]*sql.Stmt{}, dice: newDice(uint64(number)+1, text), scale: scale,
		home: number%scale.Warehouses + 1, tally: newTally(),
	}
	if _, err := conn.ExecContext(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return c, nil
}

func (c *client) close() error { return c.conn.Close() }

// work runs transactions until a time.
func (c *client) work(ctx context.Context, until time.Time) error {
	for time.Now().Before(until) {
		k := c.choose()
		begin := time.Now()
		err := c.retry(ctx, k)
		if err != nil && !errors.Is(err, errUnused) {
			return fmt.Errorf("%s: %w", k.name, err)
		}
		c.took[k.name] = append(c.took[k.name], time.Since(begin))
		if k.name == "new_order" && err == nil {
			c.newOrders++
		}
	}
	return nil
}

func (c *client) choose() kind {
	n := c.dice.IntN(100)
	for _, k := range kinds {
		if n -= k.share; n < 0 {
			return k
		}
	}
	panic("the shares are not 100 together")
}

// retry runs a transaction again as long as the server asks for that.
func (c *client) retry(ctx context.Context, k kind) error {
	for {
		err := c.transaction(ctx, k)
		var e *mysql.MySQLError
		if !errors.As(err, &e) || e.Number != 1213 && e.Number != 1205 {
			return err
		}
		c.again[e.Number]++
	}
}

func (c *client) transaction(ctx context.Context, k kind) error {
	if _, err := c.conn.ExecContext(ctx, "START TRANSACTION"); err != nil {
		return err
	}
	err := k.run(c, ctx)
	if err == nil {
		_, err = c.conn.ExecContext(ctx, "COMMIT")
	}
	if err == nil {
		return nil
	}
	// After 1213 there is nothing to roll back, and it does no harm.
	if _, e := c.conn.ExecContext(ctx, "ROLLBACK"); e != nil {
		return errors.Join(err, fmt.Errorf("roll back: %w", e))
	}
	return err
}

func (c *client) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := c.statements[query]; ok {
		return s, nil
	}
	s, err := c.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", query, err)
	}
	c.statements[query] = s
	return s, nil
}

// change runs a statement that has to change so many rows.
func (c *client) change(ctx context.Context, rows int, query string, arguments ...any) error {
	s, err := c.prepared(ctx, query)
	if err != nil {
		return err
	}
	result, err := s.ExecContext(ctx, arguments...)
	if err != nil {
		return fmt.Errorf("%s %v: %w", query, arguments, err)
	}
	if n, err := result.RowsAffected(); err != nil || n != int64(rows) {
		return errors.Join(err, fmt.Errorf("%s %v: %d rows, want %d", query, arguments, n, rows))
	}
	return nil
}

// row reads the first row of a query into places; sql.ErrNoRows if there is none.
func (c *client) row(ctx context.Context, places []any, query string, arguments ...any) error {
	s, err := c.prepared(ctx, query)
	if err != nil {
		return err
	}
	if err := s.QueryRowContext(ctx, arguments...).Scan(places...); err != nil {
		return fmt.Errorf("%s %v: %w", query, arguments, err)
	}
	return nil
}

// column reads all rows of a query, of which the first column is a number, and gives these.
func (c *client) column(ctx context.Context, query string, arguments ...any) (out []int, err error) {
	s, err := c.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, arguments...)
	if err != nil {
		return nil, fmt.Errorf("%s %v: %w", query, arguments, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var n int
		places := []any{&n}
		for len(places) < len(columns) {
			places = append(places, new(sql.RawBytes))
		}
		if err := rows.Scan(places...); err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, rows.Err()
}
