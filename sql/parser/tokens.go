package parser

// Tokens is a reader over the tokens of one statement, for the grammars of Commands. Markers of executed comments are
// not among them. The zero position is the first token.
type Tokens struct {
	text string
	list []Token
	pos  int
}

// lexStatement reads the tokens of a whole text; ok is false if it holds something that no grammar takes.
func lexStatement(text string, ansiQuotes bool) (list []Token, ok bool) {
	l := lexer{s: text, ansiQuotes: ansiQuotes}
	ok = true
	for {
		t := l.next()
		switch t.Kind {
		case EOF:
			return list, ok
		case Bad:
			ok = false
		}
		list = append(list, t)
	}
}

// plainTokens returns the tokens without the markers of executed comments and without those that are not executed.
func plainTokens(list []Token) []Token {
	out := make([]Token, 0, len(list))
	for _, t := range list {
		switch t.Kind {
		case SpecialOpen, SpecialClose, SpecialDead:
			continue
		}
		out = append(out, t)
	}
	return out
}

// Peek returns the next token, or one of kind EOF.
func (t *Tokens) Peek() Token { return t.PeekAt(0) }

// PeekAt returns the token i places ahead, or one of kind EOF.
func (t *Tokens) PeekAt(i int) Token {
	if i += t.pos; i < len(t.list) {
		return t.list[i]
	}
	return Token{Kind: EOF, Start: len(t.text), End: len(t.text)}
}

// Next returns the next token and moves behind it.
func (t *Tokens) Next() Token {
	n := t.Peek()
	if n.Kind != EOF {
		t.pos++
	}
	return n
}

// Done reports whether no token is left.
func (t *Tokens) Done() bool { return t.pos >= len(t.list) }

// Accept moves behind the words if they come next, in any case, and reports whether they did.
func (t *Tokens) Accept(words ...string) bool {
	for i, w := range words {
		if !t.PeekAt(i).Is(w) {
			return false
		}
	}
	t.pos += len(words)
	return true
}

// AcceptOp moves behind the operator if it comes next.
func (t *Tokens) AcceptOp(op string) bool {
	if !t.Peek().IsOp(op) {
		return false
	}
	t.pos++
	return true
}

// Rest returns the text from the next token to the end of the statement, and moves to the end.
func (t *Tokens) Rest() string {
	if t.Done() {
		return ""
	}
	start, end := t.list[t.pos].Start, t.list[len(t.list)-1].End
	t.pos = len(t.list)
	return t.text[start:end]
}

// Expression moves behind the value expression that begins here and returns its text, or "" if none begins here.
func (t *Tokens) Expression() string {
	end := expressionEnd(t.list, t.pos)
	if end == t.pos {
		return ""
	}
	text := t.text[t.list[t.pos].Start:t.list[end-1].End]
	t.pos = end
	return text
}
