package wire

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"redoubt/sql/parser"
)

var modes = []struct{ name, tls string }{{"plain", ""}, {"tls", "skip-verify"}, {"verified", "verify"}}

const createT = "create table t (id bigint primary key, v longblob)"

func TestPreparedAsOf(t *testing.T) {
	s := start(t, Options{}, true, createT, "insert into t values (1,'a'),(2,'b')")
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			db := s.open(s.config(m.tls))
			tests := []struct {
				query string
				args  []any
				want  parser.AsOf
			}{
				{"select v from t as of scn ? where id = ?", []any{41, 2}, parser.AsOf{Kind: parser.AtSCN, SCN: 41}},
				{"select x.v from t as of scn ? x join t y on x.id = y.id where x.id = ?", []any{"42", 2}, parser.AsOf{Kind: parser.AtSCN, SCN: 42}},
				{"with c as (select * from t as of ?) select v from c where id = ?", []any{"before lunch", 2}, parser.AsOf{Kind: parser.AtName, Name: "before lunch"}},
				{"select v from t for system_time as of scn 1+? using schema now q where q.id=?", []any{4, 2}, parser.AsOf{Kind: parser.AtSCN, SCN: 5, SchemaNow: true}},
			}
			for _, tt := range tests {
				st, err := db.Prepare(tt.query)
				if err != nil {
					t.Fatalf("%s: %v", tt.query, err)
				}
				for range 2 { // each execute evaluates anew
					s.db.taken()
					var v string
					if err := st.QueryRow(tt.args...).Scan(&v); err != nil || v != "b" {
						t.Fatalf("%s: %q, %v", tt.query, v, err)
					}
					if got := s.db.taken(); len(got) != 1 || got[0] != tt.want {
						t.Fatalf("%s: asked for %v, want %v", tt.query, got, tt.want)
					}
				}
				_ = st.Close()
			}
			_, err := db.Query("select * from t as of scn ?", nil)
			wantErr(t, err, 1525, "NULL")
			_, err = db.Query("select * from t as of scn ?", -1)
			wantErr(t, err, 1525, "-1")
			_, err = db.Query("select * from t as of scn ?", 1.5)
			wantErr(t, err, 1525, "1.5")
		})
	}
}

func TestPreparedCommands(t *testing.T) {
	s := start(t, Options{}, false, createT)
	db := s.open(s.config(""))
	var name string
	var scn uint64
	var at sql.NullTime
	if err := db.QueryRow("create restore point p as of scn ?", 77).Scan(&name, &scn, &at); err != nil || name != "p" || scn != 77 {
		t.Fatalf("%s %d %v", name, scn, err)
	}
	var plan string
	if err := db.QueryRow("explain select v from t where id = ? and v = ?", 5, "x").Scan(&plan); err != nil || plan != "select v from t where id = ? and v = ?[5 x]" {
		t.Fatalf("%q %v", plan, err)
	}
	if _, err := db.Exec("start transaction with consistent snapshot as of scn ?", 5); err != nil {
		t.Fatal(err)
	}
}

// TestFailureEndsText checks that what stands behind a failed statement of the same packet does not run.
func TestFailureEndsText(t *testing.T) {
	s := start(t, Options{}, false, createT)
	cfg := s.config("")
	cfg.MultiStatements = true
	db := s.open(cfg)
	_, err := db.Exec("insert into t values (1,'a'); insert into t values (1,'b'); insert into t values (2,'c')")
	wantErr(t, err, 1062, "")
	_, err = db.Exec("insert into t values (3,'a'); nonsense; insert into t values (4,'c')")
	wantErr(t, err, 1064, "")
	var n, sum int
	if err := db.QueryRow("select count(*), sum(id) from t").Scan(&n, &sum); err != nil || n != 2 || sum != 4 {
		t.Fatalf("%d rows, sum %d: %v", n, sum, err)
	}
}

