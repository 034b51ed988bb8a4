package parser

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dolthub/go-mysql-server/sql"
	ast "github.com/dolthub/vitess/go/vt/sqlparser"

	"redoubt/sql/sqlcode"
)

// setup makes the tables of the tests below.
func setup(f *fixture) *sql.Context {
	ctx := f.context()
	f.must(ctx, "create table t (id bigint primary key, v varchar(20))")
	f.must(ctx, "create table u (id bigint primary key, w varchar(20))")
	f.must(ctx, "insert into t values (1,'a'),(2,'b')")
	f.must(ctx, "insert into u values (1,'x')")
	f.db.taken()
	return ctx
}

func TestAsOfPoints(t *testing.T) {
	f := newFixture(t)
	ctx := setup(f)
	f.must(ctx, "set time_zone = '+02:00'")
	f.must(ctx, "set @s = 77, @t = '2026-03-04 05:06:07.5'")
	tests := []struct{ query, points string }{
		{"select * from t as of scn 5", "t@SCN:5"},
		{"select * from t as of scn '6'", "t@SCN:6"},
		{"select * from t as of scn 2+3*4 a where a.id=1", "t@SCN:14"},
		{"select * from t as of scn (7)", "t@SCN:7"},
		{"select * from t as of scn @s x, u as of scn @s+1", "t@SCN:77 u@SCN:78"},
		{"select * from t as of scn cast('8' as unsigned)", "t@SCN:8"},
		{"select * from t as of scn 18446744073709551615", "t@SCN:18446744073709551615"},
		{"select * from t as of scn 9 using schema now a natural join u", "t@SCN+SCHEMA_NOW:9"},
		{"select * from t as of timestamp '2026-01-02 03:04:05.678901'", "t@TS:2026-01-02T01:04:05.678901Z"},
		{"select * from t as of timestamp '2026-01-02'", "t@TS:2026-01-01T22:00:00.000000Z"},
		{"select * from t as of timestamp '2026-01-02T03:04:05Z'", "t@TS:2026-01-02T03:04:05.000000Z"},
		{"select * from t as of timestamp '2026-01-02 03:04:05-05:00'", "t@TS:2026-01-02T08:04:05.000000Z"},
		{"select * from t as of timestamp @t", "t@TS:2026-03-04T03:06:07.500000Z"},
		{"select * from t as of timestamp cast('2026-01-02 10:00:00' as datetime) - interval 1 hour", "t@TS:2026-01-02T07:00:00.000000Z"},
		{"select * from t as of '2026-01-02 10:00:00'", "t@TS:2026-01-02T08:00:00.000000Z"},
		{"select * from t as of 'before lunch'", "t@NAME:before lunch"},
		{"select * from t as of 'a:b+c'", "t@NAME:a:b+c"},
		{"select * from t as of restore point p1 x", "t@NAME:p1"},
		{"select * from t as of restore point 'p 2' using schema now x", "t@NAME+SCHEMA_NOW:p 2"},
		{"select * from t as of concat('p', 3)", "t@NAME:p3"},
		{"select * from t as of 4", "t@SCN:4"},
		{"select * from t for system_time as of scn 4 x", "t@SCN:4"},
		{"select * from t for system_time as of timestamp '2026-01-02 10:00:00' x", "t@TS:2026-01-02T08:00:00.000000Z"},
		{"with c as (select * from t as of scn 5) select * from c a join c b on a.id=b.id", "t@SCN:5"},
		{"select (select max(v) from t as of scn 5) m from u as of scn 6", "u@SCN:6 t@SCN:5"},
		{"insert into u select id+10, v from t as of scn 5", "t@SCN:5"},
		{"create table w as select * from t as of scn 5", "t@SCN:5"},
		{"update u set w = (select max(v) from t as of scn 5) where id in (select id from t as of scn 6)", "t@SCN:5 t@SCN:6"},
		{"delete from u where id not in (select id from t as of scn 5)", "t@SCN:5"},
		{"show tables as of scn 5", "*@SCN:5"},
		{"show columns from t as of scn 5", "t@SCN:5"},
		{"show create table t as of scn 5", "t@SCN:5"},
		{"describe t as of scn 5", "t@SCN:5"},
		{"select * from t", ""},
	}
	for _, tt := range tests {
		f.db.taken()
		if _, _, err := f.run(ctx, tt.query); err != nil {
			t.Errorf("%s: %v", tt.query, err)
			continue
		}
		var seen []string
		for _, p := range f.db.taken() {
			if len(seen) == 0 || !strings.Contains(strings.Join(seen, " "), p) {
				seen = append(seen, p)
			}
		}
		if got := strings.Join(seen, " "); got != tt.points {
			t.Errorf("%s: asked for %q, want %q", tt.query, got, tt.points)
		}
	}
}

