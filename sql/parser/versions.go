package parser

import (
	"strings"

	ast "github.com/dolthub/vitess/go/vt/sqlparser"

	"redoubt/sql/sqlcode"
)

// rewriteVersions adds the edits that turn clauses which ask for the versions of rows into calls of redoubt_versions:
//
//	t VERSIONS BETWEEN SCN 5 AND MAXVALUE v  ->  t AS OF redoubt_versions('SCN+MAX',5,NULL) v
//
// MariaDB's FOR SYSTEM_TIME BETWEEN, FROM … TO and ALL are such clauses, too, whose rows are those that were there:
// deletions are not among them. What is not rewritten the engine's grammar reads, and refusePast refuses.
func rewriteVersions(list []Token, edits []edit) []edit {
	if tokenAt(list, 0).IsAny("SHOW", "DESCRIBE", "DESC") {
		return edits
	}
	for i, t := range list {
		switch {
		case t.Is("VERSIONS") && tokenAt(list, i+1).Is("BETWEEN") && followsTable(list, i):
			edits = rewriteOneVersions(list, i, i+1, "", edits)
		case t.Is("SYSTEM_TIME") && tokenAt(list, i-1).Is("FOR") && tokenAt(list, i+1).IsAny("BETWEEN", "FROM", "ALL"):
			edits = rewriteOneVersions(list, i-1, i+1, flagVisible, edits)
		}
	}
	return edits
}

// followsTable reports whether list[i] stands behind the name of a table in FROM, and is not a column called versions.
func followsTable(list []Token, i int) bool {
	isName := func(t Token) bool { return t.Kind == Quoted || t.Kind == Word }
	if !isName(tokenAt(list, i-1)) {
		return false
	}
	first := i - 1
	for tokenAt(list, first-1).IsOp(".") && isName(tokenAt(list, first-2)) {
		first -= 2
	}
	name, before := list[first], tokenAt(list, first-1)
	if name.Kind == Word && (isClauseWord(name) || name.IsAny("ALL", "ANY", "BINARY", "CASE", "DISTINCT", "DISTINCTROW", "INTERVAL")) {
		return false
	}
	return before.IsAny("FROM", "JOIN", "STRAIGHT_JOIN", "TABLE", "UPDATE") || before.IsOp(",") || before.IsOp("(")
}

// bound is one end of a range of versions among tokens: its value is list[from:to], or it is a word.
type bound struct {
	from, to int
	word     string // MINVALUE or MAXVALUE
}

func parseBound(list []Token, i int) (b bound, ok bool) {
	if t := tokenAt(list, i); t.IsAny("MINVALUE", "MAXVALUE") {
		return bound{i, i + 1, strings.ToUpper(t.Text)}, true
	}
	b = bound{from: i, to: expressionEnd(list, i)}
	return b, b.to > i
}

// text is the argument for the bound, and the flag that goes with it.
func (b bound) text(low bool) (value, flag string) {
	switch {
	case b.word == "":
		return "", ""
	case b.word == "MINVALUE" && low:
		return "NULL", "+" + flagLowest
	case b.word == "MAXVALUE" && !low:
		return "NULL", "+" + flagHighest
	case low:
		return "NULL", "+" + flagLowHighest
	}
	return "NULL", "+" + flagHighLowest
}

// rewriteOneVersions rewrites the clause that begins at list[start] and whose word BETWEEN, FROM or ALL is list[i].
func rewriteOneVersions(list []Token, start, i int, flag string, edits []edit) []edit {
	words := clausePlain
	if flag != "" {
		words += "+" + flag
	}
	if list[i].Is("ALL") {
		call := "AS OF " + versionsFunction + "('" + words + "+" + flagLowest + "+" + flagHighest + "',NULL,NULL)"
		return append(edits, edit{list[start].Start, list[i].End, call})
	}
	and := "AND"
	if list[i].Is("FROM") {
		and, words = "TO", words+"+"+flagHalfOpen
	}
	i++
	if word := tokenAt(list, i); word.Is("SCN") && startsBound(list, i+1) || word.Is("TIMESTAMP") && startsBound(list, i+1) && !isCallWithComma(list, i+1) {
		words = strings.Replace(words, clausePlain, strings.ToUpper(word.Text), 1)
		i++
	}
	low, ok := parseBound(list, i)
	if !ok || !tokenAt(list, low.to).Is(and) {
		return edits // the engine reports the syntax error at its place
	}
	high, ok := parseBound(list, low.to+1)
	if !ok {
		return edits
	}
	lowText, lowFlag := low.text(true)
	highText, highFlag := high.text(false)
	edits = append(edits, edit{list[start].Start, list[low.from].Start, "AS OF " + versionsFunction + "('" + words + lowFlag + highFlag + "',"})
	if lowText != "" {
		edits = append(edits, edit{list[low.from].Start, list[low.to-1].End, lowText})
	}
	edits = append(edits, edit{list[low.to].Start, list[low.to].End, ","})
	if highText != "" {
		edits = append(edits, edit{list[high.from].Start, list[high.to-1].End, highText})
	}
	return append(edits, edit{list[high.to-1].End, list[high.to-1].End, ")"})
}

func startsBound(list []Token, i int) bool {
	return startsOperand(list, i) || tokenAt(list, i).IsAny("MINVALUE", "MAXVALUE")
}

// refuseVersionsOfNames refuses VERSIONS of common table expressions: the engine would leave the clause out.
func refuseVersionsOfNames(tree ast.Statement) error {
	local := localNames(tree)
	return ast.Walk(func(n ast.SQLNode) (bool, error) {
		t, ok := n.(*ast.AliasedTableExpr)
		if !ok || !(&blockTable{expr: t}).versions() {
			return true, nil
		}
		if name, ok := t.Expr.(ast.TableName); ok && name.DbQualifier.IsEmpty() && local[strings.ToLower(name.Name.String())] {
			return false, sqlcode.New(sqlcode.IDVersionsOf, "the common table expression "+name.Name.String())
		}
		return true, nil
	}, tree)
}

// localNames are the names of the common table expressions in a tree, in lower case.
func localNames(tree ast.SQLNode) map[string]bool {
	local := map[string]bool{}
	_ = ast.Walk(func(n ast.SQLNode) (bool, error) {
		if c, ok := n.(*ast.CommonTableExpr); ok && c.AliasedTableExpr != nil {
			local[strings.ToLower(c.AliasedTableExpr.As.String())] = true
		}
		return true, nil
	}, tree)
	return local
}
