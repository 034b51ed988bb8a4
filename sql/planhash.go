package sql

import (
	"context"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"

	"redoubt/sql/sqlstat"
)

// planHash tells plans apart by what they read: which tables, by which indexes, in which order, and how they join them. Literals,
// estimates and what the statement's text says anyway are not in it. 0 is no plan: nothing is read. It is FNV-1a.
type planHash uint64

const (
	fnvStart = 14695981039346656037
	fnvPrime = 1099511628211
)

// scanned stands for no index.
const scanned = "\x00scan"

func (h *planHash) mix(texts ...string) {
	if *h == 0 {
		*h = fnvStart
	}
	for _, s := range texts {
		for i := range len(s) {
			c := s[i]
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			*h = (*h ^ planHash(c)) * fnvPrime
		}
		*h = (*h ^ 0xff) * fnvPrime
	}
}

// add adds what a plan reads.
func (h *planHash) add(n gsql.Node) {
	children := n.Children()
	switch n := n.(type) {
	case *plan.ResolvedTable:
		if !plan.IsDualTable(n.Table) {
			h.mix(n.Name(), scanned)
		}
		return
	case *plan.IndexedTableAccess:
		h.mix(n.Name(), n.Index().ID())
		return
	case *plan.JoinNode:
		h.mix(n.Op.String())
	case *plan.SubqueryAlias:
		children = []gsql.Node{n.Child}
	case *plan.InsertInto:
		children = []gsql.Node{n.Source} // the other one is where rows go
	}
	if e, ok := n.(gsql.Expressioner); ok {
		for _, x := range e.Expressions() {
			transform.InspectExpr(x, func(x gsql.Expression) bool {
				if q, ok := x.(*plan.Subquery); ok {
					h.add(q.Query)
				}
				return false
			})
		}
	}
	for _, child := range children {
		h.add(child)
	}
}

// planned are the kinds of statements whose plans are watched.
var planned = map[string]bool{"select": true, "insert": true, "update": true, "delete": true, "replace": true}

// ran gives the plan by which the statement ran.
func (o *observed) ran() (out sqlstat.Ran) {
	session := o.client.sessionNow()
	if session == nil || !planned[o.kind] {
		return out
	}
	var hash planHash
	out.At = func() uint64 { return uint64(o.handler.server.options.Engine.Applied()) }
	if o.short {
		table, index, ok := o.simple.Access()
		if ok {
			hash.mix(table, index)
		}
		out.Text = func() string { return "-> Short path: " + table + " by " + index }
	} else if node := session.Plan(); node != nil {
		hash.add(node)
		out.Text = func() string {
			var lines []string
			ctx := gsql.NewContext(context.Background(), gsql.WithSession(session))
			commands{o.handler.server}.step(ctx, node, &profile{}).lines(0, func(line string) { lines = append(lines, line) })
			return strings.Join(lines, "\n")
		}
	}
	out.Plan = uint64(hash)
	return out
}