// TestAsOfNow checks that the clock of the session is read as such: now() is at most seconds ago, in any time zone.
func TestAsOfNow(t *testing.T) {
	f := newFixture(t)
	ctx := setup(f)
	for _, zone := range []string{"SYSTEM", "+00:00", "-11:30", "Europe/Helsinki"} {
		f.must(ctx, "set time_zone = '"+zone+"'")
		ctx.SetQueryTime(time.Now())
		f.must(ctx, "select * from t as of timestamp now(6) - interval 5 minute")
		a, err := DecodeAsOf(strings.TrimPrefix(f.db.taken()[0], "t@"))
		if err != nil {
			t.Fatal(err)
		}
		if age := time.Since(a.Time); age < 5*time.Minute || age > 6*time.Minute {
			t.Errorf("%s: five minutes ago was %v ago", zone, age)
		}
	}
}

func TestAsOfErrors(t *testing.T) {
	f := newFixture(t)
	ctx := setup(f)
	tests := []struct{ expr, words string }{
		{"scn null", "NULL"},
		{"scn @nosuch", "NULL"},
		{"scn -1", "-1"},
		{"scn 1.5", "1.5"},
		{"scn 1e30", "whole number"},
		{"scn 'x'", "'x'"},
		{"scn ''", "''"},
		{"scn 18446744073709551616", "whole number"},
		{"scn now()", "whole number"},
		{"timestamp null", "NULL"},
		{"timestamp 5", "YYYY-MM-DD"},
		{"timestamp 'yesterday'", "'yesterday'"},
		{"timestamp '2026-13-01'", "'2026-13-01'"},
		{"null", "NULL"},
		{"''", "restore point"},
		{"restore point ''", "restore point"},
		{"-4", "-4"},
	}
	for _, tt := range tests {
		_, _, err := f.run(ctx, "select * from t as of "+tt.expr)
		code, ok := sqlcode.Of(err)
		if !ok || code.ID != sqlcode.IDBadAsOf || !strings.Contains(err.Error(), tt.words) {
			t.Errorf("as of %s: error %v, want %s with %q", tt.expr, err, sqlcode.IDBadAsOf, tt.words)
		}
	}
	for _, q := range []string{"select * from t as of scn id", "select * from t as of scn (select max(id) from u)", "select * from t a as of scn 5 b"} {
		if _, _, err := f.run(ctx, q); err == nil {
			t.Errorf("%s: no error", q)
		}
	}
}

func TestPrepareText(t *testing.T) {
	f := newFixture(t)
	ctx := setup(f)
	f.must(ctx, "prepare s from 'select v from t as of scn ? a join u using (id) where a.id = ?'")
	if got := f.db.taken(); len(got) != 1 || got[0] != "t@UNBOUND" {
		t.Errorf("preparing asked for %v", got)
	}
	for _, n := range []string{"5", "6"} {
		f.must(ctx, "set @n = "+n+", @id = 1")
		if rows := f.must(ctx, "execute s using @n, @id"); len(rows) != 1 || rows[0][0] != "a" {
			t.Errorf("rows %v", rows)
		}
		if got := f.db.taken(); len(got) != 1 || got[0] != "t@SCN:"+n {
			t.Errorf("executing asked for %v", got)
		}
	}
	f.must(ctx, "set @n = null")
	_, _, err := f.run(ctx, "execute s using @n, @id")
	if code, ok := sqlcode.Of(err); !ok || code.ID != sqlcode.IDBadAsOf {
		t.Errorf("NULL: %v", err)
	}
	f.must(ctx, "prepare c from 'create restore point p as of timestamp ? description ?'")
	f.must(ctx, "set @ts = '2026-01-01 00:00:00', @d = 'why not'")
	f.must(ctx, "set time_zone = '+00:00'")
	f.must(ctx, "execute c using @ts, @d")
	point, ok := f.exec.last().(*CreateRestorePoint)
	if !ok || point.Moment.At.String() != "TS:2026-01-01T00:00:00.000000Z" || point.Description != "why not" {
		t.Errorf("ran %+v", f.exec.last())
	}
	f.must(ctx, "prepare e from 'explain analyze select * from t where id = ? and v = ?'")
	f.must(ctx, "execute e using @id, @d")
	if e, ok := f.exec.last().(*Explain); !ok || fmt.Sprint(e.Params) != "[1 why not]" {
		t.Errorf("ran %+v", f.exec.last())
	}
}

