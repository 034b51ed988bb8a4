package shell

import (
	"strings"

	"redoubt/sql/parser"
)

// splitter collects input into statements. Each byte is looked at once, however many lines a statement has.
type splitter struct {
	delimiter string
	buffer    strings.Builder
	scanned   int  // bytes of the buffer that have been looked at
	quote     byte // the quote, or '*' in a block comment, or '-' in a line comment, that is open; else 0
	firstLine int  // where the statement in the buffer begins
	line      int
}

func newSplitter() *splitter { return &splitter{delimiter: ";"} }

// statement is one of those found, without its delimiter.
type statement struct {
	text string
	line int
	meta bool // a command to the shell, with its backslash
}

// pending reports whether a statement has begun that is not complete.
func (s *splitter) pending() bool { return strings.TrimSpace(s.buffer.String()) != "" }

// reset drops what has been collected.
func (s *splitter) reset() {
	s.buffer.Reset()
	s.scanned, s.quote = 0, 0
}

// add takes a line without its end and returns the statements that it completes.
func (s *splitter) add(line string) (found []statement) {
	s.line++
	if !s.pending() {
		s.reset()
		s.firstLine = s.line
		trimmed := strings.TrimSpace(line)
		if rest, ok := cutWord(trimmed, "delimiter"); ok && rest != "" {
			s.delimiter = rest
			return nil
		}
		if strings.HasPrefix(trimmed, `\`) {
			return []statement{{text: strings.TrimRight(trimmed, "; "), line: s.line, meta: true}}
		}
	}
	s.buffer.WriteString(line)
	s.buffer.WriteByte('\n')
	for {
		text := s.buffer.String()
		end, behind := s.scan(text)
		if end < 0 {
			break
		}
		found = appendStatement(found, text[:end], s.firstLine)
		s.reset()
		s.buffer.WriteString(text[behind:])
		s.firstLine = s.line
	}
	if !s.pending() || onlyComment(s.buffer.String()) && s.quote == 0 {
		s.reset()
		return found
	}
	return s.watch(found, line)
}

// watch finds `… \watch N` at the end of the line, in place of a delimiter.
func (s *splitter) watch(found []statement, line string) []statement {
	i := strings.LastIndex(line, `\watch`)
	if s.quote != 0 || i < 0 || strings.ContainsAny(line[i:], "'\"`") {
		return found
	}
	text := s.buffer.String()
	found = appendStatement(found, text[:len(text)-1-len(line)+i], s.firstLine)
	s.reset()
	return append(found, statement{text: strings.TrimSpace(line[i:]), line: s.line, meta: true})
}

func appendStatement(found []statement, text string, line int) []statement {
	if strings.TrimSpace(text) == "" || onlyComment(text) {
		return found
	}
	return append(found, statement{text: strings.TrimSpace(text), line: line})
}

// rest returns the statement that the input ends with, without a delimiter.
func (s *splitter) rest() (found []statement) {
	found = appendStatement(nil, s.buffer.String(), s.firstLine)
	s.reset()
	return found
}

// scan goes on from where it stopped and returns where the delimiter begins and where it ends, or -1.
func (s *splitter) scan(text string) (end, behind int) {
	i := s.scanned
	for i < len(text) {
		if s.quote != 0 {
			i = s.scanQuoted(text, i)
			continue
		}
		if strings.HasPrefix(text[i:], s.delimiter) && s.ends(text[:i]) {
			s.scanned = 0
			return i, i + len(s.delimiter)
		}
		i = s.scanPlain(text, i)
	}
	s.scanned = i
	return -1, -1
}

// ends reports whether a delimiter behind the text ends the statement: in the body of a stored program it may not.
func (s *splitter) ends(text string) bool {
	if s.delimiter != ";" {
		return true
	}
	if _, ok := cutWord(strings.TrimSpace(text), "create"); !ok {
		return true
	}
	return parser.Complete(text + ";")
}

// scanPlain moves over what begins at i outside of quotes and comments.
func (s *splitter) scanPlain(text string, i int) int {
	rest := text[i:]
	switch c := text[i]; {
	case c == '\'' || c == '"' || c == '`':
		s.quote = c
	case c == '#', strings.HasPrefix(rest, "-- "), strings.HasPrefix(rest, "--\n"), strings.HasPrefix(rest, "--\t"):
		s.quote = '-'
	case strings.HasPrefix(rest, "/*"):
		s.quote = '*'
		return i + 2
	}
	return i + 1
}

// scanQuoted moves to the end of the quote or comment that is open, or to the end of the text. A doubled quote closes
// and opens again, which comes to the same.
func (s *splitter) scanQuoted(text string, i int) int {
	switch s.quote {
	case '-':
		if n := strings.IndexByte(text[i:], '\n'); n >= 0 {
			s.quote = 0
			return i + n + 1
		}
		return len(text)
	case '*':
		if n := strings.Index(text[i:], "*/"); n >= 0 {
			s.quote = 0
			return i + n + 2
		}
		return len(text)
	}
	for ; i < len(text); i++ {
		switch {
		case text[i] == '\\' && s.quote != '`':
			i++
		case text[i] == s.quote:
			s.quote = 0
			return i + 1
		}
	}
	return i
}

// onlyComment reports whether a text has nothing but comments that are not executed.
func onlyComment(text string) bool { return parser.Empty(text) }

// cutWord returns what follows the word at the beginning of a text.
func cutWord(text, word string) (rest string, ok bool) {
	if len(text) < len(word) || !strings.EqualFold(text[:len(word)], word) {
		return "", false
	}
	if len(text) > len(word) && text[len(word)] != ' ' && text[len(word)] != '\t' && text[len(word)] != '\n' {
		return "", false
	}
	return strings.TrimSpace(text[len(word):]), true
}
