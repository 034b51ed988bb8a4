package shell

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/formatters"
	"github.com/alecthomas/chroma/v2/lexers"
	"github.com/alecthomas/chroma/v2/styles"
	"github.com/reeflective/readline"
)

// editor is the line editor on the terminal.
type editor struct {
	shell     *readline.Shell
	continued bool
}

// newEditor makes the editor. Enter ends the input when the splitter finds a whole statement in it.
func newEditor(o Options, split *splitter) (*editor, error) {
	e := &editor{shell: readline.NewShell()}
	e.shell.Prompt.Primary(func() string {
		if e.continued {
			return "      -> "
		}
		return "redoubt> "
	})
	e.shell.Prompt.Secondary(func() string { return "      -> " })
	e.shell.AcceptMultiline = func(line []rune) bool { return complete(string(line), split.delimiter) }
	if o.Color {
		e.shell.SyntaxHighlighter = newHighlighter()
	}
	if o.HistoryFile != "" {
		h, err := openHistory(o.HistoryFile)
		if err != nil {
			return nil, err
		}
		e.shell.History.Delete()
		e.shell.History.Add("statements", h)
	}
	return e, nil
}

func (e *editor) readLine(continued bool) (string, error) {
	e.continued = continued
	line, err := e.shell.Readline()
	switch {
	case errors.Is(err, readline.ErrInterrupt):
		return "", errInterrupted
	case err != nil:
		return "", err
	}
	return line, nil
}

// complete reports whether input needs no more lines.
func complete(input, delimiter string) bool {
	s := newSplitter()
	s.delimiter = delimiter
	for _, line := range strings.Split(input, "\n") {
		s.add(line)
	}
	return !s.pending()
}

// newHighlighter returns a function that paints SQL.
func newHighlighter() func([]rune) string {
	lexer := chroma.Coalesce(lexers.Get("mysql"))
	formatter := formatters.Get("terminal256")
	style := styles.Get("friendly")
	return func(line []rune) string {
		text := string(line)
		tokens, err := lexer.Tokenise(nil, text)
		if err != nil {
			return text
		}
		var b bytes.Buffer
		if err := formatter.Format(&b, style, tokens); err != nil {
			return text
		}
		painted := b.String()
		if !strings.HasSuffix(text, "\n") { // the lexer ends every text with a line end
			painted = strings.Replace(painted, "\n\x1b[0m", "\x1b[0m", 1)
			painted = strings.TrimSuffix(painted, "\n")
		}
		return painted
	}
}

// AskOnTerminal returns a function for Options.AskPassword that asks on w and reads without echo by read.
func AskOnTerminal(w io.Writer, read func() ([]byte, error)) func() (string, error) {
	return func() (string, error) {
		fmt.Fprint(w, "Password: ")
		b, err := read()
		fmt.Fprintln(w)
		return string(b), err
	}
}
