package parser

// expressionEnd returns the index behind the value expression that begins at list[i], or i if none begins there. A
// value expression is what the engine's grammar takes after AS OF: operands joined by arithmetic, bit, JSON and
// collation operators, without comparisons and without AND, OR, NOT. So a word that is no operator ends it: an alias,
// JOIN, WHERE, USING …
func expressionEnd(list []Token, i int) int {
	start := i
	for {
		operand := operandEnd(list, i)
		if operand == i {
			return start // not an expression, or one that ends in an operator: leave the error to the engine
		}
		i = operand
		switch {
		case i < len(list) && isBinaryOperator(list[i]):
			i++
		default:
			return i
		}
	}
}

// tokenAt returns list[i], or an EOF token behind the end.
func tokenAt(list []Token, i int) Token {
	if i >= 0 && i < len(list) {
		return list[i]
	}
	return Token{Kind: EOF}
}

func isBinaryOperator(t Token) bool {
	if t.Kind == DoubleMinus {
		return true
	}
	if t.Kind == Op {
		switch t.Text {
		case "+", "-", "*", "/", "%", "|", "&", "^", "<<", ">>", "->", "->>", "||":
			return true
		}
		return false
	}
	return t.IsAny("DIV", "MOD", "COLLATE")
}

// operandEnd returns the index behind one operand with its prefix operators, or i if there is none.
func operandEnd(list []Token, i int) int {
	start := i
	for t := tokenAt(list, i); t.Kind == DoubleMinus || t.IsOp("-") || t.IsOp("+") || t.IsOp("~") || t.IsOp("!") || t.Is("BINARY"); t = tokenAt(list, i) {
		i++
	}
	end := i
	switch t := tokenAt(list, i); t.Kind {
	case String:
		end = stringsEnd(list, i)
	case Number, Param, UserVar, SysVar:
		end = i + 1
	case Quoted:
		end = nameEnd(list, i)
	case Op:
		switch t.Text {
		case "(":
			end = parenEnd(list, i)
		case ":": // a named parameter, as the engine's own rewriting uses
			if tokenAt(list, i+1).Kind == Word {
				end = i + 2
			}
		}
	case Word:
		end = wordOperandEnd(list, i)
	}
	if end == i {
		return start
	}
	return end
}

// stringsEnd passes string literals that follow each other: they are one string.
func stringsEnd(list []Token, i int) int {
	for tokenAt(list, i).Kind == String {
		i++
	}
	return i
}

// wordOperandEnd handles operands that begin with a word: INTERVAL, CASE, typed literals, functions, names.
func wordOperandEnd(list []Token, i int) int {
	t := list[i]
	switch {
	case t.Is("INTERVAL"):
		if value := expressionEnd(list, i+1); value > i+1 && tokenAt(list, value).Kind == Word {
			return value + 1 // the unit
		}
		return i
	case t.Is("CASE"):
		return caseEnd(list, i)
	case tokenAt(list, i+1).Kind == String && isLiteralPrefix(t.Text):
		return stringsEnd(list, i+1)
	case tokenAt(list, i+1).IsOp("(") && !isClauseWord(t):
		return callEnd(list, i+1)
	case isClauseWord(t):
		return i
	}
	return nameEnd(list, i)
}

// callEnd passes an argument list and what may follow a call: OVER (…).
func callEnd(list []Token, i int) int {
	end := parenEnd(list, i)
	if end > i && tokenAt(list, end).Is("OVER") && tokenAt(list, end+1).IsOp("(") {
		return parenEnd(list, end+1)
	}
	return end
}

// nameEnd passes a name with its qualifiers, and an argument list.
func nameEnd(list []Token, i int) int {
	i++
	for tokenAt(list, i).IsOp(".") && (tokenAt(list, i+1).Kind == Word || tokenAt(list, i+1).Kind == Quoted) {
		i += 2
	}
	if tokenAt(list, i).IsOp("(") {
		return callEnd(list, i)
	}
	return i
}

// parenEnd returns the index behind the parenthesis that closes the one at list[i], or i if none does.
func parenEnd(list []Token, i int) int {
	if !tokenAt(list, i).IsOp("(") {
		return i
	}
	depth := 0
	for j := i; j < len(list); j++ {
		switch {
		case list[j].IsOp("("):
			depth++
		case list[j].IsOp(")"):
			if depth--; depth == 0 {
				return j + 1
			}
		case list[j].IsOp(";"):
			return i
		}
	}
	return i
}

// caseEnd returns the index behind the END of the CASE at list[i], or i if there is none.
func caseEnd(list []Token, i int) int {
	depth := 0
	for j := i; j < len(list); j++ {
		switch {
		case list[j].Is("CASE"):
			depth++
		case list[j].Is("END"):
			if depth--; depth == 0 {
				return j + 1
			}
		}
	}
	return i
}

// isLiteralPrefix reports whether a word before a string makes it a literal of another kind.
func isLiteralPrefix(w string) bool {
	if w[0] == '_' {
		return true
	}
	return Token{Kind: Word, Text: w}.IsAny("x", "b", "n", "DATE", "TIME", "TIMESTAMP")
}

// isClauseWord reports whether an unquoted word cannot be a name at the place of an operand, because it begins the
// next clause of the statement.
func isClauseWord(t Token) bool {
	return t.IsAny("WHERE", "JOIN", "INNER", "CROSS", "LEFT", "RIGHT", "NATURAL", "STRAIGHT_JOIN", "ON", "USING",
		"GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "EXCEPT", "INTERSECT", "WINDOW", "FOR", "LOCK", "AS", "SET",
		"FROM", "INTO", "USE", "FORCE", "IGNORE", "AND", "OR", "NOT", "XOR", "IN", "IS", "LIKE", "BETWEEN", "THEN",
		"ELSE", "END", "WHEN", "SELECT", "VALUES", "WITH", "OF", "TO", "PARTITION", "PROCEDURE", "RETURNING", "DO",
		"COMMENT", "DESCRIPTION", "GUARANTEE")
}
