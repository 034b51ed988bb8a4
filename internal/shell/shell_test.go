package shell

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the goldens")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what it was (run with -update if it should be):\n%s", name, got)
	}
}

const sample = `create table t (id bigint, name varchar(40), price decimal(10,2), day date, doc json, bytes blob, note text);
insert into t values
 (1, 'Ann O''Hara', 9.50, '2026-01-02', '{"a": [1, null]}', x'00ff', 'two
lines	and a tab, "quoted"'),
 (2, '', null, null, null, '', null),
 (3, 'NULL', -0.01, '0001-01-01', '"x"', null, 'Боб 😀 <b> \\ back');
select * from t order by id; -- a comment; with a semicolon
select 1 as a, 2 as a, null as b from t where id > 9;
`

func TestFormats(t *testing.T) {
	for _, f := range []Format{Table, JSON, CSV, TSV} {
		t.Run(string(f), func(t *testing.T) {
			var out, errs bytes.Buffer
			o := Options{Addr: serve(t), Database: "d", Format: f, In: strings.NewReader(sample), Out: &out, Err: &errs}
			if err := Run(context.Background(), o); err != nil {
				t.Fatal(err)
			}
			if errs.Len() > 0 {
				t.Errorf("a script was told %q", errs.String())
			}
			golden(t, "format."+string(f), out.String())
		})
	}
	if err := Run(context.Background(), Options{Format: "xml"}); err == nil {
		t.Error("an unknown format was taken")
	}
}

func TestScript(t *testing.T) {
	addr := serve(t)
	file := filepath.Join(t.TempDir(), "rows")
	if err := os.WriteFile(file, []byte("7\n8\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(script string) (string, error) {
		var out bytes.Buffer
		err := Run(context.Background(), Options{Addr: addr, Database: "d", Format: TSV, In: strings.NewReader(script), Out: &out})
		return out.String(), err
	}
	out, err := run(`create table s (id int);
DELIMITER ;;
create procedure p() begin insert into s values (1); select 'in p; yes' as x; end;;
DELIMITER ;
create procedure q() begin
  if 1 then insert into s values (2); end if;
  insert into s values (3);
end;
call p(); call q();
set global local_infile = 1;
load data local infile '` + file + `' into table s;
select sum(id) as total from s`)
	if err != nil || out != "x\nin p; yes\ntotal\n21\n" {
		t.Errorf("%q, %v", out, err)
	}
	out, err = run("select 1 as a;\n\nselect 2 as b; select *\nfrom nosuch;\nselect 3 as c;\n")
	var se *StatementError
	if !errors.As(err, &se) || se.Number != 1146 || se.Line != 3 || se.Code == nil || out != "a\n1\nb\n2\n" {
		t.Fatalf("%q, %v", out, err)
	}
	golden(t, "error.txt", err.Error()+"\n")
	_, err = run("select * from s for update;")
	if !errors.As(err, &se) || se.Number != 1235 || !strings.Contains(err.Error(), "cause: ") || !strings.Contains(err.Error(), "action: ") {
		t.Errorf("%v", err)
	}
	_, err = run("select 1;\n\\frobnicate\n")
	if err == nil || !strings.Contains(err.Error(), `unknown command \frobnicate`) {
		t.Errorf("%v", err)
	}
	var one bytes.Buffer
	if err := Run(context.Background(), Options{Addr: addr, Database: "d", Format: CSV, Execute: "select 5 as five; select 6", Out: &one}); err != nil || one.String() != "five\n5\n6\n6\n" {
		t.Errorf("%q %v", one.String(), err)
	}
}

func TestNoServer(t *testing.T) {
	err := Run(context.Background(), Options{Addr: "127.0.0.1:1"})
	if err == nil || !strings.Contains(err.Error(), "redoubt serve") {
		t.Errorf("%v", err)
	}
}

// typist gives lines as a user would, each when the test lets it.
type typist struct {
	lines chan string
	asked chan bool
}

func newTypist() *typist { return &typist{make(chan string), make(chan bool, 100)} }

func (y *typist) readLine(continued bool) (string, error) {
	y.asked <- continued
	line, ok := <-y.lines
	switch {
	case !ok:
		return "", io.EOF
	case line == "^C":
		return "", errInterrupted
	}
	return line, nil
}

// safeBuffer is a buffer that a test reads while a shell writes.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func waitFor(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !f(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited 20 s for %s", what)
		}
	}
}

