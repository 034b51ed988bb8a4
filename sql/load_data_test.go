package sql

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gsql "github.com/dolthub/go-mysql-server/sql"
	mysqldriver "github.com/go-sql-driver/mysql"
)

// load runs LOAD DATA LOCAL with a text as the file; what stands before INTO and behind the table comes with it.
func (r *running) load(text, before, behind string) error {
	r.t.Helper()
	mysqldriver.RegisterReaderHandler("rows", func() io.Reader { return strings.NewReader(text) })
	defer mysqldriver.DeregisterReaderHandler("rows")
	_, err := r.db.Exec("LOAD DATA LOCAL INFILE 'Reader::rows' " + before + " INTO TABLE l " + behind)
	return err
}

func TestLoadDataFormats(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE l (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20) NOT NULL DEFAULT 'def', n INT, d VARCHAR(20) DEFAULT (concat('d', n)), g INT GENERATED ALWAYS AS (n * 2) STORED)")
	const csv = "FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' "
	cases := []struct{ text, behind, want string }{
		{"1\ta\t2\tx\t99\n2\t\\N\t\\N\t\\N\n", "", "1|a|2|x|4 2||NULL|NULL|NULL"},
		{"1,\"a,b\",3,\"x\ny\"\n2,\"say \"\"hi\"\"\",NULL,\"NULL\"\n", csv, "1|a,b|3|x\ny|6 2|say \"hi\"|NULL|NULL|NULL"},
		{"h\n1,a\\,b,\\N\n", "FIELDS ESCAPED BY '\\\\' TERMINATED BY ',' IGNORE 1 LINES (id, name, n)", "1|a,b|NULL|NULL|NULL"},
		{"5;9\n6;\n", "FIELDS TERMINATED BY ';' (@a, @b) SET n = @a * 2, name = concat('<', @b, '>')", "1|<9>|10|d10|20 2|<>|12|d12|24"},
		{"7,q,1\n", "FIELDS TERMINATED BY ',' (id, @v, n) SET name = upper(@v), d = n + id", "7|Q|1|8|2"},
		{"x1,a\r\nskipped\r\n..x2,b\r\n", "FIELDS TERMINATED BY ',' LINES STARTING BY 'x' TERMINATED BY '\\r\\n' (id, name)", "1|a|NULL|NULL|NULL 2|b|NULL|NULL|NULL"},
		{"1,caf\xe9\n", "CHARACTER SET latin1 FIELDS TERMINATED BY ',' (id, name)", "1|café|NULL|NULL|NULL"},
		{"1\n2,b,3,4,5,6\n,c\n", csv, "1||NULL||NULL 2|b|3|4|6 3|c|NULL||NULL"},
	}
	for _, c := range cases {
		r.exec("DELETE FROM l", "ALTER TABLE l AUTO_INCREMENT = 1")
		if err := r.load(c.text, "", c.behind); err != nil {
			t.Errorf("%q %s: %v", c.text, c.behind, err)
		} else if got := strings.Join(r.rows("SELECT * FROM l ORDER BY id"), " "); got != c.want {
			t.Errorf("%q %s:\ngot  %s\nwant %s", c.text, c.behind, got, c.want)
		}
	}
	r.exec("DELETE FROM l", "INSERT INTO l (id, name) VALUES (1, 'old')")
	if err := r.load("1,new\n2,b\n", "IGNORE", csv+"(id, name)"); err != nil {
		t.Error(err)
	}
	r.want("SELECT id, name FROM l ORDER BY id", "1|old", "2|b")
	if err := r.load("1,new\n", "REPLACE", csv+"(id, name)"); err != nil {
		t.Error(err)
	}
	r.want("SELECT id, name FROM l ORDER BY id", "1|new", "2|b")
	r.exec("CREATE TABLE seen (id INT)", "CREATE TRIGGER tr AFTER INSERT ON l FOR EACH ROW INSERT INTO seen VALUES (new.id)")
	if err := r.load("3,c\n4,d\n", "", csv+"(id, name)"); err != nil {
		t.Error(err)
	}
	r.want("SELECT * FROM seen ORDER BY id", "3", "4")
}

// TestLoadDataRefuses: what is refused leaves no row, and a connection that goes on.
func TestLoadDataRefuses(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE l (id INT PRIMARY KEY, n INT NOT NULL)")
	r.db.SetMaxOpenConns(1)
	many := strings.Repeat("1\t2\n", 100_000)
	for text, c := range map[string]struct {
		before, behind string
		errno          uint16
	}{
		"1\t2\n3\n" + many:     {"REPLACE", "", 1261},
		"1\t2\t3\n" + many:     {"REPLACE", "", 1262},
		"1\t\\N\n" + many:      {"REPLACE", "", 1263},
		"1\t\n" + many:         {"REPLACE", "", 1366},
		many:                   {"", "FIELDS TERMINATED BY ''", 0},
		"1\t3\n" + many:        {"", "CHARACTER SET utf16", 1235},
		"2\t3\n" + many[:1000]: {"", "(id, nope)", 1054},
	} {
		err := r.load(text, c.before, c.behind)
		if c.errno == 0 { // '' stands for the default
			if err != nil {
				t.Errorf("%s %s: %v", c.before, c.behind, err)
			}
			r.exec("DELETE FROM l")
			continue
		}
		if known, ok := err.(*mysqldriver.MySQLError); !ok || known.Number != c.errno {
			t.Errorf("%s %s: got %v, want %d", c.before, c.behind, err, c.errno)
		}
		r.want("SELECT count(*) FROM l", "0")
	}
}

