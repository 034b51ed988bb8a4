package parser

import "strings"

// rewriteAsOf adds the edits that turn the AS OF clauses among the tokens into calls of redoubt_asof:
//
//	t AS OF SCN 5 USING SCHEMA NOW a  ->  t AS OF redoubt_asof('SCN+SCHEMA_NOW',5) a
//
// The engine's grammar takes AS OF and FOR SYSTEM_TIME AS OF at every place where a table may have them, so only the
// value needs rewriting.
func rewriteAsOf(list []Token, edits []edit) []edit {
	for i := 0; i+1 < len(list); i++ {
		if list[i].Is("AS") && list[i+1].Is("OF") {
			edits = rewriteOneAsOf(list, i+2, edits)
		}
	}
	return edits
}

// asOfClause is an AS OF clause found among tokens: its value is list[from:to], the clause ends before list[end].
type asOfClause struct {
	words         string
	first         int // the token behind AS OF
	from, to, end int
	name          string // the restore point, if it was written as an identifier
	schemaNow     bool
}

// parseAsOf reads the clause whose value, or whose word SCN, TIMESTAMP or RESTORE POINT, is at list[i].
func parseAsOf(list []Token, i int) (c asOfClause, ok bool) {
	c = asOfClause{words: clausePlain, first: i, from: i}
	switch {
	case tokenAt(list, i).Is("RESTORE") && tokenAt(list, i+1).Is("POINT"):
		c.words, c.from = clauseName, i+2
		if name, isName := tokenAt(list, i+2).Ident(); isName {
			c.name, c.to = name, i+3
		}
	case tokenAt(list, i).Is("SCN") && startsOperand(list, i+1):
		c.words, c.from = clauseSCN, i+1
	case tokenAt(list, i).Is("TIMESTAMP") && startsOperand(list, i+1) && !isCallWithComma(list, i+1):
		c.words, c.from = clauseTimestamp, i+1
	}
	if c.to == 0 {
		c.to = expressionEnd(list, c.from)
	}
	c.end = c.to
	if tokenAt(list, c.to).Is("USING") && tokenAt(list, c.to+1).Is("SCHEMA") && tokenAt(list, c.to+2).Is("NOW") {
		c.schemaNow, c.end = true, c.to+3
	}
	return c, c.to > c.from
}

// startsOperand reports whether an operand begins at list[i], so that the word before it is a word of the clause
// rather than a name that is itself the value.
func startsOperand(list []Token, i int) bool { return operandEnd(list, i) > i }

// isCallWithComma reports whether list[i] opens an argument list of more than one argument: TIMESTAMP(d, t).
func isCallWithComma(list []Token, i int) bool {
	end := parenEnd(list, i)
	depth := 0
	for j := i; j < end; j++ {
		switch {
		case list[j].IsOp("("):
			depth++
		case list[j].IsOp(")"):
			depth--
		case list[j].IsOp(",") && depth == 1:
			return true
		}
	}
	return false
}

// call returns the text of the call that stands before the value.
func (c asOfClause) call() string {
	words := c.words
	if c.schemaNow {
		words += "+" + flagSchemaNow
	}
	return asOfFunction + "('" + words + "',"
}

func rewriteOneAsOf(list []Token, i int, edits []edit) []edit {
	c, ok := parseAsOf(list, i)
	if !ok {
		return edits // the engine reports the syntax error at its place
	}
	before := edit{list[c.first].Start, list[c.from].Start, c.call()}
	if c.name != "" {
		before.end, before.text = list[c.to-1].End, before.text+quoteString(c.name)
	}
	return append(edits, before, edit{list[c.to-1].End, list[c.end-1].End, ")"})
}

// quoteString returns s as a string literal.
func quoteString(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(s) + "'"
}

// quoteIdentifier returns s as a quoted identifier.
func quoteIdentifier(s string) string { return "`" + strings.ReplaceAll(s, "`", "``") + "`" }
