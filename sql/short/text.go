package short

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// cut is a text without its literals, and these.
type cut struct {
	template []byte // every literal, and every parameter, is a ?
	slots    []slot // in the order of the question marks
	rows     int    // how often the list of values of an INSERT stands in the text; the template has it once
}

// slot is a literal, or the number of a parameter.
type slot struct {
	literal   argument
	parameter int // from 0; -1 for a literal
}

// textBytesMax bounds the texts that are looked at.
const textBytesMax = 4 << 20

// cutText cuts a text. It tells false for texts that are left to the full way: those with comments, variables, several
// statements, or literals that are more than numbers and plain strings. Parameters are allowed in prepared statements.
func cutText(text string, prepared bool, c *cut) bool {
	c.template, c.slots, c.rows = c.template[:0], c.slots[:0], 1
	if len(text) > textBytesMax || len(text) == 0 || !begins(text) {
		return false
	}
	s := &cutter{text: text, cut: c, prepared: prepared}
	for s.at < len(text) {
		if !s.step() {
			return false
		}
	}
	if !s.values.finish(c) {
		return false
	}
	c.template = bytes.TrimRight(c.template, " ;")
	return true
}

// begins tells whether a text may be a statement of a kind that is taken.
func begins(text string) bool {
	text = strings.TrimLeft(text, " \t\r\n")
	if text == "" {
		return false
	}
	switch text[0] | 0x20 {
	case 's', 'i', 'u', 'd', 'b', 'c', 'r':
		return true
	}
	return false
}

// cutter walks over a text.
type cutter struct {
	text     string
	at       int
	cut      *cut
	prepared bool
	params   int
	ended    bool // a semicolon was met: only blanks may follow
	values   valueLists
}

func (s *cutter) step() bool {
	c := s.text[s.at]
	if isBlank(c) {
		s.blank()
		return true
	}
	if s.ended {
		return false
	}
	switch {
	case isLetter(c):
		return s.word()
	case c >= '0' && c <= '9':
		return s.number()
	}
	switch c {
	case '\'', '"':
		return s.quoted(c)
	case '`':
		return s.identifier()
	case '?':
		if !s.prepared {
			return false
		}
		s.emitSlot(slot{parameter: s.params})
		s.params++
		s.at++
		return true
	case ';':
		s.ended = true
		s.at++
		return true
	case '-', '/':
		if s.at+1 < len(s.text) && (s.text[s.at+1] == c || c == '/' && s.text[s.at+1] == '*') {
			return false // a comment
		}
	case '#', '@', ':', '{', '}', 0:
		return false
	case '.':
		if s.at+1 < len(s.text) && s.text[s.at+1] >= '0' && s.text[s.at+1] <= '9' {
			return false
		}
	case '(':
		s.values.opens(s.cut)
		s.emit(c)
		return true
	case ')':
		s.emit(c)
		return s.values.closes(s.cut)
	}
	s.emit(c)
	return true
}

func (s *cutter) emit(c byte) {
	s.cut.template = append(s.cut.template, c)
	s.at++
}

func (s *cutter) emitSlot(v slot) {
	s.cut.template = append(s.cut.template, '?')
	s.cut.slots = append(s.cut.slots, v)
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func isLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$' || c >= utf8.RuneSelf
}

// blank makes any number of blanks one.
func (s *cutter) blank() {
	for s.at < len(s.text) && isBlank(s.text[s.at]) {
		s.at++
	}
	if n := len(s.cut.template); n > 0 && s.cut.template[n-1] != ' ' {
		s.cut.template = append(s.cut.template, ' ')
	}
}

func (s *cutter) word() bool {
	start := s.at
	for s.at < len(s.text) && (isLetter(s.text[s.at]) || s.text[s.at] >= '0' && s.text[s.at] <= '9') {
		s.at++
	}
	if s.at < len(s.text) && (s.text[s.at] == '\'' || s.text[s.at] == '"') {
		return false // an introducer of a character set, a literal in hexadecimal
	}
	word := s.text[start:s.at]
	if s.values.depth == 1 && strings.EqualFold(word, "null") {
		s.emitSlot(slot{parameter: -1}) // so that lists with and without it are alike
		return true
	}
	s.values.word(word, s.cut)
	s.cut.template = append(s.cut.template, word...)
	return true
}

func (s *cutter) identifier() bool {
	end := strings.IndexByte(s.text[s.at+1:], '`')
	if end < 0 {
		return false
	}
	end += s.at + 2
	if end < len(s.text) && s.text[end] == '`' {
		return false // a doubled quote
	}
	s.cut.template = append(s.cut.template, s.text[s.at:end]...)
	s.at = end
	return true
}

