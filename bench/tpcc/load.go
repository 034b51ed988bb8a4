package tpcc

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"redoubt/bench/measure"
)

// loadRows is how many rows a statement inserts.
const loadRows = 1000

// loader inserts rows, many a statement.
type loader struct {
	db     *sql.DB
	dice   *dice
	scale  Scale
	table  string
	values []string
}

// load makes and fills the tables of the database that db is connected to.
func load(ctx context.Context, db *sql.DB, scale Scale) error {
	for _, s := range tables {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%.80s: %w", s, err)
		}
	}
	l := &loader{db: db, dice: newDice(0, measure.NewText()), scale: scale}
	if err := l.items(ctx); err != nil {
		return err
	}
	for w := 1; w <= scale.Warehouses; w++ {
		if err := l.warehouse(ctx, w); err != nil {
			return err
		}
	}
	_, err := db.ExecContext(ctx, "ANALYZE TABLE warehouse, district, customer, history, orders, new_orders, item, stock, order_line")
	return err
}

// add puts one row into a table; flush sends what has come together.
func (l *loader) add(ctx context.Context, table, format string, values ...any) error {
	if l.table != table || len(l.values) == loadRows {
		if err := l.flush(ctx); err != nil {
			return err
		}
		l.table = table
	}
	l.values = append(l.values, fmt.Sprintf(format, values...))
	return nil
}

func (l *loader) flush(ctx context.Context) error {
	if len(l.values) == 0 {
		return nil
	}
	_, err := l.db.ExecContext(ctx, "INSERT INTO "+l.table+" VALUES "+strings.Join(l.values, ","))
	if err != nil {
		return fmt.Errorf("fill %s: %w", l.table, err)
	}
	l.values = l.values[:0]
	return nil
}

func (l *loader) items(ctx context.Context) error {
	for i := 1; i <= l.scale.Items; i++ {
		err := l.add(ctx, "item", "(%d,%d,'%s',%s,'%s')", i, l.dice.between(1, 10_000), l.dice.words(14, 24), cents(l.dice.between(100, 10_000)), l.dice.data())
		if err != nil {
			return err
		}
	}
	return l.flush(ctx)
}

// address is street, street, city, state and postcode.
func (l *loader) address() string {
	return fmt.Sprintf("'%s','%s','%s','%s','%04d11111'", l.dice.words(10, 20), l.dice.words(10, 20), l.dice.words(10, 20),
		l.dice.words(2, 2), l.dice.IntN(10_000))
}

// firstPayment is what each customer has paid.
const firstPayment = 1000 // cents

func (l *loader) warehouse(ctx context.Context, w int) error {
	paid := firstPayment * l.scale.Customers // in each district
	err := l.add(ctx, "warehouse", "(%d,'%s',%s,%s,%s)", w, l.dice.words(6, 10), l.address(), l.dice.ratio(2000), cents(districts*paid))
	if err != nil {
		return err
	}
	for i := 1; i <= l.scale.Items; i++ {
		err := l.add(ctx, "stock", "(%d,%d,%d,'%s',0,0,0,'%s')", i, w, l.dice.between(10, 100), l.dice.words(24, 24), l.dice.data())
		if err != nil {
			return err
		}
	}
	for d := 1; d <= districts; d++ {
		err := l.add(ctx, "district", "(%d,%d,'%s',%s,%s,%s,%d)", d, w, l.dice.words(6, 10), l.address(), l.dice.ratio(2000), cents(paid), l.scale.Customers+1)
		if err != nil {
			return err
		}
		for _, fill := range []func(ctx context.Context, w, d int) error{l.customers, l.histories, l.orders} {
			if err := fill(ctx, w, d); err != nil {
				return err
			}
		}
	}
	return l.flush(ctx)
}

func (l *loader) customers(ctx context.Context, w, d int) error {
	for c := 1; c <= l.scale.Customers; c++ {
		last, credit := l.dice.lastName(l.scale), "GC"
		if c <= l.scale.names() {
			last = lastName(c - 1)
		}
		if l.dice.IntN(10) == 0 {
			credit = "BC"
		}
		err := l.add(ctx, "customer", "(%d,%d,%d,'%s','OE','%s',%s,'%s',NOW(),'%s',50000,%s,-10,%s,1,0,'%s')", c, d, w, l.dice.words(8, 16), last, l.address(),
			l.dice.words(16, 16), credit, l.dice.ratio(5000), cents(firstPayment), l.dice.words(300, 500))
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) histories(ctx context.Context, w, d int) error {
	for c := 1; c <= l.scale.Customers; c++ {
		if err := l.add(ctx, "history", "(%d,%d,%d,%d,%d,NOW(),%s,'%s')", c, d, w, d, w, cents(firstPayment), l.dice.words(12, 24)); err != nil {
			return err
		}
	}
	return nil
}

// orders gives each customer one, in random order; the last ones are not delivered.
func (l *loader) orders(ctx context.Context, w, d int) error {
	var lines []string
	n := l.scale.Customers
	var open []string
	for i, customer := range l.dice.Perm(n) {
		o, count, carrier, delivered := i+1, l.dice.between(5, 15), fmt.Sprint(l.dice.between(1, 10)), "NOW()"
		if o > n-l.scale.undelivered() {
			carrier, delivered = "NULL", "NULL"
			open = append(open, fmt.Sprintf("(%d,%d,%d)", o, d, w))
		}
		if err := l.add(ctx, "orders", "(%d,%d,%d,%d,NOW(),%s,%d,1)", o, d, w, customer+1, carrier, count); err != nil {
			return err
		}
		for line := 1; line <= count; line++ {
			lines = append(lines, fmt.Sprintf("(%d,%d,%d,%d,%d,%d,%s,5,%s,'%s')", o, d, w, line, l.dice.between(1, l.scale.Items), w, delivered,
				cents(l.dice.between(1, 999_999)), l.dice.words(24, 24)))
		}
	}
	for table, rows := range map[string][]string{"order_line": lines, "new_orders": open} {
		for _, row := range rows {
			if err := l.add(ctx, table, "%s", row); err != nil {
				return err
			}
		}
	}
	return nil
}
