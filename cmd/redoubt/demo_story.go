package main

import (
	"fmt"
	"strings"
	"time"
)

const revenue = "SELECT count(*) AS orders, sum(quantity * price) AS revenue FROM orders"

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
	d.ask(revenue)
	if d.err == nil {
		var orders int
		d.err = d.db.QueryRowContext(d.ctx, revenue).Scan(&orders, &d.revenue)
	}
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

// checkRevenue fails the demo if the shop does not have what it had.
func (d *demonstration) checkRevenue() {
	d.ask(revenue)
	d.expect("SELECT sum(quantity * price) FROM orders", d.revenue)
}

func (d *demonstration) wrongUpdate() {
	d.title("3 a.m.: an UPDATE without its WHERE")
	before := d.remember()
	d.do("UPDATE orders SET price = 0.01")
	d.ask(revenue)
	d.section("The table as it was is still there, and can be joined with what it is")
	d.ask(fmt.Sprintf("%s AS OF SCN %d", revenue, before))
	d.ask(fmt.Sprintf("SELECT o.id, old.price AS was, o.price AS is_now FROM orders o JOIN orders AS OF SCN %d old ON old.id = o.id WHERE o.customer = 8 ORDER BY o.id LIMIT 3", before))
	d.section("When did it go wrong?")
	d.ask(fmt.Sprintf("FIND SCN WHERE (SELECT min(price) FROM orders) < 1 BETWEEN SCN %d AND SCN %d", before-20, d.remember()))
	d.section("What would go back?")
	d.ask(fmt.Sprintf("EXPLAIN FLASHBACK TABLE orders TO SCN %d", before))
	d.section("Back")
	d.back(fmt.Sprintf("FLASHBACK TABLE orders TO SCN %d", before))
	d.checkRevenue()
}

func (d *demonstration) droppedTable() {
	d.title("A table that is gone")
	d.do("DROP TABLE customer")
	d.expectError("SELECT count(*) FROM customer")
	d.ask("SHOW RECYCLEBIN")
	d.back("FLASHBACK TABLE customer TO BEFORE DROP")
	d.ask("SELECT city, count(*) AS customers FROM customer GROUP BY city ORDER BY city")
}

func (d *demonstration) badMigration() {
	d.title("A migration that went wrong: columns and data")
	d.do("CREATE RESTORE POINT before_migration")
	d.do("ALTER TABLE orders ADD COLUMN total DECIMAL(10,2)")
	d.do("UPDATE orders SET total = price WHERE product < 5") // quantity was forgotten, and the other products
	d.do("ALTER TABLE orders DROP COLUMN quantity, DROP COLUMN price")
	d.ask("SELECT count(*) AS orders, sum(total) AS revenue FROM orders")
	d.section("Data, columns and indexes, back to the restore point")
	d.back("FLASHBACK TABLE orders TO RESTORE POINT before_migration")
	d.checkRevenue()
}

func (d *demonstration) badHour() {
	d.title("A whole bad hour, in every table")
	before := d.remember()
	d.do("DELETE FROM orders WHERE customer < 500")
	d.do("UPDATE product SET price = price * 100")
	d.do("TRUNCATE TABLE customer")
	d.do("DROP TABLE product")
	d.do("CREATE TABLE excuse (id INT PRIMARY KEY, text VARCHAR(40))")
	d.do("INSERT INTO excuse VALUES (1, 'it was like that before')")
	d.ask("SHOW TABLES")
	d.section("The whole database back, and nobody is cut off")
	d.back(fmt.Sprintf("FLASHBACK DATABASE TO SCN %d", before))
	d.ask("SHOW TABLES")
	d.checkRevenue()
	d.expect("SELECT count(*) FROM customer", fmt.Sprint(demoCustomers))
}

func (d *demonstration) undo() {
	d.title("And if that was the mistake: the last one undone")
	d.back("UNFLASHBACK DATABASE")
	d.ask("SELECT * FROM excuse")
	d.ask("SELECT incarnation, parent, began_scn, status FROM V$DATABASE_INCARNATION")
	d.back("UNFLASHBACK DATABASE")
	d.checkRevenue()
}
