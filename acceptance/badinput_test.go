package acceptance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// mentions fails the test if a text lacks any of the words that its reader needs.
func mentions(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("want a message with %q, got:\n%s", w, text)
		}
	}
	if strings.Contains(text, "goroutine ") || strings.Contains(text, "panic:") {
		t.Errorf("a stack is no message:\n%s", text)
	}
}

// TestAddressInUse: each of the addresses of a node may be taken.
func TestAddressInUse(t *testing.T) {
	for _, flag := range []string{"mysql", "http", "raft"} {
		t.Run(flag, func(t *testing.T) {
			s := newServer(t)
			taken := map[string]string{"mysql": s.mysql, "http": s.http, "raft": s.raft}[flag]
			l, err := net.Listen("tcp", taken)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			known(t, "address in use", flag, func() error {
				text := s.refusal()
				mentions(t, text, taken, "in use")
				if !strings.Contains(text, "--"+flag) {
					return fmt.Errorf("the message does not name the flag --%s: %s", flag, text)
				}
				return nil
			})
			l.Close()
			s.start() // nothing was left behind
			s.stop()
		})
	}
}

// TestWrongDirectory: the data directory may be anything.
func TestWrongDirectory(t *testing.T) {
	t.Run("another format", func(t *testing.T) {
		s := stopped(t)
		editIdentity(t, s, "format", 99)
		mentions(t, s.refusal(), s.dir, "format 99")
	})
	t.Run("another node", func(t *testing.T) {
		s := stopped(t)
		s.extra = []string{"--node-id=n7"}
		mentions(t, s.refusal(), s.dir, "n1", "n7")
	})
	t.Run("another database's log", func(t *testing.T) {
		s := stopped(t)
		editIdentity(t, s, "database_id", strings.Repeat("ab", 16))
		mentions(t, s.refusal(), filepath.Join(s.dir, "log"))
	})
	t.Run("not a data directory", func(t *testing.T) {
		s := newServer(t)
		file := filepath.Join(s.dir, "holiday.jpg")
		if err := os.MkdirAll(s.dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("sun"), 0o600); err != nil {
			t.Fatal(err)
		}
		mentions(t, s.refusal(), s.dir, "holiday.jpg")
		if b, err := os.ReadFile(file); err != nil || string(b) != "sun" {
			t.Errorf("the file that was there: %q, %v", b, err)
		}
	})
	t.Run("a file", func(t *testing.T) {
		s := newServer(t)
		s.dir = filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(s.dir, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		mentions(t, s.refusal(), s.dir)
	})
	t.Run("in use", func(t *testing.T) {
		first := startServer(t)
		second := newServer(t)
		second.dir = first.dir
		mentions(t, second.refusal(), first.dir, "in use")
		if got := one(t, open(t, first.mysql, ""), "SELECT 1"); got != "1" {
			t.Errorf("the first server gives %s", got)
		}
	})
	t.Run("damaged identity", func(t *testing.T) {
		s := stopped(t)
		if err := os.WriteFile(filepath.Join(s.dir, "redoubt.json"), []byte(`{"format":`), 0o600); err != nil {
			t.Fatal(err)
		}
		mentions(t, s.refusal(), "redoubt.json")
	})
	t.Run("no log", func(t *testing.T) {
		s := stopped(t)
		if err := os.RemoveAll(filepath.Join(s.dir, "log")); err != nil {
			t.Fatal(err)
		}
		mentions(t, s.refusal(), "log")
	})
}

// stopped is a server that ran once, wrote something and was stopped.
func stopped(t *testing.T) *server {
	t.Helper()
	s := startServer(t)
	mustExec(t, conn(t, s.mysql, ""), "CREATE DATABASE d", "CREATE TABLE d.t (id int PRIMARY KEY)", "INSERT INTO d.t VALUES (1)")
	s.stop()
	return s
}

func editIdentity(t *testing.T, s *server, field string, value any) {
	t.Helper()
	path := filepath.Join(s.dir, "redoubt.json")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	identity := map[string]any{}
	if err := json.Unmarshal(b, &identity); err != nil {
		t.Fatal(err)
	}
	identity[field] = value
	if b, err = json.Marshal(identity); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestWrongFlags: settings that cannot be.
func TestWrongFlags(t *testing.T) {
	for name, c := range map[string]struct {
		flags []string
		words []string
	}{
		"unknown flag":          {[]string{"--colour=red"}, []string{"--colour"}},
		"no port":               {[]string{"--mysql=localhost"}, []string{"mysql", "localhost", "HOST:PORT"}},
		"not a size":            {[]string{"--cache-size=much"}, []string{"cache-size", "much"}},
		"no such configuration": {[]string{"--config=/nowhere/at/all.toml"}, []string{"/nowhere/at/all.toml"}},
		"no such password file": {[]string{"--root-password-file=/nowhere/at/all"}, []string{"/nowhere/at/all"}},
		"half of a certificate": {[]string{"--tls-cert=/tmp/c.pem"}, []string{"tls-cert", "tls-key"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, c.flags...)
			mentions(t, s.refusal(), c.words...)
		})
	}
}

// TestOpenAddress: on an address that others can reach root must have a password.
func TestOpenAddress(t *testing.T) {
	s := newServer(t)
	s.mysql = "0.0.0.0:" + port(s.mysql)
	mentions(t, s.refusal(), "password", "root")
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.extra = []string{"--root-password-file=" + file}
	s.start()
	local := "127.0.0.1:" + port(s.mysql)
	if err := open(t, local, "").PingContext(t.Context()); number(err) != 1045 {
		t.Errorf("root without its password: want 1045, got %v", err)
	}
	if got := one(t, open(t, local, "", as("root", "s3cret")), "SELECT 1"); got != "1" {
		t.Errorf("root with its password: got %s", got)
	}
	s.stop()
	s.extra = nil // the password is kept in the database
	s.start()
	if got := one(t, open(t, local, "", as("root", "s3cret")), "SELECT 1"); got != "1" {
		t.Errorf("root with its password after a restart: got %s", got)
	}
}

// TestWrongStatements: each gets its MySQL number, and the connection goes on.
func TestWrongStatements(t *testing.T) {
	s := startServer(t, "--max-allowed-packet=1MiB")
	c := conn(t, s.mysql, "")
	mustExec(t, c, "CREATE DATABASE d", "USE d", "CREATE TABLE t (id int PRIMARY KEY, v varchar(10))")
	now := one(t, c, "SELECT current_scn()")
	for statement, want := range map[string]uint16{
		"UPDATE t AS OF SCN " + now + " SET v = 1": 1288,
		"SELEC 1":                                1064,
		"SELECT * FROM":                          1064,
		"SELECT * FROM nothing":                  1146,
		"SELECT nothing FROM t":                  1054,
		"SELECT * FROM nowhere.t":                1049,
		"USE nowhere":                            1049,
		"INSERT INTO t VALUES (1, 2, 3)":         1136,
		"INSERT INTO t (nothing) VALUES (1)":     1054,
		"CREATE TABLE t (id int)":                1050,
		"CREATE DATABASE d":                      1007,
		"DROP DATABASE nowhere":                  1008,
		"ALTER TABLE t DROP COLUMN nothing":      1091,
		"SELECT * FROM t AS OF SCN 999999999":    1525,
		"SELECT * FROM t AS OF SCN 1":            1146,
		"SELECT * FROM t AS OF 'no such point'":  1105,
		"UPDATE t AS OF SCN 1 SET v = 1":         1288,
		"SELECT \x00":                            1064,
		"":                                       1065,
		"SELECT no_such_function(1)":             1305,
		"SELECT * FROM t AS OF SCN 5 FOR UPDATE": 1235,
		"SELECT " + strings.Repeat("(", 5000) + "1" + strings.Repeat(")", 5000): 0,
		"INSERT INTO t VALUES (1, 'much too long for it')":                      1406,
		"INSERT INTO t VALUES ('abc', 'x')":                                     1366,
	} {
		known(t, "wrong statements", shorten(statement), func() error {
			_, err := ask(t.Context(), c, statement)
			if want != 0 && number(err) != want || want == 0 && err != nil && number(err) == 0 {
				return fmt.Errorf("want error %d, got %v", want, err)
			}
			if got, err := ask(t.Context(), c, "SELECT 1"); err != nil || got.rows[0][0] != "1" {
				t.Fatalf("after %s: the connection gives %v, %v", shorten(statement), got.rows, err)
			}
			return nil
		})
	}
}

// TestPacketOverLimit: a packet above max_allowed_packet gets 1153 and is not stored; the server lives on.
func TestPacketOverLimit(t *testing.T) {
	s := startServer(t, "--max-allowed-packet=1MiB")
	c := conn(t, s.mysql, "")
	mustExec(t, c, "CREATE DATABASE d", "CREATE TABLE d.t (id int PRIMARY KEY, b longblob)")
	big := func(c *mysql.Config) { c.MaxAllowedPacket = 64 << 20 }
	blob := bytes.Repeat([]byte("x"), 2<<20)
	_, err := conn(t, s.mysql, "d", big).ExecContext(t.Context(), "INSERT INTO t VALUES (1, '"+string(blob)+"')")
	known(t, "packet over the limit", "text", func() error { return wantNumber(err, 1153) })
	_, err = conn(t, s.mysql, "d", big).ExecContext(t.Context(), "INSERT INTO t VALUES (2, ?)", blob)
	known(t, "packet over the limit", "binary", func() error { return wantNumber(err, 1153) })
	out, err := client(t, readyLimit, s.mysql, "INSERT INTO t VALUES (3, '"+string(blob)+"');", "--max-allowed-packet=64M", "d")
	if err == nil || !strings.Contains(out, "1153") && !strings.Contains(out, "2006") && !strings.Contains(out, "2013") {
		t.Errorf("mariadb client: want an error, got %v: %s", err, out)
	}
	if got := one(t, c, "SELECT count(*) FROM d.t"); got != "0" {
		t.Errorf("%s rows were stored", got)
	}
	if got := one(t, c, "SELECT @@max_allowed_packet"); got != "1048576" {
		t.Errorf("@@max_allowed_packet is %s", got)
	}
}

// TestDamagedLog: damage inside of what was acknowledged is an error that names the place; a torn tail is cut.
func TestDamagedLog(t *testing.T) {
	t.Run("in the middle", func(t *testing.T) {
		s, file := serverWithLog(t)
		flip(t, file, 0.5)
		before := content(t, s.dir)
		text := s.refusal()
		mentions(t, text, filepath.Base(file), "offset", "SCN")
		if d := changedFiles(before, content(t, s.dir)); len(d) > 0 {
			t.Errorf("the refused start changed %v", d)
		}
		flip(t, file, 0.5) // as it was
		s.start()
		if got := one(t, open(t, s.mysql, "d"), "SELECT count(*) FROM t"); got != "2000" {
			t.Errorf("after the repair: %s rows", got)
		}
	})
	t.Run("torn tail", func(t *testing.T) {
		s, file := serverWithLog(t)
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		end := len(bytes.TrimRight(b, "\x00"))
		// The beginning of a batch whose rest never reached the disk: a copy of the last bytes, without their end.
		torn := slices.Concat(b[:end], b[end/2:end/2+37], b[end+37:])
		if err := os.WriteFile(file, torn, 0o600); err != nil {
			t.Fatal(err)
		}
		s.start()
		if got := one(t, open(t, s.mysql, "d"), "SELECT count(*) FROM t"); got != "2000" {
			t.Errorf("after the cut: %s rows", got)
		}
		mustExec(t, open(t, s.mysql, "d"), "INSERT INTO t VALUES (5000, 'after')")
		s.kill()
		s.start()
		if got := one(t, open(t, s.mysql, "d"), "SELECT count(*) FROM t"); got != "2001" {
			t.Errorf("after one more row and a restart: %s rows", got)
		}
	})
	t.Run("in the state", func(t *testing.T) {
		s, _ := serverWithLog(t)
		s.start()
		s.stop() // it may have been killed before the first file was whole
		files, err := filepath.Glob(filepath.Join(s.dir, "state", "*.sst"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files of the state: %v", err)
		}
		for _, f := range files {
			flip(t, f, 0.4)
		}
		s.launch()
		if _, err := s.awaitOutput("redoubt ready ", readyLimit); err != nil {
			mentions(t, s.out.String(), "state") // it did not start: it must say why
			return
		}
		_, err = ask(t.Context(), open(t, s.mysql, "d"), "SELECT sum(id), max(v) FROM t")
		if err == nil {
			t.Error("a damaged state gave rows")
		}
	})
}

// serverWithLog is a killed server with 2,000 rows in its log, and the file of the log that was written last.
func serverWithLog(t *testing.T) (*server, string) {
	t.Helper()
	s := startServer(t, "--log-file-size=16MiB", "--memtable-size=1MiB", "--checkpoint-size=1MiB")
	c := conn(t, s.mysql, "")
	mustExec(t, c, "CREATE DATABASE d", "USE d", "CREATE TABLE t (id int PRIMARY KEY, v varchar(2000))")
	for i := range 100 {
		var rows []string
		for j := range 20 {
			rows = append(rows, row(i*20+j, fmt.Sprintf("%01000d", i*j)))
		}
		mustExec(t, c, "INSERT INTO t VALUES "+strings.Join(rows, ","))
	}
	s.kill()
	files, err := filepath.Glob(filepath.Join(s.dir, "log", "log-*.wal"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files of the log: %v", err)
	}
	slices.Sort(files)
	return s, files[len(files)-1]
}

// flip inverts a byte at a place that is given as a part of what the file holds before its zeros.
func flip(t *testing.T, file string, at float64) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[int(float64(len(bytes.TrimRight(b, "\x00")))*at)] ^= 0xff
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// content reads the log of a data directory.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "log", "*"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all[f] = string(b)
	}
	return all
}

func changedFiles(before, after map[string]string) []string {
	var names []string
	for name, text := range before {
		if after[name] != text {
			names = append(names, name)
		}
	}
	return names
}
