package acceptance

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

const (
	nativeUser, sha2User = "nat", "sha"
	userPassword         = `p4ss "word'€`
	bigBlobBytes         = 20 << 20
	mysql2Version        = "3.15.3"
)

// past is a table whose past the clients read.
type past struct {
	scn string // at which row 1 was 'old'
}

// startClientServer starts a server with users of both kinds and a table with a past.
func startClientServer(t *testing.T) (*server, past) {
	t.Helper()
	s := startServer(t)
	c := conn(t, s.mysql, "")
	mustExec(t, c, "CREATE DATABASE clients", "USE clients",
		"CREATE TABLE t (id int PRIMARY KEY, v varchar(100) CHARACTER SET utf8mb4, at datetime(6) NULL, price decimal(10,2))",
		"INSERT INTO t VALUES (1, 'old 🚀', '2024-02-29 12:34:56.789012', 1.50), (2, 'two', NULL, NULL)")
	p := past{scn: one(t, c, "SELECT current_scn()")}
	mustExec(t, c, "UPDATE t SET v = 'new', price = 2.50 WHERE id = 1",
		"CREATE TABLE blobs (id int PRIMARY KEY, b longblob)",
		"CREATE TABLE loaded (id int PRIMARY KEY, name varchar(50), note varchar(50))",
		"CREATE TABLE many (id int PRIMARY KEY)",
		"INSERT INTO many WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i FROM n",
		"SET GLOBAL local_infile = 1")
	for user, plugin := range map[string]string{nativeUser: "mysql_native_password", sha2User: "caching_sha2_password"} {
		mustExec(t, c, fmt.Sprintf("CREATE USER '%s'@'%%' IDENTIFIED WITH %s BY %s", user, plugin, literal(userPassword)),
			fmt.Sprintf("GRANT ALL PRIVILEGES ON clients.* TO '%s'@'%%'", user))
	}
	return s, p
}

func as(user, password string) func(*mysql.Config) {
	return func(c *mysql.Config) {
		c.User, c.Passwd = user, password
		c.AllowNativePasswords = true
	}
}

func overTLS(c *mysql.Config) { c.TLSConfig = "skip-verify" }

func plain(*mysql.Config) {}

var transports = map[string]func(*mysql.Config){"plain": plain, "TLS": overTLS}

// TestGoClient is go-sql-driver, in the text protocol (no arguments) and in the binary one (arguments).
func TestGoClient(t *testing.T) {
	s, p := startClientServer(t)
	for name, transport := range transports {
		t.Run(name, func(t *testing.T) {
			db := open(t, s.mysql, "clients", transport)
			goSecure(t, db, name == "TLS")
			t.Run("AS OF", func(t *testing.T) { goAsOf(t, db, p) })
			t.Run("types", func(t *testing.T) { goTypes(t, db) })
			t.Run("20 MB", func(t *testing.T) { goBigBlob(t, db) })
			t.Run("LOAD DATA LOCAL", func(t *testing.T) { goLoadData(t, db) })
			t.Run("users", func(t *testing.T) { goUsers(t, s, transport) })
		})
	}
	t.Run("multi-statements", func(t *testing.T) { goMultiStatements(t, s) })
	t.Run("KILL", func(t *testing.T) { goKill(t, s) })
	t.Run("client gone", func(t *testing.T) { goGone(t, s) })
}

// goSecure asks the server whether it sees TLS.
func goSecure(t *testing.T, db *sql.DB, want bool) {
	t.Helper()
	r, err := ask(t.Context(), db, "SHOW STATUS LIKE 'Ssl_cipher'")
	known(t, t.Name(), "Ssl_cipher", func() error {
		if err != nil || len(r.rows) != 1 || (r.rows[0][1] != "") != want {
			return fmt.Errorf("SHOW STATUS LIKE 'Ssl_cipher': got %v, error %v", r.rows, err)
		}
		return nil
	})
}

