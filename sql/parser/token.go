package parser

import (
	"strings"
	"unicode/utf8"
)

// Kind says what a Token is.
type Kind uint8

const (
	// EOF ends a statement's tokens; it is never stored in a Tokens slice.
	EOF Kind = iota
	// Word is an unquoted identifier or keyword.
	Word
	// Quoted is an identifier in backticks, or in double quotes under ANSI_QUOTES.
	Quoted
	// String is a string literal, quotes included.
	String
	// Number is an unsigned numeric literal.
	Number
	// Param is a `?`.
	Param
	// UserVar is @name, with or without quotes.
	UserVar
	// SysVar is @@name.
	SysVar
	// Op is punctuation or an operator.
	Op
	// SpecialOpen is the opening `/*!NNNNN` of a comment whose content is executed.
	SpecialOpen
	// SpecialClose is the `*/` that ends such a comment.
	SpecialClose
	// SpecialDead is a whole `/*!NNNNNN … */` comment of a version above ours: it is not executed.
	SpecialDead
	// DoubleMinus is `--` that starts no comment, because no blank follows: two minus signs.
	DoubleMinus
	// Bad is a byte, or an unfinished literal or comment, that no grammar takes.
	Bad
)

// specialVersionMax is the newest /*!NNNNN version whose content is executed: the MySQL series whose dialect
// the engine speaks. MariaDB writes six digits from 100000 on; those parts are for MariaDB alone.
const specialVersionMax = 80099

// Token is one lexical element. Start and End are byte offsets into the text it was read from; Text is that part.
type Token struct {
	Kind       Kind
	Start, End int
	Text       string
}

// Is reports whether the token is the unquoted word w, in any case.
func (t Token) Is(w string) bool {
	return t.Kind == Word && len(t.Text) == len(w) && strings.EqualFold(t.Text, w)
}

// IsAny reports whether the token is one of the unquoted words.
func (t Token) IsAny(words ...string) bool {
	for _, w := range words {
		if t.Is(w) {
			return true
		}
	}
	return false
}

// IsOp reports whether the token is the operator op.
func (t Token) IsOp(op string) bool { return t.Kind == Op && t.Text == op }

// Ident returns the name an identifier token stands for.
func (t Token) Ident() (string, bool) {
	switch t.Kind {
	case Word:
		return t.Text, true
	case Quoted:
		q := t.Text[:1]
		return strings.ReplaceAll(t.Text[1:len(t.Text)-1], q+q, q), true
	}
	return "", false
}

// lexer reads tokens. Comments are skipped, except those whose content is executed.
type lexer struct {
	s          string
	pos        int
	ansiQuotes bool
	inSpecial  bool
	oddWord    bool // the last word holds a byte that the engine's tokenizer takes for no name
}

func isLetter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == '$' || c >= utf8.RuneSelf
}
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isBlank(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f'
}

// at returns the byte at offset i from the position, or 0 behind the end.
func (l *lexer) at(i int) byte {
	if l.pos+i < len(l.s) {
		return l.s[l.pos+i]
	}
	return 0
}

func (l *lexer) token(k Kind, start int) Token {
	return Token{Kind: k, Start: start, End: l.pos, Text: l.s[start:l.pos]}
}

// next returns the next token; at the end of the text it returns EOF for ever.
func (l *lexer) next() Token {
	for {
		for l.pos < len(l.s) && isBlank(l.s[l.pos]) {
			l.pos++
		}
		if l.pos >= len(l.s) {
			return l.token(EOF, l.pos)
		}
		if t, skipped := l.comment(); !skipped {
			if t.Kind != EOF {
				return t
			}
			return l.significant()
		}
	}
}

// comment handles what starts at the position if it is a comment. It returns skipped if it has passed one, a token
// if the comment is one that matters, and an EOF token if there is no comment here.
func (l *lexer) comment() (t Token, skipped bool) {
	start, c, d := l.pos, l.at(0), l.at(1)
	switch {
	case c == '#', c == '/' && d == '/':
		l.skipLine()
		return t, true
	case c == '-' && d == '-':
		if e := l.at(2); e != 0 && !isBlank(e) && e >= ' ' {
			l.pos += 2
			return l.token(DoubleMinus, start), false
		}
		l.skipLine()
		return t, true
	case c == '/' && d == '*' && l.at(2) == '!':
		return l.specialComment(), false
	case c == '/' && d == '*':
		i := strings.Index(l.s[l.pos+2:], "*/")
		if i < 0 {
			l.pos = len(l.s)
			return l.token(Bad, start), false
		}
		l.pos += 2 + i + 2
		return t, true
	case c == '*' && d == '/' && l.inSpecial:
		l.inSpecial = false
		l.pos += 2
		return l.token(SpecialClose, start), false
	}
	return t, false
}

