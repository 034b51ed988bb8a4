package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	_ "github.com/go-sql-driver/mysql" // the demo is a client like any other
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"redoubt/node"
)

func demoCommand() *cobra.Command {
	quick := false
	c := &cobra.Command{
		Use:   "demo",
		Short: "Break a shop's data and get it back, step by step",
		Long: "Start a database in a temporary directory, make a shop with 100,000 rows, break it, and look at the past, each\n" +
			"step with its SQL and its time. Nothing is installed. With --quick the shop has 10,000 rows.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			orders := 98_990
			if quick {
				orders = 8_990
			}
			ctx, stop := untilStopped(c.Context())
			defer stop()
			return demo(ctx, c.OutOrStdout(), c.ErrOrStderr(), orders)
		},
	}
	c.Flags().BoolVar(&quick, "quick", false, "a smaller shop")
	return c
}

// Rows of the shop beside its orders.
const (
	demoCustomers = 1_000
	demoProducts  = 10
)

// demonstration is a running demo.
type demonstration struct {
	ctx context.Context
	out io.Writer
	db  *sql.Conn
	scn uint64 // remembered before the mistake
	err error  // the first; steps after it do nothing
}

func demo(ctx context.Context, out, errs io.Writer, orders int) error {
	dir, err := os.MkdirTemp("", "redoubt-demo-")
	if err != nil {
		return fmt.Errorf("make a directory for the demo: %w", err)
	}
	n, err := startDemoNode(ctx, dir, errs)
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	err = runDemo(ctx, out, n.Addresses().MySQL, orders)
	if err := errors.Join(err, n.Close()); err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	fmt.Fprintf(out, `
The database is in %[1]s, its past included. To go on with it:

  redoubt serve --data %[1]s
  redoubt sql -e "SELECT * FROM shop.product"        or any MySQL client: mysql -h 127.0.0.1 -P 3307 -u root

From a source tree, say "go run ./cmd/redoubt" for redoubt. To be rid of it: rm -r %[1]s
`, dir)
	return nil
}

func startDemoNode(ctx context.Context, dir string, errs io.Writer) (*node.Node, error) {
	flags := map[string]string{"data": dir, "log-level": "warn"}
	for _, name := range []string{"mysql", "http", "raft"} {
		address, err := freeAddress()
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

// freeAddress finds a port on loopback that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

func runDemo(ctx context.Context, out io.Writer, address string, orders int) error {
	pool, err := sql.Open("mysql", "root@tcp("+address+")/?parseTime=true")
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
	fmt.Fprintf(out, "Redoubt: a SQL database that keeps its past. This demo runs on %s.\n", address)
	d.makeShop(orders)
	d.breakPrices()
	d.lookBack()
	d.dropCustomers()
	return d.err
}

// shopTables is the schema of the shop.
var shopTables = []string{
	"CREATE DATABASE shop",
	"USE shop",
	"CREATE TABLE customer (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, city VARCHAR(30), KEY (city))",
	"CREATE TABLE product (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, price DECIMAL(8,2) NOT NULL)",
	"CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, customer INT NOT NULL, product INT NOT NULL, quantity INT NOT NULL, price DECIMAL(8,2) NOT NULL, KEY (customer))",
}

func (d *demonstration) makeShop(orders int) {
	d.title("A shop of %d rows", orders+demoCustomers+demoProducts)
	start := time.Now()
	for _, statement := range shopTables {
		d.exec(statement)
	}
	cities := []string{"Lisbon", "Porto", "Faro", "Braga"}
	d.fill("customer", demoCustomers, func(i int) string {
		return fmt.Sprintf("(%d,'customer %d','%s')", i, i, cities[i%len(cities)])
	})
	d.fill("product", demoProducts, func(i int) string { return fmt.Sprintf("(%d,'product %d',%d.90)", i, i, 5*i) })
	d.fill("orders", orders, func(i int) string {
		product := i%demoProducts + 1
		return fmt.Sprintf("(%d,%d,%d,%d,%d.90)", i, i%demoCustomers+1, product, i%5+1, 5*product)
	})
	took := time.Since(start)
	if d.err == nil {
		fmt.Fprintf(d.out, "  three tables, written durably in %s: %.0f rows a second\n", round(took), float64(orders)/took.Seconds())
	}
	d.ask("SELECT count(*) AS orders, sum(quantity * price) AS revenue FROM orders")
}

// fill inserts rows 1 to n, a thousand in a statement.
func (d *demonstration) fill(name string, n int, row func(i int) string) {
	const atOnce = 1000
	for first := 1; first <= n; first += atOnce {
		rows := make([]string, 0, atOnce)
		for i := first; i < first+atOnce && i <= n; i++ {
			rows = append(rows, row(i))
		}
		d.exec("INSERT INTO " + name + " VALUES " + strings.Join(rows, ","))
	}
}

func (d *demonstration) breakPrices() {
	d.title("3 a.m.: an UPDATE without its WHERE")
	if d.err == nil {
		d.err = d.db.QueryRowContext(d.ctx, "SELECT current_scn()").Scan(&d.scn)
	}
	d.do("UPDATE orders SET price = 0.01")
	d.ask("SELECT count(*) AS orders, sum(quantity * price) AS revenue FROM orders")
}

func (d *demonstration) lookBack() {
	d.title("Nothing is lost: the table as it was, SCN %d", d.scn)
	d.ask(fmt.Sprintf("SELECT count(*) AS orders, sum(quantity * price) AS revenue FROM orders AS OF SCN %d", d.scn))
	d.ask(fmt.Sprintf("SELECT id, product, quantity, price FROM orders AS OF SCN %d WHERE id = 42", d.scn))
	d.section("Now joined with then")
	d.ask(fmt.Sprintf("SELECT o.id, old.price AS was, o.price AS is_now FROM orders o JOIN orders AS OF SCN %d old ON old.id = o.id WHERE o.customer = 8 ORDER BY o.id LIMIT 5", d.scn))
	d.section("The difference")
	d.ask(fmt.Sprintf("SELECT count(*) AS changed, sum(old.price - o.price) AS missing FROM orders o JOIN orders AS OF SCN %d old ON old.id = o.id WHERE old.price <> o.price", d.scn))
	d.section("And put right again, from the past")
	d.do(fmt.Sprintf("UPDATE orders o JOIN orders AS OF SCN %d old ON old.id = o.id SET o.price = old.price", d.scn))
	d.ask("SELECT sum(quantity * price) AS revenue FROM orders")
}

func (d *demonstration) dropCustomers() {
	d.title("A table that is gone")
	d.do("CREATE RESTORE POINT before_drop")
	d.do("DROP TABLE customer")
	d.expectError("SELECT count(*) FROM customer")
	d.ask("SELECT city, count(*) AS customers FROM customer AS OF 'before_drop' GROUP BY city ORDER BY city")
	d.section("Back from the past")
	d.do("CREATE TABLE customer AS SELECT * FROM customer AS OF 'before_drop'")
	d.ask("SELECT count(*) AS customers FROM customer")
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
