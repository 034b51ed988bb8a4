package parser

import (
	"strings"

	"redoubt/sql/sqlcode"
)

// isDumpWord reports whether a statement that begins with the word may hold what rewriteDump, rewriteLoad or rewriteShow
// knows.
func isDumpWord(t Token) bool {
	return t.IsAny("CREATE", "ALTER", "SET", "DROP", "LOAD", "SHOW", "DESC", "DESCRIBE")
}

// rewriteDump adds the edits for what MariaDB and MySQL write into dumps and the engine's grammar refuses, although
// the engine can do it under another name.
func rewriteDump(list []Token, edits []edit) []edit {
	if body, depth := tableBody(list); body > 0 {
		edits = rewriteTable(list, body, depth, edits)
	}
	return edits
}

// tableBody returns where the definitions of CREATE TABLE or ALTER TABLE begin, and the depth of parentheses in which
// they stand; 0 if the statement is neither.
func tableBody(list []Token) (start, depth int) {
	i := 1
	for tokenAt(list, i).IsAny("OR", "REPLACE", "TEMPORARY", "IGNORE", "ONLINE", "OFFLINE") {
		i++
	}
	if !tokenAt(list, i).Is("TABLE") {
		return 0, 0
	}
	switch {
	case list[0].Is("CREATE"):
		for ; i < len(list); i++ {
			if list[i].IsOp("(") {
				if beginsQuery(list, i+1) {
					return 0, 0
				}
				return i, 1
			}
		}
	case list[0].Is("ALTER"):
		return i + 1, 0
	}
	return 0, 0
}

// rewriteTable goes through the definitions of a table.
func rewriteTable(list []Token, body, home int, edits []edit) []edit {
	depth := 0
	for i := body; i < len(list); i++ {
		t := list[i]
		switch {
		case t.IsOp("("):
			depth++
		case t.IsOp(")"):
			depth--
		case depth == home && t.Is("DEFAULT"):
			edits = rewriteDefault(list, i+1, edits)
		case depth == home && isColumnType(list, i):
			edits = rewriteType(list, i, edits)
		case depth == home && t.Is("IGNORED"):
			first := i
			if tokenAt(list, i-1).Is("NOT") {
				first--
			}
			edits = append(edits, edit{list[first].Start, t.End, ""})
		case depth == home && t.Is("PERSISTENT") && tokenAt(list, i-1).IsOp(")"):
			edits = append(edits, edit{t.Start, t.End, "STORED"})
		case depth == 0 && t.Is("PARTITION") && tokenAt(list, i+1).Is("BY"):
			return dropPartitions(list, i, edits)
		}
	}
	return edits
}

// isColumnType reports whether list[i] stands where the type of a column does: behind a name behind `(`, a comma, or a
// verb of ALTER TABLE.
func isColumnType(list []Token, i int) bool {
	if list[i].Kind != Word {
		return false
	}
	name, before := tokenAt(list, i-1), tokenAt(list, i-2)
	if name.Kind != Word && name.Kind != Quoted {
		return false
	}
	return before.IsOp("(") || before.IsOp(",") || before.IsAny("ADD", "COLUMN", "MODIFY", "CHANGE", "EXISTS") ||
		tokenAt(list, i-3).Is("CHANGE") || tokenAt(list, i-3).Is("COLUMN") && tokenAt(list, i-4).Is("CHANGE")
}

// rewriteType replaces types that only MariaDB has by those that hold the same texts, and takes the digits out of
// year(4), and of time(3), whose values always keep microseconds here.
func rewriteType(list []Token, i int, edits []edit) []edit {
	t := list[i]
	switch {
	case t.IsAny("YEAR", "TIME") && tokenAt(list, i+1).IsOp("(") && tokenAt(list, i+2).Kind == Number && tokenAt(list, i+3).IsOp(")"):
		return append(edits, edit{list[i+1].Start, list[i+3].End, ""})
	case t.Is("UUID"):
		return append(edits, edit{t.Start, t.End, "char(36) character set ascii"})
	case t.Is("INET6"):
		return append(edits, edit{t.Start, t.End, "varchar(39) character set ascii"})
	case t.Is("INET4"):
		return append(edits, edit{t.Start, t.End, "varchar(15) character set ascii"})
	}
	return edits
}

// rewriteDefault puts an expression default into the parentheses that MySQL demands and MariaDB leaves out.
func rewriteDefault(list []Token, i int, edits []edit) []edit {
	t := tokenAt(list, i)
	call := (t.Kind == Word || t.Kind == Quoted) && tokenAt(list, i+1).IsOp("(")
	end := expressionEnd(list, i)
	switch {
	case end == i, !call && end == i+1, t.IsOp("("):
		return edits
	case t.IsAny("CURRENT_TIMESTAMP", "NOW", "LOCALTIME", "LOCALTIMESTAMP") && (end == i+1 || call && end == parenEnd(list, i+1)):
		return edits
	case !call && !t.IsAny("CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_USER"):
		return edits // a literal, perhaps with a sign or an introducer
	}
	return append(edits, edit{t.Start, t.Start, "("}, edit{list[end-1].End, list[end-1].End, ")"})
}

