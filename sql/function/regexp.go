package function

import (
	"context"
	"errors"
	"strings"
	"sync"

	regex "github.com/dolthub/go-icu-regex"
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/mysql"
)

const regexpLikeName = "regexp_like"

// regexpLike defines REGEXP_LIKE, for which REGEXP and RLIKE stand, too. The engine's own compiles the pattern for each
// row, which takes 2 ms.
func regexpLike() *definition {
	return &definition{
		arity: arity{2, 3}, typeOf: always(types.Boolean),
		eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
			key := regexpKey{pattern: textOfArgument(ctx, call.args[1], args[1])}
			if key.pattern == "" {
				return int8(1), nil // as in MariaDB; the library refuses it
			}
			if foldsCase(ctx, call.args[0], call.args[1]) {
				key.flags = regex.RegexFlags_Case_Insensitive
			}
			if len(args) == 3 {
				var err error
				if key.flags, err = regexpFlags(textOfArgument(ctx, call.args[2], args[2])); err != nil {
					return nil, err
				}
			}
			return matches(ctx, key, textOfArgument(ctx, call.args[0], args[0]))
		},
	}
}

// foldsCase tells whether a text and a pattern are matched under a collation to which upper and lower case are the same.
func foldsCase(ctx *gsql.Context, text, pattern gsql.Expression) bool {
	left, leftCoercibility := gsql.GetCoercibility(ctx, text)
	right, rightCoercibility := gsql.GetCoercibility(ctx, pattern)
	collation, _ := gsql.ResolveCoercibility(left, leftCoercibility, right, rightCoercibility)
	return strings.HasSuffix(collation.String(), "_ci")
}

// regexpFlags reads the third argument of REGEXP_LIKE; of c and i the last one counts.
func regexpFlags(text string) (regex.RegexFlags, error) {
	flags := regex.RegexFlags_None
	for _, c := range text {
		switch c {
		case 'c':
			flags &^= regex.RegexFlags_Case_Insensitive
		case 'i':
			flags |= regex.RegexFlags_Case_Insensitive
		case 'm':
			flags |= regex.RegexFlags_Multiline
		case 'n':
			flags |= regex.RegexFlags_Dot_All
		case 'u':
			flags |= regex.RegexFlags_Unix_Lines
		default:
			return 0, gsql.ErrInvalidArgument.New(regexpLikeName)
		}
	}
	return flags, nil
}

type regexpKey struct {
	pattern string
	flags   regex.RegexFlags
}

// errRegexp is MySQL's number for a pattern that cannot be read.
const errRegexp = 1139

// regexpsMax bounds how many compiled patterns wait for their next use. Each holds a few megabytes.
const regexpsMax = 8

// regexpBufferBytes is how much of a text a pattern is matched with without an allocation.
const regexpBufferBytes = 64 << 10

// idleRegexps are compiled patterns that nobody uses now, the one that was used last at the end.
var idleRegexps struct {
	sync.Mutex
	list []idleRegexp
}

type idleRegexp struct {
	key      regexpKey
	compiled regex.Regex
}

// matches tells whether a pattern is found in a text: 1 or 0.
func matches(ctx context.Context, key regexpKey, text string) (any, error) {
	compiled, err := takeRegexp(ctx, key)
	if err != nil {
		return nil, err
	}
	if err := compiled.SetMatchString(ctx, text); err != nil {
		return nil, errors.Join(err, compiled.Close())
	}
	found, err := compiled.Matches(ctx, 0, 0)
	if err != nil {
		return nil, errors.Join(err, compiled.Close())
	}
	if err := giveRegexp(idleRegexp{key, compiled}); err != nil {
		return nil, err
	}
	if found {
		return int8(1), nil
	}
	return int8(0), nil
}

func takeRegexp(ctx context.Context, key regexpKey) (regex.Regex, error) {
	idleRegexps.Lock()
	for i := len(idleRegexps.list) - 1; i >= 0; i-- {
		if found := idleRegexps.list[i]; found.key == key {
			idleRegexps.list = append(idleRegexps.list[:i], idleRegexps.list[i+1:]...)
			idleRegexps.Unlock()
			return found.compiled, nil
		}
	}
	idleRegexps.Unlock()
	compiled := regex.CreateRegex(regexpBufferBytes)
	if err := compiled.SetRegexString(ctx, key.pattern, key.flags); err != nil {
		if failed := compiled.Close(); failed != nil {
			return nil, failed
		}
		return nil, mysql.NewSQLError(errRegexp, "42000", "Got error '%v' from regexp", err)
	}
	return compiled, nil
}

func giveRegexp(r idleRegexp) error {
	idleRegexps.Lock()
	idleRegexps.list = append(idleRegexps.list, r)
	var oldest regex.Regex
	if len(idleRegexps.list) > regexpsMax {
		oldest = idleRegexps.list[0].compiled
		idleRegexps.list = append(idleRegexps.list[:0], idleRegexps.list[1:]...)
	}
	idleRegexps.Unlock()
	if oldest == nil {
		return nil
	}
	return oldest.Close()
}
