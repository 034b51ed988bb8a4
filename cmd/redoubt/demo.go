package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	_ "github.com/go-sql-driver/mysql" // the demo is a client like any other
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"redoubt/internal/freeport"
	"redoubt/node"
)

func demoCommand() *cobra.Command {
	quick, cluster := false, false
	c := &cobra.Command{
		Use:   "demo",
		Short: "Break a shop's data and get it back, step by step",
		Long: "Start a database in a temporary directory, make a shop with 100,000 rows, break it in four ways and take each of\n" +
			"them back, then lose the machine and come back, each step with its SQL and its time. Nothing is installed. With --quick the shop has 10,000 rows.\n" +
			"With --cluster it is another one: three nodes, of which the one that leads is killed under load.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			orders := 98_990
			if quick {
				orders = 8_990
			}
			ctx, stop := untilStopped(c.Context())
			defer stop()
			if cluster {
				return demoCluster(ctx, c.OutOrStdout(), c.ErrOrStderr())
			}
			return demo(ctx, c.OutOrStdout(), c.ErrOrStderr(), orders)
		},
	}
	c.Flags().BoolVar(&quick, "quick", false, "a smaller shop")
	c.Flags().BoolVar(&cluster, "cluster", false, "three nodes, one of which is killed")
	c.MarkFlagsMutuallyExclusive("quick", "cluster")
	return c
}

// Rows of the shop beside its orders.
const (
	demoCustomers = 1_000
	demoProducts  = 10
)

// demonstration is a running demo.
type demonstration struct {
	ctx     context.Context
	out     io.Writer
	db      *sql.Conn
	revenue string // of the whole shop
	err     error  // the first; steps after it do nothing
}

func demo(ctx context.Context, out, errs io.Writer, orders int) error {
	dir, err := os.MkdirTemp("", "redoubt-demo-")
	if err != nil {
		return fmt.Errorf("make a directory for the demo: %w", err)
	}
	if err := runDemo(ctx, out, errs, placesIn(dir), orders); err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	fmt.Fprintf(out, `
The database is in %[2]s, its past included. To go on with it:

  redoubt serve --data %[2]s
  redoubt sql -e "SELECT * FROM shop.product"        or any MySQL client: mysql -h 127.0.0.1 -P 3307 -u root

From a source tree, say "go run ./cmd/redoubt" for redoubt. To be rid of it: rm -r %[1]s
`, dir, placesIn(dir).again)
	return nil
}

func startDemoNode(ctx context.Context, dir, archive string, errs io.Writer) (*node.Node, error) {
	flags := map[string]string{"data": dir, "log-level": "warn", "archive": archive, "archive-every": "1s"}
	for _, name := range []string{"mysql", "http", "raft"} {
		address, err := freeport.Address()
		if err != nil {
			return nil, err
		}
		flags[name] = address
	}
	config, err := node.Load("", flags)
	if err != nil {
		return nil, err
	}
	logger, err := newLogger(config.LogLevel, errs)
	if err != nil {
		return nil, err
	}
	return node.Open(ctx, config, logger)
}

func runDemo(ctx context.Context, out, errs io.Writer, places demoPlaces, orders int) error {
	n, err := startDemoNode(ctx, places.data, places.address(), errs)
	if err != nil {
		return err
	}
	var mistake time.Time
	revenue := ""
	fmt.Fprintf(out, "Redoubt: a SQL database that keeps its past. This demo runs on %s.\n", n.Addresses().MySQL)
	err = withDemo(ctx, out, n, func(d *demonstration) {
		d.makeShop(orders)
		d.wrongUpdate()
		d.droppedTable()
		d.badMigration()
		d.badHour()
		d.undo()
		mistake = d.lostMachine()
		revenue = d.revenue
	})
	if err := errors.Join(err, n.Close()); err != nil {
		return err
	}
	return comeBack(ctx, out, errs, places, mistake, revenue)
}

// withDemo runs steps as a client of a node.
func withDemo(ctx context.Context, out io.Writer, n *node.Node, steps func(*demonstration)) error {
	pool, err := sql.Open("mysql", "root@tcp("+n.Addresses().MySQL+")/?parseTime=true")
	if err != nil {
		return err
	}
	defer pool.Close()
	db, err := pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect to the demo's database: %w", err)
	}
	defer db.Close()
	d := &demonstration{ctx: ctx, out: out, db: db}
	steps(d)
	return d.err
}

func (d *demonstration) title(format string, args ...any) {
	fmt.Fprintf(d.out, "\n== %s\n", fmt.Sprintf(format, args...))
}

