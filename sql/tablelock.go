package sql

import (
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/vitess/go/vt/sqlparser"

	"redoubt/sql/storage"
)

// lockTables runs LOCK TABLES. A view stands for the tables that it reads.
func lockTables(ctx *gsql.Context, n *plan.LockTables) (gsql.RowIter, error) {
	session, ok := ctx.Session.(*storage.Session)
	if !ok {
		return nil, nil
	}
	var tables []storage.TableLock
	for _, l := range n.Locks {
		transform.Inspect(l.Table, func(below gsql.Node) bool {
			if t := storage.TableOf(below); t != nil {
				tables = append(tables, storage.TableLock{Table: t, Write: l.Write})
			}
			return true
		})
	}
	if err := session.LockTables(ctx, tables); err != nil {
		return nil, err
	}
	return gsql.RowsToRowIter(), nil
}

// unlockTables runs UNLOCK TABLES.
func unlockTables(ctx *gsql.Context) (gsql.RowIter, error) {
	if session, ok := ctx.Session.(*storage.Session); ok {
		if err := session.UnlockTables(ctx); err != nil {
			return nil, err
		}
	}
	return gsql.RowsToRowIter(), nil
}

// releaseTables lets go of locked tables when a transaction is begun by name.
func releaseTables(ctx *gsql.Context) error {
	if session, ok := ctx.Session.(*storage.Session); ok {
		session.ReleaseTables()
	}
	return nil
}

// tellRuns tells a session that has locked tables what an EXECUTE will run: the tables that it may use are looked for in
// that text.
func (s *Server) tellRuns(session *storage.Session, text string) {
	if session == nil {
		return
	}
	session.Runs("")
	if session.LockOwner() == 0 || len(text) < len(executeWord) || !strings.EqualFold(text[:len(executeWord)], executeWord) {
		return
	}
	parsed, err := sqlparser.Parse(text)
	execute, ok := parsed.(*sqlparser.Execute)
	if err != nil || !ok {
		return
	}
	if prepared, ok := s.engine.PreparedDataCache.GetCachedStmt(session.ID(), execute.Name); ok {
		session.Runs(sqlparser.String(prepared))
	}
}

const executeWord = "EXECUTE"
