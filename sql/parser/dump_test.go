package parser

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/sirupsen/logrus"
)

// load gives the statements of a dump to the engine as a client would: it knows DELIMITER and takes no comment lines.
func load(f *fixture, ctx *sql.Context, dump string) {
	f.t.Helper()
	delimiter, statement := ";", ""
	for n, line := range strings.Split(dump, "\n") {
		if word, ok := strings.CutPrefix(line, "DELIMITER "); ok {
			delimiter = strings.TrimSpace(word)
			continue
		}
		if statement == "" && (strings.HasPrefix(line, "--") || strings.TrimSpace(line) == "") {
			continue
		}
		statement += line + "\n"
		if text, ok := strings.CutSuffix(strings.TrimSpace(statement), delimiter); ok {
			if _, _, err := f.run(ctx, text); err != nil {
				f.t.Fatalf("line %d: %v\n%s", n+1, err, text)
			}
			statement = ""
		}
	}
}

func TestDumpOfMariaDB(t *testing.T) {
	logrus.SetLevel(logrus.PanicLevel)
	f := newFixture(t)
	ctx := f.context()
	b, err := os.ReadFile("testdata/dump/mariadb.sql")
	if err != nil {
		t.Fatal(err)
	}
	load(f, ctx, string(b))
	tests := []struct{ query, rows string }{
		{
			"select id, name, flags+0, t, doc, hex(blobby), hex(bin4), txt, u, ip6, ip4, comp from customers order by id limit 1",
			`[[100 Ann O'Hara 3 -12:34:56.789000 {"a":[1,2,{"b":null}]} 0001FF275C22 00FF2700 tämä` + "\n" + `line2 \ back 123e4567-e89b-12d3-a456-426655440000 ::1 10.0.0.1 compressed]]`,
		},
		{"select name, full_name, name_len, concat(balance), dt from customers where id = 101", "[[Боб 😀 Боб 😀 <bob@x.y> 5 0.0000 2026-01-01 00:00:00 +0000 UTC]]"},
		{"select name from customers where id = 102", "[[semi;colon /* c */ # x -- as of scn 5]]"},
		{"select id, n from v1 order by id", "[[100 2] [101 1] [102 0]]"},
		{"select sum(qty*price) from items", "[[69.94]]"},
		{"select count(*) from log", "[[0]]"},
		{"select * from sysv", "[[1 2]]"},
		{"select count(*) from parted", "[[2]]"},
	}
	for _, tt := range tests {
		if got := fmt.Sprint(f.must(ctx, tt.query)); got != tt.rows {
			t.Errorf("%s:\n %s, want\n %s", tt.query, got, tt.rows)
		}
	}
	f.must(ctx, "insert into orders(customer_id, placed) values (102, '2026-05-05')")
	if got := fmt.Sprint(f.must(ctx, "select msg from log")); got != "[[new order 4]]" {
		t.Errorf("the trigger wrote %s", got)
	}
	for _, q := range []string{
		"insert into customers(name, balance) values ('x', -1001)", "insert into orders(customer_id, placed) values (999, '2026-05-05')",
		"insert into customers(name, email) values ('x', 'bob@x.y')",
	} {
		if _, _, err := f.run(ctx, q); err == nil {
			t.Errorf("%s: no error", q)
		}
	}
}

func TestDumpOfMySQL(t *testing.T) {
	logrus.SetLevel(logrus.PanicLevel)
	f := newFixture(t)
	ctx := f.context()
	b, err := os.ReadFile("testdata/dump/mysql.sql")
	if err != nil {
		t.Fatal(err)
	}
	load(f, ctx, string(b))
	tests := []struct{ query, rows string }{
		{"select id, name, doc, hex(blobby), full_name, name_len from customers order by id limit 1", `[[1 Ann O'Hara {"a": [1, 2]} 005C272278 Ann O'Hara <> 10]]`},
		{"select id, name from v where id = 2", "[[2 semi;colon -- /* ]]"},
		{"call p(2)", "[[semi;colon -- /* ]]"},
	}
	for _, tt := range tests {
		if got := fmt.Sprint(f.must(ctx, tt.query)); got != tt.rows {
			t.Errorf("%s:\n %s, want\n %s", tt.query, got, tt.rows)
		}
	}
	f.must(ctx, "insert into customers(name) values ('y')")
	if got := fmt.Sprint(f.must(ctx, "select id, yr from customers where name = 'y'")); got != "[[3 2000]]" {
		t.Errorf("the trigger made %s", got)
	}
}
