package parser

import (
	"slices"
	"strings"

	ast "github.com/dolthub/vitess/go/vt/sqlparser"
	"github.com/dolthub/vitess/go/vt/vterrors"
)

// names are words of MySQL's that it takes as names where they stand for one, and that the engine's grammar refuses in
// some of these places: CREATE INDEX account ON …, FOREIGN KEY (comment), ALTER TABLE t CHANGE data … . Words that begin or
// end a statement are left out, so that a mistake in a stored program stays one.
var names = func() map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(`
		account action admin after against algorithm always array at attribute authentication auto_increment
		autoextend_size avg avg_row_length bit bool boolean cascaded catalog_name chain channel charset checksum
		cipher class_origin client close collation column_name columns comment committed compact completion
		compressed compression connection consistent constraint_catalog constraint_name contains current cursor_name
		data date datetime day definer definition delay_key_write description directory disable discard disk
		dumpfile duplicate dynamic enable encryption ends enforced engine engines enum error errors escape event
		events every exchange expansion expire extended failed_login_attempts fields file filter first fixed flush
		following follows format found full general geometry get_format global grants handler hash histogram history
		hosts hour identified import indexes initial insert_method invoker isolation issuer json
		key_block_size language last less level linestring list local logs master max_rows memory message_text
		microsecond min_rows minute mode modify month name names national nchar nested never next no none nvarchar
		off offset only open optional order ordinality organization pack_keys partitioning partitions password path
		point precedes preceding preserve privileges process processlist proxy quarter query random rebuild
		redundant reference relay reload remove reorganize repair repeatable replica reset reuse role routine
		row_format schedule second security serial serializable session shutdown signed slave slow snapshot source
		srid start starts status stop storage subject subpartition super table_checksum table_name tables tablespace
		temporary temptable text time timestamp timestampadd timestampdiff transaction unbounded uncommitted
		undefined user user_resources validation value variables view visible warnings week without work x509 year`) {
		out[w] = true
	}
	return out
}()

// quotesMax bounds how many words of a statement are quoted after an error.
const quotesMax = 20

// quoteName gives the text with the word quoted that a syntax error complains of, if that word may be a name.
func (r *rewriting) quoteName(err error, options ast.ParserOptions) (rewriting, bool) {
	se, ok := vterrors.AsSyntaxError(err)
	if !ok {
		return rewriting{}, false
	}
	list, _ := lexStatement(r.original, options.AnsiQuotes)
	at := r.back(min(max(se.Position-1, 0), len(r.text)), false)
	// The engine counts from one, and has read the word to its end, and perhaps what follows.
	i, found := slices.BinarySearchFunc(list, at, func(t Token, at int) int { return t.End - at })
	for _, i := range []int{i, i - 1} {
		t := tokenAt(list, i)
		if isName(t) && t.Start <= at && (found || t.End >= at-1) && !r.touched(t) {
			q := apply(r.original, append(slices.Clone(r.edits), edit{t.Start, t.End, quoteIdentifier(t.Text)}))
			q.locks, q.rowSCN, q.periods, q.plain = r.locks, r.rowSCN, r.periods, r.plain
			return q, true
		}
	}
	return rewriting{}, false
}

// touched tells whether an edit covers a token already.
func (r *rewriting) touched(t Token) bool {
	return slices.ContainsFunc(r.edits, func(e edit) bool { return e.start < t.End && t.Start < e.end })
}

// isName reports whether a token is a word that may be a name though the engine's grammar refuses it in places.
func isName(t Token) bool { return t.Kind == Word && names[strings.ToLower(t.Text)] }