// TestCarrierText checks that statements reach the engine as they were, whatever they hold.
func TestCarrierText(t *testing.T) {
	for _, q := range []string{
		"", "select 1", `select 'it''s', "a\"b", 'back\\slash', '\'' from t -- ? not one`, "select '\x01', ?, \x00, ? /* ? */ # ?\n, `?`",
		"select ? /*! , ? */", "a' b", "select '?", strings.Repeat(`\'`, 1000),
	} {
		c := wrap(q)
		got, ok := unwrap(c)
		if !ok || got != q {
			t.Errorf("%q came back as %q", q, got)
		}
	}
	if n := parser.CountParams("select '\x01', ? /* ? */ # ?\n, `?`, ? /*! , ? */"); n != 3 {
		t.Errorf("%d parameters, want 3", n)
	}
	s := start(t, Options{}, false)
	db := s.open(s.config(""))
	var a, b, c string
	if err := db.QueryRow(`select 'it''s \\ "x"', ?, ':v1' -- ?`, "?").Scan(&a, &b, &c); err != nil || a != `it's \ "x"` || b != "?" || c != ":v1" {
		t.Fatalf("%q %q %q %v", a, b, c, err)
	}
}

func TestPrepareErrors(t *testing.T) {
	s := start(t, Options{MaxPrepared: 5}, false, createT)
	cfg := s.config("")
	cfg.MultiStatements = true
	db := s.open(cfg)
	db.SetMaxOpenConns(1)
	_, err := db.Prepare("select 1; select 2")
	wantErr(t, err, 1064, "holds one statement")
	_, err = db.Prepare("selekt ?")
	wantErr(t, err, 1064, "syntax")
	_, err = db.Prepare("select * from nosuch where a = ?")
	wantErr(t, err, 1146, "nosuch")
	_, err = db.Prepare("select * from t as of scn 1 for update")
	wantErr(t, err, 1235, "row locks")
	for range 4 { // statements that failed do not count
		_, err = db.Prepare("select 'x")
		wantErr(t, err, 1064, "")
	}
	var kept []*sql.Stmt
	for i := range 5 {
		st, err := db.Prepare(fmt.Sprintf("select %d, ?", i))
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, st)
	}
	_, err = db.Prepare("select 9")
	wantErr(t, err, 1461, "max_prepared_stmt_count")
	_ = kept[0].Close()
	if _, err = db.Prepare("select 9; "); err != nil {
		t.Fatal(err)
	}
}

func TestLargeArguments(t *testing.T) {
	if testing.Short() {
		t.Skip("moves 100 MB")
	}
	s := start(t, Options{}, true, createT)
	for _, m := range modes[:2] {
		db := s.open(s.config(m.tls))
		for i, size := range []int{20 << 20, packetBytesMax, packetBytesMax - 1, 1} {
			value := bytes.Repeat([]byte{0x16, 0, 255, '\''}, size/4+1)[:size]
			if _, err := db.Exec("replace into t values (?, ?)", i, value); err != nil {
				t.Fatalf("%s: %d bytes: %v", m.name, size, err)
			}
			var got []byte
			if err := db.QueryRow("select v from t where id = ?", i).Scan(&got); err != nil || !bytes.Equal(got, value) {
				t.Fatalf("%s: %d bytes came back as %d: %v", m.name, size, len(got), err)
			}
		}
		// A text of exactly 0xffffff bytes with its command byte, and one that begins like a prepare behind the border.
		text := "select length('" + strings.Repeat("x", packetBytesMax-1-len("select length('')")) + "')"
		var n int
		if err := db.QueryRow(text).Scan(&n); err != nil || n != packetBytesMax-18 {
			t.Fatalf("%s: %d %v", m.name, n, err)
		}
	}
}

func TestTextProtocol(t *testing.T) {
	s := start(t, Options{}, true, createT)
	for _, m := range modes {
		cfg := s.config(m.tls)
		cfg.MultiStatements, cfg.InterpolateParams = true, true
		db := s.open(cfg)
		rows, err := db.Query("insert into t values (?,'a'),(2,'b') on duplicate key update v=v; select id from t as of scn 9 where id = 2; select 3", 1)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for more := true; more; more = rows.NextResultSet() {
			for rows.Next() {
				var id int
				if err := rows.Scan(&id); err != nil {
					t.Fatal(err)
				}
				got = append(got, id)
			}
		}
		if err := rows.Err(); err != nil || fmt.Sprint(got) != "[2 3]" {
			t.Fatalf("%s: %v %v", m.name, got, err)
		}
		_ = rows.Close()
	}
}

