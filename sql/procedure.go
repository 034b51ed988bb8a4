package sql

import (
	"io"
	"strings"

	sqle "github.com/dolthub/go-mysql-server"
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/procedures"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/vt/sqlparser"

	"redoubt/sql/match"
	"redoubt/sql/sqlcode"
	"redoubt/sql/storage"
)

// procedureRunner runs the statements of procedures. What a SELECT or a cursor shows is what there was when it was run: the
// SQL engine would read its rows when they are wanted, after what later statements of the procedure have changed.
type procedureRunner struct {
	engine *sqle.Engine
	called *calledProcedure // nil outside a call
}

// calledProcedure is what is kept of a procedure while it runs. The SQL engine's interpreter takes INTO away from a SELECT that it runs,
// so that a second round of a loop would have none, and begins the procedure anew if there is not exactly one row.
type calledProcedure struct {
	intos    map[*sqlparser.Select]*sqlparser.Into
	notFound bool // a handler for NOT FOUND is declared
	// handled are the statements of handlers, by SELECTs that stand for them: behind any other statement of one that gives rows or a
	// result, the interpreter begins the procedure anew.
	handled   map[*sqlparser.Select]sqlparser.Statement
	variables map[string]bool // its parameters and variables
}

// know has a CALL's runner know its procedure.
func know(n *plan.Call) error {
	runner, ok := n.Runner.(procedureRunner)
	if !ok || runner.called != nil || n.Procedure == nil {
		return nil
	}
	c := &calledProcedure{intos: map[*sqlparser.Select]*sqlparser.Into{}, handled: map[*sqlparser.Select]sqlparser.Statement{}, variables: map[string]bool{}}
	for _, p := range n.Procedure.Params {
		c.variables[strings.ToLower(p.Name)] = true
	}
	var handlers []*sqlparser.DeclareHandler
	for _, op := range n.Procedure.Ops {
		switch s := op.PrimaryData.(type) {
		case *sqlparser.Select:
			if op.OpCode == procedures.OpCode_Select {
				c.keepInto(s)
			}
		case *sqlparser.FetchCursor:
			for _, name := range s.Variables {
				if strings.HasPrefix(name, "@") {
					return sqlcode.Syntax("You have an error in your SQL syntax: FETCH … INTO " + name + ", which is no variable of the procedure")
				}
			}
		case *sqlparser.Declare:
			if s.Handler != nil {
				handlers = append(handlers, s.Handler)
			}
			if s.Variables != nil {
				for _, name := range s.Variables.Names {
					c.variables[name.Lowered()] = true
				}
			}
		}
	}
	for _, h := range handlers {
		if err := c.keepHandler(h); err != nil {
			return err
		}
	}
	runner.called = c
	n.Runner = runner
	return nil
}

func (c *calledProcedure) keepInto(s *sqlparser.Select) {
	if s.Into != nil && len(s.Into.Variables) != 0 {
		c.intos[s] = s.Into
	}
}

// keepHandler makes the statement of a handler one that the interpreter can run: it knows one statement only, and no block.
func (c *calledProcedure) keepHandler(h *sqlparser.DeclareHandler) error {
	c.notFound = c.notFound || handlesNotFound(h)
	if block, ok := h.Statement.(*sqlparser.BeginEndBlock); ok && len(block.Statements) == 1 {
		h.Statement = block.Statements[0]
	}
	switch s := h.Statement.(type) {
	case *sqlparser.BeginEndBlock:
		if len(s.Statements) != 0 {
			return sqlcode.Unsupported("a handler of several statements")
		}
	case *sqlparser.IfStatement, *sqlparser.CaseStatement, *sqlparser.While, *sqlparser.Repeat, *sqlparser.Loop, *sqlparser.Iterate, *sqlparser.Leave:
		return sqlcode.Unsupported("IF, CASE, a loop, LEAVE and ITERATE as the statement of a handler")
	case *sqlparser.Signal, *sqlparser.OpenCursor, *sqlparser.FetchCursor, *sqlparser.CloseCursor:
	case *sqlparser.Set:
		set := s.Exprs[0]
		switch set.Scope {
		case "":
			return nil
		case sqlparser.SetScope_User:
			name := sqlparser.NewColIdent("@" + strings.TrimPrefix(set.Name.Name.String(), "@"))
			into := &sqlparser.Select{SelectExprs: sqlparser.SelectExprs{&sqlparser.AliasedExpr{Expr: set.Expr}}, Into: &sqlparser.Into{Variables: sqlparser.Variables{name}}}
			h.Statement = into
			c.keepInto(into)
			return nil
		}
		return c.standFor(h)
	case *sqlparser.Select:
		if s.Into == nil {
			return sqlcode.Unsupported("SELECT without INTO as the statement of a handler")
		}
		c.keepInto(s)
	default:
		return c.standFor(h)
	}
	return nil
}

