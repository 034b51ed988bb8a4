package sql

import (
	"sync"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/function"
	"redoubt/sql/match"
)

// unnesting names the analyzer's rules that make joins of IN, EXISTS and comparisons with subqueries. Their rows are
// wrong with NULL and with several partners; function and sift do it another way.
var unnesting = map[string]bool{"unnestInSubqueries": true, "unnestExistsSubqueries": true}

// forAll puts rules before all others and behind the choice of indexes, and puts right the one that puts triggers into statements, for all
// engines of the process: the SQL engine keeps those of an INSERT, UPDATE or DELETE of one table nowhere else.
var forAll = sync.OnceFunc(func() {
	analyzer.AlwaysBeforeDefault = append(analyzer.AlwaysBeforeDefault, function.FirstRules()...)
	analyzer.AlwaysBeforeDefault = append(analyzer.AlwaysBeforeDefault, analyzer.Rule{Id: deleteRule, Apply: keepDelete}, analyzer.Rule{Id: limitRule, Apply: limitNulls}, analyzer.Rule{Id: eitherRule, Apply: noteEither},
		analyzer.Rule{Id: fitRule, Apply: assignFitting}, analyzer.Rule{Id: lockRule, Apply: mayLock})
	for i, r := range analyzer.OnceAfterAll {
		if r.Id.String() == "applyTriggers" {
			analyzer.OnceAfterAll[i].Apply = apart(inBlocks(inDatabaseOfTable(asDefiner(r.Apply))))
		}
	}
	analyzer.OnceAfterAll = append([]analyzer.Rule{{Id: exactRule, Apply: compareExactly}}, analyzer.OnceAfterAll...)
})

// correct takes the rules whose plans give wrong rows out of an analyzer, and puts right what others make.
func correct(a *analyzer.Analyzer) {
	a.Coster = match.NewCoster()
	for _, b := range a.Batches {
		var kept []analyzer.Rule
		for _, r := range b.Rules {
			switch name := r.Id.String(); {
			case unnesting[name]:
				continue
			case name == "processTruncate": // keepDelete has nothing left for it, and a table knows who refers to it from any database
				continue
			case name == "simplifyFilters":
				r.Apply = keepLikes(r.Apply)
			case name == "applyIndexesFromOuterScope":
				r.Apply = keepSoundLookups(r.Apply)
			case name == "finalizeUnions":
				r.Apply = assignOnce(r.Apply)
			case name == "replaceAgg":
				r.Apply = keepGroup(r.Apply)
			case name == "applyForeignKeys":
				r.Apply = inBlocks(r.Apply)
			case name == "loadTriggers":
				r.Apply = asDefiner(r.Apply)
			}
			kept = append(kept, r)
		}
		b.Rules = kept
	}
}

// keepLikes keeps a rule from making comparisons of the engine's LIKE, which SHOW has: a pattern's \_ is no text, and texts that begin with
// 'a' are behind 'aÿ'.
func keepLikes(apply analyzer.RuleFunc) analyzer.RuleFunc {
	return func(ctx *gsql.Context, a *analyzer.Analyzer, n gsql.Node, scope *plan.Scope, sel analyzer.RuleSelector, flags *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
		n, same, err := transform.NodeExprs(n, func(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
			like, ok := e.(*expression.Like)
			if !ok || like.Escape != nil {
				return e, transform.SameTree, nil
			}
			return expression.NewLike(like.LeftChild, like.RightChild, expression.NewLiteral(`\`, types.LongText)), transform.NewTree, nil
		})
		if err != nil {
			return nil, transform.SameTree, err
		}
		n, simpler, err := apply(ctx, a, n, scope, sel, flags)
		return n, same && simpler, err
	}
}

// keepSoundLookups takes back the lookups of a rule that would not find all rows.
func keepSoundLookups(apply analyzer.RuleFunc) analyzer.RuleFunc {
	return func(ctx *gsql.Context, a *analyzer.Analyzer, n gsql.Node, scope *plan.Scope, sel analyzer.RuleSelector, flags *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
		n, same, err := apply(ctx, a, n, scope, sel, flags)
		if err != nil || same {
			return n, same, err
		}
		n, _, err = transform.Node(n, func(n gsql.Node) (gsql.Node, transform.TreeIdentity, error) {
			access, ok := n.(*plan.IndexedTableAccess)
			if !ok || access.Typ != plan.ItaTypeLookup || match.Finds(ctx, access) {
				return n, transform.SameTree, nil
			}
			return access.TableNode, transform.NewTree, nil
		})
		return n, transform.NewTree, err
	}
}

// keepGroup puts the aggregate back above the one row that a rule reads in place of all rows for MAX or MIN of the key: where there is no row,
// it is NULL, and not nothing.
func keepGroup(apply analyzer.RuleFunc) analyzer.RuleFunc {
	return func(ctx *gsql.Context, a *analyzer.Analyzer, n gsql.Node, scope *plan.Scope, sel analyzer.RuleSelector, flags *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
		return transform.Node(n, func(n gsql.Node) (gsql.Node, transform.TreeIdentity, error) {
			project, isProject := n.(*plan.Project)
			if !isProject {
				return n, transform.SameTree, nil
			}
			group, isGroup := project.Child.(*plan.GroupBy)
			if !isGroup {
				return n, transform.SameTree, nil
			}
			changed, same, err := apply(ctx, a, n, scope, sel, flags)
			if err != nil || same {
				return n, transform.SameTree, err
			}
			limit, ok := changed.(*plan.Limit)
			if !ok {
				return n, transform.SameTree, nil
			}
			first := limit.Child.(*plan.Project).Child // sorted, of which the limit takes one
			one := plan.NewGroupBy(group.SelectedExprs, group.GroupByExprs, plan.NewLimit(limit.Limit, first))
			return plan.NewProject(project.Projections, one), transform.NewTree, nil
		})
	}
}

// assignOnce keeps a rule, which analyzes the branches of a UNION, from giving expressions the positions of their columns:
// the statement as a whole gets them afterwards, and joins in subqueries that get them twice read beyond their rows.
func assignOnce(apply analyzer.RuleFunc) analyzer.RuleFunc {
	return func(ctx *gsql.Context, a *analyzer.Analyzer, n gsql.Node, scope *plan.Scope, sel analyzer.RuleSelector, flags *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
		return apply(ctx, a, n, scope, func(id analyzer.RuleId) bool { return id.String() != "assignExecIndexes" && sel(id) }, flags)
	}
}

// inBlocks keeps a rule for statements from passing over those in the block of a trigger, which is analyzed as a whole.
func inBlocks(apply analyzer.RuleFunc) analyzer.RuleFunc {
	return func(ctx *gsql.Context, a *analyzer.Analyzer, n gsql.Node, scope *plan.Scope, sel analyzer.RuleSelector, flags *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
		if _, block := n.(plan.RepresentsBlock); !block {
			return apply(ctx, a, n, scope, sel, flags)
		}
		return transform.Node(n, func(n gsql.Node) (gsql.Node, transform.TreeIdentity, error) {
			switch n.(type) {
			case *plan.InsertInto, *plan.Update, *plan.DeleteFrom:
				return apply(ctx, a, n, scope, sel, flags)
			}
			return n, transform.SameTree, nil
		})
	}
}
