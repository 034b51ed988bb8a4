package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/sql/parser"
	"redoubt/sql/storage"
)

// showErrors gives the errors among the warnings of the statement before, which it leaves as they are.
func (c commands) showErrors(ctx *gsql.Context, s *parser.ShowErrors) (gsql.RowIter, error) {
	own, err := session(ctx)
	if err != nil {
		return nil, err
	}
	found := storage.Errors(own.RecallWarnings())
	found = found[min(s.Offset, uint64(len(found))):]
	found = found[:min(s.Count, uint64(len(found)))]
	var rows []gsql.Row
	for _, w := range found {
		rows = append(rows, gsql.Row{w.Level, w.Code, w.Message})
	}
	return gsql.RowsToRowIter(rows...), nil
}

// countWarnings counts the warnings of the statement before, or the errors among them, and leaves them as they are.
func (c commands) countWarnings(ctx *gsql.Context, s *parser.CountWarnings) (gsql.RowIter, error) {
	own, err := session(ctx)
	if err != nil {
		return nil, err
	}
	own.RecallWarnings()
	variable := storage.WarningCountVariable
	if s.Errors {
		variable = storage.ErrorCountVariable
	}
	count, err := own.GetSessionVariable(ctx, variable)
	return gsql.RowsToRowIter(gsql.Row{count}), err
}
