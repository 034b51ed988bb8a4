package parser

import (
	"strconv"
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
	ast "github.com/dolthub/vitess/go/vt/sqlparser"

	"redoubt/sql/sqlcode"
)

// refusePartitions returns an error for PARTITION (…) behind a table. There are no partitions, and the engine would read
// the whole table.
func refusePartitions(list []Token) error {
	if !tokenAt(list, 0).IsAny("SELECT", "WITH", "INSERT", "REPLACE", "UPDATE", "DELETE", "LOAD") && !tokenAt(list, 0).IsOp("(") {
		return nil
	}
	for i, t := range list {
		if t.Is("PARTITION") && tokenAt(list, i+1).IsOp("(") && !tokenAt(list, i-1).IsOp(".") {
			return sqlcode.Unsupported("PARTITION (…): tables have no partitions")
		}
	}
	return nil
}

// refuseKeys returns an error for a CREATE TABLE with two primary keys, of which the engine would make one.
func refuseKeys(tree ast.Statement) error {
	ddl, ok := tree.(*ast.DDL)
	if !ok || ddl.Action != ast.CreateStr || ddl.TableSpec == nil {
		return nil
	}
	keys := 0
	for _, c := range ddl.TableSpec.Columns {
		if c.Type.KeyOpt == primaryKeyOption {
			keys++
		}
	}
	for _, i := range ddl.TableSpec.Indexes {
		if i.Info != nil && i.Info.Primary {
			keys++
		}
	}
	if keys > 1 {
		return sql.ErrMultiplePrimaryKeysDefined.New()
	}
	return nil
}

// primaryKeyOption is what the engine's grammar makes of PRIMARY KEY behind a column. It has no name for it.
const primaryKeyOption ast.ColumnKeyOption = 1

// isPeriodWord reports whether a word may belong to a clause that asks for a period of time.
func isPeriodWord(t Token) bool { return t.IsAny("SYSTEM_TIME", "VERSIONS", "VERSION") }

func mentionsPeriod(list []Token) bool {
	for _, t := range list {
		if isPeriodWord(t) {
			return true
		}
	}
	return false
}

// refusePast refuses periods, which the engine's grammar has and its planner has not, and AS OF at the only table of
// an UPDATE. An UPDATE of several tables may take values from the past; its storage refuses to write there.
func refusePast(tree ast.Statement, periods bool) error {
	if update, ok := tree.(*ast.Update); ok && len(update.TableExprs) == 1 {
		if t, ok := update.TableExprs[0].(*ast.AliasedTableExpr); ok && t.AsOf != nil {
			return sqlcode.AsOfWrite("UPDATE")
		}
	}
	if !periods {
		return nil
	}
	if err := refuseVersionsOfNames(tree); err != nil {
		return err
	}
	return ast.Walk(func(n ast.SQLNode) (bool, error) {
		if a, ok := n.(*ast.AsOf); ok && a != nil && a.Time == nil {
			return false, sqlcode.Unsupported("FOR VERSION, nor VERSIONS with FROM, CONTAINED IN or ALL; write VERSIONS BETWEEN {SCN | TIMESTAMP} a AND b")
		}
		return true, nil
	}, tree)
}

// refuseInProcedure returns an error for a CREATE PROCEDURE with a statement that ends or describes transactions, which the engine's
// grammar reads as another: SET TRANSACTION as one for the session, AND CHAIN not at all.
func refuseInProcedure(list []Token) error {
	i := 1
	for i < len(list) && !list[i].IsOp("(") && !list[i].Is("PROCEDURE") {
		i++
	}
	if !tokenAt(list, 0).Is("CREATE") || !tokenAt(list, i).Is("PROCEDURE") {
		return nil
	}
	for ; i < len(list); i++ {
		switch {
		case list[i].Is("SET") && tokenAt(list, i+1).Is("TRANSACTION"):
			return sqlcode.Unsupported("SET TRANSACTION in a procedure")
		case list[i].Is("AND") && tokenAt(list, i+1).Is("CHAIN") && tokenAt(list, i-1).IsAny("COMMIT", "ROLLBACK", "WORK"):
			return sqlcode.Unsupported("AND CHAIN in a procedure")
		}
	}
	return nil
}

// refuseRecursive refuses what the engine passes over behind a recursive common table expression: OFFSET, and an order by anything but
// columns.
func refuseRecursive(tree ast.Statement) error {
	return ast.Walk(func(n ast.SQLNode) (bool, error) {
		with, ok := n.(*ast.With)
		if !ok || with == nil || !with.Recursive {
			return true, nil
		}
		for _, cte := range with.Ctes {
			query, ok := cte.AliasedTableExpr.Expr.(*ast.Subquery)
			if !ok {
				continue
			}
			union, ok := query.Select.(*ast.SetOp)
			if !ok || !readsTable(union.Right, cte.As.String()) {
				continue
			}
			if union.Limit != nil && union.Limit.Offset != nil {
				return false, sqlcode.Unsupported("OFFSET in a recursive common table expression: put it behind the query that reads it")
			}
			for _, o := range union.OrderBy {
				nameColumn(o, cte.Columns)
				if column, ok := o.Expr.(*ast.ColName); !ok || !column.Qualifier.IsEmpty() {
					return false, sqlcode.Unsupported("ORDER BY of anything but columns in a recursive common table expression: put it behind the query that reads it")
				}
			}
		}
		return true, nil
	}, tree)
}

// nameColumn puts the name of a column in the place of its number.
func nameColumn(o *ast.Order, columns ast.Columns) {
	number, ok := o.Expr.(*ast.SQLVal)
	if !ok || number.Type != ast.IntVal {
		return
	}
	if i, err := strconv.Atoi(string(number.Val)); err == nil && i >= 1 && i <= len(columns) {
		o.Expr = &ast.ColName{Name: columns[i-1]}
	}
}

// readsTable tells whether a query has a table of this name.
func readsTable(query ast.SQLNode, name string) (reads bool) {
	_ = ast.Walk(func(n ast.SQLNode) (bool, error) {
		if t, ok := n.(ast.TableName); ok && strings.EqualFold(t.Name.String(), name) {
			reads = true
		}
		return !reads, nil
	}, query)
	return reads
}
