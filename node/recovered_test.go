package node

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"redoubt/backup/repository"
	"redoubt/pitr"
	"redoubt/scn"
	"redoubt/sql/transfer"
)

// everyType is a table with columns of all types, and rows at their edges.
var everyType = []string{
	"CREATE TABLE shop.every (id INT PRIMARY KEY AUTO_INCREMENT, ti TINYINT, tu TINYINT UNSIGNED, b BOOL, si SMALLINT, mi MEDIUMINT, i INT DEFAULT 7, bi BIGINT, bu BIGINT UNSIGNED, " +
		"f FLOAT, d DOUBLE DEFAULT 1.5, dec2 DECIMAL(10,2) DEFAULT '0.10', dec30 DECIMAL(65,30), b1 BIT(1), b64 BIT(64) DEFAULT b'101', " +
		"c CHAR(10) DEFAULT 'it''s', v VARCHAR(255), l1 VARCHAR(20) CHARACTER SET latin1, ascii VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin, gen VARCHAR(20) COLLATE utf8mb4_general_ci, " +
		"t TEXT, mt MEDIUMTEXT, bin BINARY(4), vb VARBINARY(8), bl BLOB, lb LONGBLOB, dt DATE DEFAULT '2000-01-01', dtm DATETIME, dt3 DATETIME(3), dt6 DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6), " +
		"ts TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, tm TIME, y YEAR, e ENUM('a','it''s','x,y') DEFAULT 'it''s', s SET('r','w','x') DEFAULT 'r,w', j JSON, p POINT, g GEOMETRY SRID 4326, " +
		"up VARCHAR(255) GENERATED ALWAYS AS (UPPER(v)) STORED, twice BIGINT GENERATED ALWAYS AS (i * 2) VIRTUAL, u BINARY(16) DEFAULT (UUID_TO_BIN('6ccd780c-baba-1026-9564-5b8c656024db')), " +
		"KEY v_part (v(5), i), UNIQUE KEY bi_once (bi) COMMENT 'one; each', CONSTRAINT small CHECK (si < 30000)) COMMENT='every ''type''; \\\\ here' COLLATE utf8mb4_bin",
	"INSERT INTO shop.every (id, ti, tu, b, si, mi, i, bi, bu, f, d, dec2, dec30, b1, b64, c, v, l1, ascii, gen, t, mt, bin, vb, bl, lb, dt, dtm, dt3, dt6, ts, tm, y, e, s, j, p, g) VALUES " +
		"(1, -128, 255, TRUE, -32768, 8388607, -2147483648, 9223372036854775807, 18446744073709551615, -0.25, 1.7976931348623157e308, -12345678.90, " +
		"12345678901234567890123456789012345.123456789012345678901234567890, b'1', b'1111111111111111111111111111111111111111111111111111111111111111', " +
		"'straße', 'it''s \"q\" \\\\ \\n', 'äöü', 'abc', 'Ünïcode', REPEAT('ab', 5000), REPEAT('ü', 4000), x'0102', x'00ff', x'deadbeef', REPEAT(x'00', 70000), " +
		"'1000-01-01', '9999-12-31 23:59:59', '2020-01-01 12:00:00.5', '1960-01-01 00:00:00.000001', '1970-01-01 00:00:01', '-838:59:59', 1901, 'x,y', 'r,x', " +
		"'{\"b\": [1, 2.5, \"x\", null, true, 18446744073709551615], \"a\": {}}', ST_GeomFromText('POINT(1 2)'), ST_GeomFromText('LINESTRING(1 2,3 4)', 4326))",
	"INSERT INTO shop.every (id, v, j, dec2, e, s) VALUES (2, '', '[]', 0, 'a', '')",
	"INSERT INTO shop.every (id, v, i, c, dt, dt6, ts, b64, d, dec2, e, s, u) VALUES (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
	"INSERT INTO shop.every (id, v) VALUES (40, 'after a gap')",
	"UPDATE shop.every SET id = 0 WHERE id = 2",
}

