package short

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dolthub/vitess/go/sqltypes"
	querypb "github.com/dolthub/vitess/go/vt/proto/query"
)

// argument is a value that a client gave, as it gave it.
type argument struct {
	kind    argumentKind
	integer int64
	float   float64
	text    string // of a decimal or a text
}

type argumentKind uint8

const (
	nullArgument argumentKind = iota
	integerArgument
	unsignedArgument // more than an int64 holds, in integer bit by bit
	floatArgument
	decimalArgument
	textArgument
)

// negated gives the argument with a minus before it; false if that is none of a number.
func (a argument) negated() (argument, bool) {
	switch a.kind {
	case integerArgument:
		a.integer = -a.integer
	case decimalArgument:
		if rest, negative := strings.CutPrefix(a.text, "-"); negative {
			a.text = rest
		} else {
			a.text = "-" + a.text
		}
	case floatArgument:
		a.float = -a.float
	default:
		return a, false
	}
	return a, true
}

// whole gives the argument as a whole number, if it is one: also a text of digits, as clients that quote everything
// send. Longer texts are compared as floating-point numbers, which is left to the full way.
func (a argument) whole() (int64, bool) {
	switch a.kind {
	case integerArgument:
		return a.integer, true
	case textArgument:
		if len(a.text) == 0 || len(a.text) > 15 || a.text[0] == '+' {
			return 0, false
		}
		n, err := strconv.ParseInt(a.text, 10, 64)
		return n, err == nil && strconv.FormatInt(n, 10) == a.text
	}
	return 0, false
}

// parameterName gives the name under which the protocol library keeps a parameter.
func parameterName(i int) string {
	if i < len(parameterNames) {
		return parameterNames[i]
	}
	return "v" + strconv.Itoa(i+1)
}

var parameterNames = func() (names [64]string) {
	for i := range names {
		names[i] = "v" + strconv.Itoa(i+1)
	}
	return names
}()

// bound makes an argument of a value that the protocol library has read; false if it is of a kind that is left to the
// full way.
func bound(v *querypb.BindVariable) (argument, bool) {
	if v == nil {
		return argument{}, false
	}
	switch {
	case v.Type == sqltypes.Null:
		return argument{kind: nullArgument}, true
	case sqltypes.IsSigned(v.Type):
		n, err := strconv.ParseInt(string(v.Value), 10, 64)
		return argument{kind: integerArgument, integer: n}, err == nil
	case sqltypes.IsUnsigned(v.Type):
		n, err := strconv.ParseUint(string(v.Value), 10, 64)
		if n > 1<<63-1 {
			return argument{kind: unsignedArgument, integer: int64(n)}, err == nil
		}
		return argument{kind: integerArgument, integer: int64(n)}, err == nil
	case v.Type == sqltypes.Float64:
		f, err := strconv.ParseFloat(string(v.Value), 64)
		return argument{kind: floatArgument, float: f}, err == nil
	case v.Type == sqltypes.VarChar, v.Type == sqltypes.VarBinary:
		return argument{kind: textArgument, text: string(v.Value)}, utf8.Valid(v.Value)
	}
	return argument{}, false
}
