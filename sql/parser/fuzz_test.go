package parser

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dolthub/go-mysql-server/sql"
	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// seeds returns the statements of the goldens.
func seeds(tb testing.TB) (texts []string) {
	files, err := filepath.Glob("testdata/rewrite/*")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no goldens: %v", err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		for _, part := range strings.Split(string(b), "\n\n") {
			_, text, _ := strings.Cut(strings.TrimLeft(part, "\n"), "\n")
			text, _, _ = strings.Cut(text, "\n----")
			texts = append(texts, text)
		}
	}
	return texts
}

// FuzzParse checks that no text panics, that texts without anything for us stay as they are, byte by byte, and that
// offsets stay inside the text. What the engine reads alone is read the same; what it refuses alone is read only with a
// name quoted.
func FuzzParse(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s, false)
		f.Add(s+"; "+s, true)
	}
	p := New(Options{Executor: &recorder{}})
	f.Fuzz(func(t *testing.T, text string, ansiQuotes bool) {
		if len(text) > 1<<12 {
			return
		}
		options := ast.ParserOptions{AnsiQuotes: ansiQuotes}
		if end := statementEnd(text, ansiQuotes); end < 0 || end > len(text) {
			t.Fatalf("%q: the statement ends at %d", text, end)
		}
		list, ok := lexStatement(text, ansiQuotes)
		last := 0
		for _, tok := range list {
			if tok.Start < last || tok.End <= tok.Start || tok.Text != text[tok.Start:tok.End] {
				t.Fatalf("%q: token %+v behind offset %d", text, tok, last)
			}
			last = tok.End
		}
		if ok {
			checkRewriting(t, p, text, list)
		}
		_, end, _ := p.ParseOneWithOptions(t.Context(), text, options)
		if end < 0 || end > len(text) {
			t.Fatalf("%q: the next statement begins at %d", text, end)
		}
		tree, piece, rest, err := p.ParseWithOptions(t.Context(), text, ';', true, options)
		if err == nil && tree == nil {
			t.Fatalf("%q: neither tree nor error", text)
		}
		if !strings.HasSuffix(sql.RemoveSpaceAndDelimiter(text, ';'), rest) || !strings.Contains(text, "/*!") && !strings.Contains(text, piece) {
			t.Fatalf("%q: piece %q, rest %q", text, piece, rest)
		}
		if !isInteresting(p, text, ansiQuotes) {
			own, _, ownErr := p.parseEngine(t.Context(), text, options, false)
			if ownErr == nil {
				adapt(own, text)
			}
			other, _, otherErr := p.parse(t.Context(), text, options, false)
			switch {
			case ownErr == nil && (otherErr != nil || ast.String(own) != ast.String(other)):
				t.Fatalf("%q: the engine alone reads it in another way", text)
			case ownErr != nil && otherErr == nil && !slices.ContainsFunc(list, isName):
				t.Fatalf("%q: the engine alone refuses it (%v), and it holds no word to be quoted", text, ownErr)
			}
		}
	})
}

func checkRewriting(t *testing.T, p *Parser, text string, list []Token) {
	r := apply(text, rewriteAll(list, plainTokens(list)))
	if !isInteresting(p, text, false) && !isInteresting(p, text, true) && len(r.edits) > 0 {
		t.Fatalf("%q: became %q, but is not interesting", text, r.text)
	}
	last := 0
	for i := 0; i <= len(r.text); i++ {
		at := r.back(i, false)
		if at < last || at > len(text) {
			t.Fatalf("%q as %q: offset %d came from %d, the one before from %d", text, r.text, i, at, last)
		}
		last = at
	}
	if r.back(len(r.text), true) != len(text) {
		t.Fatalf("%q as %q: the end came from %d", text, r.text, r.back(len(r.text), true))
	}
}

func FuzzDecodeAsOf(f *testing.F) {
	for _, s := range []string{"SCN:5", "TS:2026-01-02T03:04:05.000000Z", "NAME+ROWSCN:x", "UNBOUND+SCHEMA_NOW", "PRESENT"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := DecodeAsOf(s)
		if err != nil {
			return
		}
		if b, err := DecodeAsOf(a.String()); err != nil || b != a {
			t.Fatalf("%q: %+v, then %+v, %v", s, a, b, err)
		}
	})
}

func BenchmarkLongInsert(b *testing.B) {
	text := "INSERT INTO t VALUES " + strings.Repeat("(1,'some text of a row','and another, with it''s quotes',3.14,NULL),", 15000) + "(1,'','',0,NULL)"
	p := New(Options{Executor: &recorder{}})
	for name, f := range map[string]func(){
		"look_only": func() { isInteresting(p, text, false) },
		"parse": func() {
			if _, err := p.ParseSimple(text); err != nil {
				b.Fatal(err)
			}
		},
		"engine_alone": func() {
			if _, err := ast.Parse(text); err != nil {
				b.Fatal(err)
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for _, q := range []struct{ name, text string }{
		{"point_select", "SELECT c FROM sbtest1 WHERE id=5"},
		{"as_of", "SELECT c FROM sbtest1 AS OF SCN 5 WHERE id=5"},
	} {
		b.Run(q.name, func(b *testing.B) {
			p := New(Options{Executor: &recorder{}})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.ParseSimple(q.text); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(q.name+"_look_only", func(b *testing.B) {
			p := New(Options{Executor: &recorder{}})
			b.ReportAllocs()
			for b.Loop() {
				isInteresting(p, q.text, false)
			}
		})
	}
}
