package function

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/shopspring/decimal"
)

// isBinary tells whether an argument is a string of bytes, not of characters.
func isBinary(e gsql.Expression) bool {
	t := e.Type()
	return types.IsText(t) && types.IsBinaryType(t)
}

// textType gives the type of a text made of its arguments: bytes if one of them is bytes, else characters in the
// collation of the first text.
func textType(args []gsql.Expression) gsql.Type {
	var found gsql.Type
	for _, a := range args {
		if isBinary(a) {
			return types.LongBlob
		}
		if t, ok := a.Type().(gsql.StringType); ok && found == nil {
			found = types.CreateLongText(t.Collation())
		}
	}
	if found == nil {
		return types.LongText
	}
	return found
}

// firstTextType is textType of the first argument alone.
func firstTextType(args []gsql.Expression) gsql.Type { return textType(args[:1]) }

// textOfArgument writes a value as SQL shows it.
func textOfArgument(ctx *gsql.Context, e gsql.Expression, v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	case bool:
		if v {
			return "1"
		}
		return "0"
	case float64:
		return formatDouble(v, 64)
	case float32:
		return formatDouble(float64(v), 32)
	case time.Time:
		return textOfTime(v, e.Type())
	case decimal.Decimal:
		if types.IsDecimal(e.Type()) {
			break
		}
		return v.String()
	case uint16:
		if enum, ok := e.Type().(gsql.EnumType); ok {
			text, _ := enum.At(int(v))
			return text
		}
	case uint64:
		if set, ok := e.Type().(gsql.SetType); ok {
			text, _ := set.BitsToString(v)
			return text
		}
	}
	written, err := e.Type().SQL(ctx, nil, v)
	if err != nil {
		return ""
	}
	return written.ToString()
}

func textOfTime(t time.Time, of gsql.Type) string {
	if types.IsDateType(of) {
		return t.Format("2006-01-02")
	}
	digits := 0
	if d, ok := of.(gsql.DatetimeType); ok {
		digits = d.Precision()
	}
	if digits == 0 {
		return t.Format("2006-01-02 15:04:05")
	}
	return t.Format("2006-01-02 15:04:05." + strings.Repeat("0", digits))
}

// formatDouble writes a float as MySQL does: the fewest digits that give it back, with an exponent from 10^15 on and
// below 10^-15.
func formatDouble(f float64, bits int) string {
	if magnitude := math.Abs(f); magnitude != 0 && (magnitude >= 1e15 || magnitude < 1e-15) {
		text := strconv.FormatFloat(f, 'e', -1, bits)
		mantissa, exponent, _ := strings.Cut(text, "e")
		n, _ := strconv.Atoi(exponent)
		return mantissa + "e" + strconv.Itoa(n)
	}
	return strconv.FormatFloat(f, 'f', -1, bits)
}

// bytesOfArgument gives the bytes of a value in the character set of its column.
func bytesOfArgument(ctx *gsql.Context, e gsql.Expression, v any) []byte {
	if b, ok := v.([]byte); ok {
		return b
	}
	text := textOfArgument(ctx, e, v)
	t, ok := e.Type().(gsql.StringType)
	if !ok || isBinary(e) {
		return []byte(text)
	}
	encoder := t.Collation().CharacterSet().Encoder()
	if encoder == nil {
		return []byte(text)
	}
	if encoded, ok := encoder.Encode([]byte(text)); ok {
		return encoded
	}
	return []byte(text)
}

// charText is a text cut at characters; of bytes, each byte is one.
type charText struct {
	text  string
	bytes bool
}

// length gives the number of characters.
func (c charText) length() int64 {
	if c.bytes {
		return int64(len(c.text))
	}
	return int64(utf8.RuneCountInString(c.text))
}

// slice gives the characters from the one at from on to before the one at to; both are within the text.
func (c charText) slice(from, to int64) string {
	if c.bytes {
		return c.text[from:to]
	}
	start := len(c.text)
	at := int64(0)
	for i := range c.text {
		if at == from {
			start = i
		}
		if at == to {
			return c.text[start:i]
		}
		at++
	}
	return c.text[start:]
}

// asResult gives a text as a value of a call's type.
func asResult(call *scalar, text string) any {
	if types.IsBinaryType(call.result) {
		return []byte(text)
	}
	return text
}

