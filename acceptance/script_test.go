package acceptance

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// block is a named piece of a script: statements that run one after another on one connection.
//
// In the file a block begins with "-- name: …". Below it may stand "-- unordered" if engines may give the rows in any
// order, and "-- error: N" if the last statement must fail with that number; "-- error: N M" says that Redoubt gives M,
// which is MySQL's number where MariaDB has its own. A statement ends with a semicolon at the end of a line.
type block struct {
	name       string
	unordered  bool
	failsWith  [2]uint16 // MariaDB's number and Redoubt's; 0 if it must succeed
	statements []string
}

func readScript(t *testing.T, file string) []block {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var blocks []block
	var statement strings.Builder
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		if name, ok := strings.CutPrefix(line, "-- name: "); ok {
			blocks = append(blocks, block{name: name})
			continue
		}
		if len(blocks) == 0 {
			continue
		}
		b := &blocks[len(blocks)-1]
		switch {
		case line == "-- unordered":
			b.unordered = true
			continue
		case strings.HasPrefix(line, "-- error: "):
			n, _ := fmt.Sscanf(line, "-- error: %d %d", &b.failsWith[0], &b.failsWith[1])
			switch n {
			case 0:
				t.Fatalf("%s: %q names no number", file, line)
			case 1:
				b.failsWith[1] = b.failsWith[0]
			}
			continue
		case strings.HasPrefix(line, "-- "):
			continue
		}
		statement.WriteString(line + "\n")
		if strings.HasSuffix(line, ";") {
			b.statements = append(b.statements, strings.TrimSpace(statement.String()))
			statement.Reset()
		}
	}
	if rest := strings.TrimSpace(statement.String()); rest != "" {
		t.Fatalf("%s: the last statement has no end: %s", file, rest)
	}
	return blocks
}

// compareScript runs every block on both servers and holds the answers of the second against those of the first.
func compareScript(t *testing.T, wantAt, gotAt, file string) {
	blocks := readScript(t, file)
	if len(blocks) < 100 {
		t.Errorf("%s has %d blocks, 100 or more are wanted", file, len(blocks))
	}
	want, got := conn(t, wantAt, "shop"), conn(t, gotAt, "shop")
	for _, b := range blocks {
		known(t, file, b.name, func() error {
			var errs []error
			for i, statement := range b.statements {
				errs = append(errs, compareStatement(t, want, got, statement, b, i == len(b.statements)-1))
			}
			return errors.Join(errs...)
		})
		if got.PingContext(t.Context()) != nil { // a statement ran into its limit, or the server closed the connection
			got = conn(t, gotAt, "shop")
		}
	}
}

// comparePrepared runs the queries of a script, without what writes, as prepared statements: their results travel in
// the binary protocol.
func comparePrepared(t *testing.T, wantAt, gotAt, file string) {
	want, got := conn(t, wantAt, "shop"), conn(t, gotAt, "shop")
	for _, b := range readScript(t, file) {
		if !b.onlyReads() {
			continue
		}
		if knownBy(file, b.name) != nil {
			continue // what is wrong in text need not be right here, and is not counted twice
		}
		known(t, "prepared", b.name, func() error {
			var errs []error
			for _, statement := range b.statements {
				w, g := prepared{want}, prepared{got}
				errs = append(errs, compareStatement(t, w, g, statement, b, true))
			}
			return errors.Join(errs...)
		})
		if got.PingContext(t.Context()) != nil {
			got = conn(t, gotAt, "shop")
		}
	}
}

// onlyReads tells whether a block is queries that must succeed, without variables of the session.
func (b block) onlyReads() bool {
	for _, s := range b.statements {
		if strings.Contains(s, "@") || !strings.HasPrefix(s, "SELECT") && !strings.HasPrefix(s, "WITH") && !strings.HasPrefix(s, "(SELECT") {
			return false
		}
	}
	return b.failsWith[0] == 0
}

// prepared is a connection on which ask prepares each query.
type prepared struct{ *sql.Conn }

const (
	slowLimit  = 2 * time.Second  // from when on the time of a statement is printed
	askedLimit = 60 * time.Second // that a statement may take
)

// askWithin is ask with a limit, which is an error, and prints what took long.
func askWithin(t *testing.T, e executor, statement string) (result, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), askedLimit)
	defer cancel()
	began := time.Now()
	r, err := ask(ctx, e, statement)
	if took := time.Since(began); took > slowLimit {
		t.Logf("took %s: %s", took.Round(time.Millisecond), shorten(statement))
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("not within %s: %w", askedLimit, err)
	}
	return r, err
}

// compareStatement fails the test at once if MariaDB does not do what the script says it does; its error is about
// Redoubt alone. A failure on one side leaves the rest of the block to run on, so that both stay alike.
func compareStatement(t *testing.T, want, got executor, statement string, b block, last bool) error {
	t.Helper()
	a, wantErr := askWithin(t, want, statement)
	c, gotErr := askWithin(t, got, statement)
	var expected [2]uint16
	if last {
		expected = b.failsWith
	}
	if !isError(wantErr, expected[0]) {
		t.Errorf("%s: MariaDB: want error number %d, got %v: %s", b.name, expected[0], wantErr, shorten(statement))
		return nil
	}
	if !isError(gotErr, expected[1]) {
		return fmt.Errorf("want error number %d (%v), got %v: %s", expected[1], wantErr, gotErr, shorten(statement))
	}
	if expected[0] != 0 {
		return nil // rows before an error mean nothing
	}
	if b.unordered {
		a, c = a.sorted(), c.sorted()
	}
	if d := difference(a, c); d != "" {
		return fmt.Errorf("%s\n%s", d, shorten(statement))
	}
	return nil
}

// isError tells whether err has the number, or whether there is none if that is 0.
func isError(err error, want uint16) bool {
	if want == 0 {
		return err == nil
	}
	return number(err) == want
}
