package storage

import (
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
)

// insertID follows the AUTO_INCREMENT values of one statement, for the id that its client is told and for LAST_INSERT_ID():
// those that the SQL engine gives are of the first row, or of an older statement.
type insertID struct {
	table     string // the name of the table that an INSERT is for; triggers may insert into others
	given     uint64 // the number that was generated last
	generated uint64 // the first one that is in a new row; 0 for none
	latest    uint64 // of the row that was inserted or changed last
	argument  *int64 // of LAST_INSERT_ID(x)
}

// InsertsInto notes the table of an INSERT or REPLACE; that of the first one that runs is the statement's.
func (s *Session) InsertsInto(table string) {
	if s.inserts.table == "" {
		s.inserts.table = table
	}
}

// SetsInsertID notes the argument of LAST_INSERT_ID(x).
func (s *Session) SetsInsertID(x int64) { s.inserts.argument = &x }

// InsertID is the id that the client of a statement that succeeded is told, as MySQL does: the first number that was
// generated for a new row, else the argument of LAST_INSERT_ID(x), else that of the last row which an INSERT made or changed.
// LAST_INSERT_ID() is one of the first two, or what it was.
func (s *Session) InsertID(updates bool) uint64 {
	i := &s.inserts
	inserts := i.table != "" && !updates
	switch {
	case inserts && i.generated != 0:
		s.SetLastQueryInfoInt(gsql.LastInsertId, int64(i.generated))
		return i.generated
	case i.argument != nil:
		s.SetLastQueryInfoInt(gsql.LastInsertId, *i.argument)
		return uint64(*i.argument)
	case inserts:
		s.SetLastQueryInfoInt(gsql.LastInsertId, s.beside.lastInsertID)
		return i.latest
	}
	return 0
}

// noteGiven notes a number that was generated, before its row is inserted; 0 if the statement gave one itself.
func noteGiven(ctx *gsql.Context, n uint64) {
	if s, ok := ctx.Session.(*Session); ok {
		s.inserts.given = n
	}
}

// noteRow notes a row that was inserted or changed.
func (e *editor) noteRow(ctx *gsql.Context, row gsql.Row, inserted bool) {
	s, ok := ctx.Session.(*Session)
	if !ok || e.auto < 0 || !strings.EqualFold(s.inserts.table, e.table.def.Name) {
		return
	}
	i := &s.inserts
	i.latest, _ = positive(row[e.auto])
	if inserted && i.generated == 0 && i.given == i.latest {
		i.generated = i.latest
	}
}
