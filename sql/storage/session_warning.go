package storage

import (
	"math"
	"slices"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
)

// duplicateEntry is where MySQL's text of a duplicate key begins in the SQL engine's.
const duplicateEntry = "Duplicate entry '"

// notes are the numbers of what IF EXISTS and IF NOT EXISTS pass over: databases, tables, procedures and events that are
// there or not.
var notes = map[int]bool{1007: true, 1008: true, 1050: true, 1051: true, 1304: true, 1305: true, 1537: true, 1544: true, 1588: true}

// warningsMax is how many warnings of a statement are kept, as many as max_error_count is in MySQL. They are counted all the same.
const warningsMax = 1024

// Warn implements gsql.Session. What IGNORE passes over is a warning, as in MySQL; the SQL engine makes it a note, as it
// does with what IF EXISTS passes over. Of a duplicate key it tells more than MySQL.
func (s *Session) Warn(w *gsql.Warning) {
	if s.BaseSession.WarningCount() >= warningsMax {
		s.dropped++
		return
	}
	own := *w
	if own.Level == "Note" && own.Code != 0 && !notes[own.Code] {
		own.Level = "Warning"
	}
	if i := strings.Index(own.Message, duplicateEntry); i > 0 {
		own.Message = own.Message[i:]
	}
	s.BaseSession.Warn(&own)
}

// WarningCount implements gsql.Session.
func (s *Session) WarningCount() uint16 {
	return uint16(min(int(s.BaseSession.WarningCount())+s.dropped, math.MaxUint16))
}

// ClearWarningCount implements gsql.Session.
func (s *Session) ClearWarningCount() {
	s.BaseSession.ClearWarningCount()
	s.dropped = 0
}

// ClearWarnings implements gsql.Session.
func (s *Session) ClearWarnings() {
	s.BaseSession.ClearWarnings()
	if s.BaseSession.WarningCount() == 0 {
		s.dropped = 0
	}
}

// Warnings implements gsql.Session: in the order in which they came, as SHOW WARNINGS gives them.
func (s *Session) Warnings() []*gsql.Warning {
	all := s.BaseSession.Warnings()
	slices.Reverse(all)
	return all
}