// dropPartitions takes the partitioning of a table out: the engine would read a part of its grammar and then drop it,
// and it changes no result.
func dropPartitions(list []Token, i int, edits []edit) []edit {
	first, depth := i, 0
	for ; i < len(list); i++ {
		switch t := list[i]; {
		case t.IsOp("("):
			depth++
		case t.IsOp(")"):
			depth--
		case depth == 0 && (t.IsOp(";") || t.IsAny("AS", "SELECT", "IGNORE", "REPLACE")):
			return append(edits, edit{list[first].Start, list[i-1].End, ""})
		}
	}
	return append(edits, edit{list[first].Start, list[i-1].End, ""})
}

// rewriteCollations replaces the names of collations that only MariaDB has, where a collation is named.
func rewriteCollations(list []Token, edits []edit) []edit {
	for i, t := range list {
		name := collationName(tokenAt(list, i-2), tokenAt(list, i-1), t)
		if other := mysqlCollation(name); other != "" {
			edits = append(edits, edit{t.Start, t.End, strings.Replace(t.Text, name, other, 1)})
		}
	}
	return edits
}

// collationName returns the name that the token t holds if it stands behind COLLATE, COLLATE = or collation_… =.
func collationName(before, last, t Token) string {
	var name string
	switch {
	case t.Kind == Word:
		name = t.Text
	case t.Kind == String && len(t.Text) > 2:
		name = t.Text[1 : len(t.Text)-1]
	}
	if name == "" || name[0]|0x20 != 'u' { // utf8mb4_…, uca1400_…
		return ""
	}
	assigned := last.IsOp("=") || last.IsOp(":=")
	if last.Is("COLLATE") || assigned && (before.Is("COLLATE") || strings.Contains(strings.ToLower(before.Text), "collation_")) {
		return name
	}
	return ""
}

// mysqlCollation returns MySQL's nearest collation for one that only MariaDB has, or "" for all others. Nearest means
// the same sensitivity to accents and case, and, where there is a choice, the same treatment of trailing blanks.
func mysqlCollation(name string) string {
	name = strings.ToLower(name)
	if !strings.HasPrefix(name, "utf8mb") && !strings.HasPrefix(name, "uca1400_") {
		return ""
	}
	charset, rest, ok := strings.Cut(name, "_")
	if strings.HasPrefix(name, "uca1400_") {
		charset, rest, ok = "utf8mb4", name, true
	}
	switch {
	case !ok:
		return ""
	case strings.HasPrefix(rest, "uca1400_"):
		return uca1400(charset, rest)
	case rest == "nopad_bin":
		return charset + "_bin"
	case strings.HasSuffix(rest, "_nopad_ci"):
		return charset + "_" + strings.TrimSuffix(rest, "_nopad_ci") + "_ci"
	}
	return ""
}

func uca1400(charset, rest string) string {
	switch {
	case charset != "utf8mb4" && strings.HasSuffix(rest, "_cs"):
		return charset + "_bin"
	case charset != "utf8mb4":
		return charset + "_unicode_520_ci"
	case strings.HasSuffix(rest, "nopad_ai_ci"):
		return "utf8mb4_0900_ai_ci"
	case strings.HasSuffix(rest, "_as_ci"):
		return "utf8mb4_0900_as_ci"
	case strings.HasSuffix(rest, "_cs"):
		return "utf8mb4_0900_as_cs"
	}
	return "utf8mb4_unicode_520_ci"
}

// refuseDump returns an error for what a dump may hold and the engine would read and drop, or would refuse without
// saying why.
func refuseDump(list []Token) error {
	body, home := tableBody(list)
	depth := 0
	for i := body; body > 0 && i < len(list); i++ {
		switch t := list[i]; {
		case t.IsOp("("):
			depth++
		case t.IsOp(")"):
			depth--
		case depth == home && t.Is("INVISIBLE") && isColumnAttribute(list, body, i):
			return sqlcode.Unsupported("INVISIBLE columns")
		case t.Is("NEXTVAL") && tokenAt(list, i+1).IsOp("("):
			return sqlcode.Unsupported("sequences")
		}
	}
	return nil
}

// isColumnAttribute reports whether the definition that list[i] belongs to is that of a column, not of a key.
func isColumnAttribute(list []Token, body, i int) bool {
	depth := 0
	for i--; i >= body; i-- {
		switch t := list[i]; {
		case t.IsOp(")"):
			depth++
		case t.IsOp("("):
			depth--
		}
		if depth < 0 || depth == 0 && (list[i].IsOp(",") || list[i].IsAny("ADD", "MODIFY", "CHANGE", "ALTER")) {
			break
		}
	}
	first := tokenAt(list, i+1)
	return !first.IsAny("KEY", "INDEX", "UNIQUE", "PRIMARY", "FULLTEXT", "SPATIAL", "CONSTRAINT")
}
