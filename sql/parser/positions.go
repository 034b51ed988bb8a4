package parser

import (
	"fmt"
	"strings"

	ast "github.com/dolthub/vitess/go/vt/sqlparser"
	"github.com/dolthub/vitess/go/vt/vterrors"
)

// fixPositions brings the offsets in a tree, and the texts that were cut out by them, back to the original text: the
// engine cuts view and trigger bodies out of it, and names columns after it.
func (r *rewriting) fixPositions(tree ast.Statement) {
	if len(r.edits) == 0 {
		return
	}
	// Walk returns only errors of the visitor, which returns none.
	_ = ast.Walk(func(n ast.SQLNode) (bool, error) {
		switch n := n.(type) {
		case *ast.AliasedExpr:
			r.fixInput(n)
		case *ast.DDL:
			r.fixBody(n)
		}
		return true, nil
	}, tree)
}

// fixInput gives a column of a result the name that the client wrote.
func (r *rewriting) fixInput(n *ast.AliasedExpr) {
	if n.InputExpression == "" || n.EndParsePos <= n.StartParsePos {
		return
	}
	text, start, end := r.slice(n.StartParsePos, n.EndParsePos)
	if text == "" {
		return
	}
	if rewritten := strings.Trim(r.text[n.StartParsePos:n.EndParsePos], " \n\t"); rewritten != text {
		n.InputExpression = text
	}
	n.StartParsePos, n.EndParsePos = start, end
}

// fixBody sets where the body of a view, trigger, procedure or event is.
func (r *rewriting) fixBody(n *ast.DDL) {
	if n.SubStatementPositionEnd <= n.SubStatementPositionStart {
		return
	}
	text, start, end := r.slice(n.SubStatementPositionStart, n.SubStatementPositionEnd)
	if text == "" {
		return
	}
	n.SubStatementPositionStart, n.SubStatementPositionEnd = start, end
	n.SpecialCommentMode = false
}

// explain brings the position of a syntax error back to the original text.
func (r *rewriting) explain(err error) error {
	se, ok := vterrors.AsSyntaxError(err)
	if !ok || len(r.edits) == 0 {
		return err
	}
	at := fmt.Sprintf("at position %d", se.Position)
	back := r.back(min(max(se.Position-1, 0), len(r.text)), false) + 1
	message := strings.Replace(se.Message, at, fmt.Sprintf("at position %d", back), 1)
	se = vterrors.SyntaxError{Message: message, Position: back, Statement: r.original}
	return vterrors.NewWithCause(vterrors.Code(err), message, se)
}
