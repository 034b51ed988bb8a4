package sql

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/mysql"

	"redoubt/sql/function"
	"redoubt/sql/infile"
	"redoubt/sql/sqlcode"
	"redoubt/sql/storage"
)

// loadInserts makes LOAD DATA an INSERT to the rules of the analyzer: the SQL engine does not, and leaves out triggers.
func loadInserts(_ *gsql.Context, _ *analyzer.Analyzer, node gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, flags *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	if insert, ok := node.(*plan.InsertInto); ok {
		if _, ok := insert.Source.(*plan.LoadData); ok {
			flags.Set(gsql.QFlagInsert)
		}
	}
	return node, transform.SameTree, nil
}

// loadData makes the iterator of LOAD DATA, in the place of the SQL engine's, which parts lines before it looks at
// quotes and escapes.
func (e *execution) loadData(ctx *gsql.Context, n *plan.LoadData) (gsql.RowIter, error) {
	format := infile.Format{
		FieldEnd: n.FieldsTerminatedBy, Enclosed: n.FieldsEnclosedBy, Escaped: n.FieldsEscapedBy,
		LineStart: n.LinesStartingBy, LineEnd: n.LinesTerminatedBy,
	}
	if err := format.Validate(); err != nil {
		return nil, sqlcode.Unsupported("LOAD DATA with " + err.Error())
	}
	decode, err := decoderOf(n.Charset)
	if err != nil {
		return nil, err
	}
	file, err := e.openFile(ctx, n)
	if err != nil {
		return nil, err
	}
	limit, err := ctx.GetSessionVariable(ctx, "max_allowed_packet")
	if err != nil {
		return nil, err
	}
	fieldBytesMax, _, err := types.Int64.Convert(ctx, limit)
	if err != nil {
		return nil, err
	}
	it := &loadedRows{node: n, file: file, lines: infile.NewReader(file, format, int(fieldBytesMax.(int64))), decode: decode}
	it.aim()
	if err := it.prepare(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if err := it.lines.Skip(n.IgnoreNum); err != nil {
		return nil, errors.Join(fmt.Errorf("read the file of LOAD DATA: %w", err), file.Close())
	}
	return it, nil
}

// decoderOf gives what turns the bytes of a field into UTF-8; nil if they are.
func decoderOf(charset string) (func(text string) string, error) {
	if charset == "" {
		return nil, nil
	}
	set, err := gsql.ParseCharacterSet(charset)
	if err != nil {
		return nil, err
	}
	switch {
	case set == gsql.CharacterSet_utf8mb4 || set == gsql.CharacterSet_utf8mb3 || set == gsql.CharacterSet_binary:
		return nil, nil
	case set.MaxLength() != 1 || set.Encoder() == nil: // its characters may hold the bytes of terminators
		return nil, sqlcode.Unsupported("LOAD DATA with CHARACTER SET " + charset + "; utf8mb4 is supported")
	}
	return func(text string) string {
		if decoded, ok := set.Encoder().Decode([]byte(text)); ok {
			return string(decoded)
		}
		return text
	}, nil
}

// openFile opens the file of the client, or one of the server's below secure_file_priv.
func (e *execution) openFile(ctx *gsql.Context, n *plan.LoadData) (io.ReadCloser, error) {
	if n.Local {
		if _, allowed, ok := gsql.SystemVariables.GetGlobal("local_infile"); !ok || allowed == int8(0) {
			return nil, mysql.NewSQLError(errLocalDisabled, "42000", "Loading local data is disabled; this must be enabled on both the client and server sides")
		}
		if session, ok := ctx.Session.(*storage.Session); ok {
			session.RunOnce()
		}
		return ctx.LoadInfile(n.File)
	}
	if err := e.require(ctx, n.DestSch[0].DatabaseSource, n.DestSch[0].Source, gsql.PrivilegeType_Insert); err != nil {
		return nil, err
	}
	_, directory, _ := gsql.SystemVariables.GetGlobal("secure_file_priv")
	base, _ := directory.(string)
	file, err := openBelow(base, n.File)
	if os.IsNotExist(err) {
		return nil, mysql.NewSQLError(errNoFile, "HY000", "Can't get stat of '%s' (no such file)", n.File)
	}
	return file, err
}

// errNoFile is MySQL's number for a file of the server that is not there.
const errNoFile = 13

// openBelow opens a file that must be in a directory, or below, also if links lead elsewhere; "" is any.
func openBelow(directory, name string) (*os.File, error) {
	if directory == "" {
		return os.Open(name)
	}
	relative := name
	if filepath.IsAbs(name) {
		var err error
		if relative, err = filepath.Rel(directory, name); err != nil {
			return nil, gsql.ErrSecureFilePriv.New()
		}
	}
	if !filepath.IsLocal(relative) {
		return nil, gsql.ErrSecureFilePriv.New()
	}
	return os.OpenInRoot(directory, relative)
}

// loadedRows gives the rows of a file as the INSERT above wants them: the columns that were named, or all.
type loadedRows struct {
	node   *plan.LoadData
	file   io.ReadCloser
	lines  *infile.Reader
	decode func(string) string

	targets []target // of the fields
	out     []int    // which columns of the table the rows have
	given   []bool   // of the table's columns: a field or SET gives it

	generated []gsql.Expression // of the table's columns: what computes it, or nil

	fields []infile.Field
	row    int // of the file, from 1
}

// target is where a field goes: into a column of the table, or a user variable.
type target struct {
	column   int // -1 for a variable
	variable string
}

// aim finds out where the fields go. The list of columns, if there was one, ends with a variable that the rewriter has
// put there: the plan's list of columns goes on with those of SET.
func (l *loadedRows) aim() {
	n := l.node
	listed, next := false, 0
	for _, v := range n.UserVars {
		if set, ok := v.(*expression.SetField); ok {
			name := set.LeftChild.(*expression.UserVar).Name
			if listed = name == function.EndOfList; listed {
				break
			}
			l.targets = append(l.targets, target{-1, name})
		} else if next < len(n.ColNames) {
			l.targets = append(l.targets, target{column: n.DestSch.IndexOfColName(n.ColNames[next])})
			next++
		}
	}
	l.given = make([]bool, len(n.DestSch))
	if !listed {
		l.targets = nil
		for i := range n.DestSch {
			l.targets = append(l.targets, target{column: i})
		}
	}
	for _, t := range l.targets {
		if t.column >= 0 {
			l.given[t.column] = true
		}
	}
	for i, set := range n.SetExprs {
		l.given[i] = l.given[i] || set != nil
	}
	for i := range n.DestSch {
		l.out = append(l.out, i)
	}
	if len(n.ColNames) > 0 {
		l.out = l.out[:0]
		for _, name := range n.ColNames {
			l.out = append(l.out, n.DestSch.IndexOfColName(name))
		}
	}
}

// prepare makes the generated columns' expressions fit the rows.
func (l *loadedRows) prepare() (err error) {
	l.generated = make([]gsql.Expression, len(l.node.DestSch))
	for i, column := range l.node.DestSch {
		if column.Generated == nil {
			continue
		}
		if l.generated[i], err = overSchema(column.Generated, l.node.DestSch); err != nil {
			return err
		}
	}
	return nil
}

// Close implements gsql.RowIter.
func (l *loadedRows) Close(*gsql.Context) error { return l.file.Close() }

// Next implements gsql.RowIter.
func (l *loadedRows) Next(ctx *gsql.Context) (gsql.Row, error) {
	fields, more, err := l.lines.Read(len(l.targets), l.fields[:0])
	if err != nil {
		return nil, err
	}
	l.fields = fields
	l.row++
	values := make(gsql.Row, len(l.node.DestSch))
	if err := l.fill(ctx, values); err != nil {
		return nil, err
	}
	if more {
		if err := l.complain(ctx, 1262, "01000", "Row %d was truncated; it contained more data than there were input columns", l.row); err != nil {
			return nil, err
		}
	}
	if err := l.compute(ctx, values); err != nil {
		return nil, err
	}
	row := make(gsql.Row, len(l.out))
	for i, column := range l.out {
		row[i] = values[column]
	}
	return row, nil
}

// complain warns of a row, or refuses it where nothing is to be ignored.
func (l *loadedRows) complain(ctx *gsql.Context, errno int, state, format string, args ...any) error {
	if !l.node.IsIgnore {
		return mysql.NewSQLError(errno, state, format, args...)
	}
	ctx.Warn(errno, format, args...)
	return nil
}

// fill puts the fields into columns and variables. Columns whose fields are missing get NULL if that is their default,
// else what their type has in the place of NULL: MariaDB does not look at other defaults, either.
func (l *loadedRows) fill(ctx *gsql.Context, values gsql.Row) error {
	for i, t := range l.targets {
		var value any
		missing := i >= len(l.fields)
		if !missing && !l.fields[i].Null {
			value = l.text(l.fields[i].Text)
		}
		if t.column < 0 {
			if err := ctx.SetUserVariable(ctx, t.variable, value, types.LongText); err != nil {
				return err
			}
			continue
		}
		column := l.node.DestSch[t.column]
		switch {
		case column.Generated != nil: // the file's value is passed over
		case missing && (column.AutoIncrement || column.Nullable && column.Default == nil):
		case missing:
			value = column.Type.Zero()
		case value == nil && !column.Nullable && !column.AutoIncrement:
			err := l.complain(ctx, 1263, "22004", "Column set to default value; NULL supplied to NOT NULL column '%s' at row %d", column.Name, l.row)
			if err != nil {
				return err
			}
			value = column.Type.Zero()
		case value == "" && types.IsNumber(column.Type):
			err := l.complain(ctx, mysql.ERTruncatedWrongValueForField, "22007", "Incorrect %s value: '' for column '%s' at row %d", column.Type, column.Name, l.row)
			if err != nil {
				return err
			}
			value = column.Type.Zero()
		}
		values[t.column] = value
	}
	if len(l.fields) < len(l.targets) {
		return l.complain(ctx, 1261, "01000", "Row %d doesn't contain data for all columns", l.row)
	}
	return nil
}

func (l *loadedRows) text(s string) string {
	if l.decode == nil {
		return s
	}
	return l.decode(s)
}

// compute adds the values of SET and, where the INSERT above wants all columns, those of columns that nothing gives: it
// takes their defaults, and what generated columns compute, from here.
func (l *loadedRows) compute(ctx *gsql.Context, values gsql.Row) error {
	n := l.node
	typed := l.typed(ctx, values)
	evaluate := func(i int, e gsql.Expression) error {
		v, err := e.Eval(ctx, typed)
		values[i], typed[i] = v, v
		return err
	}
	for i, set := range n.SetExprs {
		if set == nil {
			continue
		}
		if err := evaluate(i, set); err != nil {
			return err
		}
	}
	if len(n.ColNames) > 0 {
		return nil
	}
	for i, column := range n.DestSch {
		if l.given[i] || column.Default == nil {
			continue
		}
		if err := evaluate(i, column.Default); err != nil {
			return err
		}
	}
	for i, generated := range l.generated {
		if generated == nil {
			continue
		}
		if err := evaluate(i, generated); err != nil {
			return err
		}
	}
	return nil
}

// overSchema gives an expression of a generated column that reads a row of the schema. The SQL engine does so for
// defaults only.
func overSchema(e gsql.Expression, schema gsql.Schema) (gsql.Expression, error) {
	out, _, err := transform.Expr(e, func(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
		f, ok := e.(*expression.GetField)
		if !ok {
			return e, transform.SameTree, nil
		}
		i := schema.IndexOfColName(f.Name())
		if i < 0 {
			return nil, transform.SameTree, fmt.Errorf("a generated column reads %s, which is not there", f.Name())
		}
		return f.WithIndex(i), transform.NewTree, nil
	})
	return out, err
}

// typed gives a row as expressions over the table's columns see it.
func (l *loadedRows) typed(ctx *gsql.Context, values gsql.Row) gsql.Row {
	out := values.Copy()
	for i, v := range out {
		if v == nil {
			continue
		}
		if converted, inRange, err := l.node.DestSch[i].Type.Convert(ctx, v); err == nil && inRange == gsql.InRange {
			out[i] = converted
		}
	}
	return out
}
