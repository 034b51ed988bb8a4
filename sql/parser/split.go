package parser

import "strings"

// statementEnd returns the offset behind the first statement of the text: that of the `;` which ends it, or the length
// of the text. Bodies of stored programs hold semicolons of their own; they are passed by counting their blocks.
// Where the count is wrong, the statement is found too short or too long, the engine's grammar refuses it, and the
// caller tries again with the whole text; so this is an economy, not the authority on where statements end.
func statementEnd(text string, ansiQuotes bool) int {
	l := lexer{s: text, ansiQuotes: ansiQuotes}
	var b blockCounter
	for {
		t := l.next()
		switch {
		case t.Kind == EOF:
			return len(text)
		case t.IsOp(";") && b.depth == 0:
			return t.Start
		case t.Kind != SpecialOpen && t.Kind != SpecialClose && t.Kind != SpecialDead:
			b.see(t)
		}
	}
}

// blockCounter follows the compound statements of a stored program's body.
type blockCounter struct {
	seen    int   // tokens of the statement so far
	program bool  // the statement creates a stored program
	depth   int   // blocks that are open
	last    Token // the token before
	begin   bool  // the next token stands where a statement may begin
	ending  bool  // the last token was END
}

func (b *blockCounter) see(t Token) {
	b.seen++
	first := b.seen == 1
	switch {
	case first:
		b.program = t.IsAny("CREATE", "ALTER")
	case b.program && b.depth == 0 && !b.begin:
		b.begin = t.IsAny("PROCEDURE", "FUNCTION", "TRIGGER", "EVENT")
	}
	if b.program && b.begin {
		b.count(t)
	}
	b.last = t
}

// count keeps the depth. IF, LOOP, WHILE, REPEAT open a block only where a statement begins: elsewhere they are
// functions or part of END IF; CASE always opens one, because the expression too ends with END.
func (b *blockCounter) count(t Token) {
	start := b.last.IsOp(";") || b.last.IsOp(":") || b.last.IsAny("BEGIN", "THEN", "ELSE", "DO", "LOOP", "REPEAT") ||
		b.last.IsAny("ROW", "DETERMINISTIC", "DATA", "SQL") || b.last.IsOp(")") || b.last.Kind == String
	switch {
	case b.ending:
		b.ending = false
		return // END IF, END LOOP …: the block was closed by END
	case t.Is("END"):
		if b.depth > 0 {
			b.depth--
		}
		b.ending = true
		return
	case t.Is("BEGIN"), t.Is("CASE"):
		b.depth++
	case start && t.IsAny("IF", "LOOP", "WHILE", "REPEAT"):
		b.depth++
	}
}

// CountStatements returns how many statements a text holds; empty ones do not count.
func CountStatements(text string, ansiQuotes bool) int {
	n := 0
	for text != "" {
		end := statementEnd(text, ansiQuotes)
		if l := (lexer{s: text[:end], ansiQuotes: ansiQuotes}); l.next().Kind != EOF {
			n++
		}
		text = text[min(end+1, len(text)):]
	}
	return n
}

// CountParams returns how many `?` a text holds, strings, quoted names and comments left out.
func CountParams(text string) int {
	l := lexer{s: text}
	for n := 0; ; {
		switch l.next().Kind {
		case EOF, Bad:
			return n
		case Param:
			n++
		}
	}
}

// Complete reports whether the last byte of the text, a semicolon, ends the statement that the text holds, rather than
// one in the body of the stored program that it creates.
func Complete(text string) bool {
	return text != "" && statementEnd(text, false) == len(text)-1
}

// FirstWord returns the word that a text begins with, in upper case; "" if it begins with anything else.
func FirstWord(text string) string {
	l := lexer{s: text}
	for {
		t := l.next()
		switch t.Kind {
		case SpecialOpen, SpecialDead:
			continue
		case Word:
			return strings.ToUpper(t.Text)
		}
		return ""
	}
}

// Words returns the unquoted words of a text in upper case: no strings, quoted names or comments, but for those that are executed.
func Words(text string) (words []string) {
	l := lexer{s: text}
	for {
		switch t := l.next(); t.Kind {
		case EOF, Bad:
			return words
		case Word:
			words = append(words, strings.ToUpper(t.Text))
		}
	}
}

// LocalInfile returns the file that LOAD DATA LOCAL INFILE names; ok is false for any other text.
func LocalInfile(text string) (path string, ok bool) {
	l := lexer{s: text}
	local := false
	for before := (Token{}); ; {
		t := l.next()
		switch {
		case t.Kind == EOF, t.Kind == Bad:
			return "", false
		case t.Is("LOCAL"):
			local = true
		case t.Kind == String && before.Is("INFILE"):
			return unquoteString(t.Text), local
		}
		before = t
	}
}

// Empty reports whether a text has nothing but blanks and comments that are not executed.
func Empty(text string) bool {
	l := lexer{s: text}
	for {
		switch l.next().Kind {
		case EOF:
			return true
		case SpecialDead:
			continue
		}
		return false
	}
}
