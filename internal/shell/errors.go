package shell

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/go-sql-driver/mysql"

	"redoubt/sql/sqlcode"
)

// StatementError is a statement that the server refused, with what the table of errors says about it.
type StatementError struct {
	Line   int    // of the script; 0 if it has no lines
	Number uint16 // MySQL's number; 0 if the server sent none
	State  string // SQLSTATE
	Text   string
	Code   *sqlcode.Code // nil if the error is none of ours
	err    error
}

// Error returns the error in as many lines as there is to say: what happened, why, and what to do.
func (e *StatementError) Error() string {
	var b strings.Builder
	if e.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", e.Line)
	}
	if e.Number > 0 {
		fmt.Fprintf(&b, "error %d (%s): ", e.Number, e.State)
	}
	b.WriteString(e.Text)
	if e.Code != nil {
		fmt.Fprintf(&b, "\n  cause: %s\n  action: %s", e.Code.Cause, e.Code.Action)
	}
	return b.String()
}

// Unwrap returns the driver's error.
func (e *StatementError) Unwrap() error { return e.err }

func statementError(_ string, err error) *StatementError {
	e := &StatementError{Text: err.Error(), err: err}
	var me *mysql.MySQLError
	switch {
	case errors.As(err, &me):
		e.Number, e.State, e.Text = me.Number, string(me.SQLState[:]), me.Message
	case errors.Is(err, context.Canceled):
		e.Text = "the statement was given up and its connection dropped; whether it took effect is unknown"
	case errors.Is(err, mysql.ErrInvalidConn):
		e.Text = "the connection to the server was lost; whether the statement took effect is unknown"
	}
	if c, ok := sqlcode.InText(e.Text); ok {
		e.Code = c
	} else if c, ok := sqlcode.ByNumber(int(e.Number)); ok {
		e.Code = c
	}
	return e
}

// connectError says what to do when there is no server.
func connectError(addr string, err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return fmt.Errorf("no server at %s: %w; is it running? redoubt serve starts one", addr, op.Err)
	}
	var me *mysql.MySQLError
	if errors.As(err, &me) {
		return statementError("", err)
	}
	return fmt.Errorf("connecting to %s: %w", addr, err)
}
