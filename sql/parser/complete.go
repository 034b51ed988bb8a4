package parser

import (
	"context"
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// check refuses what the engine would read and drop, and completes the syntax tree where the catalog is needed. Without
// a catalog, or for a text that is parsed outside of a session, the tree then stays as it is.
func (p *Parser) check(ctx context.Context, tree ast.Statement, r *rewriting) (ast.Statement, error) {
	if err := refusePast(tree, r.periods); err != nil {
		return refuse(err), nil
	}
	if holds(r.original, "RECURSIVE") {
		if err := refuseRecursive(tree); err != nil {
			return refuse(err), nil
		}
	}
	if err := refuseKeys(tree); err != nil {
		return refuse(err), nil
	}
	c := completer{catalog: p.options.Catalog}
	c.ctx, _ = ctx.(*sql.Context)
	c.writeThroughView(p, tree)
	if insert, ok := tree.(*ast.Insert); ok {
		c.dropGenerated(insert)
	}
	if !r.rowSCN {
		return tree, nil
	}
	if err := c.rowSCN(tree); err != nil {
		return refuse(err), nil
	}
	return tree, nil
}

// completer holds what is needed to look at the catalog.
type completer struct {
	ctx     *sql.Context
	catalog sql.Catalog
}

// table finds a base table; ok is false if there is none of that name, which may then be a view.
func (c *completer) table(name ast.TableName, asOf any) (t sql.Table, ok bool, err error) {
	if c.ctx == nil || c.catalog == nil {
		return nil, false, nil
	}
	database := name.DbQualifier.String()
	if database == "" {
		database = c.ctx.GetCurrentDatabase()
	}
	if database == "" {
		return nil, false, nil
	}
	if asOf == nil {
		t, _, err = c.catalog.Table(c.ctx, database, name.Name.String())
	} else {
		t, _, err = c.catalog.TableAsOf(c.ctx, database, name.Name.String(), asOf)
	}
	if sql.ErrTableNotFound.Is(err) || sql.ErrDatabaseNotFound.Is(err) {
		return nil, false, nil
	}
	return t, err == nil && t != nil, err
}

// dropGenerated takes out of an INSERT … VALUES what it gives to generated columns. MariaDB's dumps hold their values,
// and MariaDB ignores them on loading, as it does whenever the SQL mode is not strict; so only then.
func (c *completer) dropGenerated(n *ast.Insert) {
	rows, ok := n.Rows.(*ast.AliasedValues)
	if !ok || c.ctx == nil || len(rows.Values) == 0 || isStrict(c.ctx) {
		return
	}
	t, ok, err := c.table(n.Table, nil)
	if !ok || err != nil {
		return // the engine reports it
	}
	columns, generated := n.Columns, map[string]bool{}
	for _, col := range t.Schema() {
		if col.Generated != nil {
			generated[strings.ToLower(col.Name)] = true
		}
		if len(n.Columns) == 0 {
			columns = append(columns, ast.NewColIdent(col.Name))
		}
	}
	if len(generated) == 0 {
		return
	}
	for _, row := range rows.Values {
		if len(row) != len(columns) {
			return // the engine reports it
		}
	}
	var kept ast.Columns
	for _, name := range columns {
		if !generated[name.Lowered()] {
			kept = append(kept, name)
		}
	}
	for r, row := range rows.Values {
		out := make(ast.ValTuple, 0, len(kept))
		for i, value := range row {
			if !generated[columns[i].Lowered()] {
				out = append(out, value)
			}
		}
		rows.Values[r] = out
	}
	n.Columns = kept
}

func isStrict(ctx *sql.Context) bool {
	mode := sql.LoadSqlMode(ctx)
	return mode.ModeEnabled("STRICT_TRANS_TABLES") || mode.ModeEnabled("STRICT_ALL_TABLES") || mode.ModeEnabled("TRADITIONAL")
}
