package parser

import (
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/sqlcode"
)

// FindSCN is FIND SCN WHERE predicate [FIRST TRUE] BETWEEN moment AND moment. MINVALUE and MAXVALUE are the ends of history.
type FindSCN struct {
	// Predicate is the text of the condition, as the client wrote it, with Params for its parameters once the statement is
	// bound, and Variables, the names of the user variables in it.
	Predicate string
	Params    []any
	Variables []string
	// Low and High are nil for the ends of history.
	Low, High *Moment

	params int
}

// CommandName implements Statement.
func (*FindSCN) CommandName() string { return "FIND SCN" }

// Schema implements Statement: the commit that made the predicate true, and how often it was evaluated.
func (*FindSCN) Schema() sql.Schema {
	schema := sql.Schema{
		column("scn", types.Uint64), column("time", types.DatetimeMaxPrecision), column("xid", types.Uint64),
		column("user", types.Text), column("probes", types.Uint64),
	}
	for _, c := range schema[1:4] {
		c.Nullable = true // of SCN 0
	}
	return schema
}

// IsReadOnly implements Statement.
func (*FindSCN) IsReadOnly() bool { return true }

// Expressions implements Statement.
func (s *FindSCN) Expressions() (texts []string) {
	for range s.params {
		texts = append(texts, "?")
	}
	for _, m := range []*Moment{s.Low, s.High} {
		if m != nil {
			texts = append(texts, m.call)
		}
	}
	return texts
}

// Bind implements Statement.
func (s *FindSCN) Bind(values []any) (Statement, error) {
	bound := *s
	bound.Params, values = values[:s.params], values[s.params:]
	for _, m := range []**Moment{&bound.Low, &bound.High} {
		if *m == nil {
			continue
		}
		at, err := (*m).bind(values[0])
		if err != nil {
			return nil, err
		}
		*m, values = at, values[1:]
	}
	return &bound, nil
}

func findCommands() []Command {
	return []Command{{"FIND SCN", []string{"FIND", "SCN"}, parseFindSCN}}
}

// parseFindSCN reads the range from the last BETWEEN that is not in parentheses: the predicate may have others before it.
func parseFindSCN(t *Tokens) (Statement, error) {
	t.Accept("FIND", "SCN")
	if !t.Accept("WHERE") {
		return nil, unexpected(t)
	}
	start, between, depth := t.pos, -1, 0
	for i := start; i < len(t.list); i++ {
		switch token := t.list[i]; {
		case token.IsOp("("):
			depth++
		case token.IsOp(")"):
			depth--
		case token.Is("BETWEEN") && depth == 0:
			between = i
		}
	}
	end := between
	if end-2 >= start && t.list[end-2].Is("FIRST") && t.list[end-1].Is("TRUE") {
		end -= 2
	}
	switch {
	case between < 0:
		return nil, sqlcode.Syntax("You have an error in your SQL syntax: FIND SCN WHERE … wants BETWEEN a AND b at its end")
	case end == start:
		return nil, unexpected(t)
	}
	s := &FindSCN{Predicate: t.text[t.list[start].Start:t.list[end-1].End]}
	for _, token := range t.list[start:end] {
		switch token.Kind {
		case Param:
			s.params++
		case UserVar:
			s.Variables = append(s.Variables, token.Text)
		}
	}
	t.pos = between + 1
	var err error
	if !t.Accept("MINVALUE") && !t.Accept("SCN", "MINVALUE") {
		if s.Low, err = parseMoment(t); err != nil {
			return nil, err
		}
	}
	if !t.Accept("AND") {
		return nil, unexpected(t)
	}
	if !t.Accept("MAXVALUE") && !t.Accept("SCN", "MAXVALUE") {
		s.High, err = parseMoment(t)
	}
	return s, err
}
