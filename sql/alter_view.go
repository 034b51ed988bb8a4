package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/vitess/go/mysql"

	"redoubt/sql/parser"
)

// errWrongObject is MySQL's number for a table where a view is wanted.
const errWrongObject = 1347

// replaceView looks at a view that takes the place of another: that needs the privilege to drop it, and an ALTER VIEW needs the other one.
// It gives the CREATE OR REPLACE VIEW that stands for an ALTER VIEW, nil for others.
func (e *execution) replaceView(ctx *gsql.Context, n *plan.CreateView) (gsql.Node, error) {
	create, alters := parser.ReplacingView(n.CreateViewString)
	views, ok := n.Database().(gsql.ViewDatabase)
	if !n.IsReplace || !ok {
		return nil, nil
	}
	_, found, err := views.GetViewDefinition(ctx, n.Name)
	switch {
	case err != nil:
		return nil, err
	case found:
		if err := e.require(ctx, n.Database().Name(), n.Name, gsql.PrivilegeType_Drop); err != nil {
			return nil, err
		}
	case alters:
		return nil, noView(ctx, n)
	}
	if !alters {
		return nil, nil
	}
	other := *n
	other.CreateViewString = create
	return &other, nil
}

// noView tells that what an ALTER VIEW names is a table, or not there.
func noView(ctx *gsql.Context, n *plan.CreateView) error {
	_, isTable, err := n.Database().GetTableInsensitive(ctx, n.Name)
	if err != nil {
		return err
	}
	if isTable {
		return mysql.NewSQLError(errWrongObject, "HY000", "'%s.%s' is not VIEW", n.Database().Name(), n.Name)
	}
	return gsql.ErrTableNotFound.New(n.Name)
}
