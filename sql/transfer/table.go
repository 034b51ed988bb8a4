package transfer

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/sql/datatype"
	"redoubt/sql/redosql"
	"redoubt/wal/redo"
)

// How much goes in one statement.
const (
	batchRows  = 500
	batchBytes = 1 << 20
)

// largeBytes is the size from which a row goes by parameters, which the driver sends in pieces: as text it might be larger than
// a packet may be.
const largeBytes = 8 << 20

// Table copies one table under a name that is free.
func (c *Copier) Table(ctx context.Context, of, as Name) (_ Result, err error) {
	def, ok := c.Source.View.Catalog().Table(of.Schema, of.Table)
	if !ok {
		var has []string
		for _, t := range c.Source.View.Catalog().Tables(of.Schema) {
			has = append(has, t.Name)
		}
		return Result{}, missing("table", of, c.Source.View.Snapshot(), has)
	}
	if there, err := c.exists(ctx, Name{Schema: as.Schema}); err != nil {
		return Result{}, err
	} else if !there {
		return Result{}, fmt.Errorf("the server has no database %s: CREATE DATABASE it first, or choose another with AS OTHER.%s (--as)", as.Schema, as.Table)
	}
	release, err := c.Reserve(ctx, as)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := c.free(ctx, as); err != nil {
		return Result{}, err
	}
	made := hidden(as)
	drop := "DROP TABLE IF EXISTS " + made.quoted() + " PURGE"
	if err := c.exec(ctx, drop); err != nil { // of one that was interrupted
		return Result{}, err
	}
	if err := c.tableInto(ctx, def, made, as); err != nil {
		return Result{}, errors.Join(err, c.exec(context.WithoutCancel(ctx), drop))
	}
	c.tellTriggers(of)
	return c.result, nil
}

// free wants a name that nothing has.
func (c *Copier) free(ctx context.Context, as Name) error {
	taken, err := c.exists(ctx, as)
	switch {
	case err != nil || !taken:
		return err
	case as.Table == "":
		return fmt.Errorf("the server has a database %s: choose another name with AS (--as)", as)
	}
	return fmt.Errorf("the server has a table or view %s: choose another name with AS (--as), or go back in it by FLASHBACK TABLE %s TO …", as, as)
}

// tableInto makes a table under a hidden name, and gives it its own when it is complete.
func (c *Copier) tableInto(ctx context.Context, def *catalog.Table, made, as Name) error {
	copied, err := c.fill(ctx, def, made, as)
	if err != nil {
		return err
	}
	for i := range def.ForeignKeys {
		if err := c.foreignKey(ctx, def, &def.ForeignKeys[i], made, as); err != nil {
			return err
		}
	}
	if err := c.exec(ctx, "RENAME TABLE "+made.quoted()+" TO "+as.quoted()); err != nil {
		return errors.Join(err, c.free(ctx, as))
	}
	c.result.Tables = append(c.result.Tables, copied)
	return nil
}

// fill makes a table without foreign keys, with its rows, reads them back and compares.
func (c *Copier) fill(ctx context.Context, def *catalog.Table, made, as Name) (Copied, error) {
	next, err := c.Source.Engine.PeekAutoIncrement(def.ID)
	if err != nil {
		return Copied{}, err
	}
	if !hasAutoIncrement(def) {
		next = 0
	}
	if err := c.exec(ctx, createTable(def, made.quoted(), next)); err != nil {
		return Copied{}, err
	}
	shape, err := datatype.NewShape(def)
	if err != nil {
		return Copied{}, err
	}
	want, err := c.rows(ctx, shape, made, as)
	if err != nil {
		return Copied{}, err
	}
	got, err := sent(ctx, c.Conn, shape, made.quoted())
	if err != nil {
		return Copied{}, err
	}
	if !want.equal(got) {
		return Copied{}, fmt.Errorf("table %s: %d rows with checksum %s were copied, %d with %s arrived", as, want.rows, want, got.rows, got)
	}
	return Copied{as, want.rows, want.String()}, nil
}

