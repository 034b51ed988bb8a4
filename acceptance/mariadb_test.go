package acceptance

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// peer is a private mariadbd.
type peer struct {
	address string
	*process
}

// startMariaDB starts a mariadbd of the test's own on loopback. It keeps nothing safe, to be quick.
func startMariaDB(t *testing.T) *peer {
	t.Helper()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	args := []string{"--no-defaults", "--datadir=" + data}
	if os.Geteuid() == 0 {
		args = append(args, "--user=root")
	}
	install := append(args, "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve")
	if out, err := command(t, 2*time.Minute, "", tool(t, "mariadb-install-db"), install...); err != nil {
		t.Fatalf("mariadb-install-db: %v\n%s", err, out)
	}
	p := &peer{address: freeAddress(t)}
	p.process = start(t, "mariadbd", exec.Command(tool(t, "mariadbd"), append(args,
		"--socket="+filepath.Join(dir, "s"), "--pid-file="+filepath.Join(dir, "pid"), "--tmpdir="+dir,
		"--bind-address=127.0.0.1", "--port="+port(p.address), "--local-infile=1", "--max-allowed-packet=64M",
		"--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci",
		"--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve", "--default-time-zone=+00:00")...))
	db := open(t, p.address, "")
	eventually(t, readyLimit, "mariadbd takes connections", func() error {
		select {
		case <-p.exited:
			t.Fatalf("mariadbd ended: %v\n%s", p.err, p.out)
		default:
		}
		return db.PingContext(t.Context())
	})
	return p
}

// client runs the mariadb command-line client with statements on its input.
func client(t *testing.T, limit time.Duration, address, statements string, args ...string) (string, error) {
	t.Helper()
	base := []string{"--no-defaults", "--protocol=tcp", "--host=127.0.0.1", "--port=" + port(address), "--user=root", "--default-character-set=utf8mb4"}
	return command(t, limit, statements, tool(t, "mariadb"), append(base, args...)...)
}

// dump runs mariadb-dump and leaves the result in a file.
func dump(t *testing.T, address, database, file string, args ...string) error {
	t.Helper()
	base := []string{
		"--no-defaults", "--protocol=tcp", "--host=127.0.0.1", "--port=" + port(address), "--user=root", "--default-character-set=utf8mb4",
		"--result-file=" + file,
	}
	out, err := command(t, 10*time.Minute, "", tool(t, "mariadb-dump"), append(append(base, args...), database)...)
	if err != nil {
		t.Logf("mariadb-dump said: %s", out)
	}
	return err
}

// load feeds a dump to the mariadb client, unchanged. If that fails it goes on past errors, so that what comes later can
// still be looked at, and the error names all of them.
func load(t *testing.T, address, database, file string) error {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = client(t, 20*time.Minute, address, string(text), database); err == nil {
		return nil
	}
	out, again := client(t, 20*time.Minute, address, string(text), "--force", database)
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "ERROR ") {
			err = fmt.Errorf("%w\n%s", err, shorten(strings.TrimSpace(line)))
		}
	}
	return errors.Join(err, again)
}

// tables lists the base tables of a database in order.
func tables(t *testing.T, db *sql.DB, database string) []string {
	t.Helper()
	r, err := ask(t.Context(), db, "SELECT table_name FROM information_schema.tables WHERE table_schema = '"+database+
		"' AND table_type = 'BASE TABLE' ORDER BY table_name")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, row := range r.rows {
		names = append(names, row[0])
	}
	return names
}
