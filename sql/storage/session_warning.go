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
	kept := int(s.BaseSession.WarningCount())
	if kept == 0 { // cleared: they are those of another statement
		return 0
	}
	return uint16(min(kept+s.dropped, math.MaxUint16))
}

// Warnings implements gsql.Session: in the order in which they came, as SHOW WARNINGS gives them.
func (s *Session) Warnings() []*gsql.Warning {
	all := s.BaseSession.Warnings()
	slices.Reverse(all)
	return all
}

// ClearWarnings implements gsql.Session. Those of the statement before are kept while a statement runs, for one that asks for them.
func (s *Session) ClearWarnings() {
	s.cleared, s.before, s.unkept = true, s.Warnings(), s.dropped
	s.BaseSession.ClearWarnings()
	s.dropped = 0
}

// RecallWarnings puts the warnings of the statement before in the place of those of the running statement, and gives them.
func (s *Session) RecallWarnings() []*gsql.Warning {
	s.BaseSession.ClearWarnings()
	for _, w := range s.before {
		s.BaseSession.Warn(w)
	}
	s.dropped = s.unkept
	s.ClearWarningCount() // which a client would take for that of the running statement
	return s.before
}

// Failed keeps the error of a statement, as its client gets it, behind its warnings.
func (s *Session) Failed(code int, message string) {
	if !s.cleared { // the statement came to nothing: these are of the one before
		s.BaseSession.ClearWarnings()
		s.dropped = 0
	}
	s.BaseSession.Warn(&gsql.Warning{Level: errorLevel, Code: code, Message: message})
}

// errorLevel is the level of an error among warnings.
const errorLevel = "Error"

// Errors gives those of the warnings that are errors.
func Errors(warnings []*gsql.Warning) (out []*gsql.Warning) {
	for _, w := range warnings {
		if w.Level == errorLevel {
			out = append(out, w)
		}
	}
	return out
}

// The variables that count the warnings of the statement before.
const (
	WarningCountVariable = "warning_count"
	ErrorCountVariable   = "error_count"
)

// counted gives a variable that counts warnings.
func (s *Session) counted(name string) (count uint64, ok bool) {
	switch strings.ToLower(name) {
	case WarningCountVariable:
		return uint64(len(s.before) + s.unkept), true
	case ErrorCountVariable:
		return uint64(len(Errors(s.before))), true
	}
	return 0, false
}

// GetSessionVariable implements gsql.Session.
func (s *Session) GetSessionVariable(ctx *gsql.Context, name string) (any, error) {
	if count, ok := s.counted(name); ok {
		return count, nil
	}
	return s.BaseSession.GetSessionVariable(ctx, name)
}

// GetAllSessionVariables implements gsql.Session.
func (s *Session) GetAllSessionVariables() map[string]any {
	all := s.BaseSession.GetAllSessionVariables()
	for _, name := range []string{WarningCountVariable, ErrorCountVariable} {
		all[name], _ = s.counted(name)
	}
	return all
}
