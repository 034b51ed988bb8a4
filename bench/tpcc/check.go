package tpcc

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// condition is a query that gives a row for everything that is not as it must be.
type condition struct{ what, broken string }

// conditions are 1 to 4 of the standard's chapter 3.3.2.
var conditions = []condition{
	{"a warehouse's payments are those of its districts", `SELECT w_id, w_ytd, s FROM warehouse
		JOIN (SELECT d_w_id, SUM(d_ytd) AS s FROM district GROUP BY d_w_id) d ON d_w_id = w_id WHERE w_ytd <> s`},
	{"a district's next order follows its last, which is its last new one, if it has new ones", `SELECT d_w_id, d_id, d_next_o_id FROM district
		JOIN (SELECT o_w_id, o_d_id, MAX(o_id) AS m FROM orders GROUP BY o_w_id, o_d_id) o ON o_w_id = d_w_id AND o_d_id = d_id
		LEFT JOIN (SELECT no_w_id, no_d_id, MAX(no_o_id) AS n FROM new_orders GROUP BY no_w_id, no_d_id) x ON no_w_id = d_w_id AND no_d_id = d_id
		WHERE d_next_o_id - 1 <> m OR m <> n`},
	{"a district's new orders have no gap", `SELECT no_w_id, no_d_id, COUNT(*) FROM new_orders GROUP BY no_w_id, no_d_id
		HAVING MAX(no_o_id) - MIN(no_o_id) + 1 <> COUNT(*)`},
	{"a district's orders have the lines that they count", `SELECT o_w_id, o_d_id, n FROM
		(SELECT o_w_id, o_d_id, SUM(o_ol_cnt) AS n FROM orders GROUP BY o_w_id, o_d_id) o
		LEFT JOIN (SELECT ol_w_id, ol_d_id, COUNT(*) AS m FROM order_line GROUP BY ol_w_id, ol_d_id) l ON ol_w_id = o_w_id AND ol_d_id = o_d_id
		WHERE n <> COALESCE(m, 0)`},
}

// check tells whether all conditions hold, and whether each new order that was acknowledged is there and no other.
func check(ctx context.Context, db *sql.DB, scale Scale, acknowledged int) error {
	var errs []error
	for _, c := range conditions {
		if err := c.check(ctx, db); err != nil {
			errs = append(errs, err)
		}
	}
	var orders int
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM orders").Scan(&orders); err != nil {
		return errors.Join(append(errs, err)...)
	}
	if loaded := scale.Warehouses * districts * scale.Customers; orders != loaded+acknowledged {
		errs = append(errs, fmt.Errorf("there are %d orders: %d were loaded and %d acknowledged", orders, loaded, acknowledged))
	}
	return errors.Join(errs...)
}

func (c condition) check(ctx context.Context, db *sql.DB) (err error) {
	rows, err := db.QueryContext(ctx, c.broken)
	if err != nil {
		return fmt.Errorf("check that %s: %w", c.what, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if rows.Next() {
		var first, second, third string
		if err := rows.Scan(&first, &second, &third); err != nil {
			return err
		}
		return fmt.Errorf("it does not hold that %s: %s, %s, %s", c.what, first, second, third)
	}
	return rows.Err()
}