func (l *lexer) skipLine() {
	if i := strings.IndexByte(l.s[l.pos:], '\n'); i >= 0 {
		l.pos += i + 1
		return
	}
	l.pos = len(l.s)
}

// specialComment reads `/*!NNNNN`, or all of the comment if its version is above ours.
func (l *lexer) specialComment() Token {
	start, version := l.pos, 0
	end := strings.Index(l.s[l.pos+3:], "*/")
	if end < 0 || l.inSpecial {
		l.pos = len(l.s)
		return l.token(Bad, start)
	}
	l.pos += 3
	for n := 0; n < 6 && isDigit(l.at(0)); n++ {
		version = version*10 + int(l.at(0)-'0')
		l.pos++
	}
	if version > specialVersionMax {
		l.pos = start + 3 + end + 2
		return l.token(SpecialDead, start)
	}
	l.inSpecial = true
	return l.token(SpecialOpen, start)
}

// significant reads a token at a byte that is neither blank nor the start of a comment.
func (l *lexer) significant() Token {
	start, c := l.pos, l.at(0)
	switch {
	case isDigit(c), c == '.' && isDigit(l.at(1)) && !l.afterName(start):
		return l.number()
	case isLetter(c):
		l.skipWord()
		return l.token(Word, start)
	case c == '\'', c == '"' && !l.ansiQuotes:
		return l.quoted(String, c, true)
	case c == '`', c == '"':
		return l.quoted(Quoted, c, false)
	case c == '@':
		return l.variable()
	case c == '?':
		l.pos++
		return l.token(Param, start)
	case c < ' ':
		l.pos++
		return l.token(Bad, start)
	}
	l.pos += operatorLen(l.s[l.pos:])
	return l.token(Op, start)
}

// afterName reports whether the byte before i can end a name, so that `t.1a` is a qualified name.
func (l *lexer) afterName(i int) bool {
	return i > 0 && (isLetter(l.s[i-1]) || isDigit(l.s[i-1]) || l.s[i-1] == '`')
}

var operators = []string{"<=>", "->>", "<>", "<<", "<=", ">>", ">=", "!=", "->", ":=", "||", "&&"}

func operatorLen(s string) int {
	for _, op := range operators {
		if strings.HasPrefix(s, op) {
			return len(op)
		}
	}
	return 1
}

func (l *lexer) skipWord() {
	l.oddWord = false
	for ; l.pos < len(l.s); l.pos++ {
		c := l.s[l.pos]
		if !isLetter(c) && !isDigit(c) {
			return
		}
		l.oddWord = l.oddWord || c == '$' || c >= utf8.RuneSelf
	}
}

// number reads a numeric literal, or a name that begins with digits.
func (l *lexer) number() Token {
	start := l.pos
	digits := func() {
		for isDigit(l.at(0)) {
			l.pos++
		}
	}
	digits()
	if l.pos == start+1 && l.s[start] == '0' && (l.at(0) == 'x' || l.at(0) == 'b') {
		l.skipWord()
		return l.token(Number, start)
	}
	if l.at(0) == '.' {
		l.pos++
		digits()
	}
	if e := l.at(0); e == 'e' || e == 'E' {
		i := 1
		if l.at(1) == '+' || l.at(1) == '-' {
			i = 2
		}
		if isDigit(l.at(i)) {
			l.pos += i
			digits()
		}
	}
	if isLetter(l.at(0)) {
		l.skipWord()
		return l.token(Word, start)
	}
	return l.token(Number, start)
}

// quoted reads up to the closing quote q; a doubled quote stands for one, and a backslash escapes in strings.
func (l *lexer) quoted(k Kind, q byte, escapes bool) Token {
	start := l.pos
	l.pos++
	for l.pos < len(l.s) {
		switch c := l.s[l.pos]; {
		case c == '\\' && escapes:
			l.pos += 2
		case c != q:
			l.pos++
		case l.at(1) == q:
			l.pos += 2
		default:
			l.pos++
			return l.token(k, start)
		}
	}
	l.pos = len(l.s)
	return l.token(Bad, start)
}

func (l *lexer) variable() Token {
	start, kind := l.pos, UserVar
	l.pos++
	if l.at(0) == '@' {
		l.pos++
		kind = SysVar
	}
	if q := l.at(0); q == '`' || q == '\'' || q == '"' {
		t := l.quoted(kind, q, q != '`')
		return Token{Kind: t.Kind, Start: start, End: l.pos, Text: l.s[start:l.pos]}
	}
	for l.pos < len(l.s) && (isLetter(l.s[l.pos]) || isDigit(l.s[l.pos]) || l.s[l.pos] == '.') {
		l.pos++
	}
	return l.token(kind, start)
}