func TestConversation(t *testing.T) {
	addr := serve(t)
	y := newTypist()
	var out safeBuffer
	interrupts := make(chan os.Signal)
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // the end of the context must not end the conversation
	result := make(chan error, 1)
	go func() {
		result <- Run(ctx, Options{Addr: addr, Database: "d", Interactive: true, Out: &out, Err: &out, Interrupts: interrupts, lines: y})
	}()
	ask := func() {
		t.Helper()
		select {
		case <-y.asked:
		case err := <-result:
			t.Fatalf("the shell ended: %v\n%s", err, out.String())
		case <-time.After(2 * time.Minute):
			t.Fatalf("the shell does not read:\n%s", out.String())
		}
	}
	say := func(line string) { t.Helper(); ask(); y.lines <- line }
	for _, line := range []string{
		"create table t (id int);", "insert into t values (1),", "(2);", "select * from", "^C", "select id from t order by id; select nosuch;",
		`\format csv`, "select id from t where id = 2;", "select 1 -- no end;", ";", `\help`, `\watch x`, "select 'kept' as a; select", "'b' as b;",
	} {
		say(line)
	}
	// Ctrl-C during a statement stops it and nothing else.
	say("select connection_id() as me;")
	say("select sleep(600) as s;")
	running(t, addr, "sleep(600)")
	stop := func() {
		t.Helper()
		select {
		case interrupts <- os.Interrupt:
		case <-time.After(2 * time.Minute):
			t.Fatalf("nobody waits for Ctrl-C:\n%s", out.String())
		}
	}
	stop()
	waitFor(t, "the interruption", func() bool { return strings.Contains(out.String(), "1317") })
	say("select connection_id() as me;")
	say("select count(*) as watched from t \\watch 0.1")
	waitFor(t, "the second look", func() bool { return strings.Count(out.String(), "watched\n2\n") >= 2 })
	stop()
	say(`\q`)
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`\d+\.\d{3} s`).ReplaceAllString(out.String(), "0.000 s")
	text = regexp.MustCompile(`(watched\n2\n1 row \(0.000 s\)\n)+`).ReplaceAllString(text, "$1")
	text = strings.ReplaceAll(text, addr, "HOST:PORT")
	ids := regexp.MustCompile(`me\n(\d+)\n`).FindAllStringSubmatch(text, -1)
	if len(ids) != 2 || ids[0][1] != ids[1][1] {
		t.Errorf("the connection was replaced: %v", ids)
	}
	golden(t, "conversation.txt", regexp.MustCompile(`me\n\d+\n`).ReplaceAllString(text, "me\nN\n"))
}

// running waits until a statement that contains the text runs on the server.
func running(t *testing.T, addr, text string) {
	t.Helper()
	db, err := sql.Open("mysql", "root@tcp("+addr+")/d")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test's
	waitFor(t, text, func() bool {
		var n int
		err := db.QueryRow("select count(*) from information_schema.processlist where info like ? and info not like '%processlist%'", "%"+text+"%").Scan(&n)
		return err == nil && n > 0
	})
}

func TestSplitter(t *testing.T) {
	tests := []struct {
		in   string
		want []string
	}{
		{"select 1;select 2 ; ;", []string{"select 1", "select 2"}},
		{"select 'a;b', \"c;d\", `e;f`, 'it''s;', 'x\\';y';", []string{"select 'a;b', \"c;d\", `e;f`, 'it''s;', 'x\\';y'"}},
		{"-- one;\n# two;\n/* three; */ select 4;", []string{"/* three; */ select 4"}},
		{"select 1 -- ;\n;", []string{"select 1 -- ;"}},
		{"select 5--3;", []string{"select 5--3"}},
		{"/*! select 1; */;", []string{"/*! select 1; */"}},
		{"delimiter //\ncreate trigger x; y //\nselect 1; 2//\ndelimiter ;\nselect 3;", []string{"create trigger x; y", "select 1; 2", "select 3"}},
		{"create procedure p()\nbegin\n select 1;\n if 1 then select 2; end if;\nend;\nselect 3;", []string{"create procedure p()\nbegin\n select 1;\n if 1 then select 2; end if;\nend", "select 3"}},
		{"create table t (a int); insert into t values (1);", []string{"create table t (a int)", "insert into t values (1)"}},
		{"select 1\n\\watch 3\n", []string{"select 1", "\\\\watch 3"}},
		{"select 1;\n\\?\nselect 2", []string{"select 1", "\\\\?", "select 2"}},
		{"select '\\watch 3\n';", []string{"select '\\watch 3\n'"}},
	}
	for _, tt := range tests {
		if got := splitAll(tt.in); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", tt.want) {
			t.Errorf("%q:\n got %q\nwant %q", tt.in, got, tt.want)
		}
	}
}

