package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/sql/parser"
)

// runIn runs a statement with another current database.
func (c commands) runIn(ctx *gsql.Context, s *parser.RunIn) (gsql.RowIter, error) {
	was := ctx.GetCurrentDatabase()
	if _, err := c.server.engine.Analyzer.Catalog.Database(ctx, s.Database); err != nil {
		return nil, err
	}
	ctx.SetCurrentDatabase(s.Database)
	defer ctx.SetCurrentDatabase(was)
	_, rows, _, err := c.server.engine.Query(ctx.WithQuery(s.Query), s.Query)
	if err != nil {
		return nil, err
	}
	_, err = gsql.RowIterToRows(ctx, rows)
	return done(), err
}