func TestStoredText(t *testing.T) {
	f := newFixture(t)
	ctx := setup(f)
	// Views keep what the client wrote, and are read through the parser again.
	f.must(ctx, "/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`root`@`localhost` SQL SECURITY DEFINER */\n/*!50001 VIEW `past` AS select a.id, a.v from t as of scn 5 using schema now a where a.id = 3--1 */")
	f.db.taken()
	if rows := f.must(ctx, "select * from past"); len(rows) != 0 {
		t.Errorf("rows %v, want those with id 4: none", rows)
	}
	if got := f.db.taken(); len(got) == 0 || got[0] != "t@SCN+SCHEMA_NOW:5" {
		t.Errorf("the view asked for %v", got)
	}
	text := fmt.Sprint(f.must(ctx, "show create view past")[0][1])
	if !strings.HasSuffix(text, "select a.id, a.v from t as of scn 5 using schema now a where a.id = 3--1") {
		t.Errorf("SHOW CREATE VIEW has %q", text)
	}
	// A view takes a point from outside.
	f.must(ctx, "create view plain as select * from u")
	f.db.taken()
	f.must(ctx, "select * from plain as of scn 8")
	if got := f.db.taken(); len(got) == 0 || got[0] != "u@SCN:8" {
		t.Errorf("the view took %v", got)
	}
	f.must(ctx, "/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER g AFTER INSERT ON t FOR EACH ROW begin insert into u select new.id, v from t as of scn 5 where id = 1; end */")
	f.db.taken()
	f.must(ctx, "insert into t values (50, 'z')")
	if got := strings.Join(f.db.taken(), " "); !strings.Contains(got, "t@SCN:5") {
		t.Errorf("the trigger asked for %v", got)
	}
	if rows := f.must(ctx, "select w from u where id = 50"); len(rows) != 1 || rows[0][0] != "a" {
		t.Errorf("the trigger wrote %v", rows)
	}
	body := fmt.Sprint(f.must(ctx, "show create trigger g")[0][2])
	if !strings.Contains(body, "as of scn 5 where") || strings.Contains(body, "/*!") || !strings.HasPrefix(body, "CREATE ") {
		t.Errorf("SHOW CREATE TRIGGER has %q", body)
	}
	f.must(ctx, "create procedure p() begin select v from t as of scn @point where id = 1; end")
	f.must(ctx, "set @point = 12")
	f.db.taken()
	if rows := f.must(ctx, "call p()"); len(rows) != 1 || rows[0][0] != "a" {
		t.Errorf("the procedure returned %v", rows)
	}
	if got := strings.Join(f.db.taken(), " "); !strings.Contains(got, "t@SCN:12") {
		t.Errorf("the procedure asked for %v", got)
	}
}

// TestNames checks that columns of a result have the names that the client would expect of what it wrote.
func TestNames(t *testing.T) {
	f := newFixture(t)
	ctx := setup(f)
	tests := []struct{ query, names string }{
		{"select id, count(*), 3--1, (select max(v) from t as of scn 5) from t group by id", "id|count(*)|3--1|(select max(v) from t as of scn 5)"},
		{"select /*! 1+1, */ 2+ 2 from t as of scn 5", "1+1|2+ 2"},
		{"select id as `a$b`, v v$x from t as of scn 5 t$t", "a$b|v$x"},
		{"select ORA_ROWSCN, t.ora_rowscn+1, t.* from t", "ORA_ROWSCN|t.ora_rowscn+1|id|v"},
	}
	for _, tt := range tests {
		schema, _, err := f.run(ctx, tt.query)
		if err != nil {
			t.Errorf("%s: %v", tt.query, err)
			continue
		}
		var names []string
		for _, c := range schema {
			names = append(names, c.Name)
		}
		if got := strings.Join(names, "|"); got != tt.names {
			t.Errorf("%s: names %q, want %q", tt.query, got, tt.names)
		}
	}
}

