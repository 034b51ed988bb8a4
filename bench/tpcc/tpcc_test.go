package tpcc

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redoubt/bench/server"
)

// A small run against a node in this process: the conditions hold afterwards, and each of them is broken by what breaks it.
func TestRunAndConditions(t *testing.T) {
	n, err := server.OpenNode(t.Context(), filepath.Join(t.TempDir(), "data"))
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	c := Config{Scale: Scale{Warehouses: 2, Customers: 30, Items: 100}, Clients: 4, Warm: 0.1, Seconds: 1}
	f, err := c.measure(t.Context(), n.Addresses().MySQL, func() (time.Duration, error) { return 0, nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%v", f)
	if f["new_orders_per_minute"] <= 0 || f["per_second"] <= 0 {
		t.Errorf("nothing was done: %v", f)
	}
	db, err := server.Open(n.Addresses().MySQL, "tpcc", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := check(t.Context(), db, c.Scale, 0); err == nil || !strings.Contains(err.Error(), "acknowledged") {
		t.Errorf("orders that nobody acknowledged: %v", err)
	}
	// A second may deliver whatever a district has; here one always has nothing new.
	if _, err := db.ExecContext(t.Context(), "DELETE FROM new_orders WHERE no_w_id = 1 AND no_d_id = 10"); err != nil {
		t.Fatal(err)
	}
	for i, breaks := range []string{
		"UPDATE warehouse SET w_ytd = w_ytd + 0.01 WHERE w_id = 2",
		"UPDATE district SET d_next_o_id = d_next_o_id + 1 WHERE d_w_id = 1 AND d_id = 10",
		"INSERT INTO new_orders (no_w_id, no_d_id, no_o_id) VALUES (1, 3, 0), (1, 3, 2)",
		"DELETE FROM order_line WHERE ol_w_id = 1 AND ol_d_id = 1 AND ol_o_id = 1 AND ol_number = 1",
	} {
		if err := conditions[i].check(t.Context(), db); err != nil {
			t.Errorf("before anything broke it: %v", err)
		}
		if _, err := db.ExecContext(t.Context(), breaks); err != nil {
			t.Fatalf("%s: %v", breaks, err)
		}
		if err := conditions[i].check(t.Context(), db); err == nil {
			t.Errorf("it was not noticed that it no longer holds that %s", conditions[i].what)
		}
	}
}

func TestMix(t *testing.T) {
	shares := 0
	for _, k := range kinds {
		shares += k.share
	}
	if shares != 100 {
		t.Errorf("the shares of the kinds are %d of 100", shares)
	}
	if got := lastName(371); got != "PRICALLYOUGHT" {
		t.Errorf("customer 371 is called %s", got)
	}
	d := newDice(1, nil)
	for range 10_000 {
		if n := d.skewed(1023, 1, 30); n < 1 || n > 30 {
			t.Fatalf("%d is not between 1 and 30", n)
		}
	}
}
