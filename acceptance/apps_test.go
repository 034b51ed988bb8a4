package acceptance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// app is a program with a client library. It is told a port, does what applications do, and prints what it sees.
type app struct {
	name    string
	command func(port string) []string
	differs []allowed
}

// allowed is a line that Redoubt may print otherwise than MariaDB: docs/guide/mysql-differences.md has it, or it is as in
// MySQL 8.
type allowed struct{ begins, why string }

// run has the same program work on Redoubt and on MariaDB, each of which it finds new, and compares what it prints.
func (a app) run(t *testing.T) {
	t.Helper()
	s, peer := startServer(t), startMariaDB(t)
	got, want := a.output(t, s.mysql), a.output(t, peer.address)
	for _, problem := range a.differences(want, got) {
		t.Error(problem)
	}
}

func (a app) output(t *testing.T, address string) []string {
	t.Helper()
	c := a.command(port(address))
	out, err := command(t, 5*time.Minute, "", c[0], c[1:]...)
	if err != nil {
		t.Fatalf("%s at %s: %v\n%s", a.name, address, err, out)
	}
	if !strings.HasSuffix(out, "all well\n") {
		t.Fatalf("%s at %s ended before its end:\n%s", a.name, address, out)
	}
	return strings.Split(strings.TrimSpace(out), "\n")
}

// differences are lines that differ though they must not, and allowed ones that do not differ.
func (a app) differences(want, got []string) (out []string) {
	met := map[string]bool{}
	for i := range max(len(want), len(got)) {
		w, g := "no more", "no more"
		if i < len(want) {
			w = want[i]
		}
		if i < len(got) {
			g = got[i]
		}
		if w == g {
			continue
		}
		if begins := a.allows(w, g); begins != "" {
			met[begins] = true
			continue
		}
		out = append(out, fmt.Sprintf("%s, line %d:\nwant %s\n got %s", a.name, i+1, w, g))
	}
	for _, d := range a.differs {
		if !met[d.begins] {
			out = append(out, fmt.Sprintf("%s: the line that begins with %q no longer differs: take it off the list", a.name, d.begins))
		}
	}
	return out
}

func (a app) allows(want, got string) string {
	for _, d := range a.differs {
		if strings.HasPrefix(want, d.begins) && strings.HasPrefix(got, d.begins) {
			return d.begins
		}
	}
	return ""
}

// debianPython is the interpreter that has Debian's packages, whatever else is installed.
const debianPython = "/usr/bin/python3"

func python(t *testing.T, module, script string) func(port string) []string {
	t.Helper()
	if out, err := exec.Command(debianPython, "-c", "import "+module).CombinedOutput(); err != nil {
		t.Fatalf("%s of Debian: %v; .ci/run installs what these tests need\n%s", module, err, out)
	}
	return func(port string) []string { return []string{debianPython, filepath.Join("testdata", script), port} }
}

// TestPyMySQL is the driver by itself.
func TestPyMySQL(t *testing.T) {
	app{"PyMySQL", python(t, "pymysql", "pymysql_app.py"), []allowed{
		{"[('author_id'", "JSON is a type of its own, as in MySQL"},
		{"DROP TABLE author", "3730, as in MySQL"},
		{"[{'name': 'Anna'", "finding 44: a column with an alias does not tell its table"},
		{"procedure", "CALL gives the rows of the last SELECT"},
	}}.run(t)
}

// TestSQLAlchemy makes tables from classes, reads them back from the server, and works with objects.
func TestSQLAlchemy(t *testing.T) {
	app{"SQLAlchemy", python(t, "sqlalchemy, pymysql", "sqlalchemy_app.py"), []allowed{
		{"  product options", "JSON is a type of its own, as in MySQL"},
		{"product p04", "a FLOAT shows all its digits"},
	}}.run(t)
}

// connectorJ is Debian's.
const connectorJ = "/usr/share/java/mariadb-java-client.jar"

// TestConnectorJ is MariaDB's driver for Java, with statements that it prepares itself and with those of the server.
func TestConnectorJ(t *testing.T) {
	java := tool(t, "java")
	if _, err := os.Stat(connectorJ); err != nil {
		t.Fatalf("%v; .ci/run installs what these tests need", err)
	}
	differs := []allowed{
		{"column balance", "the default is told as it was written"},
		{"column hour", "a TIME has six digits"},
		{"column note", "CHARACTER_MAXIMUM_LENGTH of LONGTEXT"},
		{"result who", "finding 44: the length is in bytes, which this driver knows of MariaDB's collations only"},
		{"result n", "finding 44: length of a BIGINT that is computed"},
		{"result at", "finding 44: a column of a table with an alias does not tell its table"},
		{"procedure with OUT", "prepared CALL gives no OUT parameters"},
	}
	for _, name := range []string{"opened", "at", "stamp", "active", "big", "ratio", "data"} {
		differs = append(differs, allowed{"column " + name, "no default is NULL, as in MySQL"})
	}
	app{"Connector/J", func(port string) []string {
		return []string{java, "-cp", connectorJ, filepath.Join("testdata", "ConnectorJ.java"), port}
	}, differs}.run(t)
}

const (
	sequelizeVersion = "6.37.8"
	knexVersion      = "3.1.0"
)

// TestNodeORMs has Knex migrate a schema, forth and back, and Sequelize make one of its own and work with it.
func TestNodeORMs(t *testing.T) {
	node := tool(t, "node")
	program := nodeProgram(t, "node_orms.cjs", "mysql2@"+mysql2Version, "sequelize@"+sequelizeVersion, "knex@"+knexVersion)
	app{"Sequelize and Knex", func(port string) []string { return []string{node, program, port} }, []allowed{
		{"column id", "integers have no width, as in MySQL"},
		{"column big", "integers have no width, as in MySQL"},
		{"column bossId", "integers have no width, as in MySQL"},
		{"column settings", "JSON is a type of its own, as in MySQL"},
	}}.run(t)
}

func TestDifferencesOfApps(t *testing.T) {
	a := app{name: "x", differs: []allowed{{"b", "it may"}}}
	if got := a.differences([]string{"a", "b 1", "c"}, []string{"a", "b 2", "c"}); len(got) != 0 {
		t.Errorf("a difference that is allowed: %v", got)
	}
	if got := a.differences([]string{"a", "b 1", "c"}, []string{"a", "b 1", "d", "e"}); len(got) != 3 {
		t.Errorf("want two differences and one that is gone, got %v", got)
	}
}
