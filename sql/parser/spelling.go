package parser

import "strings"

// Functions that rewritten statements call; package function defines them.
const (
	assignFunction = "redoubt_assign"
	allFunction    = "redoubt_all"
	anyFunction    = "redoubt_any"
	listedFunction = "redoubt_interval"
	rollupFunction = "redoubt_rollup"
)

// isSpelling reports whether a token, with the one before, may be part of what rewriteSpelling knows.
func isSpelling(last, t Token) bool {
	switch {
	case t.Kind == Op:
		return t.Text == ":=" && last.Kind == UserVar
	case t.Kind == String:
		return isNational(last, t) || isTimeWord(last) || keepsBackslash(t)
	case t.Kind != Word:
		return false
	case len(t.Text) == 3 || len(t.Text) == 4:
		return t.IsAny("ALL", "ANY", "SOME") && isComparison(last) || t.Is("FROM") && isTrimSide(last)
	case t.Is("INTERVAL"):
		return true
	case t.Is("ROLLUP"):
		return last.Is("WITH")
	case t.Is("UNKNOWN"):
		return last.IsAny("IS", "NOT")
	}
	return isComposedUnit(t)
}

// rewriteSpelling adds the edits for expressions that the engine can compute and its grammar does not take:
//
//	@v := e                      ->  redoubt_assign('v', e)
//	a > ALL (SELECT …)           ->  a > redoubt_all((SELECT …))
//	INTERVAL '1:30' MINUTE_SECOND ->  INTERVAL '1:30' `MINUTE_SECOND`
//	INTERVAL(5, 1, 10)           ->  redoubt_interval(5, 1, 10)
//	N'text'                      ->  'text'
//	GROUP BY a WITH ROLLUP       ->  GROUP BY a , redoubt_rollup()
//	DATE '2024-02-29'            ->  DATE ('2024-02-29')
//	LIKE 'a\_%'                  ->  LIKE 'a\\_%'
//	a IS NOT UNKNOWN             ->  a IS NOT NULL
//	TRIM(LEADING FROM a)         ->  TRIM(LEADING ' ' FROM a)
func rewriteSpelling(list []Token, edits []edit) []edit {
	setting := false // within SET, where the engine takes assignments
	for i, t := range list {
		last := tokenAt(list, i-1)
		switch {
		case t.IsOp(";"):
			setting = false
		case t.Is("SET") && (i == 0 || !isNamePart(last)):
			setting = beginsSet(list, i)
		case !isSpelling(last, t):
		case t.Kind == Op:
			if !setting || isNestedAssignment(list, i) {
				edits = rewriteAssignment(list, i, edits)
			}
		case t.Kind == String && isTimeWord(last):
			if !tokenAt(list, i-2).Is("OF") {
				edits = append(edits, edit{t.Start, t.Start, "("}, edit{t.End, t.End, ")"})
			}
		case t.Kind == String:
			if isNational(last, t) { // N'…' is a text in UTF-8, which all are
				edits = append(edits, edit{last.Start, last.End, ""})
			}
			edits = keepBackslashes(t, edits)
		case t.Is("ROLLUP"):
			edits = append(edits, edit{last.Start, t.End, ", " + rollupFunction + "()"})
		case t.Is("INTERVAL"):
			if isCallWithComma(list, i+1) {
				edits = append(edits, edit{t.Start, t.End, listedFunction})
			}
		case t.Is("UNKNOWN"):
			if last.Is("IS") || tokenAt(list, i-2).Is("IS") {
				edits = append(edits, edit{t.Start, t.End, "NULL"})
			}
		case t.Is("FROM"):
			edits = append(edits, edit{t.Start, t.Start, "' ' "})
		case isComposedUnit(t):
			if !last.IsOp("(") && !last.IsOp(",") && !last.IsOp(".") && !inSchedule(list, i) {
				edits = append(edits, edit{t.Start, t.End, "`" + t.Text + "`"})
			}
		default:
			edits = rewriteQuantifier(list, i, edits)
		}
	}
	return edits
}