func TestRowSCN(t *testing.T) {
	f := newFixture(t)
	ctx := setup(f)
	f.must(ctx, "create view v as select id as vid from t")
	tests := []struct{ query, rows string }{
		{"select ora_rowscn, t.* from t", "[7 1 a] [7 2 b]"},
		{"select t.ora_rowscn, v from t where t.ora_rowscn = 7 order by ora_rowscn, id desc", "[7 b] [7 a]"},
		{"select x.ORA_ROWSCN from t x where id = 1", "[7]"},
		{"select * from t where ora_rowscn > 6", "[1 a] [2 b]"},
		{"select * from t order by ora_rowscn, id desc", "[2 b] [1 a]"},
		{"select ora_rowscn, t.* from t as of scn 5", "[7 1 a] [7 2 b]"},
		{"select ora_rowscn, x.* from t as of scn 5 using schema now x where id = 2", "[7 2 b]"},
		{"select a.ora_rowscn, b.ora_rowscn, a.id from t a join t as of scn 5 b on a.id = b.id and b.ora_rowscn = 7 order by 3", "[7 7 1] [7 7 2]"},
		{"select t.ora_rowscn, t.*, u.* from t join u on t.id = u.id", "[7 1 a 1 x]"},
		{"select *, t.ora_rowscn from t join u on t.id = u.id", "[1 a 1 x 7]"},
		{"select max(ora_rowscn), count(*) from t group by ora_rowscn", "[7 2]"},
		{"select * from (select id, ora_rowscn s from t) d where s = 7", "[1 7] [2 7]"},
		{"with c as (select ora_rowscn r, t.* from t) select * from c where r = 7", "[7 1 a] [7 2 b]"},
		{"select id from u where exists (select 1 from t where t.id = u.id and t.ora_rowscn = u.ora_rowscn)", "[1]"},
		{"select id from t where id in (select id from u where ora_rowscn = 7)", "[1]"},
		{"select ora_rowscn from t union all select 9", "[7] [7] [9]"},
		{"select t.ora_rowscn, vid from t join v on vid = id where id = 1", "[7 1]"},
		{"select `ORA_ROWSCN` from t where id = 1", "[7]"},
	}
	for _, tt := range tests {
		rows, err := func() ([]sql.Row, error) { _, r, err := f.run(ctx, tt.query); return r, err }()
		if err != nil {
			t.Errorf("%s: %v", tt.query, err)
			continue
		}
		var got []string
		for _, r := range rows {
			got = append(got, fmt.Sprint([]any(r)))
		}
		if s := strings.Join(got, " "); s != tt.rows {
			t.Errorf("%s: %s, want %s", tt.query, s, tt.rows)
		}
	}
	// The same through PREPARE, with a point that is not known yet.
	f.must(ctx, "prepare s from 'select ora_rowscn, v from t as of scn ? where id = ?'")
	f.must(ctx, "set @n = 5, @id = 2")
	if rows := f.must(ctx, "execute s using @n, @id"); fmt.Sprint(rows) != "[[7 b]]" {
		t.Errorf("prepared: %v", rows)
	}
	for _, q := range []string{
		"update t set v = 'x' where ora_rowscn = 7", "delete from t where ora_rowscn = 7",
		"select ora_rowscn, t.* from t as of scn ?", "select *, t.ora_rowscn from t natural join u",
	} {
		if strings.Contains(q, "?") {
			q = "prepare s from '" + q + "'"
		}
		_, _, err := f.run(ctx, q)
		if code, ok := sqlcode.Of(err); !ok || code.ID != sqlcode.IDRowSCN {
			t.Errorf("%s: error %v, want %s", q, err, sqlcode.IDRowSCN)
		}
	}
	if _, _, err := f.run(ctx, "select ora_rowscn from v"); err == nil {
		t.Error("a view has no ORA_ROWSCN, but there was no error")
	}
}

// TestMultiStatements checks the texts and the rests of statements in one text.
func TestMultiStatements(t *testing.T) {
	f := newFixture(t)
	ctx := setup(f)
	text := " select 1 ; select * from t as of scn 5 a ; /*! select 2 */;; -- none\n" +
		"create procedure p() begin if 1 then select 'a;b'; end if; while 0 do select 1; end while; select case when 1 then 2 end; end;" +
		"create restore point p as of scn 3; select 'x' ; select v$a from t"
	want := []string{
		"select 1", "select * from t as of scn 5 a", "/*! select 2 */", // no DDL: as it is

		"create procedure p() begin if 1 then select 'a;b'; end if; while 0 do select 1; end while; select case when 1 then 2 end; end",
		"create restore point p as of scn 3", "select 'x'", "select v$a from t",
	}
	var got []string
	for rest := text; rest != ""; {
		tree, piece, remainder, err := f.parser.Parse(ctx, rest, true)
		if err != nil && err != ast.ErrEmpty {
			t.Fatalf("%q: %v", rest, err)
		}
		if tree != nil {
			got = append(got, strings.TrimSpace(strings.TrimPrefix(piece, "-- none\n")))
		}
		if remainder != "" && !strings.HasSuffix(text, remainder) {
			t.Fatalf("the rest %q is not the end of the text", remainder)
		}
		rest = remainder
	}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if n := CountStatements(text, false); n != len(want) {
		t.Errorf("%d statements counted, want %d", n, len(want))
	}
}

