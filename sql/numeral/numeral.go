// Package numeral reads the number that a text begins with, as MySQL does where a text is used as a number.
package numeral

import (
	"math"
	"strconv"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/shopspring/decimal"
)

const truncated = "Truncated incorrect %s value: '%s'"

// Prefix gives the longest beginning of a text that is a number, without blanks before it, and whether nothing but blanks follows. It is
// empty if there is none.
func Prefix(s string) (string, bool) {
	s = strings.TrimLeft(s, " \t\n\r\v\f")
	i, digits := 0, 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	for ; i < len(s) && isDigit(s[i]); i++ {
		digits++
	}
	if i < len(s) && s[i] == '.' {
		for i++; i < len(s) && isDigit(s[i]); i++ {
			digits++
		}
	}
	if digits == 0 {
		return "", strings.TrimSpace(s) == "" && s != ""
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j := i + 1
		if j < len(s) && (s[j] == '-' || s[j] == '+') {
			j++
		}
		if first := j; j < len(s) && isDigit(s[j]) {
			for j = first; j < len(s) && isDigit(s[j]); j++ {
			}
			i = j
		}
	}
	return s[:i], strings.TrimSpace(s[i:]) == ""
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// Double gives the number that a text begins with as a float, 0 if there is none, and warns of a text that is not wholly one. What no
// float holds becomes the greatest, or the least.
func Double(ctx *gsql.Context, s string) float64 {
	f, whole := double(s)
	if !whole {
		WarnTruncated(ctx, "DOUBLE", s)
	}
	return f
}

// StrictDouble is Double, with a text that is not wholly a number as an error: 1292.
func StrictDouble(s string) (float64, error) {
	f, whole := double(s)
	if !whole {
		return 0, mysql.NewSQLError(mysql.ERTruncatedWrongValue, "22007", truncated, "DOUBLE", s)
	}
	return f, nil
}

func double(s string) (float64, bool) {
	prefix, whole := Prefix(s)
	f, _ := strconv.ParseFloat(prefix, 64) // out of range gives infinity
	if math.IsInf(f, 0) {
		f = math.Copysign(math.MaxFloat64, f)
	}
	return f, whole
}

// Decimal is Double with all digits.
func Decimal(ctx *gsql.Context, s string) decimal.Decimal {
	prefix, whole := Prefix(s)
	if !whole {
		WarnTruncated(ctx, "DECIMAL", s)
	}
	d, err := decimal.NewFromString(strings.TrimSuffix(prefix, "."))
	if err != nil {
		return decimal.Zero
	}
	return d
}

// WarnTruncated is MySQL's warning of a text that is not wholly a number of a kind, DOUBLE for example.
func WarnTruncated(ctx *gsql.Context, kind, value string) {
	if ctx != nil && ctx.Session != nil {
		ctx.Warn(mysql.ERTruncatedWrongValue, truncated, kind, value)
	}
}
