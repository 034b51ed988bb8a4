package storage

import (
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
)

// beside is what a session keeps beside rows, and a statement may both read and set: as it was when the running statement began.
type beside struct {
	lastInsertID, rowCount, foundRows int64
	variables                         map[string]variable // that the statement has set, by name in lower case
	locked                            []string            // that GET_LOCK has given to the statement, in their order
}

// variable is a user variable; one that is not set has no type.
type variable struct {
	value any
	typ   gsql.Type
}

func (s *Session) remember() {
	b := &s.beside
	b.lastInsertID = s.GetLastQueryInfoInt(gsql.LastInsertId)
	b.rowCount = s.GetLastQueryInfoInt(gsql.RowCount)
	b.foundRows = s.GetLastQueryInfoInt(gsql.FoundRows)
	clear(b.variables)
	b.locked = b.locked[:0]
}

// rememberVariable keeps a variable that is about to be set, unless the statement has done so before.
func (s *Session) rememberVariable(ctx *gsql.Context, name string) error {
	name = strings.ToLower(name)
	if _, known := s.beside.variables[name]; known {
		return nil
	}
	t, value, err := s.GetUserVariable(ctx, name)
	if err != nil {
		return err
	}
	if s.beside.variables == nil {
		s.beside.variables = map[string]variable{}
	}
	s.beside.variables[name] = variable{value, t}
	return nil
}

// Recall gives the session the user variables, LAST_INSERT_ID() and the like that it had when the running statement began, which is about
// to be run again: it counts from there once more. What the statement has taken of GET_LOCK's locks is given back; what it gave back
// itself is not taken again.
func (s *Session) Recall() error {
	b := &s.beside
	s.SetLastQueryInfoInt(gsql.LastInsertId, b.lastInsertID)
	s.SetLastQueryInfoInt(gsql.RowCount, b.rowCount)
	s.SetLastQueryInfoInt(gsql.FoundRows, b.foundRows)
	for name, v := range b.variables {
		if err := s.BaseSession.SetUserVariable(nil, name, v.value, v.typ); err != nil {
			return err
		}
	}
	if s.cleared {
		s.RecallWarnings()
	}
	for len(b.locked) > 0 {
		s.UserUnlock(b.locked[0]) // which takes it off the list
	}
	return nil
}
