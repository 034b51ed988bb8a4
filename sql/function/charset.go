package function

import (
	"fmt"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// convertUsing makes CONVERT(e USING charset): the function is called with the value and the name. A character that
// the set does not have becomes a question mark. The engine keeps all text as UTF-8, so only the type changes.
func convertUsing(args ...gsql.Expression) (gsql.Expression, error) {
	if len(args) != 2 {
		return nil, gsql.ErrInvalidArgumentNumber.New(convertName, 2, len(args))
	}
	name, ok := plain(args[1]).(*expression.Literal)
	if !ok {
		return nil, gsql.ErrSyntaxError.New("CONVERT without a character set")
	}
	set, err := gsql.ParseCharacterSet(strings.ToLower(fmt.Sprint(name.Value())))
	if err != nil {
		return nil, err
	}
	if set.Encoder() == nil {
		return nil, gsql.ErrUnsupportedFeature.New("character set " + set.Name())
	}
	result := gsql.Type(types.LongBlob)
	if set != gsql.CharacterSet_binary {
		result = types.CreateLongText(set.DefaultCollation())
	}
	d := &definition{
		name: convertName, arity: exactly(2), typeOf: always(result),
		text: func(args []string) string { return "convert(" + args[0] + " using " + set.Name() + ")" },
		eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
			return convertText(ctx, call, set, args[0])
		},
	}
	return &scalar{definition: d, args: []gsql.Expression{plain(args[0]), name}, result: result}, nil
}

const convertName = prefix + "convert"

func convertText(ctx *gsql.Context, call *scalar, set gsql.CharacterSetID, v any) (any, error) {
	e := call.args[0]
	switch {
	case set == gsql.CharacterSet_binary:
		return bytesOfArgument(ctx, e, v), nil
	case isBinary(e):
		decoded, ok := set.Encoder().Decode(bytesOfArgument(ctx, e, v))
		if !ok {
			return nil, nil
		}
		return string(decoded), nil
	}
	text := []byte(textOfArgument(ctx, e, v))
	encoded, ok := set.Encoder().Encode(text)
	if !ok {
		encoded = set.Encoder().EncodeReplaceUnknown(text)
	}
	decoded, ok := set.Encoder().Decode(encoded)
	if !ok {
		return nil, nil
	}
	return string(decoded), nil
}

// bitLength defines BIT_LENGTH.
func bitLength() *definition {
	return &definition{arity: exactly(1), typeOf: always(types.Int64), eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
		return int64(len(bytesOfArgument(ctx, call.args[0], args[0]))) * 8, nil
	}}
}
