package enginetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	suite "github.com/dolthub/go-mysql-server/enginetest"
	"github.com/dolthub/go-mysql-server/enginetest/queries"
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/src-d/go-errors.v1"

	"redoubt/sql/sqlcode"
)

var _ suite.ResultEvaluationHarness = (*harness)(nil)

// EvaluateQueryResults implements suite.ResultEvaluationHarness. Results are compared as a client reads them: numbers by
// their values, whatever Go type holds them. The suite has the types of its own engine, for which a SUM of integers is a
// floating-point number and not, as in MySQL, a DECIMAL.
func (h *harness) EvaluateQueryResults(t *testing.T, want []gsql.Row, columns []*gsql.Column, schema gsql.Schema, got []gsql.Row, query string, wrap queries.WrapBehavior) {
	t.Helper()
	upper := strings.ToUpper(query)
	hideTimes := strings.HasPrefix(upper, "SHOW ") && !strings.Contains(upper, "EVENTS")
	gotCells := readRows(t, schema, got, wrap, hideTimes)
	wantCells := suite.WidenRows(t, schema, want)
	validateCustom(t, wantCells, gotCells)
	if len(want) == 0 && saysOnlyOK(gotCells) {
		return // both are an OK packet to a client
	}
	ordered := strings.Contains(upper, "ORDER BY ") || len(want) <= 1
	if !equalRows(wantCells, gotCells, ordered) {
		t.Fatalf("%s\nwant %s\ngot  %s", query, show(wantCells), show(gotCells))
	}
	if columns != nil {
		require.Equal(t, describe(columns), describe(schema), "columns of %s", query)
	}
}

// readRows gives the cells as a client reads them: words of ENUMs and SETs instead of their numbers, contents instead of
// what wraps them.
func readRows(t *testing.T, schema gsql.Schema, rows []gsql.Row, wrap queries.WrapBehavior, hideTimes bool) []gsql.Row {
	t.Helper()
	out := suite.WidenRows(t, schema, rows)
	for r, row := range out {
		for i, cell := range row {
			switch v := cell.(type) {
			case time.Time:
				if hideTimes {
					row[i] = time.Unix(0, 0).UTC()
				}
			case uint64:
				if i < len(schema) {
					row[i] = word(t, schema[i].Type, v)
				}
			case gsql.AnyWrapper:
				row[i] = unwrap(t, v, wrap)
			case string:
				if d, ok := rows[r][i].(decimal.Decimal); ok {
					row[i] = d
				}
			}
		}
	}
	return out
}

// saysOnlyOK tells whether a result is that of a statement without rows which changed nothing.
func saysOnlyOK(rows []gsql.Row) bool {
	if len(rows) != 1 || len(rows[0]) != 1 {
		return false
	}
	ok, is := rows[0][0].(types.OkResult)
	return is && ok.RowsAffected == 0 && ok.InsertID == 0
}

func word(t *testing.T, typ gsql.Type, v uint64) any {
	t.Helper()
	switch typ := typ.(type) {
	case gsql.EnumType:
		text, ok := typ.At(int(v))
		if !ok {
			t.Errorf("the ENUM has no member %d", v)
		}
		return text
	case gsql.SetType:
		text, err := typ.BitsToString(v)
		require.NoError(t, err)
		return text
	}
	return v
}

func unwrap(t *testing.T, v gsql.AnyWrapper, wrap queries.WrapBehavior) any {
	t.Helper()
	if wrap == queries.WrapBehavior_Hash {
		return v.Hash()
	}
	inner, err := gsql.UnwrapAny(context.Background(), v)
	require.NoError(t, err)
	return inner
}

// validateCustom replaces cells that say themselves what they accept by what they were given, if they accept it.
func validateCustom(t *testing.T, want, got []gsql.Row) {
	t.Helper()
	for r, row := range want {
		for i, cell := range row {
			custom, ok := cell.(suite.CustomValueValidator)
			if !ok || r >= len(got) || i >= len(got[r]) {
				continue
			}
			if valid, err := custom.Validate(got[r][i]); err != nil || !valid {
				t.Errorf("row %d, column %d is not valid: %v (%v)", r, i, got[r][i], err)
			}
			row[i] = got[r][i]
		}
	}
}

func equalRows(want, got []gsql.Row, ordered bool) bool {
	if len(want) != len(got) {
		return false
	}
	used := make([]bool, len(got))
	for i, w := range want {
		found := false
		for j := range got {
			if ordered && j != i || used[j] || !equalRow(w, got[j]) {
				continue
			}
			used[j], found = true, true
			break
		}
		if !found {
			return false
		}
	}
	return true
}

func equalRow(want, got gsql.Row) bool {
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if !equalCell(want[i], got[i]) {
			return false
		}
	}
	return true
}

func equalCell(want, got any) bool {
	if assert.ObjectsAreEqual(want, got) {
		return true
	}
	w, wantNumber := number(want)
	g, gotNumber := number(got)
	if wantNumber && gotNumber {
		return w.Equal(g)
	}
	text, isText := want.(string) // so the suite writes DECIMALs
	return isText && gotNumber && text == printed(got)
}

// number gives a cell that holds a number. Floating-point numbers have the digits that they are printed with.
func number(cell any) (decimal.Decimal, bool) {
	switch v := cell.(type) {
	case bool:
		if v {
			return decimal.NewFromInt(1), true
		}
		return decimal.Zero, true
	case decimal.Decimal:
		return v, true
	case int64, uint64, float64:
		d, err := decimal.NewFromString(fmt.Sprint(v))
		return d, err == nil
	}
	return decimal.Zero, false
}

// printed gives a cell as a client of the text protocol sees it; a DECIMAL keeps its last zeros.
func printed(cell any) string {
	if d, ok := cell.(decimal.Decimal); ok {
		return d.StringFixed(-d.Exponent())
	}
	return fmt.Sprint(cell)
}

func show(rows []gsql.Row) string {
	var b strings.Builder
	for i, row := range rows {
		if i == 20 {
			fmt.Fprintf(&b, " … %d rows", len(rows))
			break
		}
		b.WriteByte('[')
		for i, cell := range row {
			if i > 0 {
				b.WriteString(" | ")
			}
			b.WriteString(printed(cell))
		}
		b.WriteByte(']')
	}
	return b.String()
}

// describe gives the names of columns, and what kind of type each has.
func describe(columns []*gsql.Column) (out []string) {
	for _, c := range columns {
		kind := c.Type.Type().String()
		if types.IsNumber(c.Type) {
			kind = "number"
		}
		out = append(out, c.Name+" "+kind)
	}
	return out
}

// EvaluateExpectedError implements suite.ResultEvaluationHarness.
func (h *harness) EvaluateExpectedError(t *testing.T, want string, err error) {
	t.Helper()
	require.Equal(t, want, err.Error())
}

// EvaluateExpectedErrorKind implements suite.ResultEvaluationHarness: an error is right if clients get the number of the
// one expected.
func (h *harness) EvaluateExpectedErrorKind(t *testing.T, want *errors.Kind, err error) {
	t.Helper()
	if want.Is(err) {
		return
	}
	if number := numberOf(want.New()); number == mysql.ERUnknownError || number != numberOf(err) {
		t.Fatalf("want an error of kind %q (%d), got %v (%d)", want.Message, number, err, numberOf(err))
	}
}

// numberOf gives the number of an error that a client gets.
func numberOf(err error) int {
	if code, ok := sqlcode.Of(err); ok {
		return int(code.Errno)
	}
	return gsql.CastSQLError(sqlcode.Map(err)).Number()
}
