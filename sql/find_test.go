package sql

import (
	"fmt"
	"strings"
	"testing"
)

func TestFindSCN(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE orders (id INT PRIMARY KEY, total INT, note VARCHAR(9))")
	first := r.scn()
	for i := range 40 {
		r.exec(fmt.Sprintf("INSERT INTO orders VALUES (%d, %d, 'n')", i, i))
	}
	r.exec("CREATE RESTORE POINT fine", "CREATE USER bob IDENTIFIED BY 'x'")
	r.exec("UPDATE orders SET total = -total WHERE id = 20")
	broken := r.scn()
	for i := range 25 {
		r.exec(fmt.Sprintf("UPDATE orders SET total = total + 1 WHERE id = %d", 30+i%5))
	}
	last := r.scn()
	find := func(want uint64, statement string, args ...any) {
		t.Helper()
		rows := r.rows(statement, args...)
		if len(rows) != 1 || !strings.HasPrefix(rows[0], fmt.Sprintf("%d|", want)) {
			t.Fatalf("%s: %v, want SCN %d", statement, rows, want)
		}
	}
	check := func() {
		t.Helper()
		negative := "(SELECT count(*) FROM orders WHERE total < 0) > 0"
		find(broken, "FIND SCN WHERE "+negative+" BETWEEN MINVALUE AND MAXVALUE")
		find(broken, "FIND SCN WHERE "+negative+fmt.Sprintf(" FIRST TRUE BETWEEN SCN %d AND SCN %d", first, last))
		find(broken, fmt.Sprintf("FIND SCN WHERE %s BETWEEN %d AND %d", negative, broken-1, broken))
		find(broken, fmt.Sprintf("FIND SCN WHERE %s BETWEEN %d AND %d", negative, broken, last))
		find(last, fmt.Sprintf("FIND SCN WHERE %s BETWEEN %d AND %d", negative, last, last))
		find(broken, "FIND SCN WHERE EXISTS (SELECT 1 FROM test.orders WHERE total BETWEEN -99 AND -1) BETWEEN RESTORE POINT fine AND MAXVALUE")
		find(broken, fmt.Sprintf("FIND SCN WHERE %s BETWEEN 'fine' AND TIMESTAMP SCN_TO_TIMESTAMP(%d)", negative, last))
		find(first+11, "FIND SCN WHERE (SELECT count(*) FROM orders) BETWEEN 11 AND 900 FIRST TRUE BETWEEN MINVALUE AND MAXVALUE")
		find(first+8, "FIND SCN WHERE (SELECT count(*) FROM orders) >= ? AND ? = 'x' BETWEEN ? AND SCN ?", 8, "x", first, last)
		// Before there was a table the predicate is not true.
		find(first, "FIND SCN WHERE (SELECT count(*) FROM orders) >= 0 BETWEEN SCN 0 AND MAXVALUE")
		want := r.rows(fmt.Sprintf("SELECT %d, SCN_TO_TIMESTAMP(%d), versions_xid, versions_user FROM orders VERSIONS BETWEEN SCN %d AND %d WHERE versions_startscn = %d", broken, broken, broken, broken, broken))
		got := r.rows("FIND SCN WHERE " + negative + " BETWEEN MINVALUE AND MAXVALUE")
		if len(want) != 1 || !strings.HasPrefix(got[0], want[0]+"|") || !strings.Contains(got[0], "|root|") {
			t.Fatalf("%v, want %v", got, want)
		}
	}
	check()
	r.restart()
	check()
	c := on{r.connection(), t}
	c.exec("SET @n = 30, time_zone = '+05:00'")
	c.want("FIND SCN WHERE (SELECT count(*) FROM orders) > @n BETWEEN MINVALUE AND MAXVALUE", r.rows("SELECT "+fmt.Sprint(first+31)+", SCN_TO_TIMESTAMP("+fmt.Sprint(first+31)+") + INTERVAL 5 HOUR - INTERVAL TIMESTAMPDIFF(HOUR, UTC_TIMESTAMP(), NOW()) HOUR, versions_xid, 'root', 9 FROM orders VERSIONS BETWEEN SCN MINVALUE AND MAXVALUE WHERE id = 30 AND versions_operation = 'I'")...)
	c.exec("BEGIN", "INSERT INTO orders VALUES (1000, -1, '')")
	find(broken, "FIND SCN WHERE (SELECT min(total) FROM orders) < 0 BETWEEN MINVALUE AND MAXVALUE")
	c.want("SELECT count(*) FROM orders", "41") // the transaction is as it was
	c.exec("ROLLBACK")
	r.fails(1105, "FIND SCN WHERE (SELECT count(*) FROM orders) > 900 BETWEEN MINVALUE AND MAXVALUE")
	r.fails(1525, "FIND SCN WHERE (SELECT count(*) FROM orders) > 0 BETWEEN 5 AND 999999")
	r.fails(1525, "FIND SCN WHERE (SELECT count(*) FROM orders) > 0 BETWEEN 5 AND 4")
	r.fails(1525, "FIND SCN WHERE (SELECT min(note) FROM orders) BETWEEN MINVALUE AND MAXVALUE")
	r.fails(1525, "FIND SCN WHERE 1), (2 BETWEEN MINVALUE AND MAXVALUE")
	r.fails(1105, "FIND SCN WHERE NULL BETWEEN MINVALUE AND MAXVALUE")
	r.fails(1105, "FIND SCN WHERE 1 BETWEEN 'nowhere' AND MAXVALUE")
	r.fails(1064, "FIND SCN WHERE BETWEEN 1 AND 2")
	r.fails(1064, "FIND SCN WHERE 1 = 1")
	r.fails(1064, "FIND SCN WHERE 1 = 1 BETWEEN 1 AND 2 OR 3")
	r.fails(1064, "FIND SCN WHERE 1 = ) BETWEEN 1 AND 2")
	r.fails(1146, "FIND SCN WHERE (SELECT count(*) FROM nowhere) > 0 BETWEEN MINVALUE AND MAXVALUE")
	bob := r.connectAs("bob:x", "")
	defer bob.Close()
	if _, err := queryRows(bob, "FIND SCN WHERE (SELECT count(*) FROM test.orders) > 0 BETWEEN MINVALUE AND MAXVALUE"); err == nil || !strings.Contains(err.Error(), "denied") {
		t.Fatalf("without a privilege: %v", err)
	}
	r.exec("GRANT SELECT ON test.orders TO bob")
	if rows, err := queryRows(bob, "FIND SCN WHERE (SELECT count(*) FROM test.orders) > 0 BETWEEN MINVALUE AND MAXVALUE"); err != nil || !strings.HasPrefix(rows[0], fmt.Sprintf("%d|", first+1)) {
		t.Fatalf("with it: %v, %v", rows, err)
	}
	r.exec("ALTER TABLE orders ADD COLUMN flag INT", "UPDATE orders SET flag = 1 WHERE id = 1")
	find(r.scn(), "FIND SCN WHERE (SELECT max(flag) FROM orders) = 1 BETWEEN MINVALUE AND MAXVALUE") // before, there was no such column
	r.exec("DROP TABLE orders")
	r.fails(1146, "FIND SCN WHERE (SELECT count(*) FROM orders) > 0 BETWEEN MINVALUE AND MAXVALUE")
	find(first+1, fmt.Sprintf("FIND SCN WHERE (SELECT count(*) FROM orders) > 0 BETWEEN MINVALUE AND SCN %d", last))
}