func goAsOf(t *testing.T, db *sql.DB, p past) {
	const query = "SELECT v, price FROM t AS OF SCN ? WHERE id = ?"
	statement, err := db.PrepareContext(t.Context(), query)
	if err != nil {
		t.Fatalf("prepare %s: %v", query, err)
	}
	defer statement.Close()
	var v, price string
	for range 3 { // the same statement again and again
		if err := statement.QueryRowContext(t.Context(), p.scn, 1).Scan(&v, &price); err != nil || v != "old 🚀" || price != "1.50" {
			t.Fatalf("prepared AS OF SCN: got %q %q, %v", v, price, err)
		}
	}
	now := one(t, db, "SELECT current_scn()")
	if err := statement.QueryRowContext(t.Context(), now, 1).Scan(&v, &price); err != nil || v != "new" {
		t.Fatalf("the same statement at SCN %s: got %q %q, %v", now, v, price, err)
	}
	for _, query := range []string{
		"SELECT v FROM t AS OF SCN " + p.scn + " WHERE id = 1",
		"SELECT o.v FROM t n JOIN t AS OF SCN " + p.scn + " o ON o.id = n.id WHERE n.id = 1",
		"WITH o AS (SELECT * FROM t AS OF SCN " + p.scn + ") SELECT v FROM o WHERE id = 1",
	} {
		if got := one(t, db, query); got != "old 🚀" {
			t.Errorf("%s: got %q", query, got)
		}
	}
	if got := one(t, db, "SELECT o.v FROM t n JOIN t AS OF SCN ? o ON o.id = n.id WHERE n.id = ?", p.scn, 1); got != "old 🚀" {
		t.Errorf("join with AS OF SCN ?: got %q", got)
	}
	goAsOfTime(t, db)
}

func goAsOfTime(t *testing.T, db *sql.DB) {
	// Five minutes ago there was no table: the right answer is an error that says so, not one of the grammar.
	_, err := ask(t.Context(), db, "SELECT v FROM t AS OF TIMESTAMP now() - INTERVAL 5 MINUTE WHERE id = 1")
	if number(err) != 1146 {
		t.Errorf("AS OF TIMESTAMP now() - INTERVAL 5 MINUTE: want 1146, got %v", err)
	}
	eventually(t, 20*time.Second, "the row shows as it was a second ago", func() error {
		r, err := ask(t.Context(), db, "SELECT v FROM t AS OF TIMESTAMP now(6) - INTERVAL 1 SECOND WHERE id = ?", 1)
		if err == nil && (len(r.rows) != 1 || r.rows[0][0] != "new") {
			err = fmt.Errorf("got %v", r.rows)
		}
		return err
	})
	now := one(t, db, "SELECT cast(now(6) AS char)")
	if got := one(t, db, "SELECT v FROM t AS OF TIMESTAMP ? WHERE id = ?", now, 1); got != "new" {
		t.Errorf("AS OF TIMESTAMP ?: got %q", got)
	}
}

