package sql

import (
	"context"
	"fmt"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"

	"redoubt/engine/catalog"
	"redoubt/flashback/backout"
	"redoubt/sql/datatype"
	"redoubt/sql/redosql"
	"redoubt/wal/redo"
)

// rowRules computes generated columns and CHECKs of rows that come without a statement. It belongs to one statement.
type rowRules struct {
	server *Server
	ctx    *gsql.Context // of the server's own, as root
	tables map[*catalog.Table]*tableRules
}

var _ backout.Rules = (*rowRules)(nil)

// tableRules are the rules of one table, as expressions over its rows.
type tableRules struct {
	shape     *datatype.Shape
	generated []generatedColumn
	checks    []checkRule
}

type generatedColumn struct {
	position int
	value    gsql.Expression
}

type checkRule struct {
	name      string
	condition gsql.Expression
}

func newRowRules(ctx *gsql.Context, s *Server) *rowRules {
	return &rowRules{server: s, ctx: s.internalContext(ctx), tables: map[*catalog.Table]*tableRules{}}
}

// Complete implements backout.Rules.
func (r *rowRules) Complete(_ context.Context, table *catalog.Table, row redo.Row) (redo.Row, string, error) {
	rules, err := r.of(table)
	if err != nil || len(rules.generated)+len(rules.checks) == 0 {
		return row, "", err
	}
	values, err := rules.shape.Decode(row)
	if err != nil {
		return nil, "", err
	}
	row = row.Clone()
	for _, g := range rules.generated {
		f := &rules.shape.Fields[g.position]
		v, err := g.value.Eval(r.ctx, values)
		if err == nil && v != nil {
			v, _, err = f.Type.Convert(r.ctx, v)
		}
		if err != nil {
			return nil, "", fmt.Errorf("generated column %s of table %s: %w", f.Column.Name, table.Name, err)
		}
		values[g.position] = v
		stored, err := f.Encode(r.ctx, v)
		if err != nil {
			return nil, "", err
		}
		row = row.With(redo.Column{ID: f.Column.ID, Value: stored})
	}
	for _, c := range rules.checks {
		v, err := c.condition.Eval(r.ctx, values)
		if err != nil {
			return nil, "", fmt.Errorf("CHECK %s of table %s: %w", c.name, table.Name, err)
		}
		if holds, err := gsql.ConvertToBool(r.ctx, v); v != nil && (err != nil || !holds) {
			return row, c.name, err
		}
	}
	return row, "", nil
}

// of compiles the rules of a table: the SQL engine reads them as columns of a query of the table.
func (r *rowRules) of(table *catalog.Table) (*tableRules, error) {
	if known, ok := r.tables[table]; ok {
		return known, nil
	}
	shape, err := r.server.store.Shape(table)
	if err != nil {
		return nil, err
	}
	rules := &tableRules{shape: shape}
	r.tables[table] = rules
	var texts []string
	for i := range table.Columns {
		if text := table.Columns[i].Generated; text != "" {
			texts = append(texts, text)
			rules.generated = append(rules.generated, generatedColumn{position: i})
		}
	}
	for _, c := range table.Checks {
		if c.Enforced {
			texts = append(texts, c.Expression)
			rules.checks = append(rules.checks, checkRule{name: c.Name})
		}
	}
	if len(texts) == 0 {
		return rules, nil
	}
	compiled, err := r.compile(rules, texts)
	if err != nil {
		return nil, fmt.Errorf("rules of table %s: %w", table.Name, err)
	}
	for i := range rules.generated {
		rules.generated[i].value = compiled[i]
	}
	for i := range rules.checks {
		rules.checks[i].condition = compiled[len(rules.generated)+i]
	}
	return rules, nil
}

func (r *rowRules) compile(rules *tableRules, texts []string) ([]gsql.Expression, error) {
	table := rules.shape.Table
	schema, ok := r.server.options.Engine.Catalog().SchemaByID(table.Schema)
	if !ok {
		return nil, gsql.ErrTableNotFound.New(table.Name)
	}
	query := append([]byte("SELECT ("), strings.Join(texts, "), (")...)
	query = redosql.AppendName(append(redosql.AppendName(append(query, ") FROM "...), schema.Name), '.'), table.Name)
	node, err := r.server.engine.AnalyzeQuery(r.ctx, string(query))
	if err != nil {
		return nil, err
	}
	var found []gsql.Expression
	transform.Inspect(node, func(n gsql.Node) bool {
		if p, ok := n.(*plan.Project); ok && found == nil {
			found = p.Projections
		}
		return found == nil
	})
	if len(found) != len(texts) {
		return nil, fmt.Errorf("the query %s has %d columns, want %d", query, len(found), len(texts))
	}
	out := make([]gsql.Expression, len(found))
	for i, e := range found {
		out[i], _, err = transform.Expr(e, func(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
			f, ok := e.(*expression.GetField)
			if !ok {
				return e, transform.SameTree, nil
			}
			position := rules.shape.IndexOf(f.Name())
			if position < 0 {
				return nil, transform.SameTree, fmt.Errorf("unknown column %s", f.Name())
			}
			return f.WithIndex(position), transform.NewTree, nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
