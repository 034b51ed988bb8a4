package parser

// replaceView is what stands for ALTER before VIEW, which the engine's grammar does not have.
const replaceView = "CREATE OR REPLACE"

// rewriteAlterView makes ALTER VIEW a CREATE OR REPLACE VIEW. Who runs it looks whether the view is there: ReplacingView tells.
func rewriteAlterView(list []Token, edits []edit) []edit {
	if !tokenAt(list, 1).IsAny("VIEW", "ALGORITHM", "DEFINER", "SQL") || viewAt(list, "ALTER") == 0 {
		return edits
	}
	first := list[0]
	return append(edits, edit{first.Start, first.End, replaceView})
}

// ReplacingView gives the CREATE OR REPLACE VIEW that does what the text of an ALTER VIEW says; ok is false for a text of another
// statement.
func ReplacingView(text string) (create string, ok bool) {
	l := lexer{s: text}
	first := l.next()
	for first.Kind == SpecialOpen {
		first = l.next()
	}
	if !first.Is("ALTER") {
		return text, false
	}
	return text[:first.Start] + replaceView + text[first.End:], true
}