func TestLoadDataLocal(t *testing.T) {
	s := start(t, Options{}, true, "create table t (id bigint, v longblob)", "set global local_infile = 1")
	for _, m := range modes[:2] {
		// Many packets of every size, so that sequence numbers run past 255, with bytes that look like commands.
		var file bytes.Buffer
		const lines = 1200
		for i := range lines {
			fmt.Fprintf(&file, "%d\t\x16\x03 line %s\n", i, strings.Repeat("\x16", 1000))
		}
		name := "file-" + m.name
		mysql.RegisterReaderHandler(name, func() io.Reader { return &smallReads{file.Bytes()} })
		db := s.open(s.config(m.tls))
		if _, err := db.Exec("delete from t"); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec("load data local infile 'Reader::" + name + "' into table t (id, v)"); err != nil {
			t.Fatalf("%s: %v", m.name, err)
		}
		var n, sum int
		if err := db.QueryRow("select count(*), cast(sum(id) as signed) from t where length(v) = ?", 2+6+1000).Scan(&n, &sum); err != nil || n != lines || sum != lines*(lines-1)/2 {
			t.Fatalf("%s: %d rows, sum %d: %v", m.name, n, sum, err)
		}
	}
}

// smallReads gives a few bytes at a time, so that the driver sends many packets.
type smallReads struct{ rest []byte }

func (r *smallReads) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), 997)], r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func TestParallelExecutes(t *testing.T) {
	s := start(t, Options{}, true, createT)
	var wg sync.WaitGroup
	errs := make(chan error, 500)
	for _, m := range modes[:2] {
		db := s.open(s.config(m.tls))
		db.SetMaxOpenConns(25)
		for i := range 250 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				var v int
				if err := db.QueryRow("select ? + id from (select ? as id) x", i, 1).Scan(&v); err != nil || v != i+1 {
					errs <- fmt.Errorf("%s: %d + 1 is %d: %w", m.name, i, v, err)
				}
			}()
		}
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
}

func TestRequireTLS(t *testing.T) {
	s := start(t, Options{RequireTLS: true}, true)
	wantErr(t, s.open(s.config("")).Ping(), 3159, "insecure transport")
	if err := s.open(s.config("verify")).Ping(); err != nil {
		t.Fatal(err)
	}
	if n := s.seen.get(func(s *seen) int { return s.refused[TLSMissing] }); n != 1 {
		t.Errorf("%d refused for want of TLS, want 1", n)
	}
	if _, err := ListenerFactory(Options{RequireTLS: true})(serverConfig(), listenerConfig(), nil); err == nil {
		t.Error("RequireTLS without TLSConfig was accepted")
	}
}

func TestPasswords(t *testing.T) {
	users := []string{
		"create user native@localhost identified with mysql_native_password by 'sécret1'",
		"create user sha@localhost identified with caching_sha2_password by 'sécret2'",
		"create user `empty`@localhost identified with caching_sha2_password by ''",
		"grant all on *.* to native@localhost, sha@localhost, `empty`@localhost",
	}
	s := start(t, Options{}, true, users...)
	for _, m := range modes {
		for user, password := range map[string]string{"native": "sécret1", "sha": "sécret2", "empty": ""} {
			cfg := s.config(m.tls)
			cfg.User, cfg.Passwd = user, password
			db := s.open(cfg)
			var who string
			if err := db.QueryRow("select current_user() where 1 = ?", 1).Scan(&who); err != nil || who != user+"@localhost" {
				t.Errorf("%s over %s: %q %v", user, m.name, who, err)
			}
			cfg = s.config(m.tls)
			cfg.User, cfg.Passwd = user, "wrong"
			wantErr(t, s.open(cfg).Ping(), 1045, "Access denied")
		}
	}
}