// shopOf makes a schema with what one can have.
var shopOf = append(slices.Clone(everyType),
	"CREATE TABLE shop.customer (id INT PRIMARY KEY, name VARCHAR(20))",
	"CREATE TABLE shop.orders (id INT PRIMARY KEY, customer INT, above INT, seen INT DEFAULT 0, CONSTRAINT of_customer FOREIGN KEY (customer) REFERENCES shop.customer (id) ON DELETE CASCADE, "+
		"CONSTRAINT of_above FOREIGN KEY (above) REFERENCES shop.orders (id))",
	"CREATE TABLE shop.keyless (a INT, b VARCHAR(10))",
	"INSERT INTO shop.customer VALUES (1, 'ann'), (2, 'ben')",
	"INSERT INTO shop.orders VALUES (10, 1, NULL, 0), (11, 2, 10, 0)",
	"INSERT INTO shop.keyless VALUES (1, 'x'), (1, 'x'), (NULL, NULL)",
	"ALTER TABLE shop.customer ADD COLUMN vip BOOL NOT NULL DEFAULT TRUE",
)

// await waits until a query gives a value.
func await(t *testing.T, db *sql.DB, query, want string) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); get(t, db, query) != want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s is %s, want %s", query, get(t, db, query), want)
		}
	}
}