// goTypes reads the same values in both protocols.
func goTypes(t *testing.T, db *sql.DB) {
	text, err := ask(t.Context(), db, "SELECT * FROM t ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	binary, err := ask(t.Context(), db, "SELECT * FROM t WHERE id > ? ORDER BY id", 0)
	if err != nil {
		t.Fatal(err)
	}
	if d := difference(text, binary); d != "" {
		t.Errorf("the binary protocol gives other values than the text protocol: %s", d)
	}
	var at sql.NullTime
	var price sql.NullFloat64
	if err := db.QueryRowContext(t.Context(), "SELECT at, price FROM t WHERE id = ?", 2).Scan(&at, &price); err != nil || at.Valid || price.Valid {
		t.Errorf("NULLs: got %v %v, %v", at, price, err)
	}
}

func goBigBlob(t *testing.T, db *sql.DB) {
	blob := make([]byte, bigBlobBytes)
	random := rand.NewChaCha8([32]byte{1})
	random.Read(blob)
	mustExec(t, db, "DELETE FROM blobs")
	if _, err := db.ExecContext(t.Context(), "INSERT INTO blobs VALUES (?, ?)", 1, blob); err != nil {
		t.Fatalf("binary protocol: %v", err)
	}
	if _, err := db.ExecContext(t.Context(), "INSERT INTO blobs VALUES (2, x'"+fmt.Sprintf("%x", blob)+"')"); err != nil {
		t.Fatalf("text protocol: %v", err)
	}
	for id := 1; id <= 2; id++ {
		var got []byte
		if err := db.QueryRowContext(t.Context(), "SELECT b FROM blobs WHERE id = ?", id).Scan(&got); err != nil || !bytes.Equal(got, blob) {
			t.Fatalf("blob %d came back with %d bytes, %v", id, len(got), err)
		}
		if err := db.QueryRowContext(t.Context(), fmt.Sprintf("SELECT b FROM blobs WHERE id = %d", id)).Scan(&got); err != nil || !bytes.Equal(got, blob) {
			t.Fatalf("blob %d came back as text with %d bytes, %v", id, len(got), err)
		}
	}
}

func goLoadData(t *testing.T, db *sql.DB) {
	mustExec(t, db, "DELETE FROM loaded")
	const lines = 5000
	var file strings.Builder
	for i := range lines {
		fmt.Fprintf(&file, "%d\tname %d é\t\\N\n", i, i)
	}
	mysql.RegisterReaderHandler("lines", func() io.Reader { return strings.NewReader(file.String()) })
	defer mysql.DeregisterReaderHandler("lines")
	r, err := db.ExecContext(t.Context(), "LOAD DATA LOCAL INFILE 'Reader::lines' INTO TABLE loaded")
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := r.RowsAffected(); n != lines {
		t.Errorf("%d rows affected, want %d", n, lines)
	}
	if got := one(t, db, "SELECT concat(count(*), ' ', max(name), ' ', count(note)) FROM loaded"); got != "5000 name 999 é 0" {
		t.Errorf("loaded: %s", got)
	}
}

func goUsers(t *testing.T, s *server, transport func(*mysql.Config)) {
	for _, user := range []string{nativeUser, sha2User} {
		for range 2 { // the second time the server may know the password already
			db := open(t, s.mysql, "clients", transport, as(user, userPassword))
			if got := one(t, db, "SELECT current_user()"); got != user+"@%" {
				t.Errorf("current_user() is %s, want %s@%%", got, user)
			}
			if _, err := ask(t.Context(), db, "SELECT * FROM mysql.user"); err == nil {
				t.Errorf("%s may read mysql.user", user)
			}
		}
		for _, wrong := range []string{"wrong", ""} {
			if err := open(t, s.mysql, "clients", transport, as(user, wrong)).PingContext(t.Context()); number(err) != 1045 {
				t.Errorf("%s with password %q: want error 1045, got %v", user, wrong, err)
			}
		}
	}
	known(t, "users", "unknown user", func() error {
		if err := open(t, s.mysql, "clients", transport, as("nobody", "x")).PingContext(t.Context()); number(err) != 1045 {
			return fmt.Errorf("want error 1045, got %v", err)
		}
		return nil
	})
}

func goMultiStatements(t *testing.T, s *server) {
	db := open(t, s.mysql, "clients", multiStatements)
	rows, err := db.QueryContext(t.Context(), "INSERT INTO t (id, v) VALUES (50, 'a;b'); SELECT v FROM t WHERE id = 50; UPDATE t SET v = 'c' WHERE id = 50; SELECT v, 1 FROM t WHERE id = 50; DELETE FROM t WHERE id = 50")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []string
	for {
		r, err := readAll(rows)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(r.rows))
		if !rows.NextResultSet() {
			break
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(got, " "); !strings.Contains(text, "[[a;b]]") || !strings.Contains(text, "[[c 1]]") {
		t.Errorf("results of five statements: %s", text)
	}
	if _, err := db.ExecContext(t.Context(), "INSERT INTO t (id) VALUES (51); INSERT INTO t (id) VALUES (51); INSERT INTO t (id) VALUES (52)"); number(err) != 1062 {
		t.Errorf("the second statement fails: want 1062, got %v", err)
	}
	known(t, "multi-statements", "the rest after a failure", func() error {
		if got := one(t, db, "SELECT group_concat(id ORDER BY id) FROM t WHERE id > 50"); got != "51" {
			return fmt.Errorf("rows after a failure in the middle: %s, want 51", got)
		}
		return nil
	})
	if _, err := open(t, s.mysql, "clients").ExecContext(t.Context(), "SELECT 1; SELECT 2"); number(err) != 1064 {
		t.Errorf("several statements from a client that did not ask for them: want 1064, got %v", err)
	}
}

func goKill(t *testing.T, s *server) {
	for _, query := range []string{"SELECT sleep(60)", "SELECT count(*) FROM many a, many b, many c WHERE a.id + b.id + c.id = 7"} {
		victim, killer := conn(t, s.mysql, "clients"), conn(t, s.mysql, "clients")
		id := one(t, victim, "SELECT connection_id()")
		done := make(chan error, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		go func() {
			_, err := ask(ctx, victim, query)
			done <- err
		}()
		eventually(t, 20*time.Second, "the statement shows in the process list", func() error {
			got, err := ask(t.Context(), killer, "SELECT info FROM information_schema.processlist WHERE id = "+id)
			if err == nil && (len(got.rows) != 1 || !strings.HasPrefix(got.rows[0][0], query)) {
				err = fmt.Errorf("it has %v", got.rows)
			}
			return err
		})
		mustExec(t, killer, "KILL QUERY "+id)
		select {
		case err := <-done:
			if number(err) != 1317 {
				t.Errorf("%s, killed: want error 1317, got %v", query, err)
			}
		case <-time.After(15 * time.Second):
			t.Fatalf("%s runs 15 s after KILL QUERY", query)
		}
		if got := one(t, victim, "SELECT 7"); got != "7" {
			t.Errorf("the connection after KILL QUERY gives %s", got)
		}
		mustExec(t, killer, "KILL "+id)
		eventually(t, 20*time.Second, "the killed connection is gone", func() error {
			if _, err := ask(t.Context(), victim, "SELECT 7"); err == nil {
				return errors.New("it still answers")
			}
			return nil
		})
	}
	known(t, "KILL", "no such connection", func() error {
		if _, err := open(t, s.mysql, "").ExecContext(t.Context(), "KILL 999999"); number(err) != 1094 {
			return fmt.Errorf("KILL of no connection: want error 1094, got %v", err)
		}
		return nil
	})
}

// goGone leaves in the midst of a statement and in the midst of a transaction.
func goGone(t *testing.T, s *server) {
	watcher := conn(t, s.mysql, "clients")
	running := func(query string) int {
		r, err := ask(t.Context(), watcher, "SELECT id FROM information_schema.processlist WHERE info LIKE '"+query+"%'")
		if err != nil {
			t.Fatal(err)
		}
		return len(r.rows)
	}
	for _, query := range []string{"SELECT sleep(600)", "SELECT count(*) FROM many a, many b, many c WHERE a.id + b.id = c.id"} {
		victim := conn(t, s.mysql, "clients")
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		done := make(chan error, 1)
		go func() {
			_, err := ask(ctx, victim, query) // go-sql-driver closes the connection when ctx ends
			done <- err
		}()
		eventually(t, 20*time.Second, "the statement runs", func() error {
			if running(query) != 1 {
				return errors.New("it does not")
			}
			return nil
		})
		leave()
		if err := <-done; err == nil {
			t.Errorf("%s ended by itself", query)
		}
		eventually(t, 20*time.Second, "the statement of a client that left ends", func() error {
			if running(query) != 0 {
				return errors.New("it still runs")
			}
			return nil
		})
	}
	half := conn(t, s.mysql, "clients")
	mustExec(t, half, "START TRANSACTION", "INSERT INTO t (id) VALUES (90)")
	if err := half.Raw(func(c any) error { return c.(io.Closer).Close() }); err != nil {
		t.Fatal(err)
	}
	if got := one(t, watcher, "SELECT count(*) FROM t WHERE id = 90"); got != "0" {
		t.Errorf("a transaction whose client left is there: %s rows", got)
	}
}

// TestCommandLineClient is the mariadb client.
func TestCommandLineClient(t *testing.T) {
	s, p := startClientServer(t)
	type input struct{ what, text, want, path string }
	files := []input{
		{"simple fields", "1;a;x\n2;b;y\n", "a,b", ""},
		{"enclosed fields", "1;\"a\";x\n2;b;\"y\"\n", "a,b", ""},
		{"a terminator inside of an enclosed field", "1;\"a;b\";x\n2;c;y\n", "a;b,c", ""},
		{"escapes and NULL", "1;a\\;b;\\N\n2;\\N;y\n", "a;b", ""},
	}
	for i := range files {
		files[i].path = filepath.Join(t.TempDir(), "rows.csv")
		if err := os.WriteFile(files[i].path, []byte(files[i].text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(t *testing.T, statements string, args ...string) string {
		t.Helper()
		out, err := client(t, time.Minute, s.mysql, statements, append([]string{"--batch", "--skip-column-names"}, args...)...)
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return strings.TrimSpace(out)
	}
	for name, flag := range map[string]string{"TLS": "--ssl", "plain": "--skip-ssl"} {
		t.Run(name, func(t *testing.T) {
			if out := run(t, "status", flag); strings.Contains(out, "Cipher in use") != (name == "TLS") {
				t.Errorf("status says:\n%s", out)
			}
			if got := run(t, "SELECT v FROM t AS OF SCN "+p.scn+" WHERE id = 1;", flag, "clients"); got != "old 🚀" {
				t.Errorf("AS OF: %q", got)
			}
			loadStatement := "DELETE FROM loaded; LOAD DATA LOCAL INFILE '%s' INTO TABLE loaded FIELDS TERMINATED BY ';' OPTIONALLY ENCLOSED BY '\"';\n" +
				"SELECT group_concat(name ORDER BY id) FROM loaded;"
			for _, f := range files {
				known(t, "LOAD DATA LOCAL", f.what, func() error {
					out, err := client(t, time.Minute, s.mysql, fmt.Sprintf(loadStatement, f.path), flag, "-BN", "--local-infile=1", "clients")
					if err != nil || strings.TrimSpace(out) != f.want {
						return fmt.Errorf("want %q, got %q, %v", f.want, out, err)
					}
					return nil
				})
			}
			for _, user := range []string{nativeUser, sha2User} {
				if got := run(t, "SELECT current_user();", flag, "--user="+user, "--password="+userPassword, "clients"); got != user+"@%" {
					t.Errorf("%s: %q", user, got)
				}
				out, err := client(t, time.Minute, s.mysql, "SELECT 1;", flag, "--user="+user, "--password=wrong")
				if err == nil || !strings.Contains(out, "ERROR 1045") {
					t.Errorf("wrong password: want ERROR 1045, got %v: %s", err, out)
				}
			}
		})
	}
}

// nodeProgram puts a program of testdata beside the packages of npm that it needs.
func nodeProgram(t *testing.T, name string, packages ...string) string {
	t.Helper()
	dir := t.TempDir()
	install := append([]string{"install", "--no-audit", "--no-fund", "--prefix", dir}, packages...)
	if out, err := command(t, 5*time.Minute, "", tool(t, "npm"), install...); err != nil {
		t.Fatalf("npm install: %v\n%s", err, out)
	}
	script, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, name)
	if err := os.WriteFile(program, script, 0o600); err != nil {
		t.Fatal(err)
	}
	return program
}

// TestNodeClient is mysql2 from npm, with query (text) and execute (binary).
func TestNodeClient(t *testing.T) {
	s, p := startClientServer(t)
	program := nodeProgram(t, "mysql2.mjs", "mysql2@"+mysql2Version)
	for name := range transports {
		t.Run(name, func(t *testing.T) {
			for _, part := range []string{"asOf", "versions", "types", "write", "bigBlob", "loadData", "several", "users", "kill"} {
				known(t, "mysql2", part, func() error {
					out, err := command(t, 5*time.Minute, "", tool(t, "node"), program, part, port(s.mysql), name, p.scn, nativeUser, sha2User, userPassword)
					if err != nil || out != "all well\n" {
						return fmt.Errorf("%v: %s", err, out)
					}
					return nil
				})
			}
		})
	}
}