// TestStranger checks that a user who does not exist gets what a wrong password gets.
func TestStranger(t *testing.T) {
	s := start(t, Options{}, true, "create user u identified with caching_sha2_password by 'right'", "grant all on *.* to u")
	for _, m := range modes[:2] {
		for _, password := range []string{"", "wrong"} {
			cfg := s.config(m.tls)
			cfg.User, cfg.Passwd = "nobody", password
			wantErr(t, s.open(cfg).Ping(), 1045, "Access denied for user 'nobody'")
		}
		cfg := s.config(m.tls)
		cfg.User, cfg.Passwd = "root", "wrong"
		wantErr(t, s.open(cfg).Ping(), 1045, "Access denied for user 'root'")
		cfg = s.config(m.tls)
		cfg.User, cfg.Passwd = "u", "right"
		if err := s.open(cfg).Ping(); err != nil {
			t.Fatalf("%s: %v", m.name, err)
		}
	}
}

func TestMaxConnections(t *testing.T) {
	s := start(t, Options{MaxConnections: 3}, false)
	db := s.open(s.config(""))
	ctx := context.Background()
	var conns []*sql.Conn
	for range 3 {
		c, err := db.Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
	}
	wantErr(t, s.open(s.config("")).Ping(), 1040, "Too many connections")
	for _, c := range conns {
		_ = c.Raw(func(any) error { return errors.New("drop") })
		_ = c.Close()
	}
	_ = db.Close()
	waitFor(t, func() bool { return s.seen.get(func(s *seen) int { return s.opened - s.closed }) == 0 })
	if err := s.open(s.config("")).Ping(); err != nil {
		t.Fatal(err)
	}
}

func TestMaxPacket(t *testing.T) {
	s := start(t, Options{MaxPacketBytes: 1 << 20}, true, createT)
	for _, m := range modes[:2] {
		// A connection of its own for each: the driver does not see at once that one was closed behind an error.
		open := func() *sql.DB {
			cfg := s.config(m.tls)
			cfg.MaxAllowedPacket = 256 << 20
			return s.open(cfg)
		}
		if _, err := open().Exec("replace into t values (1, ?)", make([]byte, 1<<20-100)); err != nil {
			t.Fatal(err)
		}
		_, err := open().Exec("select '" + strings.Repeat("x", 1<<20) + "'")
		if err == nil {
			t.Fatal("a packet over the limit was taken")
		}
		var me *mysql.MySQLError
		if errors.As(err, &me) && me.Number != 1153 {
			t.Fatal(err)
		}
		// A payload of several packets, of which each alone is allowed by the protocol.
		if _, err := open().Exec("replace into t values (1, ?)", make([]byte, 40<<20)); err == nil {
			t.Fatal("40 MB were taken")
		}
		if err := open().Ping(); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.seen.get(func(s *seen) int { return s.refused[PacketTooLarge] }); n < 4 {
		t.Errorf("%d refused for size, want 4", n)
	}
}

// TestMaxPacketError reads the error by hand: a driver that is still writing may not come to see it.
func TestMaxPacketError(t *testing.T) {
	s := start(t, Options{MaxPacketBytes: 1000}, false)
	c := s.dial()
	c.login()
	c.write([]byte{0xe9, 3, 0, 0, 3}) // the header of a COM_QUERY of 1001 bytes, before its body
	if body := c.read(); body[0] != 0xff || !strings.Contains(string(body), "RD-3001") || int(body[1])|int(body[2])<<8 != 1153 {
		t.Errorf("%q", body)
	}
	c.wantEnd()
}

func TestStrangers(t *testing.T) {
	s := start(t, Options{LoginTimeout: 300 * time.Millisecond}, true)
	tests := []struct {
		name   string
		send   []byte
		reason Reason
		code   string
	}{
		{"says nothing", nil, LoginTooSlow, "RD-3004"},
		{"half a header", []byte{40, 0}, LoginTooSlow, "RD-3004"},
		{"half a login", append([]byte{40, 0, 0, 1}, make([]byte, 10)...), LoginTooSlow, "RD-3004"},
		{"a huge login", []byte{0xff, 0xff, 0xff, 1}, LoginMalformed, "RD-3005"},
		{"a tiny login", []byte{1, 0, 0, 1, 0}, LoginMalformed, "RD-3005"},
		{"HTTP", []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), LoginMalformed, "RD-3005"},
		{"TLS, then nothing", sslRequest(), LoginTooSlow, ""},
		{"TLS, then plain text", append(sslRequest(), make([]byte, 100)...), "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := s.seen.get(func(s *seen) int { return s.refused[tt.reason] })
			c := s.dial()
			c.read() // the greeting
			c.write(tt.send)
			rest, _ := io.ReadAll(c.Conn)
			if tt.code != "" && !strings.Contains(string(rest), tt.code) {
				t.Errorf("answer %q, want %s", rest, tt.code)
			}
			if tt.reason != "" {
				waitFor(t, func() bool { return s.seen.get(func(s *seen) int { return s.refused[tt.reason] }) == before+1 })
			}
		})
	}
	waitFor(t, func() bool { return s.seen.get(func(s *seen) int { return s.opened - s.closed }) == 0 })
	// Somebody who takes part in the login, slowly, but never ends it.
	if err := s.open(s.config("")).Ping(); err != nil {
		t.Fatal(err)
	}
}

