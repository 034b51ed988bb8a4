package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// limitNulls is an analyzer rule: a LIMIT or OFFSET whose parameter is NULL is 0, as in MariaDB. The SQL engine panics. One of more rows
// than there can be, 18446744073709551615 for all, is as many: the engine adds them up in 64 bits with a sign.
func limitNulls(_ *gsql.Context, _ *analyzer.Analyzer, n gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	return withoutNullLimits(n)
}

func withoutNullLimits(n gsql.Node) (gsql.Node, transform.TreeIdentity, error) {
	return transform.NodeWithOpaque(n, func(n gsql.Node) (gsql.Node, transform.TreeIdentity, error) {
		n, same, err := transform.OneNodeExpressions(n, limitsOfSubquery)
		if err != nil {
			return nil, same, err
		}
		switch l := n.(type) {
		case *plan.Limit:
			if isNull(l.Limit) {
				out := plan.NewLimit(expression.NewLiteral(int64(0), types.Int64), l.Child)
				out.CalcFoundRows = l.CalcFoundRows
				return out, transform.NewTree, nil
			}
			if isHuge(l.Limit) {
				out := plan.NewLimit(capped(l.Limit), l.Child)
				out.CalcFoundRows = l.CalcFoundRows
				return out, transform.NewTree, nil
			}
		case *plan.Offset:
			if isNull(l.Offset) {
				return l.Child, transform.NewTree, nil
			}
			if isHuge(l.Offset) {
				return plan.NewOffset(capped(l.Offset), l.Child), transform.NewTree, nil
			}
		case *plan.SetOp:
			if isHuge(l.Limit) || isHuge(l.Offset) {
				out := *l
				out.Limit, out.Offset = capped(l.Limit), capped(l.Offset)
				l, n, same = &out, &out, transform.NewTree
			}
			if isNull(l.Limit) || isNull(l.Offset) {
				return setOpWithoutNulls(l), transform.NewTree, nil
			}
		}
		return n, same, nil
	})
}

// rowsMax is more than any result has, and twice as much has 63 bits.
const rowsMax = 1 << 61

// capped gives a LIMIT or OFFSET of at most so many rows.
func capped(e gsql.Expression) gsql.Expression {
	if isHuge(e) {
		return expression.NewLiteral(int64(rowsMax), types.Int64)
	}
	return e
}

func isHuge(e gsql.Expression) bool {
	l, ok := e.(*expression.Literal)
	if !ok {
		return false
	}
	switch v := l.Value().(type) {
	case int64:
		return v > rowsMax
	case uint64:
		return v > rowsMax
	}
	return false
}

func setOpWithoutNulls(l *plan.SetOp) gsql.Node {
	out := *l
	if isNull(l.Limit) {
		out.Limit = expression.NewLiteral(int64(0), types.Int64)
	}
	if isNull(l.Offset) {
		out.Offset = nil
	}
	return &out
}

func limitsOfSubquery(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
	s, ok := e.(*plan.Subquery)
	if !ok {
		return e, transform.SameTree, nil
	}
	query, same, err := withoutNullLimits(s.Query)
	if err != nil || same {
		return e, same, err
	}
	return s.WithQuery(query), transform.NewTree, nil
}

func isNull(e gsql.Expression) bool {
	l, ok := e.(*expression.Literal)
	return ok && l.Value() == nil
}