// standFor puts a SELECT in the place of a handler's statement. The interpreter does not see variables in what it stands for.
func (c *calledProcedure) standFor(h *sqlparser.DeclareHandler) error {
	err := sqlparser.Walk(func(n sqlparser.SQLNode) (bool, error) {
		if column, ok := n.(*sqlparser.ColName); ok && c.variables[column.Name.Lowered()] {
			return false, sqlcode.Unsupported("a variable in the statement of a handler other than SET, SELECT … INTO and FETCH")
		}
		return true, nil
	}, h.Statement)
	if err != nil {
		return err
	}
	one := &sqlparser.Select{SelectExprs: sqlparser.SelectExprs{&sqlparser.AliasedExpr{Expr: sqlparser.NewIntVal([]byte("1"))}}, Into: &sqlparser.Into{Variables: sqlparser.Variables{sqlparser.NewColIdent("@")}}}
	c.handled[one] = h.Statement
	c.keepInto(one)
	h.Statement = one
	return nil
}

func handlesNotFound(h *sqlparser.DeclareHandler) bool {
	for _, c := range h.ConditionValues {
		if c.ValueType == sqlparser.DeclareHandlerCondition_NotFound {
			return true
		}
	}
	return false
}

// QueryWithBindings implements gsql.StatementRunner.
func (r procedureRunner) QueryWithBindings(ctx *gsql.Context, query string, parsed sqlparser.Statement, bindings map[string]sqlparser.Expr, flags *gsql.QueryFlags) (gsql.Schema, gsql.RowIter, *gsql.QueryFlags, error) {
	if session, ok := ctx.Session.(*storage.Session); ok && session.LockOwner() != 0 {
		before := session.Runs(sqlparser.String(parsed))
		defer session.Runs(before)
	}
	if s, ok := parsed.(*sqlparser.Select); ok && r.called != nil && r.called.handled[s] != nil {
		return r.called.handle(ctx, r.engine, s)
	}
	if err := qualified(parsed); err != nil {
		return nil, nil, nil, err
	}
	schema, iter, flags, err := r.engine.QueryWithBindings(ctx, query, parsed, bindings, flags)
	if err != nil {
		return nil, nil, nil, err
	}
	if _, reads := parsed.(sqlparser.SelectStatement); !reads {
		return answered(ctx, schema, iter, flags)
	}
	counted := &countedIter{RowIter: iter, keeps: true}
	rows, err := gsql.RowIterToRows(ctx, counted)
	if err != nil {
		_ = match.HoldBytes(ctx, -counted.bytes) // a handler may go on
		return nil, nil, nil, err
	}
	if s, ok := parsed.(*sqlparser.Select); ok && r.called != nil && r.called.intos[s] != nil {
		_ = match.HoldBytes(ctx, -counted.bytes) // less is never too much
		schema, row, err := r.called.set(ctx, s, schema, rows)
		return schema, gsql.RowsToRowIter(row), flags, err
	}
	return schema, &readRows{rows}, flags, nil
}