// TestSlowStatement checks that the time limit of the login does not reach into the session.
func TestSlowStatement(t *testing.T) {
	s := start(t, Options{LoginTimeout: 200 * time.Millisecond}, true)
	for _, m := range modes[:2] {
		db := s.open(s.config(m.tls))
		var n int
		if err := db.QueryRow("select sleep(0.5) + ?", 1).Scan(&n); err != nil || n != 1 {
			t.Fatalf("%s: %d %v", m.name, n, err)
		}
	}
}

func TestPanic(t *testing.T) {
	s := start(t, Options{}, true)
	for i, m := range modes[:2] {
		db := s.open(s.config(m.tls))
		db.SetMaxOpenConns(1)
		_, err := db.Exec("select 'panic now'")
		wantErr(t, err, 1815, "as asked at trouble_test.go:")
		waitFor(t, func() bool { return s.seen.get(func(s *seen) int { return s.closed }) == 2*i+1 })
		waitFor(t, func() bool { return db.Ping() == nil }) // the client may learn later than we that its connection is closed
		_ = db.Close()
		waitFor(t, func() bool { return s.seen.get(func(s *seen) int { return s.closed }) == 2*i+2 })
	}
}

// TestKill checks that a statement ends with its number when it is killed, and when its client goes away.
func TestKill(t *testing.T) {
	s := start(t, Options{}, true)
	for _, m := range modes[:2] {
		db, killer := s.open(s.config(m.tls)), s.open(s.config(""))
		ctx := context.Background()
		c, err := db.Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var id int
		if err := c.QueryRowContext(ctx, "select connection_id()").Scan(&id); err != nil {
			t.Fatal(err)
		}
		result := make(chan error, 1)
		go func() {
			var n int
			result <- c.QueryRowContext(ctx, "select sleep(60)").Scan(&n)
		}()
		waitFor(t, func() bool {
			var n int
			_ = killer.QueryRow(fmt.Sprintf("select count(*) from information_schema.processlist where id = %d and info like '%%sleep(60)%%'", id)).Scan(&n)
			return n == 1
		})
		if _, err := killer.Exec(fmt.Sprintf("kill query %d", id)); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-result:
			wantErr(t, err, 1317, "interrupted")
		case <-time.After(2 * time.Minute):
			t.Fatal("the statement went on")
		}
		_ = c.Close()
	}
}