func hasAutoIncrement(def *catalog.Table) bool {
	for i := range def.Columns {
		if def.Columns[i].AutoIncrement {
			return true
		}
	}
	return false
}

// rows copies the rows of a table, and sums them up.
func (c *Copier) rows(ctx context.Context, shape *datatype.Shape, made, as Name) (*digest, error) {
	d := &digest{}
	of := c.Source.Engine.Rows(shape.Table.ID)
	rows := c.Source.View.Scan(shape.Table, txn.Range{})
	b := newBatch(shape, made)
	for rows.Next() {
		if err := errors.Join(d.stored(shape, rows.Row()), c.put(ctx, b, rows.Row())); err != nil {
			return nil, errors.Join(fmt.Errorf("table %s: %w", as, err), rows.Close())
		}
		if b.rows == batchRows || len(b.text) >= batchBytes {
			if err := c.exec(ctx, b.take()); err != nil {
				return nil, errors.Join(err, rows.Close())
			}
			if c.Progress != nil {
				c.Progress(as.String(), d.rows, of)
			}
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, fmt.Errorf("read table %s: %w", as, err)
	}
	if b.rows > 0 {
		return d, c.exec(ctx, b.take())
	}
	return d, nil
}

// put adds a row to a batch, or sends it by itself if it is large.
func (c *Copier) put(ctx context.Context, b *batch, row redo.Row) error {
	bytes := 0
	for i := range row {
		bytes += len(row[i].Value.Data())
	}
	if bytes < largeBytes {
		return b.add(row)
	}
	alone, err := redosql.NewTable(b.into.Schema, b.shape.Table)
	if err != nil {
		return err
	}
	text, args, err := alone.Prepare(redosql.Change{Op: redo.Insert, After: row})
	if err != nil {
		return err
	}
	return c.exec(ctx, strings.Replace(text, alone.Name(), b.into.quoted(), 1), args...)
}

// tellTriggers says that a table alone comes without its triggers.
func (c *Copier) tellTriggers(of Name) {
	var names []string
	for _, o := range objects(c.Source.View.Catalog(), of.Schema) {
		if o.kind == catalog.Trigger && strings.EqualFold(o.table, of.Table) {
			names = append(names, o.name)
		}
	}
	if len(names) > 0 {
		c.note("triggers of the table were not made: %s; --schema brings them along", strings.Join(names, ", "))
	}
}

// batch is an INSERT of several rows.
type batch struct {
	shape *datatype.Shape
	into  Name
	head  string
	text  []byte
	rows  int
}

func newBatch(shape *datatype.Shape, into Name) *batch {
	var names []string
	for i := range shape.Fields {
		if f := &shape.Fields[i]; f.Column.Generated == "" {
			names = append(names, f.Column.Name)
		}
	}
	return &batch{shape: shape, into: into, head: "INSERT INTO " + into.quoted() + " (" + quotedList(names) + ") VALUES "}
}

func (b *batch) add(row redo.Row) (err error) {
	if b.rows > 0 {
		b.text = append(b.text, ',')
	} else {
		b.text = append(b.text, b.head...)
	}
	b.rows++
	sign := byte('(')
	for i := range b.shape.Fields {
		f := &b.shape.Fields[i]
		if f.Column.Generated != "" {
			continue
		}
		b.text = append(b.text, sign)
		if b.text, err = redosql.AppendLiteral(b.text, f, f.Column.Of(row)); err != nil {
			return err
		}
		sign = ','
	}
	if sign == '(' {
		b.text = append(b.text, sign) // only generated columns
	}
	b.text = append(b.text, ')')
	return nil
}

func (b *batch) take() string {
	text := string(b.text)
	b.text, b.rows = b.text[:0], 0
	return text
}
