package parser

import (
	"slices"

	"redoubt/sql/sqlcode"
)

// createSelect finds, in CREATE TABLE … SELECT, the index of the parenthesis or word behind the name of the table; 0 if
// the statement is another.
func createSelect(list []Token) int {
	i := 1
	for tokenAt(list, i).IsAny("OR", "REPLACE", "TEMPORARY") {
		i++
	}
	if !tokenAt(list, 0).Is("CREATE") || !tokenAt(list, i).Is("TABLE") {
		return 0
	}
	i++
	if tokenAt(list, i).Is("IF") {
		i += 3
	}
	return tableNameEnd(list, i)
}

// beginsQuery reports whether a query begins at list[i].
func beginsQuery(list []Token, i int) bool {
	return tokenAt(list, i).IsAny("SELECT", "WITH", "TABLE", "VALUES")
}

// viewAt finds the word VIEW in a statement that begins with a word, CREATE or ALTER; 0 if the statement is not about a view.
func viewAt(list []Token, first string) int {
	i := slices.IndexFunc(list, func(t Token) bool {
		return t.IsAny("VIEW", "TABLE", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT", "AS")
	})
	if !tokenAt(list, 0).Is(first) || !tokenAt(list, i).Is("VIEW") {
		return 0
	}
	return i
}

// createView finds, in CREATE VIEW, the index of the word AS before the query; 0 if the statement is another.
func createView(list []Token) int {
	if viewAt(list, "CREATE") == 0 {
		return 0
	}
	return max(slices.IndexFunc(list, func(t Token) bool { return t.Is("AS") }), 0)
}

// rewriteCreateSelect adds the edits that take the parentheses off the query of CREATE TABLE t AS (SELECT …) and CREATE VIEW v AS (SELECT …).
func rewriteCreateSelect(list []Token, edits []edit) []edit {
	i := max(createSelect(list), createView(list))
	if tokenAt(list, i).Is("AS") {
		i++
	}
	end := len(list)
	for end > 0 && list[end-1].IsOp(";") {
		end--
	}
	if i == 0 || !tokenAt(list, i).IsOp("(") || !beginsQuery(list, i+1) || parenEnd(list, i) != end {
		return edits
	}
	open, closing := list[i], list[end-1]
	return append(edits, edit{open.Start, open.End, " "}, edit{closing.Start, closing.End, ""})
}

// refuseCreateSelect returns an error for a CREATE TABLE with columns and a query, which the engine cannot run.
func refuseCreateSelect(list []Token) error {
	i := createSelect(list)
	if i == 0 || !tokenAt(list, i).IsOp("(") || beginsQuery(list, i+1) || tokenAt(list, i+1).Is("LIKE") {
		return nil
	}
	depth := 0
	for j := parenEnd(list, i); j < len(list); j++ {
		switch t := list[j]; {
		case t.IsOp("("):
			depth++
		case t.IsOp(")"):
			depth--
		case t.Is("SELECT") && (depth == 0 || list[j-1].IsOp("(")):
			return sqlcode.Unsupported("CREATE TABLE with columns and SELECT: create the table, then INSERT INTO it … SELECT")
		}
	}
	return nil
}