// TestClientGone checks that a statement ends when its client goes away, whether it says goodbye or not.
func TestClientGone(t *testing.T) {
	s := start(t, Options{}, true)
	watcher := s.open(s.config(""))
	count := func() (n int) {
		if err := watcher.QueryRow("select count(*) from information_schema.processlist where info like '%sleep(600)%' and info not like '%processlist%'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, m := range modes[:2] {
		ctx, cancel := context.WithCancel(context.Background())
		db := s.open(s.config(m.tls))
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			var n int
			_ = db.QueryRowContext(ctx, "select sleep(600)").Scan(&n)
		}()
		waitFor(t, func() bool { return count() == 1 })
		cancel() // the driver closes the socket
		<-ended
		waitFor(t, func() bool { return count() == 0 })
	}
}

// TestPassThrough checks, with random packets cut at random places, that the connection changes nothing but prepares.
func TestPassThrough(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 200 {
		var sent, want bytes.Buffer
		put := func(sequence byte, body []byte) {
			sent.Write(packet(sequence, body))
			want.Write(packet(sequence, body))
		}
		for range r.IntN(20) {
			body := make([]byte, r.IntN(3000))
			for i := range body {
				body[i] = byte(r.IntN(256))
			}
			switch r.IntN(4) {
			case 0: // a prepare
				text := "select '?', ? -- " + strconv.Itoa(r.IntN(1000))
				sent.Write(packet(0, append([]byte{comStmtPrepare}, text...)))
				want.Write(packet(0, append([]byte{comStmtPrepare}, wrap(text)...)))
			case 1: // a file of LOAD DATA LOCAL, whose packets look like prepares and whose numbers run past 255
				put(0, []byte("\x03load data"))
				sequence := byte(2)
				for range 200 + r.IntN(400) {
					put(sequence, append([]byte{comStmtPrepare}, body[:min(len(body), 50)]...))
					sequence++
				}
				put(sequence, nil)
			default:
				if len(body) > 0 && body[0] == comStmtPrepare {
					body[0] = 3
				}
				put(0, body)
			}
		}
		c := &connection{l: &listener{options: Options{}.withDefaults()}}
		c.reader = bufio.NewReaderSize(&chunks{r: r, rest: sent.Bytes()}, defaultReadBytes)
		c.ready.Store(true)
		var got bytes.Buffer
		p := make([]byte, 5000)
		for {
			n, err := c.Read(p[:1+r.IntN(len(p))])
			got.Write(p[:n])
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		if !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Fatalf("seed %d: %d bytes became %d, want %d", seed, sent.Len(), got.Len(), want.Len())
		}
	}
}

// chunks gives a few bytes at a time.
type chunks struct {
	net.Conn
	r    *rand.Rand
	rest []byte
}

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:1+c.r.IntN(len(p))], c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// TestShift checks that the sequence numbers of a login over TLS are moved in what the library writes, however it cuts
// it.
func TestShift(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var sent, want bytes.Buffer
		for i := range 1 + r.IntN(5) {
			body := bytes.Repeat([]byte{byte(i)}, r.IntN(300))
			sent.Write(packet(byte(i), body))
			want.Write(packet(byte(i)+2, body))
		}
		var got bytes.Buffer
		c := &connection{Conn: sink{w: &got}, shift: 2}
		for b := sent.Bytes(); len(b) > 0; {
			n := 1 + r.IntN(len(b))
			if m, err := c.Write(b[:n]); m != n || err != nil {
				t.Fatal(m, err)
			}
			b = b[n:]
		}
		if !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Fatalf("%x became %x, want %x", sent.Bytes(), got.Bytes(), want.Bytes())
		}
	}
}

type sink struct {
	net.Conn
	w io.Writer
}

func (s sink) Write(p []byte) (int, error) { return s.w.Write(p) }