func TestLoadDataOfTheServer(t *testing.T) {
	r := start(t)
	inside, outside := t.TempDir(), t.TempDir()
	files := map[string]any{"secure_file_priv": inside}
	if err := gsql.SystemVariables.AssignValues(files); err != nil {
		t.Fatal(err)
	}
	defer gsql.SystemVariables.AssignValues(map[string]any{"secure_file_priv": noFiles})
	for _, name := range []string{filepath.Join(inside, "rows"), filepath.Join(outside, "rows")} {
		if err := os.WriteFile(name, []byte("1\n2\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(outside, "rows"), filepath.Join(inside, "link")); err != nil {
		t.Fatal(err)
	}
	load := func(name string) string { return fmt.Sprintf("LOAD DATA INFILE '%s' INTO TABLE l", name) }
	r.exec("CREATE TABLE l (id INT PRIMARY KEY)", load(filepath.Join(inside, "rows")))
	r.want("SELECT * FROM l", "1", "2")
	r.exec("DELETE FROM l", load("./rows")) // a relative name is one in the directory
	r.want("SELECT * FROM l", "1", "2")
	r.fails(1290, load("../"+filepath.Base(outside)+"/rows"))
	r.exec("DELETE FROM l")
	r.fails(1290, load(filepath.Join(outside, "rows")))
	r.fails(1290, load(filepath.Join(inside, "..", filepath.Base(outside), "rows")))
	r.fails(13, load(filepath.Join(inside, "none")))
	if _, err := r.db.Exec(load(filepath.Join(inside, "link"))); err == nil {
		t.Error("a link out of the directory was followed")
	}
	r.exec("CREATE USER reader@localhost", "GRANT FILE ON *.* TO reader@localhost", "GRANT SELECT ON test.* TO reader@localhost")
	db := r.connectAs("reader", "test")
	defer db.Close()
	if _, err := db.Exec(load(filepath.Join(inside, "rows"))); err == nil {
		t.Error("FILE without INSERT was enough")
	}
	r.want("SELECT count(*) FROM l", "0")
}

// TestLoadDataLocalNeedsInsert: and not FILE, which is for files of the server.
func TestLoadDataLocalNeedsInsert(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE l (id INT PRIMARY KEY)", "CREATE USER w@localhost", "GRANT INSERT ON test.l TO w@localhost",
		"CREATE USER x@localhost", "GRANT SELECT ON test.l TO x@localhost")
	for user, want := range map[string]bool{"w": true, "x": false} {
		db := r.connectAs(user, "test")
		own := *r
		own.db = db
		if err := own.load("1\n", "", ""); (err == nil) != want {
			t.Errorf("%s: %v", user, err)
		}
		db.Close()
	}
	r.want("SELECT * FROM l", "1")
}

func TestWarningsInOrder(t *testing.T) {
	r := start(t)
	r.db.SetMaxOpenConns(1)
	r.exec("CREATE TABLE l (id INT PRIMARY KEY)", "INSERT INTO l VALUES (1), (2)", "INSERT IGNORE INTO l VALUES (1), (2), (3)")
	r.want("SHOW WARNINGS", "Warning|1062|Duplicate entry '1' for key 'l.PRIMARY'", "Warning|1062|Duplicate entry '2' for key 'l.PRIMARY'")
}

// TestAutoIncrementOfTexts: clients that send every value as text give numbers, too.
func TestAutoIncrementOfTexts(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE l (id INT PRIMARY KEY AUTO_INCREMENT)", "INSERT INTO l VALUES ('10'), (11.6), ('0')", "INSERT INTO l VALUES (NULL)")
	r.want("SELECT * FROM l ORDER BY id", "10", "12", "13", "14")
}

// TestLoadDataMeetsChange: a file that a client has sent is not asked for again when one of its rows has changed meanwhile: the client is
// told to begin again, and its connection goes on. One of the server's is read again.
func TestLoadDataMeetsChange(t *testing.T) {
	r, a, b := pair(t, readCommitted)
	defer gsql.SystemVariables.AssignValues(map[string]any{"secure_file_priv": noFiles})
	directory := t.TempDir()
	if err := gsql.SystemVariables.AssignValues(map[string]any{"secure_file_priv": directory}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(directory, "rows"), []byte("1\t7\n3\t7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	asked := 0
	mysqldriver.RegisterReaderHandler("changed", func() io.Reader { asked++; return strings.NewReader("3\t5\n1\t5\n") })
	defer mysqldriver.DeregisterReaderHandler("changed")
	for _, around := range [][2]string{{"DO 0", "DO 0"}, {"BEGIN", "ROLLBACK"}} {
		a.exec("BEGIN", "UPDATE t SET v = v + 1 WHERE id = 1")
		b.exec(around[0])
		asked = 0
		load := b.waits(r, "LOAD DATA LOCAL INFILE 'Reader::changed' REPLACE INTO TABLE t")
		a.exec("COMMIT")
		load.ends("1213")
		if asked != 1 {
			t.Errorf("the file was asked for %d times", asked)
		}
		b.exec(around[1])
	}
	b.want("SELECT * FROM t ORDER BY id", "1|12", "2|20")
	b.exec("LOAD DATA LOCAL INFILE 'Reader::changed' REPLACE INTO TABLE t")
	b.want("SELECT * FROM t ORDER BY id", "1|5", "2|20", "3|5")
	a.exec("BEGIN", "UPDATE t SET v = v + 1 WHERE id = 1")
	load := b.waits(r, "LOAD DATA INFILE './rows' REPLACE INTO TABLE t")
	a.exec("COMMIT")
	load.ends("")
	b.want("SELECT * FROM t ORDER BY id", "1|7", "2|20", "3|7")
}
