package main

import (
	"context"
	"fmt"

	"redoubt/bench/measure"
	"redoubt/bench/server"
	"redoubt/bench/tpcc"
)

// tpcc measures a workload like TPC-C's.
func (p *plan) tpcc(ctx context.Context, r *measure.Report) error {
	p = p.brief()
	c := tpcc.Config{
		Binary: p.binary("redoubt"), Clients: 8, Warm: pick(p.quick, 1.0, 5.0), Seconds: pick(p.quick, 4.0, 30.0),
		Scale: tpcc.Scale{Warehouses: pick(p.quick, 1, p.warehouses), Customers: pick(p.quick, 300, 3000), Items: pick(p.quick, 10_000, 100_000)},
	}
	r.Title = "A workload like TPC-C's"
	r.How = []string{
		fmt.Sprintf("The five transactions of TPC-C in their standard mix over %d warehouses with %d customers in each district and %d items "+
			"(the standard: 3000 and 100000), by %d clients of go-sql-driver without pauses, with prepared statements, %.0f s after %.0f s that do not "+
			"count; medians of %d rounds. Each round begins with empty directories. It is not an audited TPC-C: compare the two sides, nothing else.",
			c.Scale.Warehouses, c.Scale.Customers, c.Scale.Items, c.Clients, c.Seconds, c.Warm, p.rounds),
		"Transactions run under REPEATABLE READ and are run again from their beginning after 1213 or 1205; any other error would have ended " +
			"the measurement. After each run the standard's consistency conditions 1 to 4 hold, and the orders in the table are those that " +
			"were loaded and acknowledged, or there is no figure. Both servers sync their log before they answer a commit.",
	}
	if v, err := server.MariaDB().Installed(ctx); err == nil {
		r.Versions = append(r.Versions, measure.Version{Name: "mariadb", Version: v})
	}
	var sides []measure.Side
	for _, system := range []string{"redoubt", "mariadb"} {
		sides = append(sides, measure.Side{Name: system, Job: func(dir string) measure.Job {
			own := c
			own.System, own.Dir = system, dir
			return p.job("tpcc", own)
		}})
	}
	s, err := p.compare(ctx, r, sides)
	if err != nil {
		return err
	}
	r.Tables = append(r.Tables,
		measure.Compare("Work done", s, sides, []measure.Column{
			{Figure: "new_orders_per_minute", Title: "new orders/min", Spread: true, Ratio: true},
			{Figure: "per_second", Title: "transactions/s"},
			{Figure: "cpu_us", Title: "CPU µs a transaction", Ratio: true},
			{Figure: "again_1213_percent", Title: "run again for 1213, %"},
			{Figure: "again_1205_percent", Title: "for 1205, %"},
			{Figure: "load_seconds", Title: "loading, s"},
		}),
		measure.Compare("95th percentile, ms", s, sides, []measure.Column{
			{Figure: "new_order_p95_ms", Title: "new order"},
			{Figure: "payment_p95_ms", Title: "payment"},
			{Figure: "order_status_p95_ms", Title: "order status"},
			{Figure: "delivery_p95_ms", Title: "delivery"},
			{Figure: "stock_level_p95_ms", Title: "stock level"},
		}))
	return nil
}