// isNational reports whether a text is one of the national character set, N'…'.
func isNational(last, t Token) bool {
	return last.Kind == Word && last.End == t.Start && strings.EqualFold(last.Text, "N")
}

// keepsBackslash reports whether a text holds \_ or \%, of which the backslash is a part, for LIKE. The engine leaves it out.
func keepsBackslash(t Token) bool {
	if t.Kind != String {
		return false
	}
	return strings.Contains(t.Text, `\_`) || strings.Contains(t.Text, `\%`)
}

// keepBackslashes writes \_ and \% in a text as the engine keeps them.
func keepBackslashes(t Token, edits []edit) []edit {
	for i := 0; i+1 < len(t.Text); i++ {
		if t.Text[i] != '\\' {
			continue
		}
		i++
		if c := t.Text[i]; c == '_' || c == '%' {
			edits = append(edits, edit{t.Start + i, t.Start + i, `\`})
		}
	}
	return edits
}

// isTrimSide reports whether a word of TRIM says where it cuts; the engine wants the text that is cut off behind it.
func isTrimSide(t Token) bool { return t.IsAny("LEADING", "TRAILING", "BOTH") }

// isTimeWord reports whether a word makes a literal of the text behind it, which the engine would take for a text.
func isTimeWord(t Token) bool { return t.IsAny("DATE", "TIME", "TIMESTAMP") }

func isNamePart(t Token) bool { return t.IsOp(".") }

// beginsSet reports whether the word SET at list[i] begins a statement that sets variables, not a part of UPDATE.
func beginsSet(list []Token, i int) bool {
	last := tokenAt(list, i-1)
	return i == 0 || last.IsOp(";") || last.IsAny("BEGIN", "THEN", "ELSE", "DO", "LOOP", "REPEAT")
}

// isNestedAssignment reports whether the := at list[i] stands within the value of another, as in SET @a = @b := 1.
func isNestedAssignment(list []Token, i int) bool {
	before := tokenAt(list, i-2)
	return !before.Is("SET") && !before.IsOp(",")
}

// rewriteAssignment turns the assignment whose := is list[i] into a call.
func rewriteAssignment(list []Token, i int, edits []edit) []edit {
	end := conditionEnd(list, i+1)
	if end == i+1 {
		return edits
	}
	v := list[i-1]
	name := strings.Trim(v.Text[1:], "`'\"")
	open := assignFunction + "('" + strings.ReplaceAll(name, "'", "''") + "',"
	return append(edits, edit{v.Start, list[i].End, open}, edit{list[end-1].End, list[end-1].End, ")"})
}

// rewriteQuantifier turns ALL, ANY or SOME before a subquery into a call.
func rewriteQuantifier(list []Token, i int, edits []edit) []edit {
	end := parenEnd(list, i+1)
	if inner := tokenAt(list, i+2); end <= i+1 || !inner.IsAny("SELECT", "WITH", "VALUES", "TABLE") && !inner.IsOp("(") {
		return edits
	}
	name := anyFunction
	if list[i].Is("ALL") {
		name = allFunction
	}
	return append(edits, edit{list[i].Start, list[i].End, name + "("}, edit{list[end-1].End, list[end-1].End, ")"})
}

// conditionEnd returns the index behind the expression that begins at list[i], with comparisons and AND, OR, NOT; i if
// none begins there.
func conditionEnd(list []Token, i int) int {
	start := i
	for {
		for tokenAt(list, i).Is("NOT") {
			i++
		}
		if tokenAt(list, i).Kind == UserVar && tokenAt(list, i+1).IsOp(":=") {
			i += 2
			continue
		}
		end := expressionEnd(list, i)
		if end == i {
			return start
		}
		i = end
		if tokenAt(list, i).Is("IS") {
			i++
			if tokenAt(list, i).Is("NOT") {
				i++
			}
			i = min(i+1, len(list))
		}
		switch t := tokenAt(list, i); {
		case isComparison(t), t.IsOp("&&"), t.IsAny("AND", "OR", "XOR", "LIKE", "RLIKE", "REGEXP", "IN", "BETWEEN", "ESCAPE"):
			i++
		case t.Is("NOT") && tokenAt(list, i+1).IsAny("LIKE", "RLIKE", "REGEXP", "IN", "BETWEEN"):
			i += 2
		default:
			return i
		}
	}
}

func isComparison(t Token) bool {
	if t.Kind != Op {
		return false
	}
	switch t.Text {
	case "=", "<=>", "<", ">", "<=", ">=", "<>", "!=":
		return true
	}
	return false
}

// inSchedule reports whether a token is part of an event's schedule, of which the grammar knows the units.
func inSchedule(list []Token, at int) bool {
	for i := at - 1; i > 0 && !list[i].IsOp(";") && !list[i].Is("DO"); i-- {
		if list[i].Is("SCHEDULE") && list[i-1].Is("ON") {
			return true
		}
	}
	return false
}

// isComposedUnit reports whether a word is a unit of an interval that the engine's grammar takes as a name only.
func isComposedUnit(t Token) bool {
	if len(t.Text) < len("DAY_HOUR") || len(t.Text) > len("SECOND_MICROSECOND") || strings.IndexByte(t.Text, '_') < 3 {
		return false
	}
	return t.IsAny("SECOND_MICROSECOND", "MINUTE_MICROSECOND", "MINUTE_SECOND", "HOUR_MICROSECOND", "HOUR_SECOND", "HOUR_MINUTE",
		"DAY_MICROSECOND", "DAY_SECOND", "DAY_MINUTE", "DAY_HOUR", "YEAR_MONTH")
}

// isComputation reports whether a token, with the one before, may be part of an expression that Options.Rewrite
// replaces. It need not be right about all, but must not miss one.
func isComputation(last, t Token) bool {
	if last.IsOp("-") && t.Kind != Number {
		return true
	}
	switch t.Kind {
	case Op:
		return isArithmetic(last, t) || isFraction(last) && isComparison(t)
	case String:
		return (last.IsOp("->") || last.IsOp("->>")) && strings.Contains(t.Text, "last")
	case Number:
		return isFraction(t) && (isComparison(last) || last.IsOp("-"))
	case Word:
		return isComputingWord(last, t) || isMembership(last, t)
	}
	return false
}

// isFraction reports whether a token is a number with a point.
func isFraction(t Token) bool { return t.Kind == Number && strings.Contains(t.Text, ".") }

// isMembership reports whether a word begins what IN or EXISTS look in, be it in a list of rows.
func isMembership(last, t Token) bool {
	return last.IsOp("(") && t.IsAny("SELECT", "WITH", "VALUES", "TABLE") || last.IsOp(")") && (t.Is("IN") || t.Is("NOT"))
}

// isArithmetic reports whether an operator computes: the star of SELECT * and the sign of a literal do not.
func isArithmetic(last, t Token) bool {
	switch t.Text {
	case "+", "/", "%", "&", "|", "^", "~", "<<", ">>":
		return true
	case "*":
		return last.Kind != Op && !last.Is("SELECT") || last.IsOp(")")
	case "-":
		return last.Kind != Op || last.IsOp(")")
	}
	return false
}

// isComputingWord reports whether a word stands for an operator, or for a function that the engine's grammar knows.
func isComputingWord(last, t Token) bool {
	switch len(t.Text) {
	case 3:
		return t.IsAny("SUM", "AVG", "DIV", "MOD")
	case 4:
		return t.IsAny("LIKE", "CAST", "OVER", "CASE")
	case 5:
		return t.Is("RLIKE")
	case 6:
		return t.IsAny("HAVING", "REGEXP", "SUBSTR", "WINDOW")
	case 7:
		return t.IsAny("CONVERT", "EXTRACT")
	case 8:
		return t.Is("INTERVAL") || t.Is("DISTINCT") && last.IsOp("(")
	case 9:
		return t.IsAny("SUBSTRING", "PROCEDURE")
	}
	return len(t.Text) >= len("GROUP_CONCAT") && t.IsAny("GROUP_CONCAT", "TIMESTAMPADD", "TIMESTAMPDIFF")
}
