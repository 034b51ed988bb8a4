package storage

import (
	"slices"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
)

// duplicateEntry is where MySQL's text of a duplicate key begins in the SQL engine's.
const duplicateEntry = "Duplicate entry '"

// Warn implements gsql.Session. What IGNORE passes over is a warning, as in MySQL; the SQL engine makes it a note, and of
// a duplicate key it tells more than MySQL, and of LOCK TABLES less than a client needs.
func (s *Session) Warn(w *gsql.Warning) {
	own := *w
	if own.Level == "Note" && own.Code != 0 {
		own.Level = "Warning"
	}
	if i := strings.Index(own.Message, duplicateEntry); i > 0 {
		own.Message = own.Message[i:]
	}
	if own.Code == 0 && strings.HasSuffix(own.Message, " is not lockable") {
		own.Code, own.Message = 1235, "LOCK TABLES takes no lock: writes are certified when they commit"
	}
	s.BaseSession.Warn(&own)
}

// Warnings implements gsql.Session: in the order in which they came, as SHOW WARNINGS gives them.
func (s *Session) Warnings() []*gsql.Warning {
	all := s.BaseSession.Warnings()
	slices.Reverse(all)
	return all
}
