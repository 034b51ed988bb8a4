package sqlcode

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/dolthub/vitess/go/vt/vterrors"

	"redoubt/engine/txn"
)

// unknownPrefix is what the protocol library puts before errors that it does not know.
const unknownPrefix = "unknown error: "

// Map turns any error into the one that a client gets; nil stays nil. An error that already is one keeps its number,
// unless that says only that it is unknown: then its text may tell more.
func Map(err error) error {
	if err == nil {
		return nil
	}
	var floor *txn.FloorError
	if errors.As(err, &floor) {
		err = BeforeFloor(floor)
	}
	if e, ok := Of(err); ok && !isKnown(err) {
		return mysql.NewSQLError(e.Errno, e.State, "%s", message(err))
	}
	var se *mysql.SQLError
	if errors.As(err, &se) {
		if se.Num != mysql.ERUnknownError {
			return withState(se)
		}
		return mapText(se.Message)
	}
	switch {
	case errors.Is(err, context.Canceled):
		return interrupted()
	case errors.Is(err, context.DeadlineExceeded):
		return tooSlow()
	}
	for _, k := range kinds() {
		if k.kind.Is(err) {
			return mysql.NewSQLError(k.errno, k.state, "%s", message(err))
		}
	}
	if syntax, ok := vterrors.AsSyntaxError(err); ok {
		return syntaxError(syntax.Message)
	}
	if cast := sql.CastSQLError(err); cast.Num != mysql.ERUnknownError {
		return withState(cast)
	}
	return mapText(message(err))
}

// isKnown reports whether the engine has already given the error a number.
func isKnown(err error) bool {
	var own *Error
	var se *mysql.SQLError
	return !errors.As(err, &own) && errors.As(err, &se) && se.Num != mysql.ERUnknownError
}

// message returns the text of an error without what the protocol library adds to one of its own.
func message(err error) string {
	var se *mysql.SQLError
	var own *Error
	if !errors.As(err, &own) && errors.As(err, &se) {
		return strings.TrimPrefix(se.Message, unknownPrefix)
	}
	return strings.TrimPrefix(err.Error(), unknownPrefix)
}

// mapText does what can be done when nothing but the text is left.
func mapText(text string) error {
	text = strings.TrimPrefix(text, unknownPrefix)
	if c, ok := InText(text); ok {
		return mysql.NewSQLError(c.Errno, c.State, "%s", text)
	}
	switch {
	case strings.HasSuffix(text, context.Canceled.Error()):
		return interrupted()
	case strings.HasSuffix(text, context.DeadlineExceeded.Error()):
		return tooSlow()
	case strings.Contains(text, "syntax error at position "):
		return syntaxError(text[strings.Index(text, "syntax error at position "):])
	}
	for _, p := range patterns() {
		if p.text.MatchString(text) {
			return mysql.NewSQLError(p.errno, p.state, "%s", text)
		}
	}
	return mysql.NewSQLError(mysql.ERUnknownError, stateGeneral, "%s", text)
}

func interrupted() error {
	e := New(IDInterrupted)
	return mysql.NewSQLError(e.code.Errno, e.code.State, "%s", e.Error())
}

func tooSlow() error {
	return mysql.NewSQLError(3024, stateGeneral, "Query execution was interrupted, maximum statement execution time exceeded")
}

func syntaxError(text string) error {
	return mysql.NewSQLError(mysql.ERParseError, "42000", "You have an error in your SQL syntax: %s", strings.TrimSpace(text))
}

// states are the SQLSTATEs of numbers that the engine gives with the general one.
var states = map[int]string{
	1007: "HY000", 1045: "28000", 1048: "23000", 1049: "42000", 1054: "42S22", 1062: "23000", 1064: "42000",
	1068: "42000", 1072: "42000", 1075: "42000", 1091: "42000", 1110: "42000", 1140: "42000", 1146: "42S02",
	1213: "40001", 1216: "23000", 1217: "23000", 1241: "21000", 1242: "21000", 1366: "HY000", 1451: "23000",
	1452: "23000", 1792: "25006",
}

// withState gives an error of the engine the SQLSTATE that belongs to its number: clients look at it.
func withState(e *mysql.SQLError) *mysql.SQLError {
	if state := states[e.Num]; state != "" && (e.State == stateGeneral || e.State == "") {
		e = &mysql.SQLError{Num: e.Num, State: state, Message: e.Message, Query: e.Query}
	}
	return e
}

// pattern recognises a kind of error by its text.
type pattern struct {
	text *regexp.Regexp
	kind
}

// patterns returns the texts of all kinds, each made of its format. It is computed once; the engine's formats are
// constant.
var patterns = sync.OnceValue(func() []pattern {
	var all []pattern
	for _, k := range kinds() {
		if p := textPattern(k.kind.Message); p != "" {
			all = append(all, pattern{regexp.MustCompile(p), k})
		}
	}
	return all
})

var verb = regexp.MustCompile(`%[-+# 0]*[0-9.]*[a-zA-Z]`)

// textPattern returns a regular expression for the texts that a format makes, or "" if it has too few words of its own
// to be told from others.
func textPattern(format string) string {
	parts := verb.Split(format, -1)
	if letters := len(strings.Join(parts, "")); letters < 12 {
		return ""
	}
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(p)
	}
	return "(?s)^(?:.*: )?" + strings.Join(parts, ".*") + "$"
}