// FuzzConnection feeds a connection anything, as a login and as a session: it must end without a panic.
func FuzzConnection(f *testing.F) {
	f.Add(sslRequest(), true)
	f.Add(packet(1, make([]byte, 40)), false)
	f.Add(append(packet(0, []byte("\x16select ?")), packet(0, []byte{comStmtLongData})...), true)
	f.Add(packet(0, make([]byte, 1<<17)), true)
	f.Fuzz(func(t *testing.T, b []byte, session bool) {
		var out bytes.Buffer
		c := &connection{Conn: quiet{sink{w: &out}, bytes.NewReader(b)}, l: &listener{options: Options{MaxPacketBytes: 1 << 16}.withDefaults()}}
		if session {
			c.reader = bufio.NewReader(bytes.NewReader(b))
			c.ready.Store(true)
		}
		n, err := io.Copy(io.Discard, struct{ io.Reader }{c})
		if n > int64(3*len(b)+len(carrierHead)*(len(b)+1)) {
			t.Fatalf("%d bytes became %d, %v", len(b), n, err)
		}
	})
}

// quiet is a socket that only reads.
type quiet struct {
	sink
	r io.Reader
}

func (q quiet) Read(p []byte) (int, error)       { return q.r.Read(p) }
func (q quiet) SetReadDeadline(time.Time) error  { return nil }
func (q quiet) SetWriteDeadline(time.Time) error { return nil }
func (q quiet) SetDeadline(time.Time) error      { return nil }
func (q quiet) LocalAddr() net.Addr              { return &net.TCPAddr{} }

func BenchmarkPacket(b *testing.B) {
	query := packet(0, append([]byte{3}, "select c from sbtest1 where id=5"...))
	c := &connection{l: &listener{options: Options{}.withDefaults()}}
	c.reader = bufio.NewReaderSize(&repeat{query, 0}, defaultReadBytes)
	c.ready.Store(true)
	p := make([]byte, len(query))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := io.ReadFull(c, p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCarrier(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := unwrap(wrap("select c from sbtest1 as of scn ? where id=?")); !ok {
			b.Fatal("lost")
		}
	}
}

// repeat gives the same bytes for ever.
type repeat struct {
	b  []byte
	at int
}

func (r *repeat) Read(p []byte) (int, error) {
	n := copy(p, r.b[r.at:])
	r.at = (r.at + n) % len(r.b)
	return n, nil
}

func waitFor(t testing.TB, f func() bool) {
	t.Helper()
	end := time.Now().Add(2 * time.Minute)
	for !f() {
		if time.Now().After(end) {
			t.Fatal("waited 20 s in vain")
		}
		time.Sleep(2 * time.Millisecond) // between two looks, not for the condition
	}
}

// client speaks the protocol by hand.
type client struct {
	net.Conn
	t testing.TB
}

func (s *testServer) dial() *client {
	s.t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(2 * time.Minute))
	s.t.Cleanup(func() { _ = c.Close() })
	return &client{c, s.t}
}

func (c *client) write(b []byte) {
	if _, err := c.Conn.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) read() []byte {
	c.t.Helper()
	header := make([]byte, headerBytes)
	if _, err := io.ReadFull(c.Conn, header); err != nil {
		c.t.Fatal(err)
	}
	body := make([]byte, bodyLength(header))
	if _, err := io.ReadFull(c.Conn, body); err != nil {
		c.t.Fatal(err)
	}
	return body
}

// login logs in as root without a password.
func (c *client) login() {
	c.t.Helper()
	c.read()
	body := make([]byte, loginBytesMin)
	flags := uint32(1<<9 | 1<<15 | 1<<19) // protocol 4.1, secure connection, plugin auth
	body[0], body[1], body[2], body[3] = byte(flags), byte(flags>>8), byte(flags>>16), byte(flags>>24)
	body = append(body, "root\x00\x00mysql_native_password\x00"...)
	c.write(packet(1, body))
	if answer := c.read(); answer[0] != 0 {
		c.t.Fatalf("login: %q", answer)
	}
}

func (c *client) wantEnd() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.Conn); len(rest) > 0 || errors.Is(err, context.DeadlineExceeded) {
		c.t.Errorf("the connection goes on: %q %v", rest, err)
	}
}

func sslRequest() []byte {
	body := make([]byte, loginBytesMin)
	body[1], body[2] = capabilitySSL>>8|1<<1, 0
	return packet(1, body)
}
