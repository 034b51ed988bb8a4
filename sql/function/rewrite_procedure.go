package function

import (
	"reflect"
	"strings"

	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// localPrefix begins the names of the user variables that carry the variables of a procedure into its statements.
const localPrefix = prefix + "local_"

// procedure gives the variables of a procedure MySQL's types. The engine keeps what was assigned as it is, forgets the
// type of what it hands on, and does not find variables in many parts of statements (SET of UPDATE, joins, HAVING).
// So what is assigned is cast to the variable's type, and statements get variables as user variables that are set right
// before:
//
//	UPDATE t SET a = a + step  ->  SET @redoubt_local_step = CAST(step AS SIGNED); UPDATE t SET a = a + @redoubt_local_step
func procedure(spec *ast.ProcedureSpec) {
	scope := locals{}
	for i := range spec.Params {
		scope[strings.ToLower(spec.Params[i].Name)] = &spec.Params[i].Type
	}
	switch body := spec.Body.(type) {
	case nil:
	case *ast.BeginEndBlock:
		scope.block(body)
	default:
		spec.Body = single(scope.statement(body))
	}
}

// locals holds the types of the variables that a statement sees.
type locals map[string]*ast.ColumnType

// block rewrites the statements of a block.
func (l locals) block(b *ast.BeginEndBlock) {
	inner := locals{}
	for name, t := range l {
		inner[name] = t
	}
	for _, s := range b.Statements {
		if d, ok := s.(*ast.Declare); ok && d.Variables != nil {
			for _, name := range d.Variables.Names {
				inner[name.Lowered()] = &d.Variables.VarType
			}
		}
	}
	inner.fetched(b)
	var out, defaults ast.Statements
	declaring := true
	for _, s := range b.Statements {
		d, isDeclaration := s.(*ast.Declare)
		if declaring && !isDeclaration {
			out, declaring = append(out, defaults...), false
		}
		if isDeclaration {
			defaults = append(defaults, inner.declare(d)...)
			out = append(out, d)
			continue
		}
		out = append(out, inner.statement(s)...)
	}
	if declaring {
		out = append(out, defaults...)
	}
	b.Statements = out
}

// declare notes the variables of a declaration, and gives the assignments of defaults that are no literals.
func (l locals) declare(d *ast.Declare) ast.Statements {
	if d.Handler != nil {
		d.Handler.Statement = single(l.statement(d.Handler.Statement))
	}
	if d.Variables == nil {
		return nil
	}
	var out ast.Statements
	t := &d.Variables.VarType
	_, literal := t.Default.(*ast.SQLVal)
	for _, name := range d.Variables.Names {
		l[name.Lowered()] = t
		if t.Default != nil && !literal {
			out = append(out, l.statement(assignment(ast.SetScope_None, name.String(), t.Default))...)
		}
	}
	if !literal {
		t.Default = nil
	}
	return out
}

func assignment(scope ast.SetScope, name string, e ast.Expr) *ast.Set {
	return &ast.Set{Exprs: ast.SetVarExprs{{Scope: scope, Name: ast.NewColName(name), Expr: e}}}
}

// single gives one statement for several.
func single(all ast.Statements) ast.Statement {
	if len(all) == 1 {
		return all[0]
	}
	return &ast.BeginEndBlock{Statements: all}
}

// into casts what a SELECT puts into variables.
func (l locals) into(s ast.Statement) {
	query, ok := s.(*ast.Select)
	if !ok || query.Into == nil || len(query.Into.Variables) != len(query.SelectExprs) || hasStar(query.SelectExprs) {
		return
	}
	for i, v := range query.Into.Variables {
		l.selected(query.SelectExprs[i], v.String())
	}
}

// selected casts what is selected to the type of a variable.
func (l locals) selected(x ast.SelectExpr, variable string) {
	a, ok := x.(*ast.AliasedExpr)
	if t := l[strings.ToLower(variable)]; ok && t != nil {
		a.Expr = assigned(a.Expr, t)
	}
}

// fetched casts what cursors select to the types of the variables into which the block's statements fetch it.
func (l locals) fetched(b *ast.BeginEndBlock) {
	cursors := map[string]*ast.Select{}
	for _, s := range b.Statements {
		if d, ok := s.(*ast.Declare); ok && d.Cursor != nil {
			if query, ok := d.Cursor.SelectStmt.(*ast.Select); ok && !hasStar(query.SelectExprs) && !query.QueryOpts.Distinct {
				cursors[strings.ToLower(d.Cursor.Name)] = query
			}
		}
	}
	// Walk returns only errors of the visitor, which returns none.
	_ = ast.Walk(func(n ast.SQLNode) (bool, error) {
		if f, ok := n.(*ast.FetchCursor); ok {
			name := strings.ToLower(f.Name)
			if query := cursors[name]; query != nil && len(query.SelectExprs) == len(f.Variables) {
				for i, v := range f.Variables {
					l.selected(query.SelectExprs[i], v)
				}
				delete(cursors, name)
			}
		}
		return true, nil
	}, b)
}

// statement gives what takes the place of a statement.
func (l locals) statement(s ast.Statement) ast.Statements {
	switch s := s.(type) {
	case *ast.BeginEndBlock:
		l.block(s)
	case *ast.Loop:
		s.Statements = l.all(s.Statements)
	case *ast.While:
		s.Statements = l.all(s.Statements)
		s.Condition = l.condition(s.Condition)
	case *ast.Repeat:
		s.Statements = l.all(s.Statements)
		s.Condition = l.condition(s.Condition)
	case *ast.IfStatement:
		return l.choice(s)
	case *ast.CaseStatement:
		for i := range s.Cases {
			s.Cases[i].Statements = l.all(s.Cases[i].Statements)
		}
		s.Else = l.all(s.Else)
	case *ast.Set:
		return l.set(s)
	case *ast.Select, *ast.SetOp, *ast.ParenSelect, *ast.Insert, *ast.Update, *ast.Delete:
		return l.carried(s)
	}
	return ast.Statements{s}
}

func (l locals) all(statements ast.Statements) ast.Statements {
	var out ast.Statements
	for _, s := range statements {
		out = append(out, l.statement(s)...)
	}
	return out
}

// choice rewrites IF. Its conditions are all computed from the values before it, so they may be carried.
func (l locals) choice(s *ast.IfStatement) ast.Statements {
	var before ast.Statements
	for i := range s.Conditions {
		c := &s.Conditions[i]
		c.Statements = l.all(c.Statements)
		if isCarried(c.Expr) {
			before = append(before, l.carry(reflect.ValueOf(&c.Expr).Elem())...)
		} else {
			c.Expr = l.condition(c.Expr)
		}
	}
	s.Else = l.all(s.Else)
	return append(before, s)
}

// isCarried tells whether there is, below a node, what the engine does not look into for variables.
func isCarried(n ast.SQLNode) bool {
	return holds(n, isSubquery) || holds(n, isExists) || holds(n, isInterval)
}

func isInterval(n ast.SQLNode) bool {
	_, ok := n.(*ast.IntervalExpr)
	return ok
}

func isExists(n ast.SQLNode) bool {
	_, ok := n.(*ast.ExistsExpr)
	return ok
}

// set rewrites assignments: each becomes a statement, and the values of local variables are cast.
func (l locals) set(s *ast.Set) ast.Statements {
	var out ast.Statements
	for _, x := range s.Exprs {
		one := &ast.Set{Comments: s.Comments, Exprs: ast.SetVarExprs{x}}
		local := x.Scope == ast.SetScope_None && x.Name.Qualifier.IsEmpty() && l[x.Name.Name.Lowered()] != nil
		if isCarried(x.Expr) {
			out = append(out, l.carry(reflect.ValueOf(&x.Expr).Elem())...)
		} else if local || x.Scope == ast.SetScope_User {
			x.Expr = l.condition(x.Expr)
		}
		if local {
			x.Expr = assigned(x.Expr, l[x.Name.Name.Lowered()])
		}
		out = append(out, one)
	}
	return out
}

// condition rewrites an expression that the engine computes by itself: variables are cast to their types, and IS NULL
// and BETWEEN, in which it finds none, become other words for the same.
func (l locals) condition(e ast.Expr) ast.Expr {
	return replace(e, func(e ast.Expr) ast.Expr {
		switch e := e.(type) {
		case *ast.ColName:
			if t := l.typeOf(e); t != nil {
				return cast(e, t)
			}
		case *ast.IsExpr:
			switch e.Operator {
			case ast.IsNullStr:
				return call("isnull", l.condition(e.Expr))
			case ast.IsNotNullStr:
				return &ast.NotExpr{Expr: call("isnull", l.condition(e.Expr))}
			}
		case *ast.RangeCond:
			between := &ast.AndExpr{
				Left:  &ast.ComparisonExpr{Operator: ast.GreaterEqualStr, Left: l.condition(e.Left), Right: l.condition(e.From)},
				Right: &ast.ComparisonExpr{Operator: ast.LessEqualStr, Left: l.condition(e.Left), Right: l.condition(e.To)},
			}
			if e.Operator == ast.NotBetweenStr {
				return &ast.NotExpr{Expr: between}
			}
			return between
		}
		return nil
	})
}

// typeOf gives the type of the variable that a name stands for, nil if it is none.
func (l locals) typeOf(c *ast.ColName) *ast.ColumnType {
	if !c.Qualifier.IsEmpty() {
		return nil
	}
	return l[c.Name.Lowered()]
}

// carried gives a statement with user variables in the place of local ones, behind what sets them. The engine finds
// variables in simple statements itself; it would find them in WHERE of others, too, so those are carried as a whole.
func (l locals) carried(s ast.Statement) ast.Statements {
	if query, ok := s.(*ast.Select); ok && query.Into == nil {
		l.name(query)
	}
	l.into(s)
	if isSimple(s) {
		replaceAll(reflect.ValueOf(s), func(e ast.Expr) ast.Expr {
			switch e.(type) {
			case *ast.ColName, *ast.IsExpr, *ast.RangeCond:
				return l.condition(e)
			}
			return nil
		})
		return ast.Statements{s}
	}
	return append(l.carry(reflect.ValueOf(s)), s)
}

// name names what a client is shown, and has variables in it, by how it was written.
func (l locals) name(query *ast.Select) {
	for _, x := range query.SelectExprs {
		a, ok := x.(*ast.AliasedExpr)
		if ok && a.As.IsEmpty() && holds(a.Expr, func(n ast.SQLNode) bool {
			c, ok := n.(*ast.ColName)
			return ok && l.typeOf(c) != nil
		}) {
			a.As = ast.NewColIdent(ast.String(a.Expr))
		}
	}
}

// isSimple tells whether a statement has expressions only where the engine looks for variables.
func isSimple(s ast.Statement) bool {
	if isCarried(s) {
		return false
	}
	switch s := s.(type) {
	case *ast.Insert:
		_, values := s.Rows.(*ast.AliasedValues)
		return values && len(s.OnDup) == 0 && s.With == nil
	case *ast.Delete:
		return len(s.Targets) == 0 && isOneTable(s.TableExprs) && len(s.OrderBy) == 0 && s.With == nil
	case *ast.Select:
		return isOneTable(s.From) && len(s.GroupBy) == 0 && s.Having == nil && len(s.OrderBy) == 0 && s.With == nil && len(s.Window) == 0
	}
	return false
}

func isOneTable(from ast.TableExprs) bool {
	if len(from) != 1 {
		return len(from) == 0
	}
	t, ok := from[0].(*ast.AliasedTableExpr)
	if !ok {
		return false
	}
	_, ok = t.Expr.(ast.TableName)
	return ok
}

// carry puts user variables into the place of local ones everywhere below a node, and gives what sets them.
func (l locals) carry(v reflect.Value) ast.Statements {
	seen := map[string]bool{}
	var sets ast.Statements
	replaceAll(v, func(e ast.Expr) ast.Expr {
		c, ok := e.(*ast.ColName)
		if !ok || l.typeOf(c) == nil {
			return nil
		}
		name := c.Name.Lowered()
		if !seen[name] {
			seen[name] = true
			sets = append(sets, assignment(ast.SetScope_User, localPrefix+name, cast(ast.NewColName(c.Name.String()), l[name])))
		}
		return ast.NewColName("@" + localPrefix + name)
	})
	return sets
}

// replaceAll replaces expressions below a node, in subqueries, too.
func replaceAll(v reflect.Value, by func(ast.Expr) ast.Expr) {
	var deep func(e ast.Expr) ast.Expr
	deep = func(e ast.Expr) ast.Expr {
		if other := by(e); other != nil {
			return other
		}
		if sub, ok := e.(*ast.Subquery); ok {
			replaceBelow(reflect.ValueOf(sub), deep)
			return sub
		}
		return nil
	}
	if v.Kind() == reflect.Interface && v.Type() == exprType {
		v.Set(reflect.ValueOf(replace(v.Interface().(ast.Expr), deep)))
		return
	}
	replaceBelow(v, deep)
}

// cast casts an expression to the type of a variable.
func cast(e ast.Expr, t *ast.ColumnType) ast.Expr {
	name := castPrefix
	args := []ast.Expr{e}
	switch strings.ToLower(t.Type) {
	case "tinyint", "smallint", "mediumint", "int", "integer", "bigint", "bool", "boolean":
		if name += "signed"; t.Unsigned {
			name = castPrefix + "unsigned"
		}
	case "decimal", "numeric", "dec", "fixed":
		name += "decimal"
		args = append(args, numbers(t.Length, t.Scale)...)
	case "double", "real", "float", "float4", "float8":
		name += "double"
	case "date", "time":
		name += strings.ToLower(t.Type)
		args = append(args, numbers(t.Length)...)
	case "datetime", "timestamp":
		name += "datetime"
		args = append(args, numbers(t.Length)...)
	case "char", "varchar":
		name += "char"
		args = append(args, numbers(t.Length)...)
	case "text", "tinytext", "mediumtext", "longtext":
		name += "char"
	default:
		return e
	}
	return call(name, args...)
}

func numbers(all ...*ast.SQLVal) []ast.Expr {
	var out []ast.Expr
	for _, n := range all {
		if n != nil {
			out = append(out, n)
		}
	}
	return out
}

// assigned casts what is assigned to a variable, into what the engine can hand on: points in time as texts.
func assigned(e ast.Expr, t *ast.ColumnType) ast.Expr {
	e = cast(e, t)
	switch strings.ToLower(t.Type) {
	case "date", "time", "datetime", "timestamp":
		return call(castPrefix+"char", e)
	}
	return e
}