// charactersOf gives the first argument of a call as characters.
func charactersOf(ctx *gsql.Context, call *scalar, v any) charText {
	return charText{textOfArgument(ctx, call.args[0], v), isBinary(call.args[0])}
}

func integerArgument(ctx *gsql.Context, v any) int64 {
	n, _ := toInteger(ctx, v)
	if !n.negative && n.bits > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(n.bits)
}

// leftOf defines LEFT.
func leftOf() *definition {
	return &definition{arity: exactly(2), typeOf: firstTextType, eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
		text := charactersOf(ctx, call, args[0])
		n := integerArgument(ctx, args[1])
		if n >= int64(len(text.text)) {
			return asResult(call, text.text), nil
		}
		return asResult(call, text.slice(0, min(max(n, 0), text.length()))), nil
	}}
}

// rightOf defines RIGHT.
func rightOf() *definition {
	return &definition{arity: exactly(2), typeOf: firstTextType, eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
		text := charactersOf(ctx, call, args[0])
		length := text.length()
		n := min(max(integerArgument(ctx, args[1]), 0), length)
		return asResult(call, text.slice(length-n, length)), nil
	}}
}

// substring defines SUBSTRING, SUBSTR and MID.
func substring() *definition {
	return &definition{arity: arity{2, 3}, typeOf: firstTextType, eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
		text := charactersOf(ctx, call, args[0])
		length := text.length()
		start := integerArgument(ctx, args[1])
		switch {
		case start > 0:
			start--
		case start < 0:
			start += length
		default:
			return asResult(call, ""), nil
		}
		wanted := length
		if len(args) == 3 {
			wanted = integerArgument(ctx, args[2])
		}
		if start < 0 || start >= length || wanted <= 0 {
			return asResult(call, ""), nil
		}
		return asResult(call, text.slice(start, start+min(wanted, length-start))), nil
	}}
}

// insertInto defines INSERT.
func insertInto() *definition {
	typeOf := func(args []gsql.Expression) gsql.Type { return textType([]gsql.Expression{args[0], args[3]}) }
	return &definition{arity: exactly(4), typeOf: typeOf, eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
		text := charText{textOfArgument(ctx, call.args[0], args[0]), types.IsBinaryType(call.result)}
		length, from, count := text.length(), integerArgument(ctx, args[1]), integerArgument(ctx, args[2])
		if from < 1 || from > length {
			return asResult(call, text.text), nil
		}
		from--
		if count < 0 || count > length-from {
			count = length - from
		}
		put := textOfArgument(ctx, call.args[3], args[3])
		return asResult(call, text.slice(0, from)+put+text.slice(from+count, length)), nil
	}}
}

// reverse defines REVERSE.
func reverse() *definition {
	return &definition{arity: exactly(1), typeOf: firstTextType, eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
		text := textOfArgument(ctx, call.args[0], args[0])
		out := make([]byte, 0, len(text))
		for len(text) > 0 {
			size := 1
			if !isBinary(call.args[0]) {
				_, size = utf8.DecodeLastRuneInString(text)
			}
			out = append(out, text[len(text)-size:]...)
			text = text[:len(text)-size]
		}
		return asResult(call, string(out)), nil
	}}
}

// concat defines CONCAT.
func concat() *definition {
	return &definition{arity: arity{1, -1}, typeOf: textType, eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
		if len(args) == 1 {
			return asResult(call, textOfArgument(ctx, call.args[0], args[0])), nil
		}
		var b strings.Builder
		for i, v := range args {
			b.WriteString(textOfArgument(ctx, call.args[i], v))
		}
		return asResult(call, b.String()), nil
	}}
}

// concatWith defines CONCAT_WS: NULL among the texts is left out.
func concatWith() *definition {
	return &definition{arity: arity{2, -1}, nulls: true, typeOf: textType, eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
		if args[0] == nil {
			return nil, nil
		}
		var parts []string
		for i, v := range args[1:] {
			if v != nil {
				parts = append(parts, textOfArgument(ctx, call.args[i+1], v))
			}
		}
		return asResult(call, strings.Join(parts, textOfArgument(ctx, call.args[0], args[0]))), nil
	}}
}

