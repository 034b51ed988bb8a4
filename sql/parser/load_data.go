package parser

import (
	"strings"

	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// rewriteLoad adds the edits for what LOAD DATA may say and the engine's grammar does not take: LOW_PRIORITY and
// CONCURRENT, which mean nothing here, and the parts of FIELDS in any order.
func rewriteLoad(list []Token, edits []edit) []edit {
	if !tokenAt(list, 0).Is("LOAD") || !tokenAt(list, 1).Is("DATA") {
		return edits
	}
	if t := tokenAt(list, 2); t.IsAny("LOW_PRIORITY", "CONCURRENT") {
		edits = append(edits, edit{t.Start, t.End, ""})
	}
	for i := range list {
		if list[i].IsAny("FIELDS", "COLUMNS") && tokenAt(list, i+1).IsAny("TERMINATED", "OPTIONALLY", "ENCLOSED", "ESCAPED") {
			return orderFields(list, i+1, edits)
		}
	}
	return edits
}

// orderFields writes the parts of FIELDS, which begin at list[i], in the order of the engine's grammar. Of two alike the
// last one counts.
func orderFields(list []Token, i int, edits []edit) []edit {
	words := []string{"TERMINATED", "ENCLOSED", "ESCAPED"}
	var parts [3]string
	start, end := list[i].Start, list[i].Start
	for {
		optionally := ""
		if tokenAt(list, i).Is("OPTIONALLY") {
			optionally = "OPTIONALLY "
			i++
		}
		kind := 0
		for kind < len(words) && !tokenAt(list, i).Is(words[kind]) {
			kind++
		}
		value := tokenAt(list, i+2)
		if kind == len(words) || !tokenAt(list, i+1).Is("BY") || value.Kind != String {
			break
		}
		parts[kind] = optionally + words[kind] + " BY " + value.Text
		end = value.End
		i += 3
	}
	if end == start {
		return edits
	}
	return append(edits, edit{start, end, strings.TrimSpace(strings.Join(parts[:], " "))})
}

// allowLocal makes LOAD DATA LOCAL a matter of INSERT on its table. The engine asks for FILE, which is for files of the
// server.
func allowLocal(tree ast.Statement) {
	load, ok := tree.(*ast.Load)
	if !ok || !bool(load.Local) {
		return
	}
	load.Auth = ast.AuthInformation{
		AuthType: ast.AuthType_INSERT, TargetType: ast.AuthTargetType_SingleTableIdentifier,
		TargetNames: []string{load.Table.DbQualifier.String(), load.Table.Name.String()},
	}
}
