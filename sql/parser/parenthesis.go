package parser

// endsParenthesised reports whether a token, with the one before, may be what rewriteParenthesised looks for.
func endsParenthesised(last, t Token) bool { return last.IsOp(")") && t.IsAny("ORDER", "LIMIT") }

// rewriteParenthesised adds the edits for a SELECT in parentheses whose rows are sorted or limited behind them, which the
// engine's grammar takes in a UNION only:
//
//	(SELECT a FROM t) ORDER BY a          ->  SELECT a FROM t ORDER BY a
//	(SELECT a FROM t LIMIT 5) ORDER BY a  ->  SELECT * FROM (SELECT a FROM t LIMIT 5) AS redoubt_sorted ORDER BY a
func rewriteParenthesised(list []Token, edits []edit) []edit {
	for i, t := range list {
		if !t.IsOp("(") || i > 0 && !list[i-1].IsOp(";") || !tokenAt(list, i+1).Is("SELECT") {
			continue
		}
		end := parenEnd(list, i)
		if end == i || !endsParenthesised(list[end-1], tokenAt(list, end)) {
			continue
		}
		closing := list[end-1]
		if isPlainSelect(list[i+1 : end-1]) {
			edits = append(edits, edit{t.Start, t.End, ""}, edit{closing.Start, closing.End, ""})
		} else {
			edits = append(edits, edit{t.Start, t.Start, "SELECT * FROM "}, edit{closing.End, closing.End, " AS redoubt_sorted"})
		}
	}
	return edits
}

// isPlainSelect reports whether a SELECT has no end of its own, so that ORDER BY and LIMIT can be put behind it.
func isPlainSelect(list []Token) bool {
	depth := 0
	for _, t := range list {
		switch {
		case t.IsOp("("):
			depth++
		case t.IsOp(")"):
			depth--
		case depth == 0 && t.IsAny("ORDER", "LIMIT", "UNION", "EXCEPT", "INTERSECT", "INTO", "FOR", "LOCK", "WINDOW", "OFFSET"):
			return false
		}
	}
	return true
}
