package parser

import (
	"context"
	"fmt"
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	ast "github.com/dolthub/vitess/go/vt/sqlparser"

	"redoubt/sql/sqlcode"
)

// Statement is a statement of our own, as the grammar read it: its shape without its execution.
type Statement interface {
	// CommandName returns the words that name the statement, e.g. "CREATE RESTORE POINT".
	CommandName() string
	// Schema returns the columns of its result; types.OkResultSchema if it returns only that it is done.
	Schema() sql.Schema
	// IsReadOnly reports whether it may run in a read-only transaction.
	IsReadOnly() bool
	// Expressions returns the SQL text of the values it needs when it runs. They may hold parameters.
	Expressions() []string
	// Bind returns the statement with those values, in the order of Expressions. It returns an error of sqlcode if
	// one of them cannot be used. It must not change its receiver: a prepared statement is bound many times.
	Bind(values []any) (Statement, error)
}

// Executor runs statements of our own. It is called by many connections at a time.
type Executor interface {
	// RunCommand runs a bound statement and returns rows of its Schema. It checks the privileges first. Statements
	// whose Schema is types.OkResultSchema return one row with one types.OkResult.
	RunCommand(ctx *sql.Context, statement Statement) (sql.RowIter, error)
}

// Command recognises one kind of Statement.
type Command struct {
	// Name is the statement's name, for messages.
	Name string
	// Words are the words that the statement begins with; a word may give alternatives, as in "DESC|DESCRIBE".
	Words []string
	// Parse reads the statement from its first token on. It returns nil without an error if the statement is not of
	// this kind after all, and an error of sqlcode if it is, but wrongly written.
	Parse func(t *Tokens) (Statement, error)
}

// StandardCommands returns the statements that this package defines.
func StandardCommands() []Command {
	var all []Command
	all = append(all, restorePointCommands()...)
	all = append(all, flashbackTransactionCommands()...)
	all = append(all, retentionCommands()...)
	all = append(all, flashbackCommands()...)
	all = append(all, recycleBinCommands()...)
	all = append(all, backupCommands()...)
	all = append(all, recoverCommands()...)
	all = append(all, snapshotCommands()...)
	all = append(all, workloadCommands()...)
	all = append(all, clusterCommands()...)
	all = append(all, transactionCommands()...)
	all = append(all, explainCommands()...)
	all = append(all, maintenanceCommands()...)
	all = append(all, findCommands()...)
	all = append(all, diagnosticsCommands()...)
	return append(all, missingCommands()...)
}

// commandNode is the plan of a Statement.
type commandNode struct {
	statement Statement
	values    []sql.Expression
	executor  Executor
}

var (
	_ sql.ExecSourceRel      = (*commandNode)(nil)
	_ sql.Expressioner       = (*commandNode)(nil)
	_ sql.CollationCoercible = (*commandNode)(nil)
	_ ast.Injectable         = (*commandNode)(nil)
)

// Resolved implements sql.Node.
func (n *commandNode) Resolved() bool {
	for _, v := range n.values {
		if !v.Resolved() {
			return false
		}
	}
	return true
}

// String implements sql.Node.
func (n *commandNode) String() string { return n.statement.CommandName() }

// Schema implements sql.Node.
func (n *commandNode) Schema() sql.Schema { return n.statement.Schema() }

// IsReadOnly implements sql.Node.
func (n *commandNode) IsReadOnly() bool { return n.statement.IsReadOnly() }

// Children implements sql.Node.
func (n *commandNode) Children() []sql.Node { return nil }

// WithChildren implements sql.Node.
func (n *commandNode) WithChildren(children ...sql.Node) (sql.Node, error) {
	if len(children) != 0 {
		return nil, sql.ErrInvalidChildrenNumber.New(n, len(children), 0)
	}
	return n, nil
}

// Expressions implements sql.Expressioner.
func (n *commandNode) Expressions() []sql.Expression { return n.values }

// WithExpressions implements sql.Expressioner.
func (n *commandNode) WithExpressions(values ...sql.Expression) (sql.Node, error) {
	if len(values) != len(n.values) {
		return nil, sql.ErrInvalidChildrenNumber.New(n, len(values), len(n.values))
	}
	return &commandNode{n.statement, values, n.executor}, nil
}

// CollationCoercibility implements sql.CollationCoercible.
func (n *commandNode) CollationCoercibility(*sql.Context) (sql.CollationID, byte) {
	return sql.Collation_binary, 7
}

// WithResolvedChildren implements ast.Injectable: it receives the values as expressions.
func (n *commandNode) WithResolvedChildren(children []any) (any, error) {
	values := make([]sql.Expression, len(children))
	for i, c := range children {
		e, ok := c.(sql.Expression)
		if !ok {
			return nil, fmt.Errorf("parser: the engine resolved a value of %s to %T", n, c)
		}
		values[i] = e
	}
	return &commandNode{n.statement, values, n.executor}, nil
}

// RowIter implements sql.ExecSourceRel.
func (n *commandNode) RowIter(ctx *sql.Context, row sql.Row) (sql.RowIter, error) {
	values := make([]any, len(n.values))
	for i, e := range n.values {
		v, err := e.Eval(ctx, row)
		if err == nil {
			v, err = sql.UnwrapAny(ctx, v)
		}
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	bound, err := n.statement.Bind(values)
	if err != nil {
		return nil, err
	}
	if _, ok := bound.(*Do); ok {
		return sql.RowsToRowIter(sql.NewRow(types.NewOkResult(0))), nil
	}
	return n.executor.RunCommand(ctx, bound)
}

// inject makes the syntax tree of a Statement. Its values are parsed together, so that parameters are numbered through.
func (p *Parser) inject(s Statement, options ast.ParserOptions) (ast.Statement, error) {
	node := ast.InjectedStatement{
		Statement: &commandNode{statement: s, executor: p.options.Executor},
		Auth:      ast.AuthInformation{AuthType: ast.AuthType_IGNORE},
	}
	texts := s.Expressions()
	if len(texts) == 0 {
		return node, nil
	}
	text := "SELECT " + strings.Join(texts, ",")
	tree, err := ast.ParseWithOptions(context.Background(), text, options)
	if err != nil {
		return nil, err
	}
	p.qualify(tree, text)
	if sel, ok := tree.(*ast.Select); ok && len(sel.SelectExprs) == len(texts) {
		for _, e := range sel.SelectExprs {
			if a, ok := e.(*ast.AliasedExpr); ok {
				node.Children = append(node.Children, a.Expr)
			}
		}
	}
	if len(node.Children) != len(texts) {
		return nil, sqlcode.Syntax("You have an error in your SQL syntax: " + s.CommandName() + " expects a value near '" + strings.Join(texts, ",") + "'")
	}
	return node, nil
}

// refusal is the syntax tree of a statement that is refused. The engine keeps nothing but the text of an error that
// its parser returns; one that is raised while the tree is resolved reaches the client as it is.
type refusal struct{ err error }

// WithResolvedChildren implements ast.Injectable.
func (r refusal) WithResolvedChildren([]any) (any, error) { return nil, r.err }

func refuse(err error) ast.Statement {
	return ast.InjectedStatement{Statement: refusal{err}, Auth: ast.AuthInformation{AuthType: ast.AuthType_IGNORE}}
}