// numberBytesMax bounds the digits of a literal: more would need more than 64 bits.
const numberBytesMax = 19

func (s *cutter) number() bool {
	start, point := s.at, false
	for s.at < len(s.text) {
		c := s.text[s.at]
		if c == '.' && !point {
			point = true
		} else if c < '0' || c > '9' {
			break
		}
		s.at++
	}
	if s.at < len(s.text) && isLetter(s.text[s.at]) {
		return false // an exponent, a number in hexadecimal, a name
	}
	text := s.text[start:s.at]
	if len(text) > numberBytesMax || text[len(text)-1] == '.' {
		return false
	}
	a := argument{kind: decimalArgument, text: text}
	if !point {
		if len(text) > 1 && text[0] == '0' {
			return false
		}
		var n uint64
		for i := range len(text) {
			n = n*10 + uint64(text[i]-'0')
		}
		if n > 1<<63-1 {
			return false
		}
		a = argument{kind: integerArgument, integer: int64(n)}
	}
	s.emitSlot(slot{literal: a, parameter: -1})
	return true
}

// quoted reads a string. One with escapes that are not common is left to the full way.
func (s *cutter) quoted(quote byte) bool {
	start := s.at + 1
	end := start
	for end < len(s.text) && s.text[end] != quote && s.text[end] != '\\' {
		end++
	}
	if end == len(s.text) {
		return false
	}
	if s.text[end] == quote && (end+1 == len(s.text) || s.text[end+1] != quote) {
		s.at = end + 1
		return s.emitText(s.text[start:end])
	}
	return s.escaped(quote, start)
}

func (s *cutter) escaped(quote byte, start int) bool {
	var b strings.Builder
	for i := start; i < len(s.text); i++ {
		c := s.text[i]
		switch {
		case c == quote && i+1 < len(s.text) && s.text[i+1] == quote:
			i++
		case c == quote:
			s.at = i + 1
			return s.emitText(b.String())
		case c == '\\':
			i++
			if i == len(s.text) {
				return false
			}
			var ok bool
			if c, ok = unescape(s.text[i]); !ok {
				return false
			}
		}
		b.WriteByte(c)
	}
	return false
}

func unescape(c byte) (byte, bool) {
	switch c {
	case '0':
		return 0, true
	case 'b':
		return '\b', true
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	case 'Z':
		return 26, true
	case '\'', '"', '\\':
		return c, true
	}
	return 0, false
}

func (s *cutter) emitText(text string) bool {
	if !utf8.ValidString(text) {
		return false
	}
	s.emitSlot(slot{literal: argument{kind: textArgument, text: text}, parameter: -1})
	return true
}

// valueLists finds the lists behind VALUES, and keeps the first in the template alone: INSERTs of different numbers of
// rows have one template.
type valueLists struct {
	behind bool // VALUES was met
	done   bool // something else than a list was met behind them
	depth  int
	open   int // where the list that is open, or was last, begins in the template
	first  [2]int
	lists  int
}

func (v *valueLists) word(word string, c *cut) {
	switch {
	case !v.behind && (strings.EqualFold(word, "values") || strings.EqualFold(word, "value")):
		v.behind = isInsert(c.template) && !isInList(c.template)
	case v.behind && v.depth == 0:
		v.done = true
	}
}

func isInsert(template []byte) bool {
	return len(template) > 6 && strings.EqualFold(string(template[:6]), "insert")
}

// isInList tells whether what comes next is a name in a list of columns: value is one, too.
func isInList(template []byte) bool {
	before := bytes.TrimRight(template, " ")
	return len(before) > 0 && (before[len(before)-1] == '(' || before[len(before)-1] == ',')
}

func (v *valueLists) opens(c *cut) {
	if !v.behind || v.done {
		return
	}
	if v.depth == 0 {
		v.open = len(c.template)
	}
	v.depth++
}

func (v *valueLists) closes(c *cut) bool {
	if !v.behind || v.done {
		return true
	}
	if v.depth--; v.depth != 0 {
		return v.depth > 0
	}
	v.lists++
	if v.lists == 1 {
		v.first = [2]int{v.open, len(c.template)}
		return true
	}
	between := bytes.Trim(c.template[v.first[1]:v.open], " ")
	if len(between) != 1 || between[0] != ',' || !bytes.Equal(c.template[v.open:], c.template[v.first[0]:v.first[1]]) {
		return false
	}
	c.template = c.template[:v.first[1]]
	return true
}

func (v *valueLists) finish(c *cut) bool {
	c.rows = max(1, v.lists)
	return v.depth == 0
}