func (d *demonstration) section(text string) { fmt.Fprintf(d.out, "-- %s\n", text) }

func round(t time.Duration) time.Duration {
	if t > time.Second {
		return t.Round(10 * time.Millisecond)
	}
	return t.Round(100 * time.Microsecond)
}

// exec runs a statement and says nothing.
func (d *demonstration) exec(statement string) sql.Result {
	if d.err != nil {
		return nil
	}
	result, err := d.db.ExecContext(d.ctx, statement)
	if err != nil {
		d.err = fmt.Errorf("%.200s: %w", statement, err)
	}
	return result
}

// do runs a statement that has no rows to show.
func (d *demonstration) do(statement string) {
	start := time.Now()
	result := d.exec(statement)
	if d.err != nil {
		return
	}
	n, err := result.RowsAffected()
	fmt.Fprintf(d.out, "  redoubt> %s;\n  ok, %d rows, %s\n", statement, n, round(time.Since(start)))
	d.err = err
}

// expectError runs a query that must fail.
func (d *demonstration) expectError(query string) {
	if d.err != nil {
		return
	}
	var n int
	err := d.db.QueryRowContext(d.ctx, query).Scan(&n)
	if err == nil {
		d.err = fmt.Errorf("%s: it should have failed", query)
		return
	}
	fmt.Fprintf(d.out, "  redoubt> %s;\n  %v\n", query, err)
}

// back runs a statement that answers one row, and shows that as a list.
func (d *demonstration) back(statement string) {
	if d.err != nil {
		return
	}
	start := time.Now()
	names, cells, err := d.row(statement)
	if err != nil {
		d.err = fmt.Errorf("%s: %w", statement, err)
		return
	}
	took := time.Since(start)
	fmt.Fprintf(d.out, "  redoubt> %s;\n", statement)
	for i, name := range names {
		if cells[i].Valid {
			fmt.Fprintf(d.out, "  %24s  %s\n", name, cells[i].String)
		}
	}
	fmt.Fprintf(d.out, "  done in %s\n", round(took))
}

// row reads the only row of a result.
func (d *demonstration) row(query string) (names []string, cells []sql.NullString, err error) {
	rows, err := d.db.QueryContext(d.ctx, query)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	if names, err = rows.Columns(); err != nil {
		return nil, nil, err
	}
	cells = make([]sql.NullString, len(names))
	places := make([]any, len(names))
	for i := range cells {
		places[i] = &cells[i]
	}
	if !rows.Next() {
		return nil, nil, errors.Join(errors.New("it answered nothing"), rows.Err())
	}
	return names, cells, rows.Scan(places...)
}

// remember reads the newest SCN.
func (d *demonstration) remember() (scn uint64) {
	if d.err == nil {
		d.err = d.db.QueryRowContext(d.ctx, "SELECT current_scn()").Scan(&scn)
	}
	return scn
}

// expect fails the demo if a query does not give a value: what it shows must be true.
func (d *demonstration) expect(query, want string) {
	if d.err != nil {
		return
	}
	var got sql.NullString
	if err := d.db.QueryRowContext(d.ctx, query).Scan(&got); err != nil {
		d.err = fmt.Errorf("%s: %w", query, err)
	} else if got.String != want {
		d.err = fmt.Errorf("%s gives %s, not %s", query, got.String, want)
	}
}

// ask runs a query and shows its rows.
func (d *demonstration) ask(query string) {
	if d.err != nil {
		return
	}
	start := time.Now()
	shown, err := d.query(query)
	if err != nil {
		d.err = fmt.Errorf("%s: %w", query, err)
		return
	}
	took := time.Since(start)
	fmt.Fprintf(d.out, "  redoubt> %s;\n", query)
	for line := range strings.Lines(shown.Render() + "\n") {
		fmt.Fprintf(d.out, "  %s", line)
	}
	fmt.Fprintf(d.out, "  %d rows, %s\n", shown.Length(), round(took))
}

func (d *demonstration) query(query string) (table.Writer, error) {
	rows, err := d.db.QueryContext(d.ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	shown := table.NewWriter()
	shown.SetStyle(table.StyleLight)
	shown.Style().Format.Header = text.FormatDefault
	head := make(table.Row, len(names))
	for i, name := range names {
		head[i] = name
	}
	shown.AppendHeader(head)
	cells, places := make([]sql.NullString, len(names)), make([]any, len(names))
	for i := range cells {
		places[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return nil, err
		}
		line := make(table.Row, len(names))
		for i, c := range cells {
			if line[i] = c.String; !c.Valid {
				line[i] = "NULL"
			}
		}
		shown.AppendRow(line)
	}
	return shown, rows.Err()
}
