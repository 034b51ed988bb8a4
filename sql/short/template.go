package short

import (
	"sync"
	"sync/atomic"

	"github.com/dolthub/vitess/go/vt/sqlparser"

	"redoubt/sql/storage"
)

// template is a text without its literals, in one database. It is shared by all sessions.
type template struct {
	text   string
	info   storage.StatementInfo
	kind   string              // of parsed
	parsed sqlparser.Statement // nil: the full way parses it
	past   int                 // the slot of AS OF SCN; -1 for none
	plan   atomic.Pointer[plan]
}

// templateKey is what a template depends on besides the dictionary.
type templateKey struct {
	text     string
	database string
	charset  uint16 // of results
	prepared bool
}

// templates keeps templates by their texts.
type templates struct {
	mu    sync.RWMutex
	byKey map[templateKey]*template
}

const (
	templatesMax     = 4096    // templates kept; when there are more, all are dropped
	templateBytesMax = 8 << 10 // longer ones go the full way
)

// find gives the template of a text, making it if there is none.
func (t *templates) find(text []byte, database string, charset uint16, prepared bool) *template {
	t.mu.RLock()
	found := t.byKey[templateKey{string(text), database, charset, prepared}]
	t.mu.RUnlock()
	if found != nil {
		return found
	}
	if len(text) > templateBytesMax {
		return nil
	}
	made := newTemplate(string(text))
	t.mu.Lock()
	defer t.mu.Unlock()
	key := templateKey{made.text, database, charset, prepared}
	if found := t.byKey[key]; found != nil {
		return found
	}
	if len(t.byKey) >= templatesMax || t.byKey == nil {
		t.byKey = map[templateKey]*template{}
	}
	t.byKey[key] = made
	return made
}

func newTemplate(text string) *template {
	t := &template{text: text}
	plain, past := cutPast(text)
	t.past = past
	parsed, err := sqlparser.Parse(plain)
	if err != nil {
		return t
	}
	t.info.Digest = storage.Digest(text)
	if t.kind = kindOf(parsed); t.kind != "" {
		t.parsed = parsed
	}
	switch parsed.(type) {
	case *sqlparser.Insert, *sqlparser.Update, *sqlparser.Delete:
		t.info.Writes = true
	}
	return t
}

// kindOf names the kinds of statements that may take the short path by their first words.
func kindOf(parsed sqlparser.Statement) string {
	switch s := parsed.(type) {
	case *sqlparser.Select:
		return "select"
	case *sqlparser.Begin:
		return "begin"
	case *sqlparser.Commit:
		return "commit"
	case *sqlparser.Rollback:
		return "rollback"
	case *sqlparser.Insert:
		return s.Action
	case *sqlparser.Update:
		return "update"
	case *sqlparser.Delete:
		return "delete"
	}
	return ""
}
