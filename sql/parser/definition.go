package parser

// opensDefinition reports whether a token, with the one before, may open the expression of a generated column or of a default.
func opensDefinition(last, t Token) bool { return t.IsOp("(") && last.IsAny("AS", "DEFAULT") }

// rewriteDefinitions adds the edits for expressions of generated columns and defaults, of which the engine's grammar takes no comparisons
// and conditions:
//
//	g INT AS (a = 5)  ->  g INT AS ((a = 5))
func rewriteDefinitions(list []Token, edits []edit) []edit {
	if !tokenAt(list, 0).IsAny("CREATE", "ALTER") {
		return edits
	}
	for i, t := range list {
		if !opensDefinition(tokenAt(list, i-1), t) {
			continue
		}
		end := parenEnd(list, i)
		if end > i && isCondition(list[i+1:end-1]) {
			closing := list[end-1]
			edits = append(edits, edit{t.Start, t.Start, "("}, edit{closing.End, closing.End, ")"})
		}
	}
	return edits
}

// isCondition reports whether what is in parentheses is a comparison or a condition, and no query, as of a view, and no window.
func isCondition(list []Token) bool {
	if beginsQuery(list, 0) {
		return false
	}
	depth, found := 0, false
	for _, t := range list {
		switch {
		case t.IsOp("("):
			depth++
		case t.IsOp(")"):
			depth--
		case depth > 0:
		case t.IsAny("PARTITION", "ORDER", "ROWS", "RANGE"):
			return false
		case isComparison(t), t.IsOp("!"), t.IsOp("&&"), t.IsOp("||"), t.IsAny("AND", "OR", "XOR", "NOT", "IS", "IN", "LIKE", "BETWEEN", "REGEXP", "RLIKE"):
			found = true
		}
	}
	return found
}
