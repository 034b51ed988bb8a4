package parser

// isHint reports whether a word only asks the server for a way of working that does not exist here.
func isHint(t Token) bool {
	return t.IsAny("LOW_PRIORITY", "HIGH_PRIORITY", "SQL_NO_CACHE", "SQL_CACHE", "SQL_SMALL_RESULT", "SQL_BIG_RESULT", "SQL_BUFFER_RESULT")
}

// rewriteHints adds the edits that take such words out behind the verb of a statement.
func rewriteHints(list []Token, edits []edit) []edit {
	for i, verb := range list {
		if !verb.IsAny("SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE") {
			continue
		}
		for j := i + 1; j < len(list); j++ {
			t := list[j]
			quick := verb.Is("DELETE") && t.Is("QUICK") && tokenAt(list, j+1).IsAny("FROM", "IGNORE")
			if isHint(t) || quick {
				edits = append(edits, edit{t.Start, t.End, ""})
			} else if !t.IsAny("IGNORE", "ALL", "DISTINCT", "DISTINCTROW", "STRAIGHT_JOIN", "SQL_CALC_FOUND_ROWS") {
				break
			}
		}
	}
	return edits
}

// rewriteShow adds the edits for ways to write SHOW and DESCRIBE that the engine's grammar does not have, or reads and
// leaves out:
//
//	SHOW COLUMNS IN t          ->  SHOW COLUMNS FROM t
//	DESCRIBE t c               ->  SHOW COLUMNS FROM t LIKE 'c'
//	SHOW KEYS FROM t WHERE …   ->  SELECT … FROM information_schema.statistics …
func rewriteShow(list []Token, edits []edit) []edit {
	switch first := tokenAt(list, 0); {
	case first.IsAny("DESC", "DESCRIBE"):
		return rewriteDescribe(list, edits)
	case !first.Is("SHOW"):
		return edits
	}
	i := 1
	for tokenAt(list, i).IsAny("FULL", "EXTENDED") {
		i++
	}
	columns, keys := tokenAt(list, i).IsAny("COLUMNS", "FIELDS"), tokenAt(list, i).IsAny("INDEX", "INDEXES", "KEYS")
	if !columns && !keys {
		return edits
	}
	if end := tableNameEnd(list, i+2); keys && end > i+2 && tokenAt(list, i+1).IsAny("FROM", "IN") {
		return rewriteKeys(list, i+2, end, edits)
	}
	for j := i + 1; columns && j < len(list) && !list[j].IsAny("LIKE", "WHERE"); j++ {
		if list[j].Is("IN") {
			edits = append(edits, edit{list[j].Start, list[j].End, "FROM"})
		}
	}
	return edits
}

func rewriteDescribe(list []Token, edits []edit) []edit {
	end := tableNameEnd(list, 1)
	if end == 1 || end != len(list)-1 || list[1].IsAny("SELECT", "TABLE", "VALUES", "WITH", "ANALYZE", "EXTENDED", "PLAN") {
		return edits
	}
	column := list[end]
	name, ok := column.Ident()
	if column.Kind == String {
		name, ok = unquoteString(column.Text), true
	}
	if !ok {
		return edits
	}
	return append(edits, edit{list[0].Start, list[0].End, "SHOW COLUMNS FROM"}, edit{column.Start, column.End, "LIKE " + quoteString(name)})
}

// tableNameEnd returns the index behind a name, db.t or t, at list[i]; i if there is none.
func tableNameEnd(list []Token, i int) int {
	if _, ok := tokenAt(list, i).Ident(); !ok {
		return i
	}
	if tokenAt(list, i+1).IsOp(".") {
		return i + 3
	}
	return i + 1
}

// statisticsColumns are those of SHOW KEYS.
const statisticsColumns = "TABLE_NAME AS `Table`, NON_UNIQUE AS Non_unique, INDEX_NAME AS Key_name, SEQ_IN_INDEX AS Seq_in_index," +
	" COLUMN_NAME AS Column_name, COLLATION AS Collation, CARDINALITY AS Cardinality, SUB_PART AS Sub_part, PACKED AS Packed," +
	" NULLABLE AS `Null`, INDEX_TYPE AS Index_type, COMMENT AS Comment, INDEX_COMMENT AS Index_comment, IS_VISIBLE AS Visible," +
	" EXPRESSION AS Expression"

// rewriteKeys makes SHOW KEYS with a condition a SELECT; the name of the table is list[name:end].
func rewriteKeys(list []Token, name, end int, edits []edit) []edit {
	database, table := "database()", list[name]
	if end == name+3 {
		database, table = identText(list[name]), list[name+2]
	}
	if tokenAt(list, end).IsAny("FROM", "IN") {
		database = identText(tokenAt(list, end+1))
		end += 2
	}
	if !tokenAt(list, end).Is("WHERE") {
		return edits
	}
	query := "SELECT * FROM (SELECT " + statisticsColumns + " FROM information_schema.statistics WHERE TABLE_SCHEMA = " + database +
		" AND TABLE_NAME = " + identText(table) + ") AS `keys` "
	return append(edits, edit{list[0].Start, list[end].Start, query})
}

// identText gives the name of an identifier as a text.
func identText(t Token) string {
	name, _ := t.Ident()
	return quoteString(name)
}
