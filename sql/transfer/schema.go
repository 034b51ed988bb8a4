package transfer

import (
	"context"
	"errors"

	"redoubt/engine/catalog"
)

// Schema copies a schema with all that is in it under a name that is free.
func (c *Copier) Schema(ctx context.Context, of, as string) (_ Result, err error) {
	dictionary := c.Source.View.Catalog()
	schema, ok := dictionary.Schema(of)
	if !ok {
		var has []string
		for _, s := range dictionary.Schemas() {
			has = append(has, s.Name)
		}
		return Result{}, missing("schema", Name{Schema: of}, c.Source.View.Snapshot(), has)
	}
	release, err := c.Reserve(ctx, Name{Schema: as})
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := c.free(ctx, Name{Schema: as}); err != nil {
		return Result{}, err
	}
	made := hidden(Name{Schema: as}).Schema
	if err := c.clear(ctx, made); err != nil { // of one that was interrupted
		return Result{}, err
	}
	if err := c.schemaInto(ctx, schema, made, as); err != nil {
		return Result{}, errors.Join(err, c.clear(context.WithoutCancel(ctx), made))
	}
	return c.result, nil
}

// clear removes a hidden schema, and what is left of it in the recycle bin.
func (c *Copier) clear(ctx context.Context, made string) error {
	if err := c.exec(ctx, "DROP DATABASE IF EXISTS "+quoted(made)+" PURGE"); err != nil {
		return err
	}
	var n int
	if err := c.Conn.QueryRowContext(context.WithoutCancel(ctx), "SELECT COUNT(*) FROM redoubt.DBA_RECYCLEBIN WHERE owner = ? AND type = 'SCHEMA'", made).Scan(&n); err != nil || n == 0 {
		return err
	}
	return c.exec(ctx, "PURGE SCHEMA "+quoted(made))
}

// schemaInto makes a schema under a hidden name, and gives it its own when it is complete: it is dropped, and comes out of the
// recycle bin under the other name, which is one commit each and moves no row.
func (c *Copier) schemaInto(ctx context.Context, schema *catalog.Schema, made, as string) error {
	if err := c.exec(ctx, "CREATE DATABASE "+quoted(made)+collationText(schema.Collation)); err != nil {
		return err
	}
	tables := c.Source.View.Catalog().Tables(schema.Name)
	for _, def := range tables {
		copied, err := c.fill(ctx, def, Name{made, def.Name}, Name{as, def.Name})
		if err != nil {
			return err
		}
		c.result.Tables = append(c.result.Tables, copied)
	}
	for _, def := range tables {
		for i := range def.ForeignKeys {
			if err := c.foreignKey(ctx, def, &def.ForeignKeys[i], Name{made, def.Name}, Name{as, def.Name}); err != nil {
				return err
			}
		}
	}
	later, err := c.makeObjects(ctx, objects(c.Source.View.Catalog(), schema.Name), made, func(o *object) bool { return !names(o.text, schema.Name) })
	if err != nil {
		return err
	}
	if err := c.exec(ctx, "DROP DATABASE "+quoted(made)); err != nil {
		return err
	}
	if err := c.exec(ctx, "FLASHBACK SCHEMA "+quoted(made)+" TO BEFORE DROP RENAME TO "+quoted(as)); err != nil {
		return err
	}
	return c.finish(ctx, later, schema.Name, as)
}

// finish makes what names its own schema, which could not be made before that was there. Under another name such a text would
// mean the tables of the original.
func (c *Copier) finish(ctx context.Context, later []failed, was, as string) error {
	var again []object
	for _, f := range later {
		if names(f.object.text, was) && !same(was, as) {
			c.note("%s %s was not made: its text names the schema %s; change it and make it by hand: %s", f.object.kind, f.object.name, was, f.object.text)
			continue
		}
		again = append(again, f.object)
	}
	left, err := c.makeObjects(ctx, again, as, func(*object) bool { return true })
	for _, f := range left {
		c.note("%s %s was not made: %v", f.object.kind, f.object.name, f.err)
	}
	return err
}

func same(a, b string) bool { return catalog.Fold(a) == catalog.Fold(b) }

// failed is an object that could not be made yet, and why.
type failed struct {
	object object
	err    error
}

// makeObjects makes objects in a schema, as many as can be: a view may need another one, so the rest is tried again as long as
// there is less of it.
func (c *Copier) makeObjects(ctx context.Context, list []object, schema string, may func(*object) bool) (left []failed, err error) {
	if len(list) == 0 {
		return nil, nil
	}
	if err := c.exec(ctx, "USE "+quoted(schema)); err != nil {
		return nil, err
	}
	for before := len(list) + 1; len(list) > 0 && len(list) < before; {
		before = len(list)
		left = left[:0]
		for i := range list {
			o := &list[i]
			if !may(o) {
				left = append(left, failed{*o, errors.New("its text names the schema")})
			} else if err := c.makeObject(ctx, o); err != nil {
				left = append(left, failed{*o, err})
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
		}
		list = list[:0]
		for _, f := range left {
			list = append(list, f.object)
		}
	}
	return left, c.exec(ctx, "USE information_schema")
}

func (c *Copier) makeObject(ctx context.Context, o *object) error {
	if err := c.exec(ctx, "SET SESSION sql_mode = "+literal(o.mode)); err != nil {
		return err
	}
	err := c.exec(ctx, o.text)
	if err == nil {
		c.result.Objects++
	}
	return errors.Join(err, c.exec(context.WithoutCancel(ctx), sessionSettings[0]))
}
