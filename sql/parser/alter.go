package parser

import (
	"slices"
	"strings"

	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// orderAlter brings the clauses of an ALTER TABLE that moves a primary key into an order in which each holds by itself:
// the engine runs one after the other, where MySQL looks at the result only. A column that is modified loses
// AUTO_INCREMENT before its key is dropped, and gets it when it has one again. A new name for the table comes last.
func orderAlter(tree ast.Statement) {
	alter, ok := tree.(*ast.AlterTable)
	if !ok {
		return
	}
	slices.SortStableFunc(alter.Statements, func(a, b *ast.DDL) int {
		switch last, other := a.Action == ast.RenameStr, b.Action == ast.RenameStr; {
		case last && !other:
			return 1
		case other && !last:
			return -1
		}
		return 0
	})
	var before, rest, behind []*ast.DDL
	drops := false
	for _, clause := range alter.Statements {
		drops = drops || isPrimaryKey(clause, ast.DropStr)
	}
	if !drops || len(alter.Statements) == 1 {
		return
	}
	for _, clause := range alter.Statements {
		if clause.ColumnAction != ast.ModifyStr || clause.TableSpec == nil || len(clause.TableSpec.Columns) != 1 {
			rest = append(rest, clause)
			continue
		}
		before = append(before, withoutAutoIncrement(clause))
		if bool(clause.TableSpec.Columns[0].Type.Autoincrement) {
			behind = append(behind, clause)
		} else {
			rest = append(rest, clause)
		}
	}
	alter.Statements = append(append(before, rest...), behind...)
}

// isPrimaryKey tells whether a clause drops, or adds, the primary key.
func isPrimaryKey(clause *ast.DDL, action string) bool {
	i := clause.IndexSpec
	return i != nil && strings.EqualFold(i.Action, action) && strings.EqualFold(i.Type, ast.PrimaryStr)
}

// withoutAutoIncrement gives a MODIFY without AUTO_INCREMENT.
func withoutAutoIncrement(clause *ast.DDL) *ast.DDL {
	out, spec, column := *clause, *clause.TableSpec, *clause.TableSpec.Columns[0]
	column.Type.Autoincrement = false
	spec.Columns = []*ast.ColumnDefinition{&column}
	out.TableSpec = &spec
	return &out
}
