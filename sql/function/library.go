package function

import (
	"maps"
	"math"
	"slices"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/shopspring/decimal"
)

// Library holds the functions of this package by name. It is constant.
type Library struct{ byName map[string]gsql.Function }

var _ gsql.FunctionProvider = (*Library)(nil)

// NewLibrary makes the library.
func NewLibrary() *Library {
	l := &Library{byName: map[string]gsql.Function{}}
	for op, name := range operatorFunctions {
		l.byName[name] = gsql.Function2{Name: name, Fn: newArithmetic(op)}
	}
	for name, make := range aggregateFunctions() {
		l.byName[name] = gsql.Function1{Name: name, Fn: make}
	}
	for name, make := range intervalFunctions() {
		l.byName[name] = gsql.FunctionN{Name: name, Fn: make}
	}
	l.byName[likeName] = gsql.Function2{Name: likeName, Fn: newLike}
	for name, make := range markFunctions() {
		l.byName[name] = gsql.FunctionN{Name: name, Fn: make}
	}
	maps.Copy(l.byName, controlFunctions())
	maps.Copy(l.byName, jsonFunctions())
	maps.Copy(l.byName, pathFunctions())
	for _, family := range []map[string]*definition{bitFunctions(), numberFunctions(), textFunctions(), timeFunctions(), castFunctions()} {
		for name, d := range family {
			d.name = name
			l.byName[name] = gsql.FunctionN{Name: name, Fn: d.call}
		}
	}
	return l
}

// Function implements gsql.FunctionProvider.
func (l *Library) Function(_ *gsql.Context, name string) (gsql.Function, bool) {
	f, ok := l.byName[strings.ToLower(name)]
	return f, ok
}

// Names gives the names of all functions, sorted.
func (l *Library) Names() []string { return slices.Sorted(maps.Keys(l.byName)) }

// prefix begins the names of functions that only the Rewriter calls.
const prefix = "redoubt_"

// operatorFunctions names the functions that stand for the arithmetic operators.
var operatorFunctions = map[operator]string{
	plusOperator: prefix + "add", minusOperator: prefix + "subtract", timesOperator: prefix + "multiply",
	divideOperator: prefix + "divide", moduloOperator: prefix + "modulo", quotientOperator: prefix + "quotient",
}

func bitFunctions() map[string]*definition {
	return map[string]*definition{
		prefix + "bit_and": bitOperation("&", and), prefix + "bit_or": bitOperation("|", or),
		prefix + "bit_xor": bitOperation("^", xor), prefix + "shift_left": bitOperation("<<", shiftLeft),
		prefix + "shift_right": bitOperation(">>", shiftRight),
		prefix + "bit_not":     invert(), prefix + "negate": negate(),
	}
}

// aggregateFunctions gives the aggregates by name.
func aggregateFunctions() map[string]gsql.CreateFunc1Args {
	out := map[string]gsql.CreateFunc1Args{
		"sum": makeAggregate(sumKind()), "avg": makeAggregate(averageKind()), "first": newFirst, prefix + "shown": newShown,
	}
	for _, name := range []string{"std", "stddev", "stddev_pop"} {
		out[name] = makeAggregate(spreadKind(name, false, true))
	}
	for _, name := range []string{"variance", "var_pop"} {
		out[name] = makeAggregate(spreadKind(name, false, false))
	}
	out["stddev_samp"] = makeAggregate(spreadKind("stddev_samp", true, true))
	out["var_samp"] = makeAggregate(spreadKind("var_samp", true, false))
	return out
}

// markFunctions gives the marks that the Rewriter puts into FIRST.
func markFunctions() map[string]gsql.CreateFuncNArgs {
	out := map[string]gsql.CreateFuncNArgs{
		prefix + "sum": newMark(sumKind()), prefix + "avg": newMark(averageKind()),
		countDistinctName: newMark(countDistinctKind()), listName: newList,
	}
	for name, kind := range windowKinds() {
		out[windowPrefix+name] = newMark(kind)
	}
	return out
}

