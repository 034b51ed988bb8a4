package vview

import (
	"fmt"
	"io"
	"slices"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// View is one V$ table.
type View struct {
	name    string
	comment string
	schema  gsql.Schema
	rows    func(ctx *gsql.Context) ([]gsql.Row, error)
}

var (
	_ gsql.Table          = (*View)(nil)
	_ gsql.CommentedTable = (*View)(nil)
)

// Column names a column of a view, its type, and what it holds, for the reference.
type Column struct {
	Name string
	Type gsql.Type
	Help string
}

// New makes a view. Values of rows must be of the columns' types, or nil.
func New(name, comment string, columns []Column, rows func(ctx *gsql.Context) ([]gsql.Row, error)) *View {
	v := &View{name: name, comment: comment, rows: rows}
	for _, c := range columns {
		v.schema = append(v.schema, &gsql.Column{Name: c.Name, Type: c.Type, Nullable: true, Source: name, Comment: c.Help})
	}
	return v
}

// Name implements gsql.Table.
func (v *View) Name() string { return v.name }

// String implements gsql.Table.
func (v *View) String() string { return v.name }

// Schema implements gsql.Table.
func (v *View) Schema() gsql.Schema { return v.schema }

// Comment implements gsql.CommentedTable.
func (v *View) Comment() string { return v.comment }

// Collation implements gsql.Table.
func (v *View) Collation() gsql.CollationID { return gsql.Collation_Default }

type partition struct{}

func (partition) Key() []byte { return []byte("v") }

type partitions struct{ done bool }

func (p *partitions) Next(*gsql.Context) (gsql.Partition, error) {
	if p.done {
		return nil, io.EOF
	}
	p.done = true
	return partition{}, nil
}

func (p *partitions) Close(*gsql.Context) error { return nil }

// Partitions implements gsql.Table.
func (v *View) Partitions(*gsql.Context) (gsql.PartitionIter, error) { return &partitions{}, nil }

// PartitionRows implements gsql.Table.
func (v *View) PartitionRows(ctx *gsql.Context, _ gsql.Partition) (gsql.RowIter, error) {
	rows, err := v.rows(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.name, err)
	}
	return gsql.RowsToRowIter(rows...), nil
}

// Registry is the views of a server.
type Registry struct{ byName map[string]gsql.Table }

// NewRegistry makes a registry of views.
func NewRegistry(views ...gsql.Table) *Registry {
	r := &Registry{byName: map[string]gsql.Table{}}
	for _, v := range views {
		r.byName[strings.ToLower(v.Name())] = v
	}
	return r
}

// Table finds a view by its name, whatever its case.
func (r *Registry) Table(name string) (gsql.Table, bool) {
	v, ok := r.byName[strings.ToLower(name)]
	return v, ok
}

// Described is a view as the reference shows it.
type Described interface {
	gsql.Table
	Comment() string
}

// List gives the views by name.
func (r *Registry) List() (out []Described) {
	for _, name := range r.Names() {
		if v, ok := r.byName[strings.ToLower(name)].(Described); ok {
			out = append(out, v)
		}
	}
	return out
}

// Names lists the views.
func (r *Registry) Names() []string {
	var names []string
	for _, v := range r.byName {
		names = append(names, v.Name())
	}
	slices.Sort(names)
	return names
}

var (
	textType   = types.LongText
	numberType = types.Uint64
	signedType = types.Int64
	timeType   = types.DatetimeMaxPrecision
	boolType   = types.Boolean
)

func yesNo(b bool) any {
	if b {
		return int8(1)
	}
	return int8(0)
}
