package tpcc

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// line is one of a new order.
type line struct{ item, supplier, quantity int }

// lines draws 5 to 15 of them; one in a hundred is of another warehouse, and one order in a hundred ends with an item
// that there is not.
func (c *client) lines() (lines []line, allLocal bool) {
	allLocal = true
	count := c.dice.between(5, 15)
	for range count {
		l := line{c.dice.item(c.scale), c.home, c.dice.between(1, 10)}
		if c.scale.Warehouses > 1 && c.dice.IntN(100) == 0 {
			l.supplier, allLocal = c.other(), false
		}
		lines = append(lines, l)
	}
	if c.dice.IntN(100) == 0 {
		lines[count-1].item = c.scale.Items + 1
	}
	return lines, allLocal
}

// other is a warehouse that is not its own.
func (c *client) other() int {
	return (c.home+c.dice.IntN(c.scale.Warehouses-1))%c.scale.Warehouses + 1
}

func (c *client) newOrder(ctx context.Context) error {
	d, customer := c.dice.between(1, districts), c.dice.customer(c.scale)
	lines, allLocal := c.lines()
	var order int
	var districtTax, warehouseTax, discount float64
	err := c.row(ctx, []any{&order, &districtTax}, "SELECT d_next_o_id, d_tax FROM district WHERE d_w_id = ? AND d_id = ? FOR UPDATE", c.home, d)
	if err != nil {
		return err
	}
	if err := c.change(ctx, 1, "UPDATE district SET d_next_o_id = d_next_o_id + 1 WHERE d_w_id = ? AND d_id = ?", c.home, d); err != nil {
		return err
	}
	var last, credit string
	err = c.row(ctx, []any{&discount, &last, &credit, &warehouseTax},
		"SELECT c_discount, c_last, c_credit, w_tax FROM customer, warehouse WHERE w_id = ? AND c_w_id = w_id AND c_d_id = ? AND c_id = ?", c.home, d, customer)
	if err != nil {
		return err
	}
	err = c.change(ctx, 1, "INSERT INTO orders (o_id, o_d_id, o_w_id, o_c_id, o_entry_d, o_ol_cnt, o_all_local) VALUES (?, ?, ?, ?, NOW(), ?, ?)",
		order, d, c.home, customer, len(lines), allLocal)
	if err != nil {
		return err
	}
	if err := c.change(ctx, 1, "INSERT INTO new_orders (no_o_id, no_d_id, no_w_id) VALUES (?, ?, ?)", order, d, c.home); err != nil {
		return err
	}
	for i, l := range lines {
		if err := c.orderLine(ctx, order, d, i+1, l); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) orderLine(ctx context.Context, order, district, number int, l line) error {
	var price float64
	var name, data, dist string
	err := c.row(ctx, []any{&price, &name, &data}, "SELECT i_price, i_name, i_data FROM item WHERE i_id = ?", l.item)
	if errors.Is(err, sql.ErrNoRows) && l.item > c.scale.Items {
		return errUnused
	}
	if err != nil {
		return err
	}
	var quantity int
	err = c.row(ctx, []any{&quantity, &dist, &data}, "SELECT s_quantity, s_dist, s_data FROM stock WHERE s_w_id = ? AND s_i_id = ? FOR UPDATE", l.supplier, l.item)
	if err != nil {
		return err
	}
	if quantity -= l.quantity; quantity < 10 {
		quantity += 91
	}
	remote := 0
	if l.supplier != c.home {
		remote = 1
	}
	err = c.change(ctx, 1, "UPDATE stock SET s_quantity = ?, s_ytd = s_ytd + ?, s_order_cnt = s_order_cnt + 1, s_remote_cnt = s_remote_cnt + ? "+
		"WHERE s_w_id = ? AND s_i_id = ?", quantity, l.quantity, remote, l.supplier, l.item)
	if err != nil {
		return err
	}
	return c.change(ctx, 1, "INSERT INTO order_line (ol_o_id, ol_d_id, ol_w_id, ol_number, ol_i_id, ol_supply_w_id, ol_quantity, ol_amount, ol_dist_info) "+
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", order, district, c.home, number, l.item, l.supplier, l.quantity,
		fmt.Sprintf("%.2f", price*float64(l.quantity)), dist)
}

func (c *client) payment(ctx context.Context) error {
	d, amount := c.dice.between(1, districts), cents(c.dice.between(100, 500_000))
	w, cd := c.home, d // of the customer, who is of another warehouse in 15 of 100
	if c.scale.Warehouses > 1 && c.dice.IntN(100) < 15 {
		w, cd = c.other(), c.dice.between(1, districts)
	}
	var warehouse, district string
	if err := c.change(ctx, 1, "UPDATE warehouse SET w_ytd = w_ytd + ? WHERE w_id = ?", amount, c.home); err != nil {
		return err
	}
	if err := c.row(ctx, []any{&warehouse}, "SELECT w_name FROM warehouse WHERE w_id = ?", c.home); err != nil {
		return err
	}
	if err := c.change(ctx, 1, "UPDATE district SET d_ytd = d_ytd + ? WHERE d_w_id = ? AND d_id = ?", amount, c.home, d); err != nil {
		return err
	}
	if err := c.row(ctx, []any{&district}, "SELECT d_name FROM district WHERE d_w_id = ? AND d_id = ?", c.home, d); err != nil {
		return err
	}
	customer, err := c.find(ctx, w, cd)
	if err != nil {
		return err
	}
	var credit, data string
	err = c.row(ctx, []any{&credit, &data}, "SELECT c_credit, c_data FROM customer WHERE c_w_id = ? AND c_d_id = ? AND c_id = ? FOR UPDATE", w, cd, customer)
	if err != nil {
		return err
	}
	if credit == "BC" {
		data = fmt.Sprintf("%d %d %d %d %d %s|%s", customer, cd, w, d, c.home, amount, data)
		data = data[:min(len(data), 500)]
	}
	err = c.change(ctx, 1, "UPDATE customer SET c_balance = c_balance - ?, c_ytd_payment = c_ytd_payment + ?, c_payment_cnt = c_payment_cnt + 1, c_data = ? "+
		"WHERE c_w_id = ? AND c_d_id = ? AND c_id = ?", amount, amount, data, w, cd, customer)
	if err != nil {
		return err
	}
	return c.change(ctx, 1, "INSERT INTO history (h_c_id, h_c_d_id, h_c_w_id, h_d_id, h_w_id, h_date, h_amount, h_data) VALUES (?, ?, ?, ?, ?, NOW(), ?, ?)",
		customer, cd, w, d, c.home, amount, warehouse+"    "+district)
}

// find chooses a customer: six times in ten by last name, the one in the middle of those who have it.
func (c *client) find(ctx context.Context, w, d int) (int, error) {
	if c.dice.IntN(10) >= 6 {
		return c.dice.customer(c.scale), nil
	}
	name := c.dice.lastName(c.scale)
	found, err := c.column(ctx, "SELECT c_id, c_first FROM customer WHERE c_w_id = ? AND c_d_id = ? AND c_last = ? ORDER BY c_first", w, d, name)
	if err != nil {
		return 0, err
	}
	if len(found) == 0 {
		return 0, fmt.Errorf("no customer of warehouse %d, district %d is called %s", w, d, name)
	}
	return found[(len(found)-1)/2], nil
}

func (c *client) orderStatus(ctx context.Context) error {
	d := c.dice.between(1, districts)
	customer, err := c.find(ctx, c.home, d)
	if err != nil {
		return err
	}
	var balance, first, middle, last string
	err = c.row(ctx, []any{&balance, &first, &middle, &last},
		"SELECT c_balance, c_first, c_middle, c_last FROM customer WHERE c_w_id = ? AND c_d_id = ? AND c_id = ?", c.home, d, customer)
	if err != nil {
		return err
	}
	var order, count int
	var carrier sql.NullInt64
	var entered string
	err = c.row(ctx, []any{&order, &carrier, &entered, &count}, "SELECT o_id, o_carrier_id, o_entry_d, o_ol_cnt FROM orders "+
		"WHERE o_w_id = ? AND o_d_id = ? AND o_c_id = ? ORDER BY o_id DESC LIMIT 1", c.home, d, customer)
	if err != nil {
		return err
	}
	lines, err := c.column(ctx, "SELECT ol_i_id, ol_supply_w_id, ol_quantity, ol_amount, ol_delivery_d FROM order_line "+
		"WHERE ol_w_id = ? AND ol_d_id = ? AND ol_o_id = ?", c.home, d, order)
	if err == nil && len(lines) != count {
		err = fmt.Errorf("order %d of district %d of warehouse %d has %d lines, and says %d", order, d, c.home, len(lines), count)
	}
	return err
}

func (c *client) delivery(ctx context.Context) error {
	carrier := c.dice.between(1, 10)
	for d := 1; d <= districts; d++ {
		if err := c.deliver(ctx, d, carrier); err != nil {
			return err
		}
	}
	return nil
}

// deliver the oldest new order of a district, if there is one.
func (c *client) deliver(ctx context.Context, d, carrier int) error {
	var order, customer, count int
	var amount string
	err := c.row(ctx, []any{&order}, "SELECT no_o_id FROM new_orders WHERE no_w_id = ? AND no_d_id = ? ORDER BY no_o_id LIMIT 1 FOR UPDATE", c.home, d)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := c.change(ctx, 1, "DELETE FROM new_orders WHERE no_w_id = ? AND no_d_id = ? AND no_o_id = ?", c.home, d, order); err != nil {
		return err
	}
	err = c.row(ctx, []any{&customer, &count}, "SELECT o_c_id, o_ol_cnt FROM orders WHERE o_w_id = ? AND o_d_id = ? AND o_id = ?", c.home, d, order)
	if err != nil {
		return err
	}
	err = c.change(ctx, 1, "UPDATE orders SET o_carrier_id = ? WHERE o_w_id = ? AND o_d_id = ? AND o_id = ?", carrier, c.home, d, order)
	if err != nil {
		return err
	}
	err = c.change(ctx, count, "UPDATE order_line SET ol_delivery_d = NOW() WHERE ol_w_id = ? AND ol_d_id = ? AND ol_o_id = ?", c.home, d, order)
	if err != nil {
		return err
	}
	err = c.row(ctx, []any{&amount}, "SELECT SUM(ol_amount) FROM order_line WHERE ol_w_id = ? AND ol_d_id = ? AND ol_o_id = ?", c.home, d, order)
	if err != nil {
		return err
	}
	return c.change(ctx, 1, "UPDATE customer SET c_balance = c_balance + ?, c_delivery_cnt = c_delivery_cnt + 1 WHERE c_w_id = ? AND c_d_id = ? AND c_id = ?",
		amount, c.home, d, customer)
}

func (c *client) stockLevel(ctx context.Context) error {
	d, level := c.dice.between(1, districts), c.dice.between(10, 20)
	var next, low int
	if err := c.row(ctx, []any{&next}, "SELECT d_next_o_id FROM district WHERE d_w_id = ? AND d_id = ?", c.home, d); err != nil {
		return err
	}
	return c.row(ctx, []any{&low}, "SELECT COUNT(DISTINCT s_i_id) FROM order_line, stock WHERE ol_w_id = ? AND ol_d_id = ? AND ol_o_id < ? AND ol_o_id >= ? "+
		"AND s_w_id = ? AND s_i_id = ol_i_id AND s_quantity < ?", c.home, d, next, next-20, c.home, level)
}
