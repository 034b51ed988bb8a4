package sql

import (
	"errors"
	"regexp"
	"strings"

	"github.com/dolthub/vitess/go/mysql"
)

// errNoParent is MySQL's number for a foreign key to a table that is not there.
const errNoParent = 1824

// missing is a number that MySQL has for an object which a statement wants to drop, refer to or set and which is not
// there, where the SQL engine has the one for an object that a statement wants to read.
type missing struct {
	statement *regexp.Regexp
	number    int    // of the SQL engine, if it has one
	name      string // what stands in its text before the name
	errno     int
	state     string
	format    string
}

var missings = []missing{
	{
		regexp.MustCompile(`(?is)^\s*drop\s+(temporary\s+)?tables?\b`), mysql.ERNoSuchTable, "table not found: ",
		mysql.ERBadTable, "42S02", "Unknown table '%s'",
	},
	{
		regexp.MustCompile(`(?is)^\s*drop\s+(database|schema)\b`), mysql.ERBadDb, "database not found: ",
		mysql.ERDbDropExists, "HY000", "Can't drop database '%s'; database doesn't exist",
	},
	{
		regexp.MustCompile(`(?is)^\s*alter\s+table\b.*\bdrop\b`), mysql.ERBadFieldError, `does not have column "`,
		mysql.ERCantDropFieldOrKey, "42000", "Can't DROP COLUMN `%s`; check that it exists",
	},
	{
		regexp.MustCompile(`(?is)^\s*alter\s+table\b.*\bdrop\s+foreign\s+key\b`), mysql.ERUnknownError, "foreign key `",
		mysql.ERCantDropFieldOrKey, "42000", "Can't DROP FOREIGN KEY `%s`; check that it exists",
	},
	{
		regexp.MustCompile(`(?is)^\s*(create|alter)\s+table\b.*\breferences\b`), mysql.ERNoSuchTable, "table not found: ",
		errNoParent, "HY000", "Failed to open the referenced table '%s'",
	},
	{
		regexp.MustCompile(`(?is)^\s*set\b`), mysql.ERBadFieldError, `column "`,
		mysql.ERUnknownSystemVariable, "HY000", "Unknown system variable '%s'",
	},
	{
		regexp.MustCompile(`(?is)^\s*set\b`), mysql.ERWarnDataTruncated, "value ",
		mysql.ERWrongValueForVar, "42000", "Variable can't be set to the value of '%s'",
	},
}

// presentMissing gives an error of such a statement MySQL's number.
func presentMissing(text string, err error) error {
	if err == nil {
		return nil
	}
	var known *mysql.SQLError
	if !errors.As(err, &known) {
		return err
	}
	for _, m := range missings {
		_, rest, found := strings.Cut(known.Message, m.name)
		if known.Num != m.number && known.Num != mysql.ERUnknownError || !found || !m.statement.MatchString(text) {
			continue
		}
		name := strings.FieldsFunc(rest, func(c rune) bool { return strings.ContainsRune(" \"`", c) })
		if len(name) == 0 || m.number == mysql.ERUnknownError && !strings.Contains(rest, " was not found") {
			continue
		}
		return mysql.NewSQLError(m.errno, m.state, m.format, name[0])
	}
	return err
}

// isBlank tells whether a text holds no statement at all.
func isBlank(text string) bool { return strings.Trim(text, " \t\r\n;\x00") == "" }

// errBlank is the answer to such a text.
func errBlank() error { return mysql.NewSQLError(mysql.EREmptyQuery, "42000", "Query was empty") }