// windowKinds gives the functions over windows that are ours, by name.
func windowKinds() map[string]*aggregateKind {
	return map[string]*aggregateKind{
		"sum": sumKind(), "avg": averageKind(), "count": countKind(), "max": extremeKind("max", 1), "min": extremeKind("min", -1),
		"bit_and": bitsKind("bit_and", math.MaxUint64, and), "bit_or": bitsKind("bit_or", 0, or), "bit_xor": bitsKind("bit_xor", 0, xor),
		"std": spreadKind("std", false, true), "stddev": spreadKind("stddev", false, true),
		"stddev_pop": spreadKind("stddev_pop", false, true), "stddev_samp": spreadKind("stddev_samp", true, true),
		"variance": spreadKind("variance", false, false), "var_pop": spreadKind("var_pop", false, false),
		"var_samp": spreadKind("var_samp", true, false), "first_value": placeKind("first_value", firstPlace),
		"last_value": placeKind("last_value", lastPlace), "nth_value": placeKind("nth_value", nthPlace), "cume_dist": shareKind(),
	}
}

const (
	countDistinctName = prefix + "count_distinct"
	listName          = prefix + "group_concat"
	likeName          = prefix + "like"
	windowPrefix      = prefix + "over_"
)

// intervalFunctions gives the functions and operators that move points in time.
func intervalFunctions() map[string]gsql.CreateFuncNArgs {
	return map[string]gsql.CreateFuncNArgs{
		"date_add": newShift("date_add", false, false), "date_sub": newShift("date_sub", true, false),
		"adddate": newShift("adddate", false, true), "subdate": newShift("subdate", true, true),
		"from_unixtime": fromUnixTime, quantifiedName: newQuantified, memberName: newMember, digitsName: newMarked, convertName: convertUsing,
		prefix + "later": newShift("", false, false), prefix + "earlier": newShift("", true, false),
	}
}

func numberFunctions() map[string]*definition {
	return map[string]*definition{
		"round": rounding(1, false), "truncate": rounding(2, true), "abs": absolute(),
		prefix + "assign": assign(), variableName: variable(), "greatest": extreme(1), "least": extreme(-1), "bit_length": bitLength(),
		"ceil": wholeNumber(decimal.Decimal.Ceil, math.Ceil), "ceiling": wholeNumber(decimal.Decimal.Ceil, math.Ceil),
		"floor": wholeNumber(decimal.Decimal.Floor, math.Floor), "oct": octal(), "inet_ntoa": addressOf(), "instr": locate(0, exactly(2)), "locate": locate(1, arity{2, 3}), "position": locate(1, exactly(2)),
	}
}

func textFunctions() map[string]*definition {
	return map[string]*definition{
		"left": leftOf(), "right": rightOf(), "substring": substring(), "substr": substring(), "mid": substring(),
		"insert": insertInto(), "reverse": reverse(), "concat": concat(), "concat_ws": concatWith(),
		"make_set": makeSet(), "export_set": exportSet(), "md5": digest(md5Sum), "sha": digest(sha1Sum),
		"quote": quote(), jsonPathName: jsonPath(), "sha1": digest(sha1Sum), "sha2": sha2(), "crc32": checksum(), regexpLikeName: regexpLike(),
	}
}

func timeFunctions() map[string]*definition {
	return map[string]*definition{
		"sec_to_time": secToTime(), "time_to_sec": timeToSec(), "makedate": makeDate(), "maketime": makeTime(),
		"addtime": addTime(1), "subtime": addTime(-1), "time_format": timeFormat(), "date": dateOf(), "time": timeOf(),
		"timestamp": timestampOf(), "to_seconds": toSeconds(), "period_add": periodAdd(), "period_diff": periodDiff(),
		"week": weekOf(false), "yearweek": weekOf(true), "weekofyear": weekOfYear(), prefix + "extract": extract(),
		"timestampdiff": timestampDiff(), prefix + "interval": intervalOf(), "benchmark": benchmark(),
		"utc_date": utcDate(), "utc_time": utcTime(),
		"hour":        clockPart(func(us int64) int64 { return us / hourPart.micros }),
		"minute":      clockPart(func(us int64) int64 { return us / minutePart.micros % 60 }),
		"second":      clockPart(func(us int64) int64 { return us / microsPerSecond % 60 }),
		"microsecond": clockPart(func(us int64) int64 { return us % microsPerSecond }),
	}
}

func castFunctions() map[string]*definition {
	out := map[string]*definition{}
	for name, d := range casts() {
		out[castPrefix+name] = d
	}
	return out
}

// castPrefix begins the names of the functions that stand for casts.
const castPrefix = prefix + "cast_"