func TestSyntaxErrorPlace(t *testing.T) {
	f := newFixture(t)
	_, err := f.parser.ParseSimple("select * from t as of scn 5 a wherre x")
	if err == nil || !strings.Contains(err.Error(), "position 37 near 'wherre'") {
		t.Errorf("%v", err)
	}
}

func TestDecodeAsOf(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	for _, a := range []AsOf{
		{},
		{Kind: Unbound, SchemaNow: true},
		{Kind: AtSCN, SCN: 1<<64 - 1, RowSCN: true},
		{Kind: AtTime, Time: at, SchemaNow: true, RowSCN: true},
		{Kind: AtName, Name: "SCN:5+x"},
		{Kind: Present, RowSCN: true},
	} {
		got, err := DecodeAsOf(a.String())
		if err != nil || got != a {
			t.Errorf("%q: %+v, %v", a.String(), got, err)
		}
	}
	for _, bad := range []any{"", "SCN", "SCN:", "SCN:-1", "SCN+X:1", "TS:x", "x:1", 5, []byte("SCN:1")} {
		if a, err := DecodeAsOf(bad); err == nil {
			t.Errorf("%v was read as %+v", bad, a)
		}
	}
}

// TestTooDeep checks that statements which would end the process, or keep it busy for minutes, are refused at once,
// and that long ones which are not deep pass.
func TestTooDeep(t *testing.T) {
	f := newFixture(t)
	ctx := setup(f)
	for _, q := range []string{
		"select 1 where 1=2" + strings.Repeat(" or 1=2", 1_000_000),
		"select 1 from t as of scn 5 where 1=2" + strings.Repeat(" or id in (1,2)", 1_000_000),
		"select 1" + strings.Repeat("+1", 10_000),
		"select 1" + strings.Repeat("--1", 10_000),
		"select " + strings.Repeat("not ", 100_000) + "1",
		"select " + strings.Repeat("case when 1 then ", 100_000) + "1" + strings.Repeat(" end", 100_000),
		"select 1" + strings.Repeat(" union select 1", 1000),
		"select " + strings.Repeat("(", 1_000_000) + "1",
		"select * from t " + strings.Repeat("as of (", 1_000_000),
		"select 1" + strings.Repeat(" is null", 1_000_000),
		"select ''" + strings.Repeat(" ''", 1_000_000),
		"select 1" + strings.Repeat("=1", 1_000_000),
		"explain select 1" + strings.Repeat("=1", 1_000_000),
	} {
		_, _, err := f.run(ctx, q)
		if code, ok := sqlcode.Of(err); !ok || code.ID != sqlcode.IDTooDeep {
			t.Errorf("%.60s…: %v", q, err)
		}
	}
	for _, q := range []string{
		"select 1 where 1=2" + strings.Repeat(" or 1=2", 10_000),
		"select count(*) from t where id in (1" + strings.Repeat(",1", 150_000) + ")",
		"select 1" + strings.Repeat(", 1+1", 1_200),
		"select 1 where 1+1=2" + strings.Repeat(" and 1+1=2", 1_200),
		"insert into u values (1000,'')" + strings.Repeat(", (1000,'')", 1_500) + " on duplicate key update w = w",
	} {
		if _, _, err := f.run(ctx, q); err != nil && !strings.Contains(err.Error(), "duplicate") {
			t.Errorf("%.60s…: %.200v", q, err)
		}
	}
}

// TestWords: what is in strings, quoted names and comments is no word of a statement.
func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"/* x */ flashback table `as` to scn 5 -- before drop": "FLASHBACK TABLE TO SCN",
		"SELECT 'as of' FROM t AS/**/OF SCN 3":                 "SELECT FROM T AS OF SCN",
		"/*!50000 DROP */ TRIGGER a.b":                         "DROP TRIGGER A B",
		"":                                                     "",
	} {
		if got := strings.Join(Words(text), " "); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
