package parser

import (
	"fmt"

	"redoubt/sql/sqlcode"
)

// Limits of what one statement may nest. Behind the parser trees are walked recursively: a chain of a million ORs, 7 MB
// of text, ends the whole process for want of stack, which nothing can catch; and the engine's time grows with the
// square or the cube of some chains, in a phase that KILL does not reach. The numbers in brackets are measured.
const (
	parensMax     = 250     // open parentheses; the engine's grammar stops at 200
	casesMax      = 500     // CASE in CASE [10,000: 9 s]
	prefixesMax   = 1_000   // NOT NOT, - - [10,000 NOT: 2.3 s]
	arithmeticMax = 1_000   // a + b + c … [500: 0.3 s, 2,000: 6 s]
	setsMax       = 300     // UNION, EXCEPT, INTERSECT [200: 1.2 s, 400: 10 s]
	runTokensMax  = 100_000 // tokens without a comma between them [300,000: 0.8 s; 3,000,000: the end of the process]
)

// guard counts how deep the tree of a statement will be, token by token.
type guard struct {
	depth    int
	cases    int
	prefixes int
	levels   [parensMax + 1]guardLevel
}

// guardLevel is what has been seen between two parentheses.
type guardLevel struct{ tokens, arithmetic, sets int32 }

// see returns an error of sqlcode if the token goes beyond a limit.
func (g *guard) see(t Token) error {
	l := &g.levels[g.depth]
	l.tokens++
	prefix := false
	switch t.Kind {
	case Op:
		switch t.Text {
		case "(":
			if g.depth == parensMax {
				return tooDeep("parentheses", parensMax)
			}
			g.depth++
			g.levels[g.depth] = guardLevel{}
		case ")":
			g.depth = max(g.depth-1, 0)
		case ",":
			l.tokens, l.arithmetic = 0, 0
		case ";":
			*g = guard{}
		case "+", "-", "*", "/", "%", "|", "&", "^", "<<", ">>", "~", "!":
			l.arithmetic++
			prefix = true
		default:
			l.arithmetic = 0
		}
	case DoubleMinus:
		l.arithmetic += 2
		prefix = true
	case Word:
		prefix = g.word(t, l)
	}
	if prefix {
		g.prefixes++
	} else {
		g.prefixes = 0
	}
	return g.check(l)
}

// word counts the words that chain or nest, and reports whether t is a prefix operator.
func (g *guard) word(t Token, l *guardLevel) (prefix bool) {
	switch len(t.Text) {
	case 2:
		if t.Is("OR") || t.Is("ON") {
			l.arithmetic = 0
		}
	case 3:
		switch {
		case t.Is("NOT"):
			return true
		case t.Is("END"):
			g.cases = max(g.cases-1, 0)
		case t.Is("AND"), t.Is("XOR"):
			l.arithmetic = 0
		case t.Is("DIV"), t.Is("MOD"):
			l.arithmetic++
		}
	case 4:
		switch {
		case t.Is("CASE"):
			g.cases++
		case t.IsAny("WHEN", "THEN", "ELSE", "FROM"):
			l.arithmetic = 0
		}
	case 5, 6, 9:
		switch {
		case t.IsAny("UNION", "EXCEPT", "INTERSECT"):
			l.sets++
			l.arithmetic = 0
		case t.IsAny("WHERE", "SELECT"):
			l.arithmetic = 0
		}
	}
	return false
}

func (g *guard) check(l *guardLevel) error {
	switch {
	case g.cases > casesMax:
		return tooDeep("CASE in CASE", casesMax)
	case g.prefixes > prefixesMax:
		return tooDeep("operators before one value", prefixesMax)
	case l.arithmetic > arithmeticMax:
		return tooDeep("arithmetic operators in one expression", arithmeticMax)
	case l.sets > setsMax:
		return tooDeep("UNIONs in one SELECT", setsMax)
	case l.tokens > runTokensMax:
		return tooDeep("words and signs in one expression", runTokensMax)
	}
	return nil
}

func tooDeep(what string, limit int) error {
	return sqlcode.TooDeep(fmt.Sprintf("more than %d %s", limit, what))
}

// guardTokens checks a whole list.
func guardTokens(list []Token) error {
	g := new(guard)
	for _, t := range list {
		if err := g.see(t); err != nil {
			return err
		}
	}
	return nil
}