// makeSet defines MAKE_SET.
func makeSet() *definition {
	typeOf := func(args []gsql.Expression) gsql.Type { return textType(args[1:]) }
	return &definition{arity: arity{2, -1}, nulls: true, typeOf: typeOf, eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
		if args[0] == nil {
			return nil, nil
		}
		chosen := bitsOf(ctx, args[0])
		var parts []string
		for i, v := range args[1:] {
			if v != nil && i < 64 && chosen>>i&1 == 1 {
				parts = append(parts, textOfArgument(ctx, call.args[i+1], v))
			}
		}
		return asResult(call, strings.Join(parts, ",")), nil
	}}
}

// exportSet defines EXPORT_SET.
func exportSet() *definition {
	typeOf := func(args []gsql.Expression) gsql.Type { return textType(args[1:3]) }
	return &definition{arity: arity{3, 5}, typeOf: typeOf, eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
		count, separator := int64(64), ","
		if len(args) > 3 {
			separator = textOfArgument(ctx, call.args[3], args[3])
		}
		if len(args) > 4 {
			if n := integerArgument(ctx, args[4]); n >= 0 && n < 64 {
				count = n
			}
		}
		chosen := bitsOf(ctx, args[0])
		on, off := textOfArgument(ctx, call.args[1], args[1]), textOfArgument(ctx, call.args[2], args[2])
		parts := make([]string, count)
		for i := range parts {
			if parts[i] = off; chosen>>i&1 == 1 {
				parts[i] = on
			}
		}
		return asResult(call, strings.Join(parts, separator)), nil
	}}
}

// addressOf defines INET_NTOA: NULL for what is no address.
func addressOf() *definition {
	return &definition{arity: exactly(1), typeOf: always(types.LongText), eval: func(ctx *gsql.Context, _ *scalar, args []any) (any, error) {
		n := toDecimal(ctx, args[0]).Round(0)
		if n.IsNegative() || n.GreaterThan(decimal.NewFromInt(math.MaxUint32)) {
			return nil, nil
		}
		a := uint32(n.IntPart())
		return fmt.Sprintf("%d.%d.%d.%d", a>>24, a>>16&255, a>>8&255, a&255), nil
	}}
}

// locate defines LOCATE, or INSTR: text is the number of the argument that is looked through, the other is looked for.
func locate(text int, counts arity) *definition {
	return &definition{arity: counts, typeOf: always(types.Int64), eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
		from := int64(1)
		if len(args) == 3 {
			from = integerArgument(ctx, args[2])
		}
		weigh := weigher(ctx, call.args[0], call.args[1])
		in, sought := weigh(textOfArgument(ctx, call.args[text], args[text])), weigh(textOfArgument(ctx, call.args[1-text], args[1-text]))
		for at := from; at >= 1 && at-1+int64(len(sought)) <= int64(len(in)); at++ {
			if slices.Equal(in[at-1:at-1+int64(len(sought))], sought) {
				return at, nil
			}
		}
		return int64(0), nil
	}}
}

// weigher gives what tells which characters of two texts are the same: bytes, if one of them is bytes.
func weigher(ctx *gsql.Context, a, b gsql.Expression) func(string) []int32 {
	if isBinary(a) || isBinary(b) {
		return func(text string) []int32 {
			out := make([]int32, len(text))
			for i := range len(text) {
				out[i] = int32(text[i])
			}
			return out
		}
	}
	left, leftRank := gsql.GetCoercibility(ctx, a)
	right, rightRank := gsql.GetCoercibility(ctx, b)
	collation, _ := gsql.ResolveCoercibility(left, leftRank, right, rightRank)
	weight := collation.Sorter()
	return func(text string) []int32 {
		var out []int32
		for _, c := range text {
			out = append(out, weight(c))
		}
		return out
	}
}

// octal defines OCT.
func octal() *definition {
	return &definition{arity: exactly(1), typeOf: always(types.LongText), eval: func(ctx *gsql.Context, _ *scalar, args []any) (any, error) {
		return strconv.FormatUint(bitsOf(ctx, args[0]), 8), nil
	}}
}

// quote writes a text as a literal of SQL, and NULL as the word.
func quote() *definition {
	escapes := strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\x00", `\0`, "\x1a", `\Z`)
	return &definition{
		arity: exactly(1), typeOf: firstTextType, nulls: true,
		eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
			if args[0] == nil {
				return "NULL", nil
			}
			return asResult(call, "'"+escapes.Replace(textOfArgument(ctx, call.args[0], args[0]))+"'"), nil
		},
	}
}
