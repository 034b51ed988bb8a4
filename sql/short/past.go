package short

import (
	"regexp"
	"strings"
)

// asOf is the clause that reads a table at an SCN, as it stands in a template.
var asOf = regexp.MustCompile(`(?i) as of scn \?`)

// cutPast takes the first AS OF SCN ? out of a template, for the engine's grammar does not know it, and tells the slot
// of its parameter. Parameters behind it are then numbered one less than their slots.
func cutPast(text string) (plain string, slot int) {
	at := asOf.FindStringIndex(text)
	if at == nil {
		return text, -1
	}
	slot = strings.Count(text[:at[0]], "?")
	return text[:at[0]] + text[at[1]:], slot
}
