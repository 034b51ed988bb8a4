package parser

import (
	"strings"
	"unicode/utf8"

	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// rewriteMarkers blanks the markers of executed comments, so that the engine sees their content as plain text, and the
// whole of comments that are not executed. The engine's own handling of such comments loses positions.
func rewriteMarkers(list []Token, edits []edit) []edit {
	for _, t := range list {
		switch t.Kind {
		case SpecialOpen, SpecialClose, SpecialDead:
			edits = append(edits, edit{t.Start, t.End, strings.Repeat(" ", t.End-t.Start)})
		}
	}
	return edits
}

// openComments returns the text of a DDL statement without the markers of executed comments, and moves the offsets in
// the tree with it.
func openComments(text string, tree *ast.DDL, options ast.ParserOptions) string {
	if !strings.Contains(text, "/*!") {
		return text
	}
	list, ok := lexStatement(text, options.AnsiQuotes)
	if !ok {
		return text
	}
	blanked := apply(text, rewriteMarkers(list, nil)).text // of the same length
	opened := strings.TrimLeft(blanked, " \t\r\n")
	lead := len(blanked) - len(opened)
	if tree.SubStatementPositionEnd > tree.SubStatementPositionStart {
		tree.SubStatementPositionStart = max(tree.SubStatementPositionStart-lead, 0)
		tree.SubStatementPositionEnd -= lead
	}
	return strings.TrimRight(opened, " \t\r\n")
}

// rewriteWords quotes the words that the engine's tokenizer does not take as names, v$session and müller, and parts
// `--` that begins no comment in MySQL, but does in the engine: 5--3 is 8. It parts a word from a literal that touches
// it, too: the engine's parser cuts column names one byte wrong at select'x', and panics at select”.
func rewriteWords(list []Token, edits []edit) []edit {
	for i, t := range list {
		switch {
		case t.Kind == DoubleMinus:
			edits = append(edits, edit{t.Start, t.End, "- -"})
		case t.Kind == Word && needsQuotes(t.Text) && !tokenAt(list, i-1).IsOp(":"):
			edits = append(edits, edit{t.Start, t.End, quoteIdentifier(t.Text)})
		case touches(tokenAt(list, i-1), t):
			edits = append(edits, edit{t.Start, t.Start, " "})
		}
	}
	return edits
}

// needsQuotes reports whether a word holds a byte that the engine's tokenizer takes for no name.
func needsQuotes(w string) bool {
	for i := 0; i < len(w); i++ {
		if w[i] == '$' || w[i] >= utf8.RuneSelf {
			return true
		}
	}
	return false
}

// touches reports whether a quoted token follows a word without a blank, and the two do not make one literal.
func touches(last, t Token) bool {
	return (t.Kind == String || t.Kind == Quoted) && last.Kind == Word && last.End == t.Start && !isLiteralPrefix(last.Text)
}