// splitAll splits a text; commands to the shell get one more backslash.
func splitAll(text string) (got []string) {
	s := newSplitter()
	var found []statement
	for _, line := range strings.Split(text, "\n") {
		found = append(found, s.add(line)...)
	}
	for _, st := range append(found, s.rest()...) {
		if st.meta {
			st.text = `\` + st.text
		}
		got = append(got, st.text)
	}
	return got
}

// TestSplitterRandom joins statements at random and takes them apart again.
func TestSplitterRandom(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	pieces := []string{"select 1", "select ';' , \"\n;\"", "insert into t values ('a''b\\\\', `x;y`)", "/* ; */ select 2 /* \n; */", "update t set a = 1 -- ;\n where b = '#'"}
	for range 2000 {
		var want []string
		var text strings.Builder
		for range 1 + r.IntN(5) {
			p := pieces[r.IntN(len(pieces))]
			want = append(want, p)
			text.WriteString(p + strings.Repeat(" ", r.IntN(2)) + []string{";", ";\n", "\n;\n"}[r.IntN(3)])
		}
		if got := splitAll(text.String()); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Fatalf("seed %d: %q:\n got %q\nwant %q", seed, text.String(), got, want)
		}
	}
}

// TestSplitterLong checks that a statement of many lines does not cost the square of their number.
func TestSplitterLong(t *testing.T) {
	s := newSplitter()
	s.add("insert into t values")
	begin := time.Now()
	for range 200_000 {
		if len(s.add("(1,'some text; in quotes','and more of it, to make it longer'),")) > 0 {
			t.Fatal("cut too early")
		}
	}
	if got := s.add("(2,'','');"); len(got) != 1 || len(got[0].text) < 12_000_000 {
		t.Fatal("not one statement")
	}
	if d := time.Since(begin); d > 20*time.Second {
		t.Errorf("13 MB in 200,000 lines took %v", d)
	}
}

func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	h, err := openHistory(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []string{"select 1;", "select 1;", " ", "create user x identified by 'secret';", "set password = 'secret'", "select\n2;"} {
		if _, err := h.Write(e); err != nil {
			t.Fatal(err)
		}
	}
	if h, err = openHistory(path); err != nil || fmt.Sprintf("%q", h.entries) != `["select 1;" "select\n2;"]` {
		t.Errorf("%q, %v", h.entries, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for i := range historyMax + 10 {
		if _, err := h.Write(fmt.Sprintf("select %d;", i+100)); err != nil {
			t.Fatal(err)
		}
	}
	if h, err = openHistory(path); err != nil || h.Len() != historyMax {
		t.Errorf("%d entries, %v", h.Len(), err)
	}
	if last, err := h.GetLine(h.Len() - 1); err != nil || last != fmt.Sprintf("select %d;", historyMax+109) {
		t.Errorf("%q, %v", last, err)
	}
}

func TestHighlighter(t *testing.T) {
	paint := newHighlighter()
	colors := regexp.MustCompile("\x1b\\[[0-9;]*m")
	for _, text := range []string{"", "select", "select 'x', 5 from `t` -- c", "select\n 1;\n", "sel'ect", "ä ö 😀 §", "a\n\nb"} {
		painted := paint([]rune(text))
		if got := colors.ReplaceAllString(painted, ""); got != text {
			t.Errorf("%q was painted as %q", text, got)
		}
	}
	if !strings.Contains(paint([]rune("select 1")), "\x1b[") {
		t.Error("nothing was painted")
	}
}
