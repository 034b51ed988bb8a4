package parser

import (
	"sort"
	"strings"
)

// edit replaces the bytes [start, end) of the original text.
type edit struct {
	start, end int
	text       string
}

// rewriting is a text with edits applied, and the way back to the original offsets.
type rewriting struct {
	original string
	locks    []lockClause // that were taken out
	text     string
	edits    []edit // sorted, not overlapping
	rowSCN   bool   // ORA_ROWSCN occurs in it
	periods  bool   // SYSTEM_TIME, VERSION or VERSIONS occurs in it
	plain    bool   // it holds no expression that Options.Rewrite may replace
	starts   []int  // where each edit's text begins in text
}

// apply sorts the edits and applies them. Of two edits that overlap the one that starts first wins, so a rule that
// replaces a whole clause needs no care for rules that would touch a word inside it.
func apply(original string, edits []edit) rewriting {
	r := rewriting{original: original, text: original}
	if len(edits) == 0 {
		return r
	}
	sort.SliceStable(edits, func(i, j int) bool {
		if edits[i].start != edits[j].start {
			return edits[i].start < edits[j].start
		}
		return edits[i].end < edits[j].end // insertions come before a replacement at the same place
	})
	var b strings.Builder
	at := 0
	for _, e := range edits {
		if e.start < at {
			continue
		}
		b.WriteString(original[at:e.start])
		r.starts = append(r.starts, b.Len())
		r.edits = append(r.edits, e)
		b.WriteString(e.text)
		at = e.end
	}
	b.WriteString(original[at:])
	r.text = b.String()
	return r
}

// back maps an offset into the rewritten text to one into the original. Inside replaced text it returns the start of
// what was replaced, or with end its end.
func (r *rewriting) back(offset int, end bool) int {
	i := sort.SearchInts(r.starts, offset+1) - 1 // the last edit that begins at or before offset
	if i < 0 {
		return min(offset, len(r.original))
	}
	e := r.edits[i]
	over := offset - r.starts[i] - len(e.text)
	switch {
	case over >= 0:
		return min(e.end+over, len(r.original))
	case len(e.text) == e.end-e.start: // blanks of the same length
		return e.start + offset - r.starts[i]
	case end:
		return e.end
	}
	return e.start
}

// slice returns the original text behind [start, end) of the rewritten text, without blanks around it.
func (r *rewriting) slice(start, end int) (string, int, int) {
	if start < 0 || end > len(r.text) || start > end {
		return "", 0, 0
	}
	for start < end && isBlank(r.text[start]) {
		start++
	}
	for end > start && isBlank(r.text[end-1]) {
		end--
	}
	s, e := r.back(start, false), r.back(end, true)
	if s > e {
		return "", 0, 0
	}
	return r.original[s:e], s, e
}