// into recovers something as of an SCN into a node.
func into(t *testing.T, n *Node, repository *repository.Repository, at scn.SCN, of, as transfer.Name) (transfer.Result, error) {
	t.Helper()
	ctx := context.Background()
	conn, err := connect(t, n).Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	s, err := RecoverState(ctx, RecoverOptions{Repository: repository, Target: pitr.Target{SCN: at}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.CopyTo(ctx, &transfer.Copier{Conn: conn}, of, as)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(temp, "*")); len(left) > 0 {
		t.Errorf("%v was left", left)
	}
	return r, err
}

// rowsOf is what a query gives, as a text.
func rowsOf(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	columns, _ := rows.Columns()
	values, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	var out strings.Builder
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			if v.Valid {
				fmt.Fprintf(&out, "%q ", v.String)
			} else {
				out.WriteString("NULL ")
			}
		}
		out.WriteByte('\n')
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func tableOf(t *testing.T, db *sql.DB, name string) string {
	t.Helper()
	var out, definition string
	if err := db.QueryRow("SHOW CREATE TABLE "+name).Scan(&out, &definition); err != nil {
		t.Fatal(err)
	}
	return nextNumber.ReplaceAllString(definition, "")
}

// nextNumber is what AUTO_INCREMENT goes on with: the log has it by the thousand.
var nextNumber = regexp.MustCompile(` AUTO_INCREMENT=\d+`)

// TestRecoverTableInto brings tables of the past into the running node that they come from.
func TestRecoverTableInto(t *testing.T) {
	f, repository := archived(t)
	n := start(t, f)
	t.Cleanup(func() { n.Close() })
	db := connect(t, n)
	run(t, db, append([]string{"CREATE DATABASE shop"}, shopOf...)...)
	at := n.Engine().Applied()
	rows := map[string]string{}
	definitions := map[string]string{}
	tables := []string{"every", "customer", "orders", "keyless"}
	for _, table := range tables {
		rows[table], definitions[table] = rowsOf(t, db, "SELECT * FROM shop."+table), tableOf(t, db, "shop."+table)
	}
	run(t, db, "CREATE TRIGGER shop.counted BEFORE INSERT ON shop.orders FOR EACH ROW SET NEW.seen = 1")
	trigger := n.Engine().Applied()
	run(t, db, "DELETE FROM shop.every", "DELETE FROM shop.orders WHERE id = 11", "DELETE FROM shop.orders", "DELETE FROM shop.customer WHERE id = 2", "TRUNCATE shop.keyless")
	awaitArchived(t, n)
	for _, table := range tables {
		r, err := into(t, n, repository, at, transfer.Name{Schema: "shop", Table: table}, transfer.Name{Schema: "shop", Table: table + "_then"})
		if err != nil {
			t.Fatalf("%s: %v", table, err)
		}
		if got := rowsOf(t, db, "SELECT * FROM shop."+table+"_then"); got != rows[table] {
			t.Errorf("%s has\n%s\nit had\n%s", table, got, rows[table])
		}
		if len(r.Tables) != 1 || r.Tables[0].Name.Table != table+"_then" || r.Tables[0].Rows != uint64(strings.Count(rows[table], "\n")) {
			t.Errorf("%s: %+v", table, r)
		}
		switch definition := strings.ReplaceAll(tableOf(t, db, "shop."+table+"_then"), "`"+table+"_then`", "`"+table+"`"); {
		case table != "orders" && definition != definitions[table]:
			t.Errorf("%s is\n%s\nit was\n%s", table, definition, definitions[table])
		case table == "orders" && (!strings.Contains(definition, "REFERENCES `orders` (`id`)") || strings.Contains(definition, "customer` (`id`)")):
			t.Errorf("%s is\n%s", table, definition)
		}
		if notes := strings.Join(r.Notes, "\n"); table == "orders" && (!strings.Contains(notes, "of_customer of shop.orders_then was not made") || !strings.Contains(notes, "of_above of shop.orders_then has another name")) {
			t.Errorf("%s: notes %s", table, notes)
		}
	}
	run(t, db, "INSERT INTO shop.every_then (v) VALUES ('next')")
	if got := get(t, db, "SELECT id > 40 AND id <= 2000 FROM shop.every_then WHERE v = 'next'"); got != "1" {
		t.Error("AUTO_INCREMENT goes on with a number that was given, or far behind those")
	}
	r, err := into(t, n, repository, trigger, transfer.Name{Schema: "shop", Table: "orders"}, transfer.Name{Schema: "shop", Table: "orders_later"})
	if err != nil || !strings.Contains(strings.Join(r.Notes, "\n"), "triggers of the table were not made: counted") {
		t.Errorf("%v, %v", r, err)
	}
	refusals := map[transfer.Name][2]string{
		{Schema: "shop", Table: "orders"}: {"orders", "choose another name with AS (--as), or go back in it by FLASHBACK TABLE shop.orders"},
		{Schema: "shop", Table: "x"}:      {"nothing", "there was no table shop.nothing at SCN"},
		{Schema: "away", Table: "x"}:      {"orders", "the server has no database away"},
	}
	for as, c := range refusals {
		if _, err := into(t, n, repository, at, transfer.Name{Schema: "shop", Table: c[0]}, as); err == nil || !strings.Contains(err.Error(), c[1]) {
			t.Errorf("as %s: %v, want %s", as, err, c[1])
		}
	}
	if got := rowsOf(t, db, "SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'redoubt\\_rec%'") + rowsOf(t, db, "SHOW RECYCLEBIN"); got != "" {
		t.Errorf("left behind: %s", got)
	}
}

// TestRecoverSchemaInto brings a schema back with all that was in it, under its own name and under another.
func TestRecoverSchemaInto(t *testing.T) {
	f, repository := archived(t)
	n := start(t, f)
	t.Cleanup(func() { n.Close() })
	db := connect(t, n)
	run(t, db, append([]string{"CREATE DATABASE shop COLLATE utf8mb4_general_ci", "CREATE DATABASE other", "CREATE TABLE other.away (id INT PRIMARY KEY)", "INSERT INTO other.away VALUES (1)"}, shopOf...)...)
	run(t, db, "CREATE TABLE shop.far (id INT PRIMARY KEY, away INT, CONSTRAINT to_away FOREIGN KEY (away) REFERENCES other.away (id))", "INSERT INTO shop.far VALUES (1, 1)")
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{
		"USE shop", "CREATE VIEW z_view AS SELECT id, name FROM customer", "CREATE VIEW a_view AS SELECT id FROM z_view", "CREATE VIEW own AS SELECT name FROM shop.customer",
		"CREATE TRIGGER seen BEFORE INSERT ON orders FOR EACH ROW SET NEW.seen = 1", "CREATE TRIGGER twice BEFORE INSERT ON orders FOR EACH ROW FOLLOWS seen SET NEW.seen = NEW.seen * 2",
		"CREATE PROCEDURE names() SELECT name FROM customer ORDER BY id",
	} {
		if _, err := conn.ExecContext(context.Background(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	conn.Close()
	at := n.Engine().Applied()
	before := rowsOf(t, db, "SELECT * FROM shop.every") + rowsOf(t, db, "SELECT * FROM shop.orders")
	awaitArchived(t, n)
	shop := transfer.Name{Schema: "shop"}
	if _, err := into(t, n, repository, at, shop, shop); err == nil || !strings.Contains(err.Error(), "the server has a database shop: choose another name with AS") {
		t.Errorf("into its own name: %v", err)
	}
	check := func(schema string, r transfer.Result, objects int) {
		t.Helper()
		db := connect(t, n)
		db.SetMaxOpenConns(1)
		run(t, db, "USE "+schema)
		if got := rowsOf(t, db, "SELECT * FROM "+schema+".every") + rowsOf(t, db, "SELECT * FROM "+schema+".orders"); got != before {
			t.Errorf("%s has\n%s\nit had\n%s", schema, got, before)
		}
		if len(r.Tables) != 5 || r.Objects != objects {
			t.Errorf("%s: %+v", schema, r)
		}
		run(t, db, "INSERT INTO "+schema+".orders (id, customer) VALUES (12, 1)")
		if got := get(t, db, "SELECT seen FROM "+schema+".orders WHERE id = 12"); got != "2" {
			t.Errorf("%s: the triggers make %s of it", schema, got)
		}
		if got := rowsOf(t, db, "SELECT id FROM "+schema+".a_view") + rowsOf(t, db, "CALL "+schema+".names()"); got != "\"1\" \n\"2\" \n\"ann\" \n\"ben\" \n" {
			t.Errorf("%s: views give %s", schema, got)
		}
		if _, err := db.Exec("DELETE FROM " + schema + ".orders WHERE id = 10"); err == nil {
			t.Errorf("%s: the foreign key within the table is not there", schema)
		}
		run(t, db, "DELETE FROM "+schema+".customer WHERE id = 2")
		if got := get(t, db, "SELECT COUNT(*) FROM "+schema+".orders"); got != "2" {
			t.Errorf("%s: %s orders are left: the foreign key does not cascade", schema, got)
		}
	}
	r, err := into(t, n, repository, at, shop, transfer.Name{Schema: "lab"})
	if err != nil {
		t.Fatal(err)
	}
	check("lab", r, 5)
	if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, "view own was not made: its text names the schema shop") {
		t.Errorf("notes: %s", notes)
	}
	run(t, db, "DROP DATABASE shop PURGE", "DROP DATABASE lab PURGE", "DROP TABLE other.away")
	if r, err = into(t, n, repository, at, shop, shop); err != nil {
		t.Fatal(err)
	}
	check("shop", r, 6)
	if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, "foreign key to_away of shop.far was not made: there is no table other.away") {
		t.Errorf("notes: %s", notes)
	}
	if got := get(t, db, "SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = 'shop'"); got != "utf8mb4_general_ci" {
		t.Errorf("the schema's collation is %s", got)
	}
	if got := rowsOf(t, db, "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'redoubt\\_rec%'"); got != "" {
		t.Errorf("left behind: %s", got)
	}
}
