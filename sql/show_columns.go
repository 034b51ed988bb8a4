package sql

import (
	"fmt"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/rowexec"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/storage"
)

// showColumns gives the rows of SHOW COLUMNS and DESCRIBE as MySQL writes them, which programs read to learn what a
// table is like: types without collations, defaults without quotes. Key and order are the SQL engine's.
func showColumns(ctx *gsql.Context, n *plan.ShowColumns, row gsql.Row) (gsql.RowIter, error) {
	iter, err := rowexec.DefaultBuilder.Build(ctx, n, row)
	if err != nil {
		return nil, err
	}
	rows, err := gsql.RowIterToRows(ctx, iter)
	if err != nil {
		return nil, err
	}
	for i, c := range n.TargetSchema() {
		if i >= len(rows) {
			break
		}
		text, err := defaultText(ctx, c.Default)
		if err != nil {
			return nil, err
		}
		rows[i][1] = typeText(c.Type)
		extra := columnExtra(c, n.Child)
		if n.Full {
			rows[i][2], rows[i][5], rows[i][7] = collationText(c.Type), text, "select,insert,update,references"
			if extra != "" {
				rows[i][6] = extra
			}
		} else {
			rows[i][4] = text
			if extra != "" {
				rows[i][5] = extra
			}
		}
	}
	return gsql.RowsToRowIter(rows...), nil
}

// typeText gives a type without its collation, which has a column of its own.
func typeText(t gsql.Type) string {
	if c, ok := t.(gsql.TypeWithCollation); ok {
		return c.StringWithTableCollation(c.Collation())
	}
	return t.String()
}

// collationText gives the collation of a type, nil for one that has none.
func collationText(t gsql.Type) any {
	if c, ok := t.(gsql.TypeWithCollation); ok && c.Collation() != gsql.Collation_binary {
		return c.Collation().Name()
	}
	return nil
}

// defaultText gives the default of a column: a literal as its value, all others as SQL.
func defaultText(ctx *gsql.Context, d *gsql.ColumnDefaultValue) (any, error) {
	if d == nil {
		return nil, nil
	}
	if !d.IsLiteral() {
		return d.String(), nil
	}
	value, err := d.Eval(ctx, nil)
	if err != nil || value == nil {
		return nil, err
	}
	if types.IsBit(d.Type()) {
		return fmt.Sprintf("b'%b'", value), nil
	}
	text, err := d.Type().SQL(ctx, nil, value)
	return text.ToString(), err
}

// columnExtra gives what MySQL says of columns that are computed or stamped, "" for all others.
func columnExtra(c *gsql.Column, of gsql.Node) string {
	if c.Generated != nil {
		if table, ok := of.(*plan.ResolvedTable); ok && storage.IsVirtual(table.Table, c.Name) {
			return "VIRTUAL GENERATED"
		}
		return "STORED GENERATED"
	}
	if c.OnUpdate == nil {
		return ""
	}
	moment := c.OnUpdate.String()
	if strings.HasPrefix(moment, "(") {
		moment = moment[1 : len(moment)-1]
	}
	words := "on update " + moment
	if c.Default != nil && !c.Default.IsLiteral() {
		words = "DEFAULT_GENERATED " + words
	}
	return words
}
