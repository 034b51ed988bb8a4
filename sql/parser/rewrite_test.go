package parser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// rewritten returns what the engine's parser gets to see of a text.
func rewritten(p *Parser, text string, ansiQuotes bool) string {
	if !isInteresting(p, text, ansiQuotes) {
		return text
	}
	list, ok := lexStatement(text, ansiQuotes)
	if !ok {
		return text
	}
	plain := plainTokens(list)
	return apply(text, rewriteAll(list, plain)).text
}

// TestRewrite runs testdata/rewrite_*: each directive's input is a statement, the output what becomes of it. With
// the argument parse, the engine's parser must take the result; with refuse, the output is our error.
func TestRewrite(t *testing.T) {
	p := New(Options{Executor: &recorder{}})
	datadriven.Walk(t, "testdata/rewrite", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			text := strings.TrimSuffix(d.Input, "\n")
			switch d.Cmd {
			case "rewrite", "rewrite-ansi":
				options := ast.ParserOptions{AnsiQuotes: d.Cmd == "rewrite-ansi"}
				out := rewritten(p, text, options.AnsiQuotes)
				tree, _, err := p.parse(t.Context(), text, options, false)
				if err != nil {
					return out + "\nerror: " + strings.Join(strings.Fields(err.Error()), " ")
				}
				if injected, ok := tree.(ast.InjectedStatement); ok {
					_, err := injected.Statement.WithResolvedChildren(nil)
					return out + fmt.Sprintf("\ninjected: %T %v", injected.Statement, err)
				}
				return out
			case "command":
				return showCommand(p, text)
			}
			d.Fatalf(t, "unknown directive %s", d.Cmd)
			return ""
		})
	})
}

// showCommand prints the statement that a text is recognised as.
func showCommand(p *Parser, text string) string {
	list, _ := lexStatement(text, false)
	tree, err := p.command(text, plainTokens(list), ast.ParserOptions{})
	if err != nil {
		return "error: " + err.Error()
	}
	if tree == nil {
		return "not ours"
	}
	node := tree.(ast.InjectedStatement)
	s := node.Statement.(*commandNode).statement
	var columns []string
	for _, c := range s.Schema() {
		columns = append(columns, c.Name+" "+c.Type.String())
	}
	return fmt.Sprintf("%s readonly=%v\n%+v\nvalues: %v\ncolumns: %s", s.CommandName(), s.IsReadOnly(), s, s.Expressions(), strings.Join(columns, ", "))
}

func isInteresting(p *Parser, text string, ansiQuotes bool) bool {
	interesting, _, _ := p.look(text, ansiQuotes)
	return interesting
}
