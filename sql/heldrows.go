package sql

import (
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"

	"redoubt/sql/match"
)

// heldRows are the rows of a join, for an UPDATE or DELETE of tables in it. They are read to the end before the first is
// changed: the join would else look up rows of a table that it has changed in part already, so that a row is changed
// twice, or what belongs to a row that is gone is not found.
type heldRows struct {
	gsql.Node
	parts []part // one of which must be new for a row to be given; empty gives all rows
}

// part is where the columns of a table stand in the rows of a join.
type part struct{ from, to int }

// Children implements gsql.Node.
func (h *heldRows) Children() []gsql.Node { return []gsql.Node{h.Node} }

// holdUpdated gives an UPDATE's source with its rows held, nil if it reads one table alone, or they are held.
func holdUpdated(n *plan.UpdateSource) gsql.Node {
	if _, held := n.Child.(*heldRows); held || !joins(n.Child) {
		return nil
	}
	return plan.NewUpdateSource(&heldRows{Node: n.Child}, n.Ignore, n.UpdateExprs)
}

// holdDeleted does so with a DELETE. A row of a table that the join has several times is deleted, and counted, once.
func holdDeleted(n *plan.DeleteFrom) gsql.Node {
	if _, held := n.Child.(*heldRows); held || !n.HasExplicitTargets() || !joins(n.Child) {
		return nil
	}
	out := *n
	out.Child = &heldRows{Node: n.Child, parts: targetParts(n)}
	return &out
}

// targetParts gives where the columns of the targets stand; none if a target has no primary key, as equal rows of it are
// different ones.
func targetParts(n *plan.DeleteFrom) (out []part) {
	schema := n.Child.Schema()
	for _, target := range n.GetDeleteTargets() {
		named, ok := target.(gsql.NameableNode)
		if !ok || !hasPrimaryKey(target) {
			return nil
		}
		p := part{from: -1}
		for i, c := range schema {
			if strings.EqualFold(c.Source, named.Name()) {
				if p.from < 0 {
					p.from = i
				}
				p.to = i + 1
			}
		}
		if p.from < 0 {
			return nil
		}
		out = append(out, p)
	}
	return out
}

func hasPrimaryKey(n gsql.Node) bool {
	for _, c := range n.Schema() {
		if c.PrimaryKey {
			return true
		}
	}
	return false
}

func joins(n gsql.Node) bool {
	return transform.InspectUp(n, func(n gsql.Node) bool {
		_, ok := n.(*plan.JoinNode)
		return ok
	})
}

// held reads the rows to the end.
func (e *execution) held(ctx *gsql.Context, n *heldRows, row gsql.Row) (gsql.RowIter, error) {
	iter, err := e.engine.Build(ctx, n.Node, row)
	if err != nil {
		return nil, err
	}
	rows, err := gsql.RowIterToRows(ctx, &countedIter{RowIter: iter, keeps: true})
	if err != nil || len(n.parts) == 0 {
		return gsql.RowsToRowIter(rows...), err
	}
	fresh := partsOf(n)
	kept := rows[:0]
	for _, r := range rows {
		isNew, err := fresh.add(ctx, r)
		if err != nil {
			return nil, err
		}
		if isNew {
			kept = append(kept, r)
		}
	}
	return gsql.RowsToRowIter(kept...), nil
}

// newParts remembers the rows of tables that were met in a join.
type newParts struct {
	rows  []distinctRows // by part: what was met of it
	width int
	parts []part
}

func partsOf(n *heldRows) *newParts {
	p := &newParts{width: len(n.Schema()), parts: n.parts}
	for _, at := range n.parts {
		keys := distinctRows{collations: make([]gsql.CollationID, at.to-at.from), seen: map[[16]byte]struct{}{}}
		for i := range keys.collations {
			keys.collations[i] = noFold
		}
		p.rows = append(p.rows, keys)
	}
	return p
}

// add tells whether a row of the join has a row of a table that no row before had.
func (p *newParts) add(ctx *gsql.Context, row gsql.Row) (isNew bool, err error) {
	row = row[len(row)-p.width:] // in a subquery the row of the query around stands before
	for i, at := range p.parts {
		known := &p.rows[i]
		key, err := known.key(ctx, row[at.from:at.to])
		if err != nil {
			return false, err
		}
		if _, ok := known.seen[key]; !ok {
			known.seen[key], isNew = struct{}{}, true
			if err := match.HoldBytes(ctx, keyBytes); err != nil {
				return false, err
			}
		}
	}
	return isNew, nil
}
