package wire

import (
	"strings"

	"redoubt/sql/parser"
)

// The carrier of a prepared statement: a SELECT of its text, escaped, and of as many parameters as it has. The control
// characters keep it apart from any statement that a client would write.
const (
	carrierHead = "SELECT '\x01redoubt:"
	carrierTail = "\x01'"
)

var (
	escapeCarrier   = strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	unescapeCarrier = strings.NewReplacer(`\\`, `\`, `\'`, `'`)
)

// wrap returns the carrier of a statement.
func wrap(text string) string {
	return carrierHead + escapeCarrier.Replace(text) + carrierTail + strings.Repeat(",?", parser.CountParams(text))
}

// unwrap returns the statement that a carrier holds; ok is false if the text is no carrier.
func unwrap(text string) (statement string, ok bool) {
	if !strings.HasPrefix(text, carrierHead) {
		return text, false
	}
	end := strings.LastIndex(text, carrierTail)
	if end < len(carrierHead) {
		return text, false
	}
	return unescapeCarrier.Replace(text[len(carrierHead):end]), true
}
