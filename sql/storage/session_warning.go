package storage

import (
	"slices"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
)

// duplicateEntry is where MySQL's text of a duplicate key begins in the SQL engine's.
const duplicateEntry = "Duplicate entry '"

// notes are the numbers of what IF EXISTS and IF NOT EXISTS pass over: databases, tables, procedures and events that are
// there or not.
var notes = map[int]bool{1007: true, 1008: true, 1050: true, 1051: true, 1304: true, 1305: true, 1537: true, 1544: true, 1588: true}

// Warn implements gsql.Session. What IGNORE passes over is a warning, as in MySQL; the SQL engine makes it a note, as it
// does with what IF EXISTS passes over. Of a duplicate key it tells more than MySQL.
func (s *Session) Warn(w *gsql.Warning) {
	own := *w
	if own.Level == "Note" && own.Code != 0 && !notes[own.Code] {
		own.Level = "Warning"
	}
	if i := strings.Index(own.Message, duplicateEntry); i > 0 {
		own.Message = own.Message[i:]
	}
	s.BaseSession.Warn(&own)
}

// Warnings implements gsql.Session: in the order in which they came, as SHOW WARNINGS gives them.
func (s *Session) Warnings() []*gsql.Warning {
	all := s.BaseSession.Warnings()
	slices.Reverse(all)
	return all
}
