package parser

import (
	"slices"
	"strings"

	ast "github.com/dolthub/vitess/go/vt/sqlparser"

	"redoubt/sql/sqlcode"
)

// RowLock is what a SELECT asks for with FOR UPDATE, FOR SHARE or LOCK IN SHARE MODE.
type RowLock struct {
	Update bool // FOR UPDATE
	Share  bool // FOR SHARE, LOCK IN SHARE MODE
	// What to do about a row that another transaction has: wait, unless one of these is set.
	NoWait     bool
	SkipLocked bool
}

const (
	flagForUpdate  = "FOR_UPDATE"
	flagForShare   = "FOR_SHARE"
	flagNoWait     = "NOWAIT"
	flagSkipLocked = "SKIP_LOCKED"
)

func (l RowLock) flags() (out []string) {
	for _, f := range []struct {
		set  bool
		name string
	}{{l.Update, flagForUpdate}, {l.Share, flagForShare}, {l.NoWait, flagNoWait}, {l.SkipLocked, flagSkipLocked}} {
		if f.set {
			out = append(out, f.name)
		}
	}
	return out
}

// set sets what a flag says; false if it is none of a lock.
func (l *RowLock) set(flag string) bool {
	switch flag {
	case flagForUpdate:
		l.Update = true
	case flagForShare:
		l.Share = true
	case flagNoWait:
		l.NoWait = true
	case flagSkipLocked:
		l.SkipLocked = true
	default:
		return false
	}
	return true
}

// lockClause is a lock clause as it stands in a text.
type lockClause struct {
	start, end int
	lock       RowLock
	of         []string // only these tables, by the names that the SELECT gives them; nil for all
}

// engineLock stands for every lock clause in the text that the engine's parser reads. It drops the clause, but keeps in
// the tree where one was.
const engineLock = "FOR UPDATE"

// rewriteLocks takes the lock clauses out of a text.
func rewriteLocks(list []Token, edits []edit) []edit {
	for _, c := range lockClauses(list) {
		edits = append(edits, edit{c.start, c.end, engineLock})
	}
	return edits
}

// lockClauses finds the lock clauses among the tokens.
func lockClauses(list []Token) (clauses []lockClause) {
	for i := 1; i < len(list); i++ {
		start := i - 1
		if !beginsLock(list[start], list[i]) {
			continue
		}
		var c lockClause
		end := i
		switch {
		case list[i].Is("UPDATE"):
			c.lock.Update = true
		case list[i].Is("SHARE"):
			c.lock.Share = true
		default: // LOCK IN SHARE MODE
			if !tokenAt(list, i+1).Is("SHARE") || !tokenAt(list, i+2).Is("MODE") {
				continue
			}
			c.lock.Share, end = true, i+2
		}
		end = c.tables(list, end)
		switch {
		case tokenAt(list, end+1).Is("NOWAIT"):
			c.lock.NoWait, end = true, end+1
		case tokenAt(list, end+1).Is("SKIP") && tokenAt(list, end+2).Is("LOCKED"):
			c.lock.SkipLocked, end = true, end+2
		}
		c.start, c.end = list[start].Start, list[end].End
		clauses = append(clauses, c)
		i = end
	}
	return clauses
}

// beginsLock reports whether two words in a row begin a lock clause.
func beginsLock(last, t Token) bool {
	return last.Is("FOR") && t.IsAny("UPDATE", "SHARE") || last.Is("LOCK") && t.Is("IN")
}

// tables reads OF and its names behind the token at end, and gives the last token that it has read.
func (c *lockClause) tables(list []Token, end int) int {
	if !tokenAt(list, end+1).Is("OF") {
		return end
	}
	for at := end + 2; ; at += 2 {
		name, ok := tokenAt(list, at).Ident()
		if !ok {
			return end
		}
		c.of, end = append(c.of, strings.ToLower(name)), at
		if !tokenAt(list, at+1).IsOp(",") {
			return end
		}
	}
}

// lockTables marks the tables of the SELECTs that had a lock clause. The clauses are in the order of the text, in which
// that of an inner SELECT comes before that of the SELECT around it.
func lockTables(tree ast.Statement, clauses []lockClause) error {
	next := 0
	err := eachLocked(tree, func(s *ast.Select) error {
		if next == len(clauses) {
			return sqlcode.RowLock("here")
		}
		c := clauses[next]
		next++
		s.Lock = ""
		found, err := c.mark(s.From, cteNames(s.With))
		if err != nil {
			return err
		}
		for _, name := range c.of {
			if !found[name] {
				return sqlcode.New(sqlcode.IDLockNoTable, name)
			}
		}
		return nil
	})
	if err == nil && next < len(clauses) {
		return sqlcode.RowLock("here")
	}
	return err
}

// eachLocked calls f for each SELECT with a lock clause, the inner ones first.
func eachLocked(tree ast.SQLNode, f func(*ast.Select) error) error {
	entered := map[*ast.Select]bool{}
	var visit ast.Visit
	visit = func(n ast.SQLNode) (bool, error) {
		switch s := n.(type) {
		case *ast.DDL: // a walk does not enter the bodies of stored programs
			if s.ProcedureSpec != nil {
				return false, ast.Walk(visit, s.ProcedureSpec.Body)
			}
			if s.TriggerSpec != nil {
				return false, ast.Walk(visit, s.TriggerSpec.Body)
			}
		case *ast.SetOp:
			if s.Lock == "" {
				return true, nil
			}
			last, ok := s.Right.(*ast.Select) // whose clause it is
			if !ok {
				return false, sqlcode.RowLock("around a UNION")
			}
			last.Lock, s.Lock = s.Lock, ""
		case *ast.Select:
			if entered[s] {
				return true, nil
			}
			entered[s] = true
			if err := ast.Walk(visit, s); err != nil || s.Lock == "" {
				return false, err
			}
			return false, f(s)
		}
		return true, nil
	}
	return ast.Walk(visit, tree)
}

// mark marks the tables of a FROM; it gives the names of those that there are.
func (c lockClause) mark(from ast.TableExprs, ctes map[string]bool) (map[string]bool, error) {
	found := map[string]bool{}
	err := ast.Walk(func(n ast.SQLNode) (bool, error) {
		switch t := n.(type) {
		case *ast.Subquery:
			return false, nil
		case *ast.AliasedTableExpr:
			name, ok := t.Expr.(ast.TableName)
			if !ok || name.DbQualifier.IsEmpty() && ctes[strings.ToLower(name.Name.String())] {
				return false, nil
			}
			known := strings.ToLower(name.Name.String())
			if !t.As.IsEmpty() {
				known = strings.ToLower(t.As.String())
			}
			found[known] = true
			if len(c.of) > 0 && !slices.Contains(c.of, known) {
				return false, nil
			}
			if t.AsOf != nil {
				return false, sqlcode.RowLock("for rows of the past")
			}
			t.AsOf = &ast.AsOf{Time: asOfCall(strings.Join(append([]string{clausePresent}, c.lock.flags()...), "+"), &ast.NullVal{})}
			return false, nil
		}
		return true, nil
	}, from)
	return found, err
}