// answered has a statement that gives neither rows nor a result, such as COMMIT, give an empty result: it may be the last one of the
// procedure, and is what CALL gives then.
func answered(ctx *gsql.Context, schema gsql.Schema, iter gsql.RowIter, flags *gsql.QueryFlags) (gsql.Schema, gsql.RowIter, *gsql.QueryFlags, error) {
	rows, err := gsql.RowIterToRows(ctx, iter)
	if err != nil {
		return nil, nil, nil, err
	}
	if len(rows) == 0 && (len(schema) == 0 || types.IsOkResultSchema(schema)) {
		schema, rows = types.OkResultSchema, []gsql.Row{gsql.NewRow(types.NewOkResult(0))}
	}
	return schema, gsql.RowsToRowIter(rows...), flags, nil
}

// qualified leaves columns that are named with their table what they are: the interpreter takes them for variables of the same name.
func qualified(parsed sqlparser.Statement) error {
	return sqlparser.Walk(func(n sqlparser.SQLNode) (bool, error) {
		if c, ok := n.(*sqlparser.ColName); ok && !c.Qualifier.IsEmpty() {
			c.StoredProcVal = nil
		}
		return true, nil
	}, parsed)
}

// handle runs the statement of a handler. It sets no variable.
func (c *calledProcedure) handle(ctx *gsql.Context, engine *sqle.Engine, s *sqlparser.Select) (gsql.Schema, gsql.RowIter, *gsql.QueryFlags, error) {
	taken := c.intos[s]
	again := *taken
	s.Into, c.intos[s], taken.Variables = &again, &again, nil
	_, rows, flags, err := engine.QueryWithBindings(ctx, "", c.handled[s], nil, nil)
	if err != nil {
		return nil, nil, nil, err
	}
	_, err = gsql.RowIterToRows(ctx, rows)
	return nil, gsql.RowsToRowIter(gsql.Row{}), flags, err
}

// set sets the user variables of an INTO, and gives the columns for the others, which are the interpreter's to set: none if there is no
// row and nobody waits to hear of it. The statement has its INTO for the next round then.
func (c *calledProcedure) set(ctx *gsql.Context, s *sqlparser.Select, schema gsql.Schema, rows []gsql.Row) (gsql.Schema, gsql.Row, error) {
	taken := c.intos[s] // the interpreter looks at this one
	variables := taken.Variables
	again := *taken
	s.Into, c.intos[s], taken.Variables = &again, &again, nil
	switch {
	case len(schema) != len(variables):
		return nil, nil, gsql.ErrColumnNumberDoesNotMatch.New()
	case len(rows) > 1:
		return nil, nil, gsql.ErrMoreThanOneRow.New()
	case len(rows) == 0 && c.notFound:
		return nil, nil, expression.FetchEOF
	case len(rows) == 0:
		ctx.Warn(1329, "No data - zero rows fetched, selected, or processed")
		return nil, nil, nil
	}
	var columns gsql.Schema
	var row gsql.Row
	for i, v := range variables {
		if name, user := strings.CutPrefix(v.String(), "@"); user {
			if err := ctx.SetUserVariable(ctx, name, rows[0][i], schema[i].Type); err != nil {
				return nil, nil, err
			}
			continue
		}
		taken.Variables = append(taken.Variables, v)
		columns, row = append(columns, schema[i]), append(row, rows[0][i])
	}
	return columns, row, nil
}

// readRows gives rows that were read before. Each counts as held until it is given: a procedure may read again and again.
type readRows struct{ rows []gsql.Row }

// Next implements gsql.RowIter.
func (r *readRows) Next(ctx *gsql.Context) (gsql.Row, error) {
	if len(r.rows) == 0 {
		return nil, io.EOF
	}
	row := r.rows[0]
	r.rows = r.rows[1:]
	return row, match.HoldBytes(ctx, -match.RowBytes(row))
}

// Close implements gsql.RowIter.
func (r *readRows) Close(ctx *gsql.Context) error {
	for _, row := range r.rows {
		_ = match.HoldBytes(ctx, -match.RowBytes(row)) // less is never too much
	}
	r.rows = nil
	return nil
}
