package sqlcode

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/dolthub/vitess/go/vt/sqlparser"
)

var update = flag.Bool("update", false, "write docs/errors.md")

const document = "../../docs/errors.md"

// TestDocument prints docs/errors.md from the table.
func TestDocument(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Errors\n\nEvery error of Redoubt's own ends with its code, as in `… [RD-2001]`. A client sees MySQL's number and SQLSTATE\n" +
		"beside it; 1105 means that MySQL has none for this. `redoubt sql` shows cause and action with the error.\n\n" +
		"This page is printed from the table in `sql/sqlcode` by its test: `go test ./sql/sqlcode -update`.\n")
	areas := map[byte]string{'1': "Statements and AS OF", '2': "Transactions and the log", '3': "Connections", '4': "Objects and data", '9': "Defects"}
	area := byte(0)
	for _, c := range All() {
		if c.ID[3] != area {
			area = c.ID[3]
			fmt.Fprintf(&b, "\n## %s\n", areas[area])
		}
		fmt.Fprintf(&b, "\n### %s\n\n    %d (%s): %s\n\n- Cause: %s\n- Action: %s\n", c.ID, c.Errno, c.State, strings.ReplaceAll(c.Text, "%s", "…"), c.Cause, c.Action)
	}
	if *update {
		if err := os.MkdirAll("../../docs", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(document, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != b.String() {
		t.Errorf("%s is not what the table says: go test ./sql/sqlcode -update", document)
	}
}

// TestTable checks the shape of every entry.
func TestTable(t *testing.T) {
	id, state := regexp.MustCompile(`^RD-[12349]\d{3}$`), regexp.MustCompile(`^[0-9A-Z]{5}$`)
	last := ""
	for _, c := range All() {
		if !id.MatchString(c.ID) || c.ID <= last {
			t.Errorf("%s: out of form or order behind %s", c.ID, last)
		}
		last = c.ID
		if !state.MatchString(c.State) || c.Errno < 1000 || c.Errno > 9999 {
			t.Errorf("%s: number %d, state %q", c.ID, c.Errno, c.State)
		}
		for name, text := range map[string]string{"text": c.Text, "cause": c.Cause, "action": c.Action} {
			if text == "" || name != "text" && (!strings.HasSuffix(text, ".") || strings.Contains(text, "%")) {
				t.Errorf("%s: %s %q", c.ID, name, text)
			}
		}
		args := make([]any, strings.Count(c.Text, "%s"))
		for i := range args {
			args[i] = "100%"
		}
		e := New(c.ID, args...)
		if strings.Contains(e.Error(), "!") {
			t.Errorf("%s: %s", c.ID, e)
		}
		if got, ok := Of(fmt.Errorf("wrapped: %w", e)); !ok || got.ID != c.ID {
			t.Errorf("%s: not found by type", c.ID)
		}
		if got, ok := InText("unknown error: " + e.Error() + " (errno 1105)"); !ok || got.ID != c.ID {
			t.Errorf("%s: not found by text", c.ID)
		}
	}
}

func TestMap(t *testing.T) {
	_, syntax := sqlparser.Parse("selekt 1")
	tests := []struct {
		err   error
		errno int
		state string
		words string
	}{
		{Conflict(nil), 1213, "40001", "try restarting transaction [RD-2001]"},
		{fmt.Errorf("commit: %w", Conflict(errors.New("row 5"))), 1213, "40001", "row 5"},
		{sql.CastSQLError(OutcomeUnknown(errors.New("lost"))), 1180, "HY000", "[RD-2002]"},
		{sql.NewWrappedInsertError(nil, BadAsOf("x")), 1525, "HY000", "[RD-1101]"},
		{mysql.NewSQLError(1105, "HY000", "unknown error: something: %v", RowLock("FOR UPDATE")), 1235, "42000", "something: This version"},
		{context.Canceled, 1317, "70100", "interrupted"},
		{sql.CastSQLError(fmt.Errorf("reading: %w", context.Canceled)), 1317, "70100", "interrupted"},
		{context.DeadlineExceeded, 3024, "HY000", "maximum statement execution time"},
		{syntax, 1064, "42000", "You have an error in your SQL syntax: syntax error at position 7 near 'selekt'"},
		{sql.ErrSyntaxError.New(syntax.Error()), 1064, "42000", "near 'selekt'"},
		{sql.CastSQLError(sql.ErrSyntaxError.New(syntax.Error())), 1064, "42000", "near 'selekt'"},
		{sql.ErrTableNotFound.New("t"), 1146, "42S02", "t"},
		{sql.CastSQLError(sql.ErrTableNotFound.New("t")), 1146, "42S02", "t"},
		{sql.ErrDatabaseNotFound.New("d"), 1049, "42000", "d"},
		{sql.NewUniqueKeyErr("[1]", true, nil), 1062, "23000", "[1]"},
		{sql.ErrForeignKeyChildViolation.New("a", "b", "c", "d"), 1452, "23000", "b"},
		{sql.ErrForeignKeyParentViolation.New("a", "b", "c", "d"), 1451, "23000", "b"},
		{sql.ErrCheckConstraintViolated.New("c1"), 3819, "HY000", "c1"},
		{sql.CastSQLError(sql.ErrCheckConstraintViolated.New("c1")), 3819, "HY000", "c1"},
		{sql.NewWrappedInsertError(nil, sql.ErrInsertIntoNonNullableProvidedNull.New("c")), 1048, "23000", "c"},
		{sql.CastSQLError(sql.ErrColumnNotFound.New("c")), 1054, "42S22", "c"},
		{sql.CastSQLError(sql.ErrNoDatabaseSelected.New()), 1046, "3D000", ""},
		{sql.CastSQLError(types.ErrLengthBeyondLimit.New("x", "varchar(1)")), 1406, "22001", "x"},
		{sql.CastSQLError(types.ErrConvertingToTime.New("x")), 1292, "22007", "x"},
		{sql.CastSQLError(sql.ErrValueOutOfRange.New(300, "tinyint")), 1264, "22003", "300"},
		{sql.CastSQLError(sql.ErrDatabaseAccessDeniedForUser.New("u", "d")), 1044, "42000", "denied"},
		{sql.CastSQLError(sql.ErrTableAlreadyExists.New("t")), 1050, "42S01", "t"},
		{sql.CastSQLError(sql.ErrFunctionNotFound.New("f")), 1305, "42000", "f"},
		{sql.CastSQLError(sql.ErrLockDeadlock.New("x")), 1213, "40001", "x"},
		{mysql.NewSQLError(1045, "28000", "Access denied [RD-2001]"), 1045, "28000", "Access denied"},
		{sql.CastSQLError(errors.New("100% unheard of")), 1105, "HY000", "100% unheard of"},
		{errors.New("unknown error: 100% unheard of"), 1105, "HY000", "100% unheard of"},
		{sql.ErrUnsupportedFeature.New("x"), 1235, "42000", "x"},
	}
	for _, tt := range tests {
		got := Map(tt.err)
		var se *mysql.SQLError
		if !errors.As(got, &se) {
			t.Errorf("%v: became %T", tt.err, got)
			continue
		}
		if se.Num != tt.errno || se.State != tt.state || !strings.Contains(se.Message, tt.words) || strings.Contains(se.Message, "MISSING") {
			t.Errorf("%v:\n became %d (%s) %q,\n want %d (%s) with %q", tt.err, se.Num, se.State, se.Message, tt.errno, tt.state, tt.words)
		}
	}
	if Map(nil) != nil {
		t.Error("no error became one")
	}
}

// TestPatterns checks that the text of each kind of error is recognised as that kind, or as one of the same number.
func TestPatterns(t *testing.T) {
	for _, k := range kinds() {
		if textPattern(k.kind.Message) == "" {
			continue
		}
		text := regexp.MustCompile(`%[a-z]`).ReplaceAllString(k.kind.Message, "xyz")
		var se *mysql.SQLError
		if !errors.As(mapText(text), &se) || se.Num != k.errno {
			t.Errorf("%q became %v, want %d", text, se, k.errno)
		}
	}
}

func TestByNumber(t *testing.T) {
	for number, id := range map[int]string{1213: IDConflict, 1146: IDUnknownTable, 1064: IDSyntax, 1062: IDDuplicate, 3159: IDTLSRequired} {
		if c, ok := ByNumber(number); !ok || c.ID != id {
			t.Errorf("%d is %v", number, c)
		}
	}
	for _, number := range []int{1105, 0, 1525} {
		if c, ok := ByNumber(number); ok {
			t.Errorf("%d is %s", number, c.ID)
		}
	}
}
