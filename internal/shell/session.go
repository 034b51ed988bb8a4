package shell

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"redoubt/sql/parser"
)

// killTimeout bounds how long stopping a statement may take before the connection is dropped.
const killTimeout = 5 * time.Second

const errAccessDenied = 1045

// session is one connection to the server.
type session struct {
	o    Options
	db   *sql.DB
	conn *sql.Conn
	id   uint64 // of the connection, for KILL
}

// connect opens the session.
func connect(ctx context.Context, o Options) (*session, error) {
	s := &session{o: o}
	if err := s.open(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Connect logs in as a shell does, for other commands that need a server. The caller closes it by the function.
func Connect(ctx context.Context, o Options) (*sql.Conn, func() error, error) {
	s, err := connect(ctx, o.withDefaults())
	if err != nil {
		return nil, nil, err
	}
	return s.conn, s.close, nil
}

func (s *session) open(ctx context.Context) error {
	for {
		err := s.tryOpen(ctx)
		var me *mysql.MySQLError
		if errors.As(err, &me) && me.Number == errAccessDenied && s.o.Password == "" && s.o.AskPassword != nil {
			if s.o.Password, err = s.o.AskPassword(); err == nil && s.o.Password != "" {
				continue
			}
		}
		if err != nil {
			return connectError(s.o.Addr, err)
		}
		return nil
	}
}

func (s *session) tryOpen(ctx context.Context) error {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr, c.DBName = s.o.User, s.o.Password, "tcp", s.o.Addr, s.o.Database
	c.TLSConfig = "preferred"
	c.Timeout = 10 * time.Second
	c.MaxAllowedPacket = 0 // ask the server
	c.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	conn, err := db.Conn(ctx)
	if err == nil {
		err = conn.QueryRowContext(ctx, "SELECT CONNECTION_ID()").Scan(&s.id)
	}
	if err != nil {
		return errors.Join(err, db.Close())
	}
	s.db, s.conn = db, conn
	return nil
}

func (s *session) close() error {
	if s.db == nil {
		return nil
	}
	_ = s.conn.Close()
	return s.db.Close()
}

// run executes one statement and renders what it returns. Ctrl-C during it stops it. It returns a *StatementError.
func (s *session) run(ctx context.Context, text string, interrupts <-chan os.Signal) error {
	ctx, cancel := context.WithCancel(ctx)
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		s.waitForInterrupt(done, interrupts, cancel)
	}()
	err := s.execute(ctx, text)
	close(done)
	<-stopped
	cancel()
	if err == nil {
		return nil
	}
	if lostConnection(err) {
		if again := s.reconnect(); again != nil {
			return errors.Join(statementError(text, err), again)
		}
	}
	return statementError(text, err)
}

// waitForInterrupt stops the statement at the first Ctrl-C, and drops the connection at the second.
func (s *session) waitForInterrupt(done <-chan struct{}, interrupts <-chan os.Signal, cancel func()) {
	select {
	case <-done:
		return
	case <-interrupts:
	}
	if err := s.kill(); err != nil {
		fmt.Fprintf(s.o.Err, "the statement could not be stopped, the connection is dropped: %v\n", err)
		cancel()
		return
	}
	select {
	case <-done:
	case <-interrupts:
		cancel()
	case <-time.After(killTimeout):
		cancel()
	}
}

// kill stops what the session runs, on a connection of its own.
func (s *session) kill() error {
	ctx, cancel := context.WithTimeout(context.Background(), killTimeout)
	defer cancel()
	_, err := s.db.ExecContext(ctx, fmt.Sprintf("KILL QUERY %d", s.id))
	return err
}

func lostConnection(err error) bool {
	return errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, context.Canceled) ||
		errors.Is(err, io.EOF) || errors.Is(err, os.ErrClosed)
}

// reconnect replaces a connection that was lost; a transaction on it is gone.
func (s *session) reconnect() error {
	_ = s.close()
	s.db = nil
	ctx, cancel := context.WithTimeout(context.Background(), 2*killTimeout)
	defer cancel()
	return s.open(ctx)
}

// execute sends the statement the way that tells most about it: statements that change rows report how many.
func (s *session) execute(ctx context.Context, text string) error {
	begin := time.Now()
	if changesRows(text) {
		if path, ok := localFile(text); ok {
			mysql.RegisterLocalFile(path)
			defer mysql.DeregisterLocalFile(path)
		}
		result, err := s.conn.ExecContext(ctx, text)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return err
		}
		s.say("%s affected (%s)\n", rowCount(int(n)), seconds(begin))
		return nil
	}
	rows, err := s.conn.QueryContext(ctx, text)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err below has what there is
	for {
		if err := s.show(rows, begin); err != nil {
			return err
		}
		if !rows.NextResultSet() {
			break
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	s.noteDatabase(text)
	return nil
}

// show renders one set of rows.
func (s *session) show(rows *sql.Rows, begin time.Time) error {
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	if len(types) == 0 {
		if err := rows.Err(); err != nil {
			return err
		}
		s.say("ok (%s)\n", seconds(begin))
		return nil
	}
	columns := make([]column, len(types))
	for i, t := range types {
		columns[i] = column{name: t.Name(), kind: t.DatabaseTypeName()}
	}
	r := newRenderer(s.o.Format, s.o.Out, s.o.Color)
	if err := r.begin(columns); err != nil {
		return err
	}
	n := 0
	values := make([]sql.RawBytes, len(types))
	targets := make([]any, len(types))
	for i := range values {
		targets[i] = &values[i]
	}
	for ; rows.Next(); n++ {
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		if err := r.row(values); err != nil {
			return err
		}
	}
	if err := errors.Join(rows.Err(), r.end()); err != nil {
		return err
	}
	s.say("%s (%s)\n", rowCount(n), seconds(begin))
	return nil
}

// say tells the user about a result, not a script.
func (s *session) say(format string, args ...any) {
	if s.o.Interactive {
		fmt.Fprintf(s.o.Err, format, args...)
	}
}

// noteDatabase keeps what USE selects, so that it is selected again after a lost connection.
func (s *session) noteDatabase(text string) {
	if name, ok := cutWord(strings.TrimSpace(text), "use"); ok {
		s.o.Database = strings.ReplaceAll(strings.Trim(name, "`"), "``", "`")
	}
}

func rowCount(n int) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}

func seconds(begin time.Time) string { return fmt.Sprintf("%.3f s", time.Since(begin).Seconds()) }

// changesRows reports whether a statement returns no rows, but a number of those it changed.
func changesRows(text string) bool {
	switch parser.FirstWord(text) {
	case "INSERT", "REPLACE", "UPDATE", "DELETE", "LOAD":
		return true
	}
	return false
}

// localFile returns the file that LOAD DATA LOCAL INFILE names: the only one that the server may ask for.
func localFile(text string) (path string, ok bool) {
	if parser.FirstWord(text) != "LOAD" {
		return "", false
	}
	return parser.LocalInfile(text)
}
