package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"

	"redoubt/sql/vview"
)

// askViews is an analyzer rule: views that make fewer rows if they know what is asked of them are told the filter that stands
// above them. It comes before the rules that put comparisons of ours in the place of the SQL engine's.
func askViews(_ *gsql.Context, _ *analyzer.Analyzer, node gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	return transform.NodeWithOpaque(node, func(n gsql.Node) (gsql.Node, transform.TreeIdentity, error) {
		filter, ok := n.(*plan.Filter)
		if !ok {
			return n, transform.SameTree, nil
		}
		child, err := told(filter.Child, filter.Expression)
		if err != nil || child == nil {
			return n, transform.SameTree, err
		}
		out, err := filter.WithChildren(child)
		return out, transform.NewTree, err
	})
}

// told gives the node of a view that knows what is asked of it; nil if it is another node.
func told(n gsql.Node, filter gsql.Expression) (gsql.Node, error) {
	alias, _ := n.(*plan.TableAlias)
	if alias != nil {
		n = alias.Child
	}
	table, ok := n.(*plan.ResolvedTable)
	if !ok {
		return nil, nil
	}
	view, ok := table.Table.(vview.Told)
	if !ok {
		return nil, nil
	}
	id := table.Id()
	if alias != nil {
		id = alias.Id()
	}
	out, err := table.WithTable(view.Told(filter, id))
	if err != nil || alias == nil {
		return out, err
	}
	return alias.WithChildren(out)
}

// miningOptions are what views of the log need.
func (s *Server) miningOptions() vview.MiningOptions {
	return vview.MiningOptions{
		Engine: s.options.Engine, Log: s.options.Log, Clock: wallClock, Instants: instants,
		May: func(ctx *gsql.Context, schema, table string) bool {
			return s.require(ctx, schema, table, gsql.PrivilegeType_Select) == nil
		},
	}
}
